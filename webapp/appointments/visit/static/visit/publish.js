/**
 * What this person sends: one peer connection on which the browser always offers.
 *
 * @typedef {import("./types.js").Source} Source
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Channel} Channel
 */

import { Watch } from "./mend.js";

const CAMERA_BITS_PER_SECOND = 1_700_000; // 720p of a face looks no better above this

/**
 * Sound before pictures, wherever the browser has to choose.
 * @type {Record<Source, RTCRtpEncodingParameters>}
 */
const ENCODING = {
  microphone: { priority: "high" },
  camera: { maxBitrate: CAMERA_BITS_PER_SECOND },
  screen: {},
};

export class Publisher {
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {Watch | null} */ #watch = null;
  /** @type {Map<Source, MediaStreamTrack | null>} */ #tracks = new Map();
  /** @type {Map<Source, RTCRtpTransceiver>} */ #transceivers = new Map();
  /** @type {RTCConfiguration | null} */ #configuration = null;
  /** An offer is out and its answer is not in. */
  #asking = false;
  /** What came up meanwhile. */
  #next = { negotiate: false, restart: false };
  #channel;
  #flowing;

  /**
   * @param {Channel} channel
   * @param {(flowing: boolean) => void} flowing  told when media can flow, and when no longer
   */
  constructor(channel, flowing) {
    this.#channel = channel;
    this.#flowing = flowing;
  }

  /** @returns {RTCPeerConnection | null} */
  get connection() {
    return this.#pc;
  }

  /**
   * Begin anew: after entering with a grant, or when the old connection is beyond mending.
   * @param {RTCConfiguration} configuration
   */
  async start(configuration) {
    this.#drop();
    this.#configuration = configuration;
    const sources = [...this.#tracks].filter(([, track]) => track);
    if (sources.length === 0) return; // only listening, until there is something to send
    const pc = new RTCPeerConnection(configuration);
    this.#pc = pc;
    this.#watch = new Watch(pc, {
      restart: () => this.#restart(),
      renew: () => this.renew(),
      flowing: (flowing) => this.#flowing(flowing),
    });
    for (const [source, track] of sources) if (track) this.#add(pc, source, track);
    await this.#negotiate(false);
  }

  /**
   * Send these tracks; null sends nothing but keeps the place for it.
   * @param {Partial<Record<Source, MediaStreamTrack | null>>} tracks
   */
  async set(tracks) {
    const given = /** @type {[Source, MediaStreamTrack | null][]} */ (Object.entries(tracks));
    for (const [source, track] of given) this.#tracks.set(source, track);
    const pc = this.#pc;
    if (!pc) {
      if (this.#configuration) await this.start(this.#configuration);
      return;
    }
    let added = false;
    for (const [source, track] of given) {
      const transceiver = this.#transceivers.get(source);
      if (transceiver) {
        await transceiver.sender.replaceTrack(track);
      } else if (track) {
        this.#add(pc, source, track);
        added = true;
      }
    }
    if (added) await this.#negotiate(false);
  }

  /** @param {Message} message  `published` */
  async answered(message) {
    if (!this.#pc || !this.#asking) return;
    await this.#pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
    await this.#settled();
  }

  /** The server would not have the offer: go back to what was agreed before it. */
  async refused() {
    if (!this.#pc || !this.#asking) return;
    await this.#pc.setLocalDescription({ type: "rollback" });
    await this.#settled();
  }

  /** The websocket is back with the old participant: say again what was not answered. */
  resumed() {
    if (this.#asking && this.#pc?.localDescription) this.#sendOffer(this.#pc);
    else this.#watch?.check();
  }

  /** Stop sending; the tracks themselves are the caller's. */
  close() {
    this.#drop();
    this.#configuration = null;
  }

  #drop() {
    this.#watch?.end();
    this.#watch = null;
    this.#pc?.close();
    this.#pc = null;
    this.#transceivers.clear();
    this.#asking = false;
    this.#next = { negotiate: false, restart: false };
  }

  #restart() {
    if (!this.#channel.inside) return false;
    void this.#negotiate(true);
    return true;
  }

  /** Throw the connection away and begin another. Whether that could be said. */
  renew() {
    const configuration = this.#configuration;
    if (!configuration || !this.#channel.send({ type: "renew", connection: "publish" })) return false;
    void this.start(configuration);
    return true;
  }

  /**
   * @param {RTCPeerConnection} pc
   * @param {Source} source
   * @param {MediaStreamTrack} track
   */
  #add(pc, source, track) {
    const transceiver = pc.addTransceiver(track, { direction: "sendonly", sendEncodings: [ENCODING[source]] });
    this.#transceivers.set(source, transceiver);
  }

  /** @param {boolean} restart  with new ICE credentials */
  async #negotiate(restart) {
    const pc = this.#pc;
    if (!pc) return;
    if (this.#asking) {
      this.#next = { negotiate: true, restart: this.#next.restart || restart };
      return;
    }
    this.#asking = true;
    const offer = await pc.createOffer({ iceRestart: restart });
    await pc.setLocalDescription(withLostSound(offer)).catch(() => pc.setLocalDescription(offer));
    if (this.#pc === pc) this.#sendOffer(pc);
  }

  /** @param {RTCPeerConnection} pc  with a local offer */
  #sendOffer(pc) {
    const tracks = [...this.#transceivers].map(([source, { mid }]) => ({ mid, source }));
    this.#channel.send({ type: "publish", sdp: pc.localDescription?.sdp, tracks });
  }

  async #settled() {
    this.#asking = false;
    const next = this.#next;
    this.#next = { negotiate: false, restart: false };
    if (next.negotiate) await this.#negotiate(next.restart);
  }
}

/**
 * The offer with leave to ask again for lost sound: browsers can answer that, and offer it for pictures only. One that
 * will not have its offer changed goes on with its own.
 * @param {RTCSessionDescriptionInit} offer
 * @returns {RTCSessionDescriptionInit}
 */
function withLostSound({ type, sdp }) {
  return { type, sdp: sdp?.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gim, "$&a=rtcp-fb:$1 nack\r\n") };
}
