/**
 * Keeps a device awake through a visit, and notices when the page or the network comes back.
 */

/** Keeps the screen on until the page goes, where the browser can. */
export function keepAwake() {
  const ask = () => {
    // Refused on low battery; released by the browser when the page is hidden: then asked again.
    /** @type {{request: (type: "screen") => Promise<unknown>} | undefined} */
    const lock = /** @type {any} */ (navigator).wakeLock; // younger than the types that check us
    if (document.visibilityState === "visible") void lock?.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

/**
 * Call *back* when waiting makes no sense any more: the network is there again, or the page is seen again.
 * @param {() => void} back
 */
export function onReturn(back) {
  addEventListener("online", back);
  addEventListener("pageshow", (event) => event.persisted && back());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && back());
}

/**
 * Watch the inputs over an interruption such as a phone call: what the system took is opened again when the page
 * is seen again, unless the person had turned it off.
 * @param {import("./devices.js").Devices} devices
 */
export function reopenAfterInterruption(devices) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    const taken = /** @type {import("./devices.js").Input[]} */ (["camera", "microphone"]).filter(
      (input) => devices.troubles[input] === "busy",
    );
    if (taken.length > 0) void devices.open(taken);
  });
}
