import { announce } from "./announce.js";

const SHOWN_MS = 3000;

/**
 * Copies data-copy and says data-done for a moment.
 * @param {HTMLElement} button
 */
export default function copy(button) {
  const words = button.querySelector('[data-part="words"]') ?? button;
  const before = words.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    words.textContent = button.dataset.done ?? "";
    announce(button.dataset.done ?? "");
    setTimeout(() => (words.textContent = before), SHOWN_MS);
  });
}
