/**
 * Why a camera or microphone that somebody asked for does not come, said where they asked: in the waiting room, in
 * the call, in the settings. The lobby has its own list; providers never see it.
 *
 * @typedef {import("./devices.js").Devices} Devices
 */

const SHOWN_MS = 15_000; // long enough to read twice; it stays in the settings

export class InputTrouble {
  /** @type {number | undefined} */ #timer;
  /** @type {HTMLElement[]} */ #places;
  #devices;
  #words;

  /**
   * @param {HTMLElement} root  with `data-input-trouble` wherever it may be said; “stays” keeps it there
   * @param {Devices} devices
   * @param {Record<string, string>} words
   */
  constructor(root, devices, words) {
    this.#devices = devices;
    this.#words = words;
    this.#places = [...root.querySelectorAll("[data-input-trouble]")].flatMap((found) =>
      found instanceof HTMLElement ? [found] : [],
    );
    devices.addEventListener("change", () => {
      if (this.#sentences().length === 0) this.#hide(this.#places);
    });
  }

  /** Say what is wrong now, if anything is. */
  say() {
    const sentences = this.#sentences();
    if (sentences.length === 0) return;
    for (const place of this.#places) {
      place.replaceChildren(...sentences.map(line));
      place.hidden = false;
    }
    clearTimeout(this.#timer);
    const passing = this.#places.filter((place) => place.dataset.inputTrouble !== "stays");
    this.#timer = setTimeout(() => this.#hide(passing), SHOWN_MS);
  }

  #sentences() {
    const troubles = Object.entries(this.#devices.troubles);
    return troubles.flatMap(([input, reason]) => (reason === null ? [] : [this.#words[`${input}_${reason}`]]));
  }

  /** @param {HTMLElement[]} places */
  #hide(places) {
    for (const place of places) place.hidden = true;
  }
}

/** @param {string} words */
function line(words) {
  const element = document.createElement("p");
  element.textContent = words;
  return element;
}
