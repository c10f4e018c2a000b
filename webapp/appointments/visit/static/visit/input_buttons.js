/**
 * Every button on the page that turns the camera or the microphone on and off: `data-turn="camera"`.
 * Each carries the words of what a press does.
 *
 * @typedef {import("./devices.js").Devices} Devices
 * @typedef {import("./devices.js").Input} Input
 */

import { part } from "./elements.js";

/**
 * @param {HTMLElement} root
 * @param {Devices} devices
 * @param {() => void} refused  what was asked for did not come
 */
export function bindInputButtons(root, devices, refused) {
  /** @type {HTMLButtonElement[]} */
  const buttons = [...root.querySelectorAll("button[data-turn]")].flatMap((found) =>
    found instanceof HTMLButtonElement ? [found] : [],
  );
  const inputOf = (/** @type {HTMLButtonElement} */ button) => /** @type {Input} */ (button.dataset.turn);
  const show = () => {
    for (const button of buttons) {
      const on = devices.isOn(inputOf(button));
      button.dataset.on = String(on);
      part(button, "caption").textContent = (on ? button.dataset.wordsOn : button.dataset.wordsOff) ?? "";
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", async () => {
      await devices.turn(inputOf(button));
      if (devices.troubles[inputOf(button)] !== null) refused();
    });
  }
  devices.addEventListener("change", show);
  show();
}
