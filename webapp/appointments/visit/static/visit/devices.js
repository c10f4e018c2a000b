/**
 * Camera, microphone and speaker: which are there, which is chosen, and what is wrong, in a word the page has a
 * sentence for. What cannot be opened never keeps anybody out: one enters with sound only, or only listens.
 *
 * @typedef {"camera" | "microphone"} Input
 * @typedef {"denied" | "absent" | "busy" | "unsupported" | "failed"} Reason
 * @typedef {{input: Input, reason: Reason}} Trouble
 * @typedef {{camera: string, microphone: string, speaker: string, facing: "user" | "environment"}} Choice  device ids
 */

const REMEMBERED = "visit.devices";

/** @type {Record<string, Reason>} */
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "absent",
  OverconstrainedError: "absent",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** Fires "change" when a track, a trouble or the list of devices has changed. */
export class Devices extends EventTarget {
  /** What the self-view shows: the camera's track alone. */
  picture = new MediaStream();
  /** @type {Record<Input, MediaStreamTrack | null>} */ tracks = { camera: null, microphone: null };
  /** @type {Record<Input, Reason | null>} */ troubles = { camera: null, microphone: null };
  /** @type {MediaDeviceInfo[]} */ list = [];
  /** @type {Choice} */ choice = recall();
  #muted = false;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#refreshList());
  }

  /** Whether this browser lets pages use a camera or microphone at all. */
  static get supported() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /**
   * Open what is not open. One question for both where possible, else one for each.
   * @param {Input[]} inputs
   */
  async open(inputs) {
    if (!Devices.supported) {
      for (const input of inputs) this.troubles[input] = "unsupported";
      this.#changed();
      return;
    }
    try {
      this.#take(await navigator.mediaDevices.getUserMedia(this.#constraints(inputs)), inputs);
    } catch (error) {
      if (inputs.length === 1) this.troubles[inputs[0]] = reasonOf(error);
      else for (const input of inputs) await this.#openOne(input);
    }
    await this.#refreshList();
  }

  /**
   * Let the device go: its light goes out.
   * @param {Input} input
   */
  close(input) {
    this.#replace(input, null);
    this.#changed();
  }

  /** @param {Input} input */
  isOn(input) {
    return this.tracks[input] !== null && !(input === "microphone" && this.#muted);
  }

  /**
   * On to off, or off to on. A camera is closed, so that its light goes out; a microphone stays open and sends
   * silence, so that the first word after "Unmute" is not lost.
   * @param {Input} input
   */
  async turn(input) {
    const track = this.tracks[input];
    if (input === "microphone") {
      this.#muted = track !== null && !this.#muted;
      if (track) track.enabled = !this.#muted;
    } else if (track) {
      this.#replace(input, null);
    }
    if (track) this.#changed();
    else await this.open([input]);
  }

  /**
   * @param {Input | "speaker"} kind
   * @param {string} deviceId
   */
  async choose(kind, deviceId) {
    this.choice = { ...this.choice, [kind]: deviceId };
    remember(this.choice);
    if (kind === "speaker") this.#changed();
    else await this.#reopen(kind);
  }

  /** Front or back camera of a phone. */
  async flip() {
    this.choice = { ...this.choice, camera: "", facing: this.choice.facing === "user" ? "environment" : "user" };
    await this.#reopen("camera");
  }

  /** @param {MediaDeviceKind} kind */
  ofKind(kind) {
    return this.list.filter((device) => device.kind === kind && device.deviceId !== "");
  }

  /** @param {Input} input */
  async #reopen(input) {
    this.#replace(input, null); // phones open one camera at a time
    await this.open([input]);
  }

  /** @param {Input} input */
  async #openOne(input) {
    try {
      this.#take(await navigator.mediaDevices.getUserMedia(this.#constraints([input])), [input]);
    } catch (error) {
      this.troubles[input] = reasonOf(error);
    }
  }

  /**
   * @param {Input[]} inputs
   * @returns {MediaStreamConstraints}
   */
  #constraints(inputs) {
    const { camera, microphone, facing } = this.choice;
    return {
      audio: inputs.includes("microphone") && {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...(microphone && { deviceId: { ideal: microphone } }),
      },
      video: inputs.includes("camera") && {
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { ideal: 30, max: 30 },
        ...(camera ? { deviceId: { ideal: camera } } : { facingMode: facing }),
      },
    };
  }

  /**
   * @param {MediaStream} stream
   * @param {Input[]} inputs
   */
  #take(stream, inputs) {
    for (const input of inputs) {
      const [track] = input === "camera" ? stream.getVideoTracks() : stream.getAudioTracks();
      this.troubles[input] = null;
      this.#replace(input, track ?? null);
    }
  }

  /**
   * @param {Input} input
   * @param {MediaStreamTrack | null} track
   */
  #replace(input, track) {
    const old = this.tracks[input];
    this.tracks[input] = track;
    if (old) {
      old.stop();
      this.picture.removeTrack(old);
    }
    if (!track) return;
    if (input === "camera") this.picture.addTrack(track);
    else track.enabled = !this.#muted;
    track.addEventListener("ended", () => this.#ended(input, track), { once: true });
  }

  /**
   * Unplugged, or taken away by the system; stop() by us does not fire this.
   * @param {Input} input
   * @param {MediaStreamTrack} track
   */
  #ended(input, track) {
    if (this.tracks[input] !== track) return;
    this.#replace(input, null);
    this.troubles[input] = "busy";
    this.#changed();
  }

  async #refreshList() {
    this.list = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {unknown} error
 * @returns {Reason}
 */
function reasonOf(error) {
  return (error instanceof DOMException && REASONS[error.name]) || "failed";
}

/** @returns {Choice} */
function recall() {
  /** @type {Choice} */
  const none = { camera: "", microphone: "", speaker: "", facing: "user" };
  try {
    return { ...none, ...JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}") };
  } catch {
    return none; // storage is blocked or was meddled with: the browser's own choice is good enough
  }
}

/** @param {Choice} choice */
function remember({ camera, microphone, speaker }) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ camera, microphone, speaker }));
  } catch {
    // Private windows may forbid it; the choice then lasts as long as the page.
  }
}
