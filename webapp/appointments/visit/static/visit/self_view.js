/**
 * One's own face, wherever the page shows it: lobby, waiting room, corner of the call.
 *
 * @typedef {import("./devices.js").Devices} Devices
 */

/**
 * Keep every `data-self-view` under *root* in step with the camera.
 * @param {HTMLElement} root
 * @param {Devices} devices
 */
export function showSelf(root, devices) {
  const views = root.querySelectorAll("[data-self-view]");
  const show = () => {
    const on = devices.tracks.camera !== null;
    for (const view of views) {
      if (!(view instanceof HTMLElement)) continue;
      view.dataset.picture = on ? "on" : "off";
      // One's own face as in a mirror; a back camera as it is, so that text can be read.
      view.classList.toggle("visit-mirrored", devices.choice.facing === "user");
      const player = view.querySelector("video");
      if (!player) continue;
      // An empty stream would hold back the page's load event until a camera comes, perhaps for ever.
      const stream = on ? devices.picture : null;
      if (player.srcObject !== stream) player.srcObject = stream;
      if (on) void player.play().catch(() => undefined); // hidden stages play when they are shown
    }
  };
  devices.addEventListener("change", show);
  show();
}
