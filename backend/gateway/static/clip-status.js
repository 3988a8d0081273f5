// What the page is doing: a sentence, a bar, and words beside it.

import { element, write } from "./dom.js";
import { quarter } from "./clip-words.js";

const PHASES = {
  asking: "Asking the gateway …",
  uploading: "Uploading the clip …",
  decoding: "Decoding the clip …",
  scoring: "Looking for the best frames …",
  cancelling: "Cancelling …",
  cancelled: "Cancelled. Nothing is kept.",
  "half-cancelled": "Cancelled. The gateway is away: what it keeps goes by itself after some minutes.",
  "cancelled-elsewhere": "It was cancelled elsewhere.",
  done: "Done.",
  deleted: "The clip is deleted: its frames and answers are gone.",
  key: "An API key is needed.",
};

const bar = /** @type {HTMLProgressElement} */ (element("bar"));
const choices = /** @type {HTMLFieldSetElement} */ (element("choices"));

/** @param {keyof PHASES} phase */
export function say(phase) {
  show(phase, PHASES[phase]);
}

/**
 * @param {"away" | "problem"} phase
 * @param {string} text
 * @param {{advice: string, again: boolean}} [then] what the reader can do
 */
export function sayProblem(phase, text, then) {
  show(phase, text);
  write(element("advice"), then?.advice ?? "");
  element("again").hidden = !then?.again;
}

/**
 * @param {string} phase
 * @param {string} text
 */
function show(phase, text) {
  element("state").dataset.phase = phase;
  write(element("state"), text);
  write(element("advice"), "");
  element("again").hidden = true;
  element("work").hidden = false;
}

/** @param {import("./clip-words.js").Progress} progress */
export function showProgress({ ratio, words }) {
  element("progress").hidden = false;
  if (ratio === null) bar.removeAttribute("value");
  else bar.value = ratio;
  write(element("progress-words"), words);
  write(element("said"), quarter(ratio));
}

/** @param {boolean} busy */
export function showBusy(busy) {
  choices.disabled = busy;
  element("cancel").hidden = !busy;
  element("delete").hidden = busy;
  if (!busy) element("progress").hidden = true;
}
