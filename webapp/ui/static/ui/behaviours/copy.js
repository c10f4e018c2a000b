import { announce } from "./announce.js";

const SHOWN_MS = 3000;

/**
 * Copies data-copy and says data-done for a moment; data-failed where the browser does not let pages copy.
 * @param {HTMLElement} button
 */
export default function copy(button) {
  const words = button.querySelector('[data-part="words"]') ?? button;
  const before = words.textContent;
  button.addEventListener("click", async () => {
    const said = (await copied(button.dataset.copy ?? "")) ? button.dataset.done : button.dataset.failed;
    words.textContent = said ?? "";
    announce(said ?? "");
    setTimeout(() => (words.textContent = before), SHOWN_MS);
  });
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // forbidden, or no clipboard at all: the text stands beside the button
  }
}
