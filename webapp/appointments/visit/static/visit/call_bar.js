/**
 * What only the bar under the call has: chat with its counter, settings, leaving. The camera and microphone buttons
 * in it are bound by input_buttons.js.
 */

import { part } from "./elements.js";

/**
 * @typedef {object} CallBarActions
 * @property {() => void} chat
 * @property {() => void} settings
 * @property {() => void} leave
 */

export class CallBar {
  #bar;

  /**
   * @param {HTMLElement} root
   * @param {CallBarActions} actions
   */
  constructor(root, actions) {
    this.#bar = part(root, "call-bar");
    for (const [name, action] of Object.entries(actions)) {
      part(this.#bar, `call-${name}`).addEventListener("click", action);
    }
  }

  /** @param {{unread: number, open: boolean}} state */
  showChat({ unread, open }) {
    const button = part(this.#bar, "call-chat");
    button.setAttribute("aria-expanded", String(open));
    const counter = part(button, "unread");
    counter.hidden = unread === 0;
    part(counter, "unread-count").textContent = unread > 99 ? "99+" : String(unread);
  }
}
