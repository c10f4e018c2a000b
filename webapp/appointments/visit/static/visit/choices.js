/**
 * Which camera, microphone and speaker: three lists, how loud one is, and a test sound. The one fieldset is moved
 * between the lobby and the settings dialog.
 *
 * @typedef {import("./devices.js").Devices} Devices
 * @typedef {import("./devices.js").Input} Input
 */

import { chime } from "./chime.js";
import { part } from "./elements.js";
import { LevelMeter } from "./level.js";

/** @type {{kind: MediaDeviceKind, name: Input | "speaker"}[]} */
const CHOICES = [
  { kind: "videoinput", name: "camera" },
  { kind: "audioinput", name: "microphone" },
  { kind: "audiooutput", name: "speaker" },
];

export class DeviceChoices {
  #element;
  #devices;
  #meter;

  /**
   * @param {HTMLElement} root
   * @param {Devices} devices
   */
  constructor(root, devices) {
    this.#element = part(root, "device-choices");
    this.#devices = devices;
    this.#meter = new LevelMeter(part(root, "level"));
    for (const { name } of CHOICES) {
      const select = this.#select(name);
      select.addEventListener("change", () => void devices.choose(name, select.value));
    }
    part(root, "test-sound").addEventListener("click", () => void chime(devices.choice.speaker));
    devices.addEventListener("change", () => this.#show());
  }

  /** @param {HTMLElement} slot  where it is seen from now on; the meter runs */
  showIn(slot) {
    slot.append(this.#element);
    this.#element.hidden = false;
    this.#show();
  }

  /** Out of sight: the meter would keep an audio graph running. */
  hide() {
    this.#element.hidden = true;
    this.#meter.stop();
  }

  #show() {
    if (this.#element.hidden) return;
    this.#meter.listen(this.#devices.isOn("microphone") ? this.#devices.tracks.microphone : null);
    for (const { kind, name } of CHOICES) this.#fill(kind, name);
    // Phones and Firefox leave the speaker to the system.
    part(this.#element, "speaker-choice").hidden = this.#devices.ofKind("audiooutput").length === 0;
  }

  /**
   * @param {MediaDeviceKind} kind
   * @param {Input | "speaker"} name
   */
  #fill(kind, name) {
    const select = this.#select(name);
    const devices = this.#devices.ofKind(kind);
    select.disabled = devices.length === 0;
    if (devices.length === 0) return; // the words of the template say that there is none
    select.replaceChildren(...devices.map((device) => new Option(device.label, device.deviceId)));
    const track = name === "speaker" ? null : this.#devices.tracks[name];
    select.value = track?.getSettings().deviceId ?? this.#devices.choice[name];
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }

  /** @param {Input | "speaker"} name */
  #select(name) {
    return part(this.#element, `choose-${name}`, HTMLSelectElement);
  }
}
