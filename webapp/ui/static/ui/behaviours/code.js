/**
 * Draws one cell for each digit under the one input, which takes typing, pasting and the phone's suggestion.
 * @param {HTMLElement} wrapper
 */
export default function code(wrapper) {
  const input = wrapper.querySelector("input");
  const row = wrapper.querySelector(".wh-code__cells");
  const length = Number(wrapper.dataset.length ?? "6");
  if (!input || !row) return;
  const cells = Array.from({ length }, () => {
    const cell = document.createElement("span");
    cell.className = "wh-code__cell";
    return cell;
  });
  row.replaceChildren(...cells);
  wrapper.classList.add("wh-code--live");
  const draw = () => {
    const digits = input.value.replace(/\D/g, "").slice(0, length);
    if (digits !== input.value) input.value = digits;
    const here = Math.min(digits.length, length - 1);
    cells.forEach((cell, at) => {
      cell.textContent = digits[at] ?? "";
      cell.classList.toggle("wh-code__cell--here", at === here);
    });
  };
  input.addEventListener("input", draw);
  // The cells have no caret of their own: what is typed goes to the end, and takes the place of a whole code, which
  // was a wrong one.
  const aim = () => {
    const end = input.value.length;
    input.setSelectionRange(end === length ? 0 : end, end);
  };
  for (const event of ["focus", "click"]) input.addEventListener(event, aim);
  draw();
  if (document.activeElement === input) aim(); // it had the focus before this page's scripts came
}
