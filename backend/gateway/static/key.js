// The API key of this tab: asked for once, kept in sessionStorage and nowhere else.

const STORED = "framegate-api-key";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const form = /** @type {HTMLFormElement} */ (element("key-form"));
const input = /** @type {HTMLInputElement} */ (element("key"));
const forget = /** @type {HTMLButtonElement} */ (element("forget-key"));

/** @returns {Record<string, string>} the header that carries the key; nothing without one */
export function authorization() {
  const key = sessionStorage.getItem(STORED);
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

/**
 * Shows the form; where a key was sent, it is dropped and the problem with it is shown too.
 * @param {string} problem
 */
export function askForKey(problem) {
  const sent = sessionStorage.getItem(STORED) !== null;
  sessionStorage.removeItem(STORED);
  forget.hidden = true;
  form.hidden = false;
  element("key-problem").textContent = sent ? problem : "";
  input.focus();
}

/**
 * Calls back whenever a key was given or forgotten.
 * @param {() => void} changed
 */
export function onKeyChange(changed) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(STORED, input.value.trim());
    input.value = "";
    form.hidden = true;
    forget.hidden = false;
    changed();
  });
  forget.addEventListener("click", () => {
    sessionStorage.removeItem(STORED);
    forget.hidden = true;
    changed();
  });
}

forget.hidden = sessionStorage.getItem(STORED) === null;
