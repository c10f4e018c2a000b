import { announce } from "./announce.js";
import { fetchPage, takeOver } from "./page.js";

/**
 * A part of the page that follows the box: on the live events named in data-on it is drawn afresh by the server.
 * It needs an id; data-url is where from, this page if not given. data-say is spoken when it is new, at once.
 * @param {HTMLElement} element
 */
export default function refresh(element) {
  const kinds = (element.dataset.on ?? "").split(/\s+/).filter(Boolean);
  let asked = false;
  let again = false;

  /** @returns {Promise<void>} */
  const look = async () => {
    if (!element.isConnected) return stop();
    if (asked) {
      again = true;
      return;
    }
    asked = true;
    try {
      const page = await fetchPage(element.dataset.url ?? location.href);
      if (again || !element.isConnected) return;
      const before = element.dataset.say;
      stop();
      const fresh = takeOver(element, page);
      if (fresh?.dataset.say && fresh.dataset.say !== before) announce(fresh.dataset.say, { now: true });
    } catch {
      // The part keeps what it shows; the next event, or the stream coming back, asks again.
    } finally {
      asked = false;
      if (again) {
        again = false;
        void look();
      }
    }
  };

  /** @returns {void} */
  const stop = () => kinds.concat("caught-up").forEach((kind) => document.removeEventListener(`wellhouse:${kind}`, look));
  kinds.concat("caught-up").forEach((kind) => document.addEventListener(`wellhouse:${kind}`, look));
}
