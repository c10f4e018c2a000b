const STAYS_MS = 6000;

/**
 * A toast goes after six seconds, but not while somebody points at it or is in it.
 * @param {HTMLElement} element
 */
export default function toast(element) {
  /** @type {number | undefined} */
  let timer;
  const go = () => element.remove();
  const start = () => (timer = window.setTimeout(go, STAYS_MS));
  const stop = () => window.clearTimeout(timer);
  element.addEventListener("pointerenter", stop);
  element.addEventListener("pointerleave", start);
  element.addEventListener("focusin", stop);
  element.addEventListener("focusout", start);
  element.querySelector("[data-close]")?.addEventListener("click", go);
  start();
}
