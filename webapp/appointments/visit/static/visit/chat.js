/**
 * The visit's chat. Lines are kept by the portal; here they are shown, fetched when a notice says so, and sent so
 * that a line which did not get through stays in the field.
 *
 * @typedef {import("./types.js").ChatLine} ChatLine
 */

import { copyOf, part } from "./elements.js";
import { get, post, Refused } from "./portal.js";

const PREVIEW_MS = 8000;

export class Chat {
  #last = 0;
  #unread = 0;
  #open = false;
  #fixed = false;
  #fetching = false;
  #again = false;
  /** @type {{id: string, body: string} | null} */ #unsent = null;
  /** @type {number | undefined} */ #previewTimer;
  #panel;
  #log;
  #form;
  #field;
  #url;
  #words;
  #changed;

  /**
   * @param {HTMLElement} root  holds the panel and its preview
   * @param {string} url
   * @param {Record<string, string>} words
   * @param {(state: {unread: number, open: boolean}) => void} changed
   */
  constructor(root, url, words, changed) {
    this.#url = url;
    this.#words = words;
    this.#changed = changed;
    this.root = root;
    this.#panel = part(root, "chat");
    this.#log = part(this.#panel, "chat-log");
    this.#form = part(this.#panel, "chat-form", HTMLFormElement);
    this.#field = part(this.#form, "chat-field", HTMLTextAreaElement);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#sendField();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    part(this.#panel, "chat-close").addEventListener("click", () => this.toggle(false));
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.toggle(false));
  }

  /**
   * Put the panel, with what is typed in it, into another place of the page.
   * @param {HTMLElement} slot
   * @param {"fixed" | "closed"} how  always open there, or closed until it is asked for
   */
  moveTo(slot, how) {
    const typing = document.activeElement === this.#field;
    slot.append(this.#panel);
    this.#fixed = how === "fixed";
    this.#setOpen(this.#fixed || typing);
    if (typing) this.#field.focus();
  }

  /** @param {boolean} [open] */
  toggle(open = !this.#open) {
    if (this.#fixed) return;
    this.#setOpen(open);
    if (open) this.#field.focus();
    else part(this.root, "call-chat").focus();
  }

  /** Fetch what is new: on entering, after a notice, and after the connection was lost. */
  async refresh() {
    if (this.#fetching) {
      this.#again = true;
      return;
    }
    this.#fetching = true;
    try {
      do {
        this.#again = false;
        const { lines } = await get(`${this.#url}?after=${this.#last}`);
        this.#add(lines);
      } while (this.#again);
    } catch {
      // The next notice or return fetches them; nothing is lost.
    } finally {
      this.#fetching = false;
    }
  }

  async #sendField() {
    const body = this.#field.value.trim();
    if (!body) return;
    // The same id when it is tried again: the portal keeps one line however often it arrives.
    if (this.#unsent?.body !== body) this.#unsent = { id: crypto.randomUUID(), body };
    this.#say("");
    this.#form.setAttribute("aria-busy", "true");
    try {
      await post(this.#url, this.#unsent);
      this.#unsent = null;
      this.#field.value = "";
      await this.refresh();
    } catch (error) {
      this.#say((error instanceof Refused && error.message) || this.#words.chat_not_sent);
    } finally {
      this.#form.removeAttribute("aria-busy");
    }
  }

  /** @param {ChatLine[]} lines */
  #add(lines) {
    const first = this.#last === 0;
    const fresh = lines.filter((line) => line.number > this.#last);
    if (fresh.length === 0) return;
    this.#last = fresh[fresh.length - 1].number;
    for (const line of fresh) this.#log.append(this.#draw(line));
    part(this.#panel, "chat-empty").hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    const theirs = fresh.filter((line) => !line.mine);
    if (!this.#open && !first) {
      this.#unread += theirs.length;
      const newest = theirs[theirs.length - 1];
      if (newest) this.#preview(newest);
    }
    this.#tell();
  }

  /** @param {ChatLine} line */
  #draw(line) {
    const element = copyOf(this.root, "chat-line-template");
    element.classList.toggle("visit-chat-line--mine", line.mine);
    part(element, "chat-name").textContent = line.name;
    part(element, "chat-time").textContent = line.time;
    part(element, "chat-body").textContent = line.body;
    return element;
  }

  /** @param {ChatLine} line */
  #preview(line) {
    const preview = part(this.root, "chat-preview");
    part(preview, "chat-preview-name").textContent = line.name;
    part(preview, "chat-preview-body").textContent = line.body;
    preview.hidden = false;
    clearTimeout(this.#previewTimer);
    this.#previewTimer = setTimeout(() => (preview.hidden = true), PREVIEW_MS);
  }

  /** @param {boolean} open */
  #setOpen(open) {
    this.#open = open;
    this.#panel.hidden = !open;
    if (open) {
      this.#unread = 0;
      part(this.root, "chat-preview").hidden = true;
      this.#log.scrollTop = this.#log.scrollHeight;
    }
    this.#tell();
  }

  /** @param {string} sentence */
  #say(sentence) {
    const place = part(this.#form, "chat-error");
    place.textContent = sentence;
    place.hidden = sentence === "";
    if (sentence) place.scrollIntoView({ block: "nearest" }); // on phones it may lie under the bar
  }

  #tell() {
    this.#changed({ unread: this.#unread, open: this.#open });
  }
}
