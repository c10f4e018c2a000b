/**
 * The browser's half of the signalling websocket: entering, resuming, pinging, and giving up where it must.
 * The messages are those of rtc/PROTOCOL.md.
 *
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Welcome} Welcome
 *
 * @typedef {object} SignallingListener
 * @property {(welcome: Welcome, entry: Entry) => void} welcome  inside: anew, or resumed
 * @property {(message: Message) => void} message  every other message but pong
 * @property {() => void} lost  the websocket is gone; another is on its way
 * @property {(reason: OverReason, sentence: string) => void} over  the end: nothing is tried any more
 *
 * @typedef {"left" | "replaced" | "removed" | "ended" | "refused"} OverReason
 */

import { Refused } from "./portal.js";

const PING_EVERY_MS = 5000; // the server closes a socket that was silent for 20 s
const PONG_WITHIN_MS = 5000;
const OPEN_WITHIN_MS = 8000; // a websocket that does not open hangs in a dead network
const RETRY_AFTER_MS = [0, 500, 1000, 2000, 4000, 5000];
const GRANT_GOOD_FOR_MS = 40_000; // it lives 60 s; the rest is for connecting

/** Close codes after which the visit is over for this page. */
const FINAL = /** @type {Record<number, OverReason>} */ ({
  1000: "left",
  4002: "replaced",
  4003: "removed",
  4004: "ended",
});

/** Errors that come before close 4001 and that a new grant mends. */
const NEEDS_NEW_GRANT = new Set(["resume.unknown", "grant.expired", "grant.used", "grant.withdrawn"]);

export class Signalling {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Entry | null} */ #entry = null;
  /** @type {{promise: Promise<Entry>, at: number} | null} */ #unusedEntry = null;
  #resume = "";
  #inside = false;
  #over = false;
  #attempt = 0;
  #ping = 0;
  /** @type {{id: string, sentence: string} | null} */ #refusal = null;
  /** @type {number | undefined} */ #retryTimer;
  /** @type {number | undefined} */ #pingTimer;
  /** @type {number | undefined} */ #deadline;
  #url;
  #fetchEntry;
  #listener;

  /**
   * @param {string} url
   * @param {() => Promise<Entry>} fetchEntry  a fresh grant; throws Refused when there is none to be had
   * @param {SignallingListener} listener
   */
  constructor(url, fetchEntry, listener) {
    this.#url = url;
    this.#fetchEntry = fetchEntry;
    this.#listener = listener;
  }

  /** Between welcome and the loss of the websocket. */
  get inside() {
    return this.#inside;
  }

  /** Enter. Comes back by itself until it is over. */
  enter() {
    if (!this.#over && !this.#socket) this.#connect();
  }

  /**
   * Say *message* if the websocket is there.
   * @param {Message} message
   * @returns {boolean} whether it was said
   */
  send(message) {
    if (!this.#inside || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The network may be back, or the page is seen again: do not wait for a timer. */
  hurry() {
    if (this.#over) return;
    if (this.#inside) this.#sendPing();
    else if (!this.#socket) this.#connect();
  }

  /** Gone for good. */
  leave() {
    this.send({ type: "leave" });
    this.#finish("left", "");
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#refusal = null;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#deadline = setTimeout(() => this.#drop(socket), OPEN_WITHIN_MS);
    // The grant is fetched while the websocket opens: two round trips become one.
    const hello = this.#resume ? Promise.resolve({ resume: this.#resume }) : this.#takeEntry();
    const opened = new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    hello.catch((error) => this.#entryFailed(socket, error));
    Promise.all([hello, opened]).then(
      ([credentials]) => {
        if (this.#socket !== socket) return;
        this.#unusedEntry = null;
        socket.send(JSON.stringify({ type: "hello", version: 1, ...credentials }));
      },
      () => undefined, // entryFailed has answered it
    );
    socket.addEventListener("message", (event) => {
      if (this.#socket === socket) this.#received(event.data);
    });
    socket.addEventListener("close", (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    });
  }

  async #takeEntry() {
    const now = performance.now();
    if (!this.#unusedEntry || now - this.#unusedEntry.at > GRANT_GOOD_FOR_MS) {
      this.#unusedEntry = { promise: this.#fetchEntry(), at: now };
    }
    this.#entry = await this.#unusedEntry.promise;
    return { grant: this.#entry.grant };
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} error
   */
  #entryFailed(socket, error) {
    this.#unusedEntry = null;
    if (this.#over) return;
    if (error instanceof Refused) this.#finish("refused", error.message);
    else this.#drop(socket); // the portal is away for a moment
  }

  /** @param {string} text */
  #received(text) {
    /** @type {Message} */
    const message = JSON.parse(text);
    switch (message.type) {
      case "welcome":
        this.#welcomed(/** @type {Welcome} */ (message));
        break;
      case "pong":
        this.#met();
        break;
      case "error":
        this.#refusal = { id: message.id, sentence: message.sentence };
        if (this.#inside) this.#listener.message(message);
        break;
      default:
        this.#listener.message(message);
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#met();
    this.#resume = welcome.resume;
    this.#refusal = null;
    this.#attempt = 0;
    this.#inside = true;
    this.#pingTimer = setInterval(() => this.#sendPing(), PING_EVERY_MS);
    if (this.#entry) this.#listener.welcome(welcome, this.#entry);
  }

  #sendPing() {
    const socket = this.#socket;
    this.#ping += 1;
    if (!socket || !this.send({ type: "ping", number: this.#ping })) return;
    // The oldest ping without an answer counts: the next ones would put its end off for ever.
    this.#deadline ??= setTimeout(() => this.#drop(socket), PONG_WITHIN_MS);
  }

  /** What the deadline was for has come. */
  #met() {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /**
   * Do not wait for a websocket to notice that it is dead: its close event may take minutes.
   * @param {WebSocket} socket
   */
  #drop(socket) {
    if (this.#socket !== socket) return;
    this.#closed(0);
    socket.close();
  }

  /** @param {number} code  of the close event; 0 where we gave the socket up */
  #closed(code) {
    const wasInside = this.#inside;
    this.#forgetSocket();
    if (code in FINAL) {
      this.#finish(FINAL[code], "");
      return;
    }
    if (code === 4001) {
      const refusal = this.#refusal;
      this.#resume = "";
      if (!refusal || !NEEDS_NEW_GRANT.has(refusal.id)) {
        this.#finish("refused", refusal?.sentence ?? "");
        return;
      }
    }
    if (wasInside) this.#listener.lost();
    const pause = RETRY_AFTER_MS[Math.min(this.#attempt, RETRY_AFTER_MS.length - 1)];
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), pause);
  }

  #forgetSocket() {
    this.#socket = null;
    this.#inside = false;
    clearInterval(this.#pingTimer);
    this.#met();
  }

  /**
   * @param {OverReason} reason
   * @param {string} sentence
   */
  #finish(reason, sentence) {
    if (this.#over) return;
    this.#over = true;
    const socket = this.#socket;
    this.#forgetSocket();
    clearTimeout(this.#retryTimer);
    socket?.close(1000);
    this.#listener.over(reason, sentence);
  }
}
