/**
 * Asks the portal. One shape of answer: JSON, or a refusal with a sentence for the person.
 */

const WITHIN_MS = 10_000;

/** The portal understood and said no; *message* is its sentence. Asking again would not help. */
export class Refused extends Error {}

/** Nobody is signed in here any more; *message* says so. */
export class SignedOut extends Refused {}

/** The portal cannot be reached, or asks to be asked again later. */
export class Away extends Error {}

/**
 * @param {string} url
 * @returns {Promise<any>}
 */
export function get(url) {
  return ask(url, { method: "GET" });
}

/**
 * @param {string} url
 * @param {Record<string, unknown>} [body]
 * @returns {Promise<any>}
 */
export function post(url, body = {}) {
  return ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
}

/**
 * Say something while the page goes away; there is no answer.
 * @param {string} url
 */
export function farewell(url) {
  void fetch(url, { method: "POST", keepalive: true, headers: { "X-CSRFToken": csrfToken() } }).catch(() => undefined);
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function ask(url, init) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), WITHIN_MS);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, {
      ...init,
      headers: { Accept: "application/json", ...init.headers },
      credentials: "same-origin",
      redirect: "error", // to the sign-in page: no JSON there
      signal: late.signal,
    });
  } catch (error) {
    throw new Away(String(error));
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response.status === 204 ? {} : response.json();
  if (response.status >= 500 || response.status === 429) throw new Away(String(response.status));
  const answer = await response.json().catch(() => ({}));
  throw new (response.status === 401 ? SignedOut : Refused)(answer.sentence ?? "");
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}
