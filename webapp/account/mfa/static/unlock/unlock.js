/**
 * A form that proves in its place that it is still the same person. `wellhouse:unlocked` says to those around it that
 * the session is good again.
 * @param {HTMLElement} form
 */
export default function unlock(form) {
  const trouble = form.querySelector('[data-part="trouble"]');
  if (!(form instanceof HTMLFormElement) || !(trouble instanceof HTMLElement)) return;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    const { csrf_token: token, ...body } = Object.fromEntries(new FormData(form));
    const sentence = await send(form.action, body, String(token)).catch(() => form.dataset.offline ?? "");
    if (!sentence) {
      form.dispatchEvent(new CustomEvent("wellhouse:unlocked", { bubbles: true }));
      return;
    }
    trouble.textContent = sentence;
    trouble.hidden = false;
    form.querySelector("input:not([type=hidden])")?.dispatchEvent(new Event("focus"));
  });
}

/**
 * @param {string} url
 * @param {object} body
 * @param {string} token
 * @returns {Promise<string>} what was refused, empty if it was not
 */
async function send(url, body, token) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  return answer.ok ? "" : (await answer.json()).sentence;
}
