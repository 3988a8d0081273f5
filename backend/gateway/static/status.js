// What the page is doing, in one word for programs and one sentence for people. Pure.

/**
 * @typedef {object} Situation
 * @property {"opening" | "open" | "none"} camera
 * @property {"sending" | "scored" | "refused" | null} still a picture in the camera's place
 * @property {boolean} paused
 * @property {boolean} hidden
 * @property {boolean} needsKey
 * @property {string | null} problem why the last picture has no score
 */

/** @param {Situation} now */
export function maySend({ camera, still, paused, hidden, needsKey }) {
  if (hidden || needsKey) return false;
  return still === null ? camera === "open" && !paused : still === "sending";
}

/**
 * @param {Situation} now
 * @returns {{state: string, text: string}}
 */
export function describe(now) {
  if (now.needsKey) return { state: "key", text: "An API key is needed." };
  if (now.still === "scored") return { state: "still", text: "Picture scored." };
  if (now.still === "refused") return { state: "refused", text: now.problem ?? "" };
  if (now.still === null && now.camera === "none") {
    return { state: "no-camera", text: "No camera. A picture can be scored all the same." };
  }
  if (now.still === null && now.camera === "opening") {
    return { state: "asking", text: "Asking for the camera …" };
  }
  if (now.still === null && now.paused) return { state: "paused", text: "Paused." };
  if (now.hidden) return { state: "hidden", text: "Waiting until the page is looked at." };
  if (now.problem !== null) return { state: "away", text: `${now.problem} Trying again` };
  return now.still === null
    ? { state: "running", text: "Running." }
    : { state: "sending", text: "Sending the picture …" };
}

/** @param {Situation} now */
export function toggleText({ camera, still, paused }) {
  if (camera === "none") return "Try the camera again";
  if (still !== null) return "Back to the camera";
  return paused ? "Resume" : "Pause";
}
