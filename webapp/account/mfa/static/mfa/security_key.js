/**
 * Asks the browser for a security key or passkey and hands its answer to the portal.
 * `data-act` is "create" for a new key and "get" for using one.
 * @param {HTMLElement} element
 */
export default function securityKey(element) {
  const button = element.querySelector('[data-part="button"]');
  const trouble = element.querySelector('[data-part="trouble"]');
  if (!(button instanceof HTMLButtonElement) || !(trouble instanceof HTMLElement)) return;
  button.hidden = false;

  /** @param {string} sentence */
  const say = (sentence) => {
    trouble.textContent = sentence;
    trouble.hidden = !sentence;
  };

  button.addEventListener("click", async () => {
    say("");
    if (!window.PublicKeyCredential) {
      say(element.dataset.unsupported ?? "");
      return;
    }
    const name = nameOf(element);
    if (name === null) return;
    button.disabled = true;
    try {
      const begun = await post(element, element.dataset.begin ?? "", {});
      const answer = await ask(element.dataset.act ?? "get", begun.options.publicKey);
      const done = await post(element, element.dataset.finish ?? "", {
        ceremony: begun.ceremony,
        answer,
        name,
        next: element.dataset.next ?? "/",
      });
      if (done.codes?.length) showCodes(done.codes, done.next);
      else if (element.dataset.done) element.dispatchEvent(new CustomEvent(element.dataset.done, { bubbles: true }));
      else window.location.assign(done.next);
    } catch (error) {
      say(sentenceFor(error, element.dataset));
    } finally {
      button.disabled = false;
    }
  });
}

/** What the portal said no with. */
class Refusal extends Error {}

/**
 * The name typed for a new key; null if the browser has asked for it first.
 * @param {HTMLElement} element
 * @returns {string | null}
 */
function nameOf(element) {
  const input = document.getElementById(element.dataset.nameField ?? "");
  if (!(input instanceof HTMLInputElement)) return "";
  return input.reportValidity() ? input.value : null;
}

/**
 * @param {HTMLElement} element
 * @param {string} url
 * @param {object} body
 * @returns {Promise<any>}
 */
async function post(element, url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": element.dataset.token ?? "" },
    body: JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) throw new Refusal(read.sentence);
  return read;
}

/**
 * @param {string} act
 * @param {any} options as fido2 writes them: binary values in base64url
 * @returns {Promise<object>}
 */
async function ask(act, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (act === "create") {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = (options.excludeCredentials ?? []).map(withBytes);
    return toJson(await navigator.credentials.create({ publicKey }));
  }
  publicKey.allowCredentials = (options.allowCredentials ?? []).map(withBytes);
  return toJson(await navigator.credentials.get({ publicKey }));
}

/** @param {{id: string}} credential */
const withBytes = (credential) => ({ ...credential, id: bytes(credential.id) });

/**
 * What `toJSON` gives in new browsers, made by hand for older ones.
 * @param {Credential | null} credential
 */
function toJson(credential) {
  const key = /** @type {any} */ (credential);
  /** @type {Record<string, string>} */
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (key.response[part]) response[part] = text(key.response[part]);
  }
  return { id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} };
}

/**
 * @param {string} base64url
 * @returns {Uint8Array}
 */
function bytes(base64url) {
  const raw = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {string}
 */
function text(buffer) {
  const raw = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * Recovery codes come once, with the first factor.
 * @param {string[]} codes
 * @param {string} next
 */
function showCodes(codes, next) {
  const list = document.getElementById("recovery-codes");
  const panel = document.getElementById("recovery-codes-panel");
  if (!list || !panel) {
    window.location.assign(next);
    return;
  }
  list.replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement("li");
      item.textContent = code;
      return item;
    }),
  );
  for (const other of document.querySelectorAll("[data-before-codes]")) other.setAttribute("hidden", "");
  panel.hidden = false;
  panel.focus();
}

/**
 * @param {unknown} error
 * @param {DOMStringMap} words
 */
function sentenceFor(error, words) {
  if (error instanceof Refusal) return error.message;
  if (error instanceof TypeError) return words.offline ?? "";
  if (error instanceof DOMException && error.name === "InvalidStateError") return words.known ?? "";
  return words.cancelled ?? "";
}
