/**
 * The stage: a tile for each of the others, and word for word what changed for those who listen.
 *
 * @typedef {import("./types.js").Person} Person
 * @typedef {import("./types.js").Source} Source
 * @typedef {import("./subscribe.js").Received} Received
 * @typedef {{participant: string, muted: Source[]}} Present
 */

import { part } from "./elements.js";
import { Tile } from "./tile.js";

export class Tiles {
  /** @type {Map<string, Tile>} */ #tiles = new Map();
  /** @type {Map<string, Person>} */ #people = new Map();
  /** @type {Received[]} */ #received = [];
  /** @type {Set<string>} */ #away = new Set();
  /** Nothing arrives from anybody: it is our own connection. */
  #cutOff = false;
  #root;
  #stage;
  #playback;
  #nobody;

  /**
   * @param {HTMLElement} root
   * @param {import("./sound.js").Playback} playback
   */
  constructor(root, playback) {
    this.#root = root;
    this.#stage = part(root, "tiles");
    this.#nobody = part(root, "nobody");
    this.#playback = playback;
  }

  get size() {
    return this.#tiles.size;
  }

  /** @param {string} participant */
  has(participant) {
    return this.#tiles.has(participant);
  }

  /** @param {string} participant */
  nameOf(participant) {
    return this.#people.get(participant)?.name ?? "";
  }

  /** @param {Person[]} people  the portal's list: who is behind a participant's id */
  introduce(people) {
    this.#people = new Map(people.map((person) => [person.participant, person]));
    for (const [participant, tile] of this.#tiles) this.#name(participant, tile);
  }

  /** @param {Present[]} present  everybody else in the room, as the server says on entering */
  settle(present) {
    const here = new Set(present.map(({ participant }) => participant));
    for (const participant of [...this.#tiles.keys()]) if (!here.has(participant)) this.left(participant);
    for (const { participant, muted } of present) {
      const tile = this.joined(participant);
      for (const source of /** @type {Source[]} */ (["microphone", "camera"])) tile.mute(source, muted.includes(source));
    }
  }

  /** @param {string} participant */
  joined(participant) {
    const known = this.#tiles.get(participant);
    if (known) return known;
    const tile = new Tile(this.#root, participant);
    this.#tiles.set(participant, tile);
    this.#name(participant, tile);
    this.#stage.append(tile.element);
    this.#count();
    this.#hand(participant, tile);
    return tile;
  }

  /** @param {string} participant */
  left(participant) {
    const tile = this.#tiles.get(participant);
    if (!tile) return;
    this.#tiles.delete(participant);
    this.#away.delete(participant);
    this.#playback.remove(tile.player);
    tile.receive([]);
    tile.element.remove();
    this.#count();
  }

  /** @param {Received[]} received */
  receive(received) {
    this.#received = received;
    for (const [participant, tile] of this.#tiles) this.#hand(participant, tile);
  }

  /**
   * @param {string} participant
   * @param {Source} source
   * @param {boolean} muted
   */
  mute(participant, source, muted) {
    this.#tiles.get(participant)?.mute(source, muted);
  }

  /** @param {string[]} participants */
  speaking(participants) {
    for (const [participant, tile] of this.#tiles) tile.speak(participants.includes(participant));
  }

  /**
   * @param {string} participant
   * @param {boolean} away
   */
  away(participant, away) {
    if (away) this.#away.add(participant);
    else this.#away.delete(participant);
    this.#dim();
  }

  /** @param {boolean} cutOff  whether our own connection is lost */
  cutOff(cutOff) {
    this.#cutOff = cutOff;
    this.#dim();
  }

  clear() {
    for (const participant of [...this.#tiles.keys()]) this.left(participant);
    this.#received = [];
    this.#cutOff = false;
  }

  #dim() {
    for (const [participant, tile] of this.#tiles) tile.away(this.#cutOff || this.#away.has(participant));
  }

  /**
   * @param {string} participant
   * @param {Tile} tile
   */
  #name(participant, tile) {
    const person = this.#people.get(participant);
    if (person) tile.name(person.name, person.initials);
  }

  /**
   * @param {string} participant
   * @param {Tile} tile
   */
  #hand(participant, tile) {
    const mine = this.#received.filter((entry) => entry.participant === participant);
    tile.receive(mine.map(({ track }) => track));
    if (mine.length > 0) void this.#playback.play(tile.player);
  }

  #count() {
    this.#stage.dataset.count = String(this.#tiles.size);
    this.#nobody.hidden = this.#tiles.size > 0;
  }
}
