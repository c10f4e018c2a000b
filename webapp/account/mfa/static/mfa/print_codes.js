/**
 * Print and Download of recovery codes that are on the page and nowhere else. Who loads it again comes to where its
 * link leads: the codes were shown once, and sending the form again would only say that it is gone.
 * @param {HTMLElement} element
 */
export default function printCodes(element) {
  const list = document.getElementById("recovery-codes");
  const print = element.querySelector('[data-part="print"]');
  const download = element.querySelector('[data-part="download"]');
  if (!list || !(print instanceof HTMLButtonElement) || !(download instanceof HTMLButtonElement)) return;
  const onward = element.querySelector("a");
  if (onward && list.children.length > 0) history.replaceState(null, "", onward.href);
  print.hidden = download.hidden = false;
  print.addEventListener("click", () => window.print());
  download.addEventListener("click", () => {
    const lines = Array.from(list.children, (item) => item.textContent?.trim() ?? "");
    const file = new Blob([`${element.dataset.heading}\n\n${lines.join("\n")}\n`], { type: "text/plain" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = element.dataset.file ?? "recovery-codes.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
