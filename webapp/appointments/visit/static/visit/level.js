/**
 * How loud the microphone is, as a row of lamps.
 */

const EVERY_MS = 80;
const LOUD = 0.25; // root mean square of a raised voice near the microphone

export class LevelMeter {
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {MediaStreamTrack | null} */ #track = null;
  /** @type {number | undefined} */ #timer;
  #lamps;

  /** @param {HTMLElement} element  its children are the lamps */
  constructor(element) {
    this.#lamps = [...element.children];
  }

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.stop();
    this.#track = track;
    if (!track) return;
    this.#audio = new AudioContext();
    const analyser = new AnalyserNode(this.#audio, { fftSize: 1024 });
    this.#audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.#show(Math.min(1, Math.sqrt(Math.sqrt(power) / LOUD)));
    }, EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    void this.#audio?.close();
    this.#audio = null;
    this.#track = null;
    this.#show(0);
  }

  /** @param {number} share  0 to 1 */
  #show(share) {
    const lit = Math.round(share * this.#lamps.length);
    this.#lamps.forEach((lamp, index) => lamp.classList.toggle("visit-lamp--lit", index < lit));
  }
}
