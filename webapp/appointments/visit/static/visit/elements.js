/**
 * Finds what the template promised. A hook that is missing is an error of ours, said at once and by name.
 */

/**
 * The element within *root* that has `data-<hook>`.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} hook
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function part(root, hook, kind) {
  const found = root.querySelector(`[data-${hook}]`);
  const Kind = /** @type {new () => T} */ (kind ?? HTMLElement);
  if (found instanceof Kind) return found;
  throw new Error(`The page has no ${Kind.name} with data-${hook}.`);
}

/**
 * A copy of the only element in the template `data-<hook>`.
 * @param {ParentNode} root
 * @param {string} hook
 * @returns {HTMLElement}
 */
export function copyOf(root, hook) {
  const element = part(root, hook, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (element instanceof HTMLElement) return element;
  throw new Error(`The template data-${hook} is empty.`);
}
