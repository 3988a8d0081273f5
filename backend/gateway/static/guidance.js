// From one answer after the other to a band and a hint that do not flicker. Pure.

/**
 * @typedef {import("./gateway.js").Answer} Answer
 * @typedef {import("./gateway.js").Band} Band
 * @typedef {import("./gateway.js").Box} Box
 *
 * @typedef {object} Guidance
 * @property {Band | null} band what is shown
 * @property {Band | null} nextBand what the last answer said, where it was not clearly across
 * @property {string | null} hint
 * @property {number} hintAnswers for how many answers the hint has been shown
 * @property {Box | null} box the face of the last answer
 */

/** @type {Guidance} */
export const NO_GUIDANCE = Object.freeze({
  band: null,
  nextBand: null,
  hint: null,
  hintAnswers: 0,
  box: null,
});

/**
 * The most important first.
 * @type {Record<string, string>}
 */
export const HINTS = {
  no_face: "No face found: look into the camera.",
  several_faces: "Several faces: only one should be in the picture.",
  move_closer: "Move closer.",
  move_back: "Move back a little.",
  centre: "Move to the centre.",
  too_dark: "Too dark: turn towards the light.",
  too_bright: "Too bright: turn away from the light.",
  hold_still: "Hold still.",
  blurry: "Blurry: let the camera focus, or wipe its lens.",
  noisy: "Noisy: more light helps.",
  compressed: "Compressed too much: send the picture as the camera made it.",
};
const ORDER = Object.keys(HINTS);
const LEAST_ANSWERS = 2;
// Above what the face's box moves by itself from frame to frame.
const MOVED_RATIO = 0.15;
// How far across a limit is clearly across, as a part of the distance between the two limits.
const CLEAR_RATIO = 0.2;

/**
 * @param {Guidance} before
 * @param {Answer} answer
 * @returns {Guidance}
 */
export function follow(before, answer) {
  const box = answer.face?.box ?? null;
  return {
    ...steadyBand(before, answer),
    ...steadyHint(before, firstHint(answer, before.box)),
    box,
  };
}

/**
 * A band changes when the score is clearly across its limit, or the second time in a row.
 * @param {Guidance} before
 * @param {Answer} answer
 * @returns {Pick<Guidance, "band" | "nextBand">}
 */
function steadyBand(before, answer) {
  const said = answer.band;
  const changes =
    said === null || before.band === null || said === before.nextBand || clearlyAcross(before, answer);
  return said === before.band || changes
    ? { band: said, nextBand: null }
    : { band: before.band, nextBand: said };
}

/**
 * @param {Guidance} before
 * @param {Answer} answer
 */
function clearlyAcross(before, { score, model }) {
  const { fair, good } = model.bands;
  const margin = CLEAR_RATIO * (good - fair);
  const lowest = { poor: -Infinity, fair, good };
  const highest = { poor: fair, fair: good, good: Infinity };
  const band = before.band ?? "poor";
  return score !== null && (score < lowest[band] - margin || score >= highest[band] + margin);
}

/**
 * A hint stays for two answers; a more important one takes its place at once.
 * @param {Guidance} before
 * @param {string | null} hint
 * @returns {Pick<Guidance, "hint" | "hintAnswers">}
 */
function steadyHint(before, hint) {
  const stays =
    before.hint !== null &&
    (hint === before.hint ||
      (before.hintAnswers < LEAST_ANSWERS && rank(hint) > rank(before.hint)));
  return stays
    ? { hint: before.hint, hintAnswers: before.hintAnswers + 1 }
    : { hint, hintAnswers: hint === null ? 0 : 1 };
}

/** @param {string | null} hint */
function rank(hint) {
  if (hint === null) return Infinity;
  const place = ORDER.indexOf(hint);
  return place < 0 ? ORDER.length : place;
}

/**
 * @param {Answer} answer
 * @param {Box | null} boxBefore
 * @returns {string | null}
 */
function firstHint({ reasons, face }, boxBefore) {
  const first = reasons[0] ?? null;
  return first === "blurry" && moved(boxBefore, face?.box ?? null) ? "hold_still" : first;
}

/**
 * @param {Box | null} before
 * @param {Box | null} now
 */
function moved(before, now) {
  if (before === null || now === null) return false;
  const alongX = now.x + now.width / 2 - (before.x + before.width / 2);
  const alongY = now.y + now.height / 2 - (before.y + before.height / 2);
  return Math.hypot(alongX, alongY) > MOVED_RATIO * now.width;
}

/**
 * A code that this page does not know is shown as it is: a newer gateway may say more.
 * @param {string | null} hint
 * @param {Band | null} band
 */
export function hintText(hint, band) {
  if (hint === null) return band === "good" ? "Nothing to improve." : "No single fault stands out.";
  return HINTS[hint] ?? `${hint.replaceAll("_", " ")}.`;
}
