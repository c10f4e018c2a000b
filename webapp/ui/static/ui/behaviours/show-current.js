/**
 * Scrolls a row of tabs, and nothing else of the page, so far that the current one is seen on a narrow screen.
 * @param {HTMLElement} element
 */
export default function showCurrent(element) {
  const current = element.querySelector("[aria-current]");
  if (!(current instanceof HTMLElement)) return;
  const [row, tab] = [element.getBoundingClientRect(), current.getBoundingClientRect()];
  element.scrollLeft += tab.left - row.left - (row.width - tab.width) / 2;
}
