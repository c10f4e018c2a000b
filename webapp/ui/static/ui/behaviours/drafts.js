import { announce } from "./announce.js";

const PAUSE_MS = 1500; // typing has stopped for a moment; less would ask the box at every word
const SECRET = [
  'input[type="password"]',
  'input[type="file"]',
  '[autocomplete="one-time-code"]',
  '[autocomplete="current-password"]',
  '[autocomplete="new-password"]',
].join();
const TEXTS = new Set(["text", "email", "tel", "url", "number", "date", "time", "search"]);

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/**
 * Keeps what is written in the page's forms at the box, and offers it to whoever comes back to a form without having
 * sent it. A form with a password, a code or a file in it is left alone as a whole.
 * @param {HTMLElement} element
 */
export default function drafts(element) {
  for (const form of document.forms) {
    const writes = controls(form).some(isText);
    if (form.method === "post" && writes && !form.querySelector(SECRET)) void follow(form, element);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} element
 */
async function follow(form, element) {
  const place = new URL(form.getAttribute("action") || location.href, location.href).pathname;
  const url = element.dataset.url ?? "";
  let holds = true; // nothing is kept before it is settled what becomes of what was kept before
  let dirty = false;
  let timer = 0;
  let sending = new AbortController();

  /**
   * @param {string} to
   * @param {object} body
   * @param {RequestInit} [how]
   */
  const tell = (to, body, how) =>
    fetch(to, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": element.dataset.token ?? "" },
      body: JSON.stringify({ place, ...body }),
      ...how,
    }).catch(() => undefined); // the next word tries again

  /** @param {RequestInit} [how] */
  const keep = (how) => {
    window.clearTimeout(timer);
    if (!dirty || holds) return;
    dirty = false;
    void tell(url, { fields: written(form) }, { signal: sending.signal, ...how });
  };

  form.addEventListener("input", () => {
    dirty = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(keep, PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    // The box forgets the draft when it takes the form; a late one must not come after that.
    window.clearTimeout(timer);
    sending.abort();
    sending = new AbortController();
    dirty = false;
  });
  document.addEventListener("visibilitychange", () => document.hidden && keep({ keepalive: true }));
  addEventListener("pagehide", () => keep({ keepalive: true }));

  const found = await fetch(`${url}?place=${encodeURIComponent(place)}`).catch(() => null);
  const kept = found?.ok ? await found.json() : { fields: null };
  if (!kept.fields || isThere(form, kept.fields)) {
    holds = false;
    return;
  }
  const template = element.querySelector("template");
  const notice = template && document.importNode(template.content, true).firstElementChild;
  if (!(notice instanceof HTMLElement)) return;
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (notice.querySelector(`[data-part="${name}"]`));
  part("sentence").textContent = kept.sentence;
  const settled = () => {
    notice.remove();
    holds = false;
    controls(form).find(isText)?.focus();
  };
  part("restore").addEventListener("click", () => {
    settled();
    restore(form, kept.fields);
    announce(element.dataset.restored ?? "");
  });
  part("forget").addEventListener("click", async () => {
    await tell(`${url}/forget`, {});
    settled();
  });
  form.prepend(notice);
}

/**
 * The controls that somebody can write or choose in.
 * @param {HTMLFormElement} form
 * @returns {Control[]}
 */
function controls(form) {
  return [...form.elements].flatMap((one) => {
    const writable =
      (one instanceof HTMLInputElement && (TEXTS.has(one.type) || one.type === "checkbox" || one.type === "radio")) ||
      one instanceof HTMLTextAreaElement ||
      one instanceof HTMLSelectElement;
    return writable && one.name && !one.disabled ? [one] : [];
  });
}

/** @param {Control} control */
function isText(control) {
  if (control instanceof HTMLTextAreaElement) return !control.readOnly;
  return control instanceof HTMLInputElement && TEXTS.has(control.type) && !control.readOnly;
}

/**
 * Every field's text by its name; a tick is "on" or "".
 * @param {HTMLFormElement} form
 * @returns {Record<string, string>}
 */
function written(form) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const control of controls(form)) {
    if (control instanceof HTMLInputElement && control.type === "radio") {
      if (control.checked) fields[control.name] = control.value;
    } else if (control instanceof HTMLInputElement && control.type === "checkbox") {
      fields[control.name] = control.checked ? "on" : "";
    } else {
      fields[control.name] = control.value;
    }
  }
  return fields;
}

/**
 * Whether the form shows all that already.
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} kept
 */
function isThere(form, kept) {
  const now = written(form);
  return Object.keys(now).every((name) => !(name in kept) || kept[name] === now[name]);
}

/**
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} kept
 */
function restore(form, kept) {
  for (const control of controls(form)) {
    const text = kept[control.name];
    if (text === undefined) continue;
    if (control instanceof HTMLInputElement && control.type === "radio") control.checked = control.value === text;
    else if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = text === "on";
    else control.value = text;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
