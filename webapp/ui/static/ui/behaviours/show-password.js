/**
 * The Show button beside a password. It stays hidden without scripts, as it could do nothing.
 * @param {HTMLElement} button
 */
export default function showPassword(button) {
  const input = document.getElementById(button.dataset.for ?? "");
  const words = button.querySelector('[data-part="words"]');
  if (!(input instanceof HTMLInputElement) || !words) return;
  button.hidden = false;
  /** @param {boolean} shown */
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    words.textContent = (shown ? button.dataset.hide : button.dataset.show) ?? "";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // Browsers offer to keep what was in a password field only.
  input.form?.addEventListener("submit", () => show(false));
}
