/**
 * Tells the page when a door opens: at the time in data-opens the event wellhouse:opens is sent, on which the refresh
 * behaviour draws the card afresh.
 * @param {HTMLElement} element
 */
export default function opens(element) {
  const at = Date.parse(element.dataset.opens ?? "");
  if (Number.isNaN(at)) return;
  const look = () => {
    const left = at - Date.now();
    // A timer longer than 24.8 days would fire at once, and one that slept with the laptop is late: look every minute.
    if (left <= 0) document.dispatchEvent(new CustomEvent("wellhouse:opens"));
    else window.setTimeout(look, Math.min(left, 60_000));
  };
  look();
}
