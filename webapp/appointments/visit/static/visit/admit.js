/**
 * For providers in the visit: who waits, each with a button to let them in.
 *
 * @typedef {import("./types.js").VisitState} VisitState
 * @typedef {import("./types.js").Waiting} Waiting
 */

import { chime } from "./chime.js";
import { copyOf, part } from "./elements.js";
import { post, Refused } from "./portal.js";

export class Doorkeeper {
  /** @type {Map<string, HTMLElement>} */ #rows = new Map();
  #root;
  #list;
  #url;
  #words;
  #answered;

  /**
   * @param {HTMLElement} root
   * @param {string} url
   * @param {Record<string, string>} words
   * @param {(state: VisitState) => void} answered  how the visit stands after somebody was let in
   */
  constructor(root, url, words, answered) {
    this.#root = root;
    this.#list = part(root, "waiting-list");
    this.#url = url;
    this.#words = words;
    this.#answered = answered;
  }

  /** @param {Waiting[]} waiting */
  show(waiting) {
    const here = new Set(waiting.map(({ person }) => person));
    for (const [person, row] of this.#rows) {
      if (here.has(person)) continue;
      row.remove();
      this.#rows.delete(person);
    }
    const fresh = waiting.filter(({ person }) => !this.#rows.has(person));
    for (const entry of fresh) this.#rows.set(entry.person, this.#draw(entry));
    this.#list.hidden = this.#rows.size === 0;
    if (fresh.length === 0) return;
    part(this.#root, "alert").textContent = fresh.map(({ sentence }) => sentence).join(" ");
    void chime();
  }

  /** @param {Waiting} entry */
  #draw({ person, initials, sentence }) {
    const row = copyOf(this.#root, "waiting-row-template");
    part(row, "waiting-initials").textContent = initials;
    part(row, "waiting-sentence").textContent = sentence;
    const button = part(row, "admit", HTMLButtonElement);
    button.addEventListener("click", () => void this.#admit(person, button, part(row, "admit-error")));
    this.#list.append(row);
    return row;
  }

  /**
   * @param {string} person
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} error
   */
  async #admit(person, button, error) {
    button.setAttribute("aria-busy", "true");
    try {
      this.#answered(await post(this.#url, { person }));
    } catch (problem) {
      error.textContent = (problem instanceof Refused && problem.message) || this.#words.portal_away;
      error.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
