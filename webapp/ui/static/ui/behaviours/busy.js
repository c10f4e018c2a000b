/**
 * A form that is sent once: its button keeps its width and says what it does (data-busy="Sending…").
 * @param {HTMLElement} form
 */
export default function busy(form) {
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.method === "dialog") return;
    form.setAttribute("aria-busy", "true");
    if (button instanceof HTMLButtonElement) wait(button);
  });
  // Back in the browser brings the page as it was left; it must not stay busy for ever.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) rest(form);
  });
}

/** @type {WeakMap<HTMLElement, Node[]>} */
const kept = new WeakMap();

/**
 * Make *button* look busy; **rest** on its form undoes it.
 * @param {HTMLButtonElement} button
 */
export function wait(button) {
  const words = button.dataset.busy;
  button.style.minWidth = `${button.offsetWidth}px`;
  button.setAttribute("aria-busy", "true");
  kept.set(button, [...button.childNodes]);
  const spinner = document.createElement("span");
  spinner.className = "wh-spinner";
  spinner.setAttribute("aria-hidden", "true");
  if (words) button.replaceChildren(spinner, words);
  else button.prepend(spinner);
}

/** @param {HTMLFormElement} form */
export function rest(form) {
  form.removeAttribute("aria-busy");
  for (const button of form.querySelectorAll('button[aria-busy="true"]')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.removeAttribute("aria-busy");
    button.replaceChildren(...(kept.get(button) ?? []));
  }
}
