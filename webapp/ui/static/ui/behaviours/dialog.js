/**
 * A button that opens the dialog it names. The browser keeps the focus inside, and gives it back on Escape.
 * @param {HTMLElement} opener
 */
export default function dialog(opener) {
  const box = document.getElementById(opener.dataset.dialog ?? "");
  if (!(box instanceof HTMLDialogElement)) return;
  opener.addEventListener("click", () => box.showModal());
  box.addEventListener("click", (event) => {
    if (event.target === box && outside(box, event)) box.close();
  });
}

/**
 * Whether a press on the dialog's own element fell on its backdrop.
 * @param {HTMLElement} box
 * @param {MouseEvent} event
 */
function outside(box, event) {
  const edge = box.getBoundingClientRect();
  return (
    event.clientX < edge.left || event.clientX > edge.right || event.clientY < edge.top || event.clientY > edge.bottom
  );
}
