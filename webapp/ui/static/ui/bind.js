/**
 * Binds elements to the modules they name: data-behaviour="menu" is ui/behaviours/menu.js, and
 * data-behaviour="messages/thread" is thread.js in the static folder of messages. Several are parted by blanks.
 * A module's default export takes the element.
 *
 * @typedef {{ default: (element: HTMLElement) => void }} Behaviour
 */

// News that happened since the page was drawn comes at once: it must not come before those who listen for it.
const LAST = "live";

const NAME = /^(?:([a-z_]+)\/)?([a-z_-]+)$/;

/** @type {WeakMap<Element, Set<string>>} */
const bound = new WeakMap();

/**
 * Where the module of a behaviour lies.
 * @param {string} name
 * @returns {string}
 */
function place(name) {
  const found = NAME.exec(name);
  if (!found) throw new Error(`data-behaviour="${name}" is not a name of a behaviour`);
  const [, feature, module] = found;
  const path = feature ? `../${feature}/${module}.js` : `behaviours/${module}.js`;
  return new URL(path, import.meta.url).href;
}

/**
 * Bind every element in *root*, itself included, that is not bound yet.
 * @param {ParentNode} root
 * @returns {Promise<void>}
 */
export async function bindAll(root) {
  /** @type {HTMLElement[]} */
  const elements = [...root.querySelectorAll("[data-behaviour]")].flatMap((one) => (one instanceof HTMLElement ? [one] : []));
  if (root instanceof HTMLElement && root.dataset.behaviour) elements.unshift(root);
  const wanted = elements.flatMap((element) => names(element).map((name) => ({ element, name })));
  try {
    await Promise.all(wanted.filter(({ name }) => name !== LAST).map(({ element, name }) => bind(element, name)));
  } finally {
    await Promise.all(wanted.filter(({ name }) => name === LAST).map(({ element, name }) => bind(element, name)));
  }
}

/** @param {HTMLElement} element */
function names(element) {
  return (element.dataset.behaviour ?? "").split(/\s+/).filter(Boolean);
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 */
async function bind(element, name) {
  const already = bound.get(element) ?? new Set();
  if (already.has(name)) return;
  bound.set(element, already.add(name));
  /** @type {Behaviour} */
  const behaviour = await import(place(name));
  behaviour.default(element);
}
