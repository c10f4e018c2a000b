/**
 * The page of a visit: lobby, waiting room, room and the words afterwards are stages of one page, so that the camera
 * is asked for once and the way from "Admit" to the first picture has no page load in it.
 *
 * @typedef {import("./types.js").VisitConfig} VisitConfig
 * @typedef {import("./types.js").VisitState} VisitState
 * @typedef {import("./signalling.js").OverReason} OverReason
 * @typedef {"lobby" | "waiting" | "room" | "over"} Stage
 */

import { Doorkeeper } from "./admit.js";
import { CallBar } from "./call_bar.js";
import { Chat } from "./chat.js";
import { chime } from "./chime.js";
import { DeviceChoices } from "./choices.js";
import { Devices } from "./devices.js";
import { part } from "./elements.js";
import { bindInputButtons } from "./input_buttons.js";
import { Lobby } from "./lobby.js";
import { farewell, get, post, Refused, SignedOut } from "./portal.js";
import { RecordPanel } from "./record.js";
import { Room } from "./room.js";
import { showSelf } from "./self_view.js";
import { Playback } from "./sound.js";
import { Tiles } from "./tiles.js";
import { InputTrouble } from "./trouble.js";
import { WaitingRoom } from "./waiting.js";
import { keepAwake, onReturn, reopenAfterInterruption } from "./wake.js";

const LOOK_AGAIN_MS = 15_000; // notices come at once; this only catches a lost one

class Visit {
  /** @type {Stage} */ #stage = "over";
  /** @type {Room | null} */ #room = null;
  /** @type {number | undefined} */ #clock;
  #root;
  #config;
  #devices = new Devices();
  #playback;
  #tiles;
  /** @type {Chat} */ #chat;
  /** @type {CallBar} */ #bar;
  /** @type {RecordPanel | null} */ #record = null;
  #choices;
  #trouble;
  #waiting;
  #doorkeeper;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    /** @type {VisitConfig} */
    this.#config = JSON.parse(root.dataset.config ?? "{}");
    const { urls, words } = this.#config;
    this.#playback = new Playback(part(root, "tap-for-sound"));
    this.#tiles = new Tiles(root, this.#playback);
    this.#choices = new DeviceChoices(root, this.#devices);
    this.#bar = new CallBar(root, {
      chat: () => this.#chat.toggle(),
      settings: () => this.#openSettings(),
      leave: () => void this.#leave(),
    });
    this.#chat = new Chat(root, urls.chat, words, (state) => {
      this.#bar.showChat(state);
      if (state.open) this.#record?.close();
    });
    if (root.querySelector("[data-record]")) {
      this.#record = new RecordPanel(root, this.#config, () => this.#chat.toggle(false));
    }
    this.#waiting = new WaitingRoom(part(root, "stage-waiting"), urls, (state, refusal) => this.#moved(state, refusal));
    this.#doorkeeper = new Doorkeeper(root, urls.admit, words, (state) => this.#heard(state));
    new Lobby(part(root, "stage-lobby"), this.#devices, words, (answers) => this.#enterWaitingRoom(answers));
    showSelf(root, this.#devices);
    this.#trouble = new InputTrouble(root, this.#devices, words);
    bindInputButtons(root, this.#devices, () => this.#trouble.say());
    this.#devices.addEventListener("change", () => void this.#playback.useSpeaker(this.#devices.choice.speaker));
    this.#bindPage();
    for (const button of root.querySelectorAll("button")) button.disabled = false;
  }

  start() {
    const { stage, words } = this.#config;
    if (stage === "over") this.#showOver(words.over_title, words.over_sentence);
    else void this.#openDevices();
    if (stage === "lobby") this.#show("lobby");
    if (stage === "waiting") this.#startWaiting();
    if (stage === "room") this.#startRoom();
  }

  async #openDevices() {
    await this.#devices.open(["camera", "microphone"]);
    if (this.#stage === "room") this.#trouble.say(); // who comes here past the lobby has not been told
  }

  #bindPage() {
    const root = this.#root;
    const settings = part(root, "settings", HTMLDialogElement);
    settings.addEventListener("close", () => this.#placeChoices());
    for (const hook of ["lobby-settings", "waiting-settings"]) {
      part(root, hook).addEventListener("click", () => this.#openSettings());
    }
    part(root, "waiting-leave").addEventListener("click", () => void this.#leave());
    part(root, "end-visit").addEventListener("click", () => void this.#endForAll());
    part(root, "join-again").addEventListener("click", () => location.reload());
    reopenAfterInterruption(this.#devices);
    onReturn(() => {
      this.#room?.hurry();
      void this.#look();
      this.#catchUp();
    });
    this.#onNews(["waiting", "admitted", "sent_back", "visit_ended"], () => void this.#look());
    this.#onNews(["chat"], () => this.#catchUp());
    setInterval(() => void this.#look(), LOOK_AGAIN_MS);
    addEventListener("pagehide", () => {
      if (this.#stage === "waiting") farewell(this.#config.urls.stop_waiting);
      if (this.#stage === "room") this.#room?.leave();
    });
  }

  /**
   * @param {string[]} kinds  of notices of the page's event stream
   * @param {() => void} call
   */
  #onNews(kinds, call) {
    for (const kind of kinds) {
      document.addEventListener(`wellhouse:${kind}`, (event) => {
        if (event instanceof CustomEvent && event.detail.thing === this.#config.appointment) call();
      });
    }
    document.addEventListener("wellhouse:caught-up", call);
  }

  /** @param {Stage} stage */
  #show(stage) {
    this.#stage = stage;
    this.#root.dataset.stage = stage;
    for (const name of ["lobby", "waiting", "room", "over"]) part(this.#root, `stage-${name}`).hidden = name !== stage;
    this.#placeChoices();
    scrollTo(0, 0);
    // The heading of the stage is what a screen reader hears next.
    part(this.#root, `stage-${stage}`).querySelector("h1")?.focus({ preventScroll: true });
  }

  #placeChoices() {
    if (this.#stage === "lobby") this.#choices.showIn(part(this.#root, "choices-slot"));
    else this.#choices.hide();
  }

  /** @param {import("./lobby.js").Answers} answers */
  async #enterWaitingRoom(answers) {
    try {
      await post(this.#config.urls.wait, { ...answers });
    } catch (error) {
      if (error instanceof SignedOut) location.reload(); // to where one signs in, and back here
      return (error instanceof Refused && error.message) || this.#config.words.portal_away;
    }
    this.#startWaiting();
    return "";
  }

  #startWaiting() {
    this.#show("waiting");
    this.#chat.moveTo(part(this.#root, "chat-slot-waiting"), "fixed");
    void this.#chat.refresh();
    keepAwake();
    this.#waiting.enter();
  }

  /**
   * Out of the waiting room.
   * @param {VisitState | null} state
   * @param {string} refusal
   */
  #moved(state, refusal) {
    if (state?.visit === "open") this.#startRoom();
    else this.#showOver(this.#config.words[state ? "over_title" : "refused_title"], state?.sentence ?? refusal);
  }

  #startRoom() {
    this.#show("room");
    this.#chat.moveTo(part(this.#root, "chat-slot-room"), "closed");
    keepAwake();
    this.#room = new Room(this.#config, this.#devices, this.#tiles, {
      entered: (entry) => {
        this.#runClock(entry.elapsed_s);
        if (entry.about) this.#showAbout(entry.about);
        void this.#chat.refresh();
        void this.#look();
      },
      stranger: () => void this.#look(),
      joined: (name) => {
        this.#announce("joined", name);
        void chime(this.#devices.choice.speaker);
      },
      left: (name) => {
        this.#announce("left", name);
        part(this.#root, "nobody-words").textContent = this.#config.words.left.replace("{name}", name);
      },
      connected: (connected) => this.#showConnected(connected),
      graded: (grade) => {
        const bars = part(this.#root, "quality");
        bars.dataset.grade = grade;
        bars.hidden = false;
        part(bars, "quality-words").textContent = this.#config.words[`quality_${grade}`];
      },
      over: (reason, sentence) => this.#roomOver(reason, sentence),
    });
    this.#room.enter();
  }

  /** Ask the portal how things stand, as after a notice. */
  async #look() {
    if (this.#stage === "waiting") {
      await this.#waiting.look();
    } else if (this.#stage === "room") {
      const state = await get(this.#config.urls.state).catch(() => null);
      if (state) this.#heard(state);
    }
  }

  /** Lines that were written while nobody could tell us. */
  #catchUp() {
    if (this.#stage === "waiting" || this.#stage === "room") void this.#chat.refresh();
  }

  /** @param {VisitState} state */
  #heard(state) {
    if (this.#stage !== "room") return;
    if (state.people.length > 0) this.#tiles.introduce(state.people);
    this.#doorkeeper.show(state.waiting);
    if (state.about) this.#showAbout(state.about);
  }

  /** @param {import("./types.js").About} about */
  #showAbout(about) {
    for (const name of /** @type {const} */ (["place", "phone"])) {
      const slot = part(this.#root, `strip-${name}`);
      slot.hidden = about[name] === "";
      part(slot, "strip-text").textContent = about[name];
    }
  }

  /** @param {boolean} connected */
  #showConnected(connected) {
    const alert = part(this.#root, "alert");
    const notice = part(this.#root, "connection-lost");
    if (notice.hidden === connected) return;
    notice.hidden = connected;
    alert.textContent = connected ? "" : this.#config.words.connection_lost;
  }

  async #leave() {
    const { urls, words } = this.#config;
    if (this.#stage === "waiting") {
      this.#waiting.leave();
      farewell(urls.stop_waiting);
      part(this.#root, "join-again").hidden = false;
      this.#showOver(words.left_waiting_title, words.left_sentence);
      return;
    }
    farewell(urls.leave);
    this.#room?.leave();
  }

  async #endForAll() {
    const error = part(this.#root, "over-error");
    error.hidden = true;
    try {
      await post(this.#config.urls.end);
      location.assign(this.#config.urls.back);
    } catch (problem) {
      error.textContent = (problem instanceof Refused && problem.message) || this.#config.words.portal_away;
      error.hidden = false;
    }
  }

  /**
   * @param {OverReason} reason
   * @param {string} sentence
   */
  async #roomOver(reason, sentence) {
    clearInterval(this.#clock);
    this.#room = null;
    const { words, urls, role } = this.#config;
    if (reason === "removed" || reason === "refused") {
      // Sent back to the waiting room, the door was locked meanwhile, or another session was ended: the portal knows.
      const state = await get(urls.state).catch(() => null);
      if (state?.visit === "open" && state.me !== "admitted" && role === "client") return this.#startWaiting();
      if (state?.visit === "open" && state.me === "admitted" && reason === "removed") return this.#startRoom();
    }
    part(this.#root, "end-visit").hidden = !(role === "provider" && reason === "left");
    part(this.#root, "join-again").hidden = reason === "ended" || reason === "removed";
    this.#showOver(words[`${reason}_title`], sentence || words[`${reason}_sentence`]);
  }

  /**
   * @param {string} title
   * @param {string} sentence
   */
  #showOver(title, sentence) {
    this.#record?.close();
    for (const input of /** @type {const} */ (["camera", "microphone"])) this.#devices.close(input);
    part(this.#root, "over-title").textContent = title;
    part(this.#root, "over-sentence").textContent = sentence;
    this.#show("over");
  }

  #openSettings() {
    const dialog = part(this.#root, "settings", HTMLDialogElement);
    this.#trouble.say();
    this.#choices.showIn(part(dialog, "settings-slot"));
    dialog.showModal();
  }

  /** @param {number} elapsedS */
  #runClock(elapsedS) {
    const began = performance.now() - elapsedS * 1000;
    const clock = part(this.#root, "clock");
    const show = () => {
      const seconds = Math.floor((performance.now() - began) / 1000);
      const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
      const hours = Math.floor(seconds / 3600);
      clock.textContent = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    };
    clearInterval(this.#clock);
    this.#clock = setInterval(show, 1000);
    show();
  }

  /**
   * @param {"joined" | "left"} what
   * @param {string} name
   */
  #announce(what, name) {
    if (!name) return;
    part(this.#root, "announce").textContent = this.#config.words[what].replace("{name}", name);
  }
}

/** @param {HTMLElement} element */
export default function visit(element) {
  new Visit(element).start();
}
