import { announce } from "./announce.js";
import { fetchPage, takeOver } from "./page.js";

const PAUSE_MS = 300; // typing has stopped, and the wait is not felt

/**
 * Searches while typing: the element with the id in data-results is drawn afresh, its data-say is spoken.
 * The address follows, so that Back and a reload show the same.
 * @param {HTMLElement} form
 */
export default function search(form) {
  if (!(form instanceof HTMLFormElement)) return;
  /** @type {number | undefined} */
  let timer;
  let newest = 0;

  const look = async () => {
    const url = new URL(location.href);
    for (const [name, value] of new FormData(form)) url.searchParams.set(name, String(value));
    url.searchParams.delete("page");
    const mine = ++newest;
    const page = await fetchPage(url.href);
    const results = document.getElementById(form.dataset.results ?? "");
    if (mine !== newest || !results) return;
    history.replaceState(null, "", url);
    const fresh = takeOver(results, page);
    if (fresh?.dataset.say) announce(fresh.dataset.say);
  };

  form.addEventListener("input", () => {
    window.clearTimeout(timer);
    // A search that cannot be reached is sent as a plain form, and the browser says what is wrong.
    timer = window.setTimeout(() => look().catch(() => form.submit()), PAUSE_MS);
  });
}
