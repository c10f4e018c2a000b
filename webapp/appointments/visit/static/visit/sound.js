/**
 * Plays the others. Where the browser refuses sound before a tap, the picture plays and one button asks for the tap.
 */

export class Playback {
  /** @type {Set<HTMLVideoElement>} */ #players = new Set();
  #speaker = "";
  #button;

  /** @param {HTMLElement} button  "Tap for sound" */
  constructor(button) {
    this.#button = button;
    button.addEventListener("click", () => this.#unmute());
    // A phone call or another app pauses the players; coming back resumes them.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.resume();
    });
  }

  /** @param {HTMLVideoElement} player */
  async play(player) {
    this.#players.add(player);
    await this.#route(player);
    try {
      await player.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return; // replaced while starting
      player.muted = true;
      this.#button.hidden = false;
      await player.play().catch(() => undefined);
    }
  }

  /** @param {HTMLVideoElement} player */
  remove(player) {
    this.#players.delete(player);
  }

  /** @param {string} deviceId  empty for the system's own choice */
  async useSpeaker(deviceId) {
    this.#speaker = deviceId;
    for (const player of this.#players) await this.#route(player);
  }

  /** Play again what was paused from outside. */
  resume() {
    for (const player of this.#players) if (player.paused && player.srcObject) void this.play(player);
  }

  #unmute() {
    this.#button.hidden = true;
    for (const player of this.#players) {
      player.muted = false;
      void this.play(player);
    }
  }

  /** @param {HTMLVideoElement} player */
  async #route(player) {
    if (!this.#speaker || !("setSinkId" in player)) return;
    /** @type {HTMLVideoElement & {setSinkId: (deviceId: string) => Promise<void>}} */
    const routable = /** @type {any} */ (player); // younger than the types that check us
    await routable.setSinkId(this.#speaker).catch(() => undefined); // unplugged meanwhile: the default plays on
  }
}
