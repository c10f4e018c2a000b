/**
 * The client's record beside the visit, for providers. The visit counts as presence for itself only: after half an
 * hour in which nobody did anything the record locks, while sound, pictures and chat go on, and it is unlocked in its
 * place. What is locked or closed is not on the page any more.
 */

import { bindAll } from "../ui/bind.js";
import { Answered, fetchPage } from "../ui/behaviours/page.js";
import { part } from "./elements.js";
import { get, post, SignedOut } from "./portal.js";

const WARN_S = 120;
const LATELY_MS = 60_000;
const LOOK_AT_LEAST_MS = 60_000; // another tab may have signed out meanwhile

export class RecordPanel {
  #timer = 0;
  #acted = 0;
  #ends = Infinity;
  #panel;
  #content;
  #button;
  #choice;
  #urls;
  #words;
  #opened;

  /**
   * @param {HTMLElement} root
   * @param {import("./types.js").VisitConfig} config
   * @param {() => void} opened  the panel takes the place of another
   */
  constructor(root, { urls, words }, opened) {
    this.#urls = urls;
    this.#words = words;
    this.#opened = opened;
    this.#panel = part(root, "record");
    this.#content = part(this.#panel, "record-content");
    this.#choice = part(this.#panel, "record-of", HTMLSelectElement);
    this.#button = part(root, "call-record");
    this.#button.addEventListener("click", () => (this.#panel.hidden ? this.open() : this.close()));
    part(this.#panel, "record-close").addEventListener("click", () => this.close());
    part(this.#panel, "record-keep").addEventListener("click", () => void this.#look(true));
    this.#choice.addEventListener("change", () => void this.#load());
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.#panel.addEventListener("wellhouse:unlocked", () => void this.#load());
    for (const kind of ["keydown", "pointerdown", "wheel"]) {
      document.addEventListener(kind, () => (this.#acted = Date.now()), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => !document.hidden && void this.#look());
  }

  open() {
    this.#setOpen(true);
    this.#opened();
    part(this.#panel, "record-close").focus();
    void this.#load();
  }

  close() {
    if (this.#panel.hidden) return;
    this.#setOpen(false);
    this.#clear();
    this.#button.focus();
  }

  /** @param {boolean} open */
  #setOpen(open) {
    this.#panel.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }

  #clear() {
    window.clearTimeout(this.#timer);
    this.#content.replaceChildren();
    this.#warn(false);
  }

  async #load() {
    this.#clear();
    try {
      await this.#show(this.#choice.value);
      await this.#look();
    } catch (error) {
      if (error instanceof Answered && error.status === 401) await this.#lock();
      else this.#say(this.#words.portal_away);
    }
  }

  async #lock() {
    this.#clear();
    try {
      await this.#show(this.#urls.unlock);
    } catch (error) {
      const over = error instanceof Answered && error.status === 401;
      this.#say(this.#words[over ? "record_over" : "portal_away"]);
    }
  }

  /**
   * The part of the page at *url* that stands in the panel.
   * @param {string} url
   */
  async #show(url) {
    const page = await fetchPage(url);
    const found = page.querySelector("[data-panel]");
    if (!found || this.#panel.hidden) return;
    const shown = document.importNode(found, true);
    this.#content.replaceChildren(shown);
    await bindAll(this.#content);
  }

  /**
   * How long the record may stay open. To have pressed or typed is to be there; to be in the visit is not.
   * @param {boolean} [stay]
   */
  async #look(stay = Date.now() - this.#acted < LATELY_MS) {
    if (this.#panel.hidden || !this.#content.querySelector('[data-panel="record"]')) return;
    window.clearTimeout(this.#timer);
    try {
      const now = await (stay ? post(this.#urls.stay) : get(this.#urls.idle));
      this.#ends = Date.now() + now.left_s * 1000;
    } catch (error) {
      if (error instanceof SignedOut) return this.#lock();
    }
    const left = this.#ends - Date.now();
    if (left <= 0) return this.#lock(); // the portal cannot be asked, and would say no
    this.#warn(left <= WARN_S * 1000);
    const next = left > WARN_S * 1000 ? left - WARN_S * 1000 : left;
    this.#timer = window.setTimeout(() => void this.#look(), Math.min(next + 1000, LOOK_AT_LEAST_MS));
  }

  /** @param {boolean} soon */
  #warn(soon) {
    part(this.#panel, "record-soon").hidden = !soon;
  }

  /** @param {string} sentence */
  #say(sentence) {
    const words = document.createElement("p");
    words.textContent = sentence;
    words.setAttribute("role", "alert");
    this.#content.replaceChildren(words);
  }
}
