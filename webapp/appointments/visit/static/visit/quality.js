/**
 * How well the call goes, from the browser's own counters: told to the media server for the appointment's history,
 * and shown as bars.
 *
 * @typedef {"good" | "fair" | "weak"} Grade
 * @typedef {{span_s: number, round_trip_ms: number | null, loss_up: number, loss_down: number}} Quality
 */

const EVERY_MS = 10_000;
const FIRST_AFTER_MS = 3000; // the bars should not stay empty

export class QualityMeter {
  /** @type {number | undefined} */ #timer;
  #before = { received: 0, lost: 0, at: performance.now() };
  #connections;
  #report;

  /**
   * @param {() => {publish: RTCPeerConnection | null, subscribe: RTCPeerConnection | null}} connections
   * @param {(quality: Quality, grade: Grade) => void} report
   */
  constructor(connections, report) {
    this.#connections = connections;
    this.#report = report;
  }

  start() {
    this.stop();
    this.#timer = setTimeout(() => void this.#measure(), FIRST_AFTER_MS);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  async #measure() {
    const { publish, subscribe } = this.#connections();
    const up = publish ? await upward(publish) : { lost: 0, roundTrip: null };
    const down = subscribe ? await downward(subscribe) : { received: 0, lost: 0, roundTrip: null };
    const before = this.#before;
    const now = { received: down.received, lost: down.lost, at: performance.now() };
    this.#before = now;
    const received = Math.max(0, now.received - before.received); // a new connection counts from zero
    const lost = Math.max(0, now.lost - before.lost);
    const roundTrip = up.roundTrip ?? down.roundTrip;
    /** @type {Quality} */
    const quality = {
      span_s: (now.at - before.at) / 1000,
      round_trip_ms: roundTrip === null ? null : roundTrip * 1000,
      loss_up: Math.min(1, Math.max(0, up.lost)),
      loss_down: received + lost === 0 ? 0 : lost / (received + lost),
    };
    this.#report(quality, gradeOf(quality));
    this.#timer = setTimeout(() => void this.#measure(), EVERY_MS);
  }
}

/**
 * What people notice: sound breaks up from about 5 % loss or half a second of delay.
 * @param {Quality} quality
 * @returns {Grade}
 */
export function gradeOf({ round_trip_ms, loss_up, loss_down }) {
  const loss = Math.max(loss_up, loss_down);
  const delay = round_trip_ms ?? 0;
  if (loss > 0.08 || delay > 500) return "weak";
  if (loss > 0.02 || delay > 250) return "fair";
  return "good";
}

/** @param {RTCPeerConnection} pc */
async function upward(pc) {
  let lost = 0;
  /** @type {number | null} */ let roundTrip = null;
  for (const entry of await statsOf(pc)) {
    if (entry.type !== "remote-inbound-rtp") continue;
    lost = Math.max(lost, entry.fractionLost ?? 0);
    roundTrip = entry.roundTripTime ?? roundTrip;
  }
  return { lost, roundTrip: roundTrip ?? (await pathDelay(pc)) };
}

/** @param {RTCPeerConnection} pc */
async function downward(pc) {
  let received = 0;
  let lost = 0;
  for (const entry of await statsOf(pc)) {
    if (entry.type !== "inbound-rtp") continue;
    received += entry.packetsReceived ?? 0;
    lost += Math.max(0, entry.packetsLost ?? 0);
  }
  return { received, lost, roundTrip: await pathDelay(pc) };
}

/**
 * Round trip of the path in use, in seconds, from its connectivity checks.
 * @param {RTCPeerConnection} pc
 * @returns {Promise<number | null>}
 */
async function pathDelay(pc) {
  for (const entry of await statsOf(pc)) {
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      return entry.currentRoundTripTime;
    }
  }
  return null;
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<any[]>}
 */
async function statsOf(pc) {
  /** @type {any[]} */ const entries = [];
  (await pc.getStats()).forEach((entry) => entries.push(entry));
  return entries;
}
