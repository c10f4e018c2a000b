import { announce } from "./announce.js";

const WARN_S = 120;
const LOOK_EVERY_MS = 5000;
const LATELY_MS = 60_000;

/**
 * Warns two minutes before somebody who does nothing is signed out, and afterwards leads to where they sign in and are
 * back. The box decides: another tab may have put it off. Typing and pressing on the page is doing something, and is
 * told to the box when it would otherwise ask.
 * @param {HTMLElement} element
 */
export default function idle(element) {
  if (!(element instanceof HTMLDialogElement)) return;
  const dialog = element;
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (dialog.querySelector(`[data-part="${name}"]`));
  let ends = Date.now() + Number(dialog.dataset.left) * 1000;
  let acted = 0;
  let settled = false; // somebody has said that they go on until the very end
  let timer = 0;

  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(
      kind,
      (event) => {
        if (event.target instanceof Node && !dialog.contains(event.target)) acted = Date.now();
      },
      { passive: true, capture: true },
    );
  }

  // The page asked for anew leads to where one signs in, and from there back to it, in the role that one was in.
  const leave = () => location.assign(location.pathname + location.search);

  /**
   * @param {string} url
   * @param {RequestInit} [how]
   * @returns {Promise<{left_s: number, can_stay: boolean} | null>} null if the box did not answer
   */
  const ask = async (url, how) => {
    let answer;
    try {
      answer = await fetch(url, how);
    } catch {
      return null;
    }
    if (answer.status === 401) leave();
    return answer.ok ? answer.json() : null;
  };

  const stay = () =>
    ask(dialog.dataset.stay ?? "", { method: "POST", headers: { "X-CSRFToken": dialog.dataset.token ?? "" } });

  /** @param {{left_s: number, can_stay: boolean}} now */
  const follow = (now) => {
    ends = Date.now() + now.left_s * 1000;
    part("idle").hidden = part("stay").hidden = !now.can_stay;
    part("ending").hidden = part("close").hidden = now.can_stay;
    if (now.left_s > WARN_S && dialog.open) dialog.close();
  };

  const look = async () => {
    const was = Date.now() - acted < LATELY_MS;
    const now = was && !dialog.open ? await stay() : await ask(dialog.dataset.url ?? "");
    if (now) follow(now);
    if (now && now.left_s <= WARN_S && !dialog.open && !settled) {
      dialog.showModal();
      announce(dialog.dataset.said ?? "", { now: true });
    }
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    const left_ms = ends - Date.now();
    if (left_ms <= WARN_S * 1000) {
      const left_s = Math.max(0, Math.round(left_ms / 1000));
      part("clock").textContent = `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
    }
    const until_ms = left_ms - WARN_S * 1000;
    timer = setTimeout(until_ms > 0 ? plan : tick, Math.min(Math.max(until_ms, 1000), 60_000));
  };

  let looked = 0;
  const tick = () => {
    if (Date.now() - looked < LOOK_EVERY_MS) return plan();
    looked = Date.now();
    void look();
  };

  part("stay").addEventListener("click", async () => {
    const now = await stay();
    part("trouble").hidden = now !== null;
    part("trouble").textContent = now ? "" : (dialog.dataset.noAnswer ?? "");
    if (now) follow(now);
    plan();
  });
  part("close").addEventListener("click", () => {
    settled = true;
    dialog.close();
  });
  // Escape would hide the warning and leave everything as it is.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) tick();
  });
  plan();
}
