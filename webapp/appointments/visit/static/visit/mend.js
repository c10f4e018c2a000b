/**
 * Watches one peer connection and calls for the next remedy when it does not carry media:
 * first an ICE restart, then a new connection (rtc/PROTOCOL.md, "Coming back by itself").
 */

const DISCONNECTED_FOR_MS = 3000; // a short gap heals by itself
const RESTARTED_FOR_MS = 5000;
const FIRST_CONNECT_MS = 10_000; // relays over TLS on a slow phone take a few seconds

/**
 * @typedef {object} Remedies  each says whether it could be begun (it needs the websocket)
 * @property {() => boolean} restart  new ICE credentials for this connection
 * @property {() => boolean} renew  throw it away and begin another; this watch ends
 * @property {(flowing: boolean) => void} flowing  media can flow, or no longer
 */

export class Watch {
  /** @type {number | undefined} */ #timer;
  #restarted = false;
  #ended = false;
  #pc;
  #remedies;

  /**
   * @param {RTCPeerConnection} pc
   * @param {Remedies} remedies
   */
  constructor(pc, remedies) {
    this.#pc = pc;
    this.#remedies = remedies;
    pc.addEventListener("connectionstatechange", () => this.#changed());
  }

  /** Look again now: the websocket is back, so a remedy that could not be asked for can. */
  check() {
    const state = this.#pc.connectionState;
    if (state === "failed" || state === "disconnected") this.#remedy();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #changed() {
    if (this.#ended) return;
    switch (this.#pc.connectionState) {
      case "connected":
        clearTimeout(this.#timer);
        this.#restarted = false;
        this.#remedies.flowing(true);
        break;
      case "disconnected":
        this.#remedies.flowing(false);
        this.#wait(DISCONNECTED_FOR_MS);
        break;
      case "failed":
        this.#remedies.flowing(false);
        this.#remedy();
        break;
      case "connecting":
        this.#wait(this.#restarted ? RESTARTED_FOR_MS : FIRST_CONNECT_MS);
        break;
      default: // new, closed: nothing to mend
    }
  }

  #remedy() {
    const state = this.#pc.connectionState;
    if (this.#ended || state === "connected") return;
    if (state === "new") return; // nothing is agreed yet that could fail, as while one is alone in the room
    clearTimeout(this.#timer);
    if (this.#restarted) {
      if (this.#remedies.renew()) this.end();
    } else if (this.#remedies.restart()) {
      this.#restarted = true;
      this.#wait(RESTARTED_FOR_MS);
    }
  }

  /** @param {number} ms */
  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#remedy(), ms);
  }
}
