/**
 * Before the waiting room: own face, the devices in plain words, where one is and the number to call back.
 *
 * @typedef {import("./devices.js").Input} Input
 */

import { Devices } from "./devices.js";
import { part } from "./elements.js";
import { offerOwnBrowser } from "./in_app_browser.js";

/** @type {Input[]} */
const INPUTS = ["camera", "microphone"];

/**
 * @typedef {object} Answers
 * @property {string} place  where the person is now
 * @property {string} phone  the number to call back
 */

export class Lobby {
  #stage;
  #devices;
  #words;

  /**
   * @param {HTMLElement} stage
   * @param {Devices} devices
   * @param {Record<string, string>} words
   * @param {(answers: Answers) => Promise<string>} enter  gives a sentence when it was refused
   */
  constructor(stage, devices, words, enter) {
    this.#stage = stage;
    this.#devices = devices;
    this.#words = words;
    const form = part(stage, "lobby-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void submit(form, enter);
    });
    part(stage, "try-again").addEventListener("click", () => void this.#tryAgain());
    part(stage, "flip").addEventListener("click", () => void devices.flip());
    offerOwnBrowser(part(stage, "own-browser"), location.href);
    devices.addEventListener("change", () => this.#show());
  }

  #show() {
    for (const input of INPUTS) {
      const row = part(this.#stage, `check-${input}`);
      const trouble = this.#devices.troubles[input];
      const on = this.#devices.isOn(input);
      row.dataset.state = on ? "good" : trouble ? "trouble" : "off";
      part(row, "check-words").textContent = this.#words[`${input}_${on ? "works" : (trouble ?? "off")}`];
    }
    const phone = matchMedia("(pointer: coarse)").matches;
    part(this.#stage, "flip").hidden = !(phone && this.#devices.ofKind("videoinput").length > 1);
    part(this.#stage, "try-again").hidden = !Devices.supported || this.#troubled().length === 0;
  }

  #troubled() {
    return INPUTS.filter((input) => this.#devices.troubles[input] !== null);
  }

  async #tryAgain() {
    await this.#devices.open(this.#troubled());
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {(answers: Answers) => Promise<string>} enter
 */
async function submit(form, enter) {
  const button = part(form, "enter", HTMLButtonElement);
  const error = part(form, "lobby-error");
  const given = new FormData(form);
  button.setAttribute("aria-busy", "true");
  error.hidden = true;
  const refusal = await enter({ place: String(given.get("place") ?? ""), phone: String(given.get("phone") ?? "") });
  button.removeAttribute("aria-busy");
  error.textContent = refusal;
  error.hidden = refusal === "";
}
