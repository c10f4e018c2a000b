const LOOK_EVERY_MS = 10_000;

/**
 * Keeps “3 min” true: whole minutes between the time's datetime and now, put into data-text; data-under below one.
 * @param {HTMLElement} element
 */
export default function minutes(element) {
  const at = Date.parse(element.getAttribute("datetime") ?? "");
  const text = element.dataset.text ?? "{n}";
  const under = element.dataset.under ?? text.replace("{n}", "0");
  if (Number.isNaN(at)) return;
  const timer = window.setInterval(() => {
    if (!element.isConnected) window.clearInterval(timer);
    else show();
  }, LOOK_EVERY_MS);

  function show() {
    const n = Math.floor(Math.abs(Date.now() - at) / 60_000);
    const words = n === 0 ? under : text.replace("{n}", String(n));
    if (element.textContent !== words) element.textContent = words;
  }
}
