/**
 * Takes the focus when the page opens: the summary of a refused form, so that it is heard first.
 * @param {HTMLElement} element
 */
export default function takeFocus(element) {
  element.focus();
}
