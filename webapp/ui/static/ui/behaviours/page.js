import { bindAll } from "../bind.js";

/** The box answered something else than the page: *status* says what. */
export class Answered extends Error {
  /**
   * @param {string} url
   * @param {number} status
   */
  constructor(url, status) {
    super(`${url} answered ${status}`);
    this.status = status;
  }
}

/**
 * Another state of this page or of a part of it, as a document. XMLHttpRequest parses it without running anything,
 * and without a string ever becoming markup here, so Trusted Types holds.
 * @param {string} url
 * @returns {Promise<Document>}
 */
export function fetchPage(url) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.onload = () =>
      request.status === 200 && request.responseXML
        ? resolve(request.responseXML)
        : reject(new Answered(url, request.status));
    request.onerror = () => reject(new Error(`${url} could not be reached`));
    request.send();
  });
}

/**
 * Put the element of the same id from *page* in the place of *element*; the new one, or null if it has gone.
 * @param {HTMLElement} element
 * @param {Document} page
 * @returns {HTMLElement | null}
 */
export function takeOver(element, page) {
  const found = page.getElementById(element.id);
  if (!found) return null;
  const fresh = document.importNode(found, true);
  const focused = document.activeElement;
  const focusId = focused && element.contains(focused) ? focused.id : "";
  element.replaceWith(fresh);
  void bindAll(fresh);
  if (focusId) document.getElementById(focusId)?.focus();
  return fresh;
}
