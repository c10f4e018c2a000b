/**
 * A <details> that behaves as a menu: Escape and a press elsewhere close it, Escape gives the focus back.
 * @param {HTMLElement} element
 */
export default function menu(element) {
  if (!(element instanceof HTMLDetailsElement)) return;
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    element.open = false;
    element.querySelector("summary")?.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !element.contains(event.target)) element.open = false;
  });
  element.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) element.open = false;
  });
}
