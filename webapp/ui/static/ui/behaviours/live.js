const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listens to the box at data-url and tells the page: an event {id, kind, thing} becomes `wellhouse:<kind>` on the
 * document, with the three as its detail. The browser resumes a broken stream by Last-Event-ID; after an answer that
 * it gives up on, we open a new one, and `wellhouse:caught-up` says that something may have been missed.
 * @param {HTMLElement} element
 */
export default function live(element) {
  let wait_ms = FIRST_WAIT_MS;
  let lost = false;

  const open = () => {
    const source = new EventSource(element.dataset.url ?? "/live");
    source.onopen = () => {
      wait_ms = FIRST_WAIT_MS;
      if (lost) tell("caught-up", {});
      lost = false;
    };
    source.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      tell(news.kind, news);
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      lost = true;
      setTimeout(open, wait_ms);
      wait_ms = Math.min(2 * wait_ms, LONGEST_WAIT_MS);
    };
  };
  open();
}

/**
 * @param {string} kind
 * @param {object} detail
 */
function tell(kind, detail) {
  document.dispatchEvent(new CustomEvent(`wellhouse:${kind}`, { detail }));
}
