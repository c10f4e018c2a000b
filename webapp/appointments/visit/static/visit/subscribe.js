/**
 * What this person receives: one peer connection on which the server always offers.
 *
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").SubscribedTrack} SubscribedTrack
 * @typedef {import("./types.js").Channel} Channel
 * @typedef {SubscribedTrack & {track: MediaStreamTrack}} Received
 */

import { Watch } from "./mend.js";

export class Subscriber {
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {Watch | null} */ #watch = null;
  /** @type {RTCConfiguration} */ #configuration = {};
  /** @type {Message | null} */ #newest = null;
  /** @type {Promise<void>} */ #work = Promise.resolve();
  #channel;
  #received;
  #flowing;

  /**
   * @param {Channel} channel
   * @param {(tracks: Received[]) => void} received  everything that arrives from now on
   * @param {(flowing: boolean) => void} flowing  told when media can flow, and when no longer
   */
  constructor(channel, received, flowing) {
    this.#channel = channel;
    this.#received = received;
    this.#flowing = flowing;
  }

  /** @returns {RTCPeerConnection | null} */
  get connection() {
    return this.#pc;
  }

  /**
   * Begin anew with the server's next offer.
   * @param {RTCConfiguration} configuration
   */
  start(configuration) {
    this.close();
    this.#configuration = configuration;
  }

  /** @param {Message} offer  `subscribe` */
  offered(offer) {
    this.#newest = offer;
    // One after the other; an offer that was overtaken while it waited is skipped.
    this.#work = this.#work.then(() => this.#answer(offer));
  }

  /** The websocket is back with the old participant. */
  resumed() {
    this.#watch?.check();
  }

  close() {
    this.#watch?.end();
    this.#pc?.close();
    this.#pc = null;
    this.#newest = null;
  }

  /** @param {Message} offer */
  async #answer(offer) {
    if (offer !== this.#newest) return;
    const pc = this.#pc ?? this.#open();
    try {
      await pc.setRemoteDescription({ type: "offer", sdp: offer.sdp });
      await pc.setLocalDescription();
    } catch (error) {
      // What the connection agreed on and the offer do not fit: a fresh connection takes any offer.
      if (this.#pc === pc) this.renew();
      console.warn("visit.subscribe", error);
      return;
    }
    if (this.#pc !== pc) return;
    this.#channel.send({ type: "subscribed", number: offer.number, sdp: pc.localDescription?.sdp });
    this.#received(tracksOf(pc, offer.tracks));
  }

  #open() {
    const pc = new RTCPeerConnection(this.#configuration);
    this.#pc = pc;
    this.#watch = new Watch(pc, {
      restart: () => this.#channel.send({ type: "restart" }),
      renew: () => this.renew(),
      flowing: (flowing) => this.#flowing(flowing),
    });
    return pc;
  }

  /** Throw the connection away; the server's next offer begins another. Whether that could be said. */
  renew() {
    if (!this.#channel.send({ type: "renew", connection: "subscribe" })) return false;
    this.close();
    return true;
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @param {SubscribedTrack[]} wanted
 * @returns {Received[]}
 */
function tracksOf(pc, wanted) {
  const byMid = new Map(pc.getTransceivers().map((transceiver) => [transceiver.mid, transceiver.receiver.track]));
  return wanted.flatMap((entry) => {
    const track = byMid.get(entry.mid);
    return track ? [{ ...entry, track }] : [];
  });
}
