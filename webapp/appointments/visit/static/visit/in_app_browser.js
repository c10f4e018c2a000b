/**
 * Mail and chat apps open links in a browser of their own, many of which have no camera. Such a page offers the way
 * to the real browser: a link that opens it, and the address to copy.
 */

const APPS = /FBAN|FBAV|Instagram|Line\/|MicroMessenger|GSA\/|LinkedInApp|Snapchat|Twitter|Pinterest|; wv\)/;
const APPLE_PHONE = /iPhone|iPad|iPod/;

/**
 * Whether this is an app's own browser, or one that lets no page use a camera.
 * @param {string} userAgent
 * @param {boolean} canCapture  whether getUserMedia is there
 */
export function isInAppBrowser(userAgent, canCapture) {
  const embedded = APPS.test(userAgent);
  const appleView = APPLE_PHONE.test(userAgent) && !/Safari\//.test(userAgent);
  return embedded || appleView || !canCapture;
}

/**
 * Address that opens *href* in the phone's own browser.
 * @param {string} href  https
 * @param {string} userAgent
 */
export function ownBrowserLink(href, userAgent) {
  const rest = href.replace(/^https:\/\//, "");
  if (APPLE_PHONE.test(userAgent)) return `x-safari-https://${rest}`;
  return `intent://${rest}#Intent;scheme=https;package=com.android.chrome;end`;
}

/**
 * Show the way out, if this browser needs one.
 * @param {HTMLElement} panel
 * @param {string} href  where to go on in the real browser
 */
export function offerOwnBrowser(panel, href) {
  const agent = navigator.userAgent;
  if (!isInAppBrowser(agent, Boolean(navigator.mediaDevices?.getUserMedia))) return;
  panel.hidden = false;
  const apple = APPLE_PHONE.test(agent);
  const phone = apple || /Android/.test(agent);
  for (const link of panel.querySelectorAll("a[data-open-in]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    link.hidden = !phone || (link.dataset.openIn === "safari") !== apple;
    link.href = ownBrowserLink(href, agent);
  }
  const field = panel.querySelector("input");
  const copy = panel.querySelector("button");
  if (!field || !copy) return;
  field.value = href;
  copy.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(href);
    } catch {
      document.execCommand("copy"); // old web views have no clipboard, or forbid it
    }
    copy.textContent = copy.dataset.done ?? "";
  });
}
