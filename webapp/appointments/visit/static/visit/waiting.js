/**
 * The waiting room: says every few seconds that one is still here, and hears when one is admitted.
 *
 * @typedef {import("./types.js").VisitState} VisitState
 */

import { part } from "./elements.js";
import { get, post, Refused } from "./portal.js";

const STILL_HERE_MS = 10_000; // the portal takes somebody silent for 45 s for gone

export class WaitingRoom {
  /** @type {number | undefined} */ #timer;
  #waiting = false;
  #stage;
  #urls;
  #moved;

  /**
   * @param {HTMLElement} stage
   * @param {{wait: string, still_here: string, state: string}} urls
   * @param {(state: VisitState | null, refusal: string) => void} moved  no longer to wait: admitted, over, or refused
   */
  constructor(stage, urls, moved) {
    this.#stage = stage;
    this.#urls = urls;
    this.#moved = moved;
  }

  /** Begin to wait; being in the waiting room already is no obstacle. */
  enter() {
    this.#waiting = true;
    this.#connected(true);
    void this.#stillHere();
  }

  leave() {
    this.#waiting = false;
    clearTimeout(this.#timer);
  }

  /** Look now: a notice came, or the page or network is back. */
  async look() {
    if (!this.#waiting) return;
    await this.#ask(() => get(this.#urls.state));
  }

  async #stillHere() {
    await this.#ask(() => post(this.#urls.still_here));
    if (this.#waiting) this.#timer = setTimeout(() => void this.#stillHere(), STILL_HERE_MS);
  }

  /** @param {() => Promise<VisitState>} question */
  async #ask(question) {
    try {
      const state = await question();
      this.#connected(true);
      if (!this.#waiting) return;
      // Silent for too long, as behind a closed lid: the place has lapsed and is taken again.
      if (state.visit === "open" && state.me === "out") await post(this.#urls.wait);
      if (state.visit === "open" && state.me !== "admitted") return;
      this.leave();
      this.#moved(state, "");
    } catch (error) {
      if (!this.#waiting) return;
      if (!(error instanceof Refused)) {
        this.#connected(false);
        return;
      }
      this.leave();
      this.#moved(null, error.message);
    }
  }

  /** @param {boolean} connected */
  #connected(connected) {
    this.#stage.toggleAttribute("data-lost", !connected);
    part(this.#stage, "waiting-here").hidden = !connected;
    part(this.#stage, "waiting-lost").hidden = connected;
  }
}
