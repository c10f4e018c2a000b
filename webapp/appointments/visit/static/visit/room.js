/**
 * The call itself: one person's place in the room, from entering to the end.
 *
 * @typedef {import("./types.js").Entry} Entry
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").VisitConfig} VisitConfig
 * @typedef {import("./types.js").Welcome} Welcome
 * @typedef {import("./signalling.js").OverReason} OverReason
 * @typedef {import("./quality.js").Grade} Grade
 *
 * @typedef {object} RoomListener
 * @property {(entry: Entry) => void} entered  inside with a fresh grant
 * @property {() => void} stranger  somebody is here whom the portal has not introduced
 * @property {(name: string) => void} joined
 * @property {(name: string) => void} left
 * @property {(connected: boolean) => void} connected  our own connection, media and signalling together
 * @property {(grade: Grade) => void} graded
 * @property {(reason: OverReason, sentence: string) => void} over
 */

import { post } from "./portal.js";
import { Publisher } from "./publish.js";
import { QualityMeter } from "./quality.js";
import { Signalling } from "./signalling.js";
import { Subscriber } from "./subscribe.js";

/** @type {import("./devices.js").Input[]} */
const INPUTS = ["microphone", "camera"];

export class Room {
  #flowing = { publish: true, subscribe: true };
  /** What the server was told last of each input. @type {Map<string, boolean>} */
  #said = new Map();
  #config;
  #devices;
  #tiles;
  #listener;
  #signalling;
  #publisher;
  #subscriber;
  #meter;
  #showInputs = () => void this.#publishInputs();

  /**
   * @param {VisitConfig} config
   * @param {import("./devices.js").Devices} devices
   * @param {import("./tiles.js").Tiles} tiles
   * @param {RoomListener} listener
   */
  constructor(config, devices, tiles, listener) {
    this.#config = config;
    this.#devices = devices;
    this.#tiles = tiles;
    this.#listener = listener;
    this.#signalling = new Signalling(config.signalling_url, () => post(config.urls.entry), {
      welcome: (welcome, entry) => void this.#welcomed(welcome, entry),
      message: (message) => void this.#received(message),
      lost: () => this.#judge(),
      over: (reason, sentence) => this.#end(reason, sentence),
    });
    this.#publisher = new Publisher(this.#signalling, (flowing) => {
      this.#flowing.publish = flowing;
      this.#judge();
    });
    this.#subscriber = new Subscriber(
      this.#signalling,
      (tracks) => tiles.receive(tracks),
      (flowing) => {
        this.#flowing.subscribe = flowing;
        this.#judge();
      },
    );
    this.#meter = new QualityMeter(
      () => ({ publish: this.#publisher.connection, subscribe: this.#subscriber.connection }),
      (quality, grade) => {
        this.#signalling.send({ type: "quality", ...quality });
        listener.graded(grade);
      },
    );
  }

  enter() {
    this.#devices.addEventListener("change", this.#showInputs);
    this.#signalling.enter();
    this.#meter.start();
  }

  leave() {
    this.#signalling.leave();
  }

  /** The page or the network is back. */
  hurry() {
    this.#signalling.hurry();
    this.#publisher.resumed();
    this.#subscriber.resumed();
  }

  /**
   * @param {Welcome} welcome
   * @param {Entry} entry
   */
  async #welcomed(welcome, entry) {
    if (welcome.resumed) {
      this.#tiles.settle(welcome.people);
      this.#publisher.resumed();
      this.#subscriber.resumed();
      this.#sayInputs();
    } else {
      /** @type {RTCConfiguration} */
      const configuration = {
        iceServers: entry.ice_servers,
        iceTransportPolicy: this.#config.relay_only ? "relay" : "all",
        bundlePolicy: "max-bundle",
      };
      this.#tiles.introduce(entry.people);
      this.#tiles.settle(welcome.people);
      this.#said.clear();
      this.#subscriber.start(configuration);
      this.#listener.entered(entry);
      await this.#publisher.set(this.#devices.tracks);
      await this.#publisher.start(configuration);
      this.#sayInputs();
    }
    this.#judge();
  }

  /** @param {Message} message */
  async #received(message) {
    const tiles = this.#tiles;
    switch (message.type) {
      case "published":
        await this.#publisher.answered(message);
        break;
      case "subscribe":
        this.#subscriber.offered(message);
        break;
      case "renew": // the server's end of it is gone, so no restart can mend ours
        if (message.connection === "publish") this.#publisher.renew();
        else this.#subscriber.renew();
        break;
      case "joined":
        tiles.joined(message.participant);
        if (!tiles.nameOf(message.participant)) this.#listener.stranger();
        this.#listener.joined(tiles.nameOf(message.participant));
        break;
      case "left":
        this.#listener.left(tiles.nameOf(message.participant));
        tiles.left(message.participant);
        break;
      case "away":
      case "back":
        tiles.away(message.participant, message.type === "away");
        break;
      case "muted":
        tiles.mute(message.participant, message.source, message.muted);
        break;
      case "speaking":
        tiles.speaking(message.participants);
        break;
      case "error":
        if (message.id === "sdp.refused") await this.#publisher.refused();
        console.warn("visit.signalling", message.id);
        break;
      default: // replaced, removed, ended: the close code that follows says it
    }
  }

  async #publishInputs() {
    await this.#publisher.set(this.#devices.tracks);
    this.#sayInputs();
  }

  #sayInputs() {
    for (const source of INPUTS) {
      const muted = !this.#devices.isOn(source);
      if (this.#said.get(source) === muted) continue;
      if (this.#signalling.send({ type: "mute", source, muted })) this.#said.set(source, muted);
    }
  }

  /** Nothing arrives and nothing is said: the pictures that are left are old ones. */
  #judge() {
    const connected = this.#flowing.subscribe && (this.#signalling.inside || this.#flowing.publish);
    this.#tiles.cutOff(!connected);
    this.#listener.connected(connected && this.#signalling.inside);
  }

  /**
   * @param {OverReason} reason
   * @param {string} sentence
   */
  #end(reason, sentence) {
    this.#devices.removeEventListener("change", this.#showInputs);
    this.#meter.stop();
    this.#publisher.close();
    this.#subscriber.close();
    this.#tiles.clear();
    this.#listener.over(reason, sentence);
  }
}
