/**
 * Say *words* to screen readers. Only “N is waiting” and “Connection lost” may interrupt.
 * @param {string} words
 * @param {{ now?: boolean }} [options]
 */
export function announce(words, options) {
  const region = document.getElementById(options?.now ? "say-now" : "say");
  if (!region) return;
  region.textContent = "";
  // A region that is emptied and filled in one go is not read out again when the words are the same.
  setTimeout(() => (region.textContent = words), 50);
}
