/**
 * One of the others: picture and sound, name, what is muted, and the last picture while they reconnect.
 */

import { copyOf, part } from "./elements.js";

/** @typedef {import("./types.js").Source} Source */

export class Tile {
  element;
  player;
  #still;
  #stream = new MediaStream();
  /** @type {Set<Source>} */ #muted = new Set();
  #away = false;

  /**
   * @param {HTMLElement} root  holds the template
   * @param {string} participant
   */
  constructor(root, participant) {
    this.element = copyOf(root, "tile-template");
    this.element.dataset.participant = participant;
    this.player = part(this.element, "tile-player", HTMLVideoElement);
    this.#still = part(this.element, "tile-still", HTMLCanvasElement);
    this.player.addEventListener("resize", () => this.#show());
  }

  /**
   * @param {string} name
   * @param {string} initials
   */
  name(name, initials) {
    part(this.element, "tile-name").textContent = name;
    part(this.element, "tile-initials").textContent = initials;
  }

  /**
   * Everything that arrives from this person now.
   * @param {MediaStreamTrack[]} tracks
   */
  receive(tracks) {
    for (const old of this.#stream.getTracks()) if (!tracks.includes(old)) this.#stream.removeTrack(old);
    for (const track of tracks) if (!this.#stream.getTracks().includes(track)) this.#stream.addTrack(track);
    if (!this.player.srcObject && tracks.length > 0) this.player.srcObject = this.#stream;
    this.#show();
  }

  /**
   * @param {Source} source
   * @param {boolean} muted
   */
  mute(source, muted) {
    if (muted) this.#muted.add(source);
    else this.#muted.delete(source);
    this.#show();
  }

  /** @param {boolean} speaking */
  speak(speaking) {
    this.element.classList.toggle("visit-tile--speaking", speaking);
  }

  /**
   * Dim the last picture while nothing comes.
   * @param {boolean} away
   */
  away(away) {
    if (away === this.#away) return;
    this.#away = away;
    if (away) this.#keepLastPicture();
    else this.#dropLastPicture();
    this.element.toggleAttribute("data-away", away);
    part(this.element, "tile-away").hidden = !away;
  }

  #keepLastPicture() {
    const { videoWidth, videoHeight } = this.player;
    if (videoWidth === 0 || this.element.dataset.picture !== "on") return;
    this.#still.width = videoWidth;
    this.#still.height = videoHeight;
    this.#still.getContext("2d")?.drawImage(this.player, 0, 0);
    this.#still.hidden = false;
  }

  /** Only when the next picture is there: no black in between. */
  #dropLastPicture() {
    if (this.#still.hidden) return;
    const drop = () => {
      if (!this.#away) this.#still.hidden = true;
    };
    if ("requestVideoFrameCallback" in this.player) this.player.requestVideoFrameCallback(drop);
    else drop();
  }

  #show() {
    const camera = this.#stream.getVideoTracks().length > 0 && !this.#muted.has("camera");
    const microphone = this.#stream.getAudioTracks().length > 0 && !this.#muted.has("microphone");
    this.element.dataset.picture = camera && this.player.videoWidth > 0 ? "on" : "off";
    if (!camera) this.#still.hidden = true;
    part(this.element, "tile-muted").hidden = microphone;
  }
}
