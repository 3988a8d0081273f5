// The camera page: a frame every two seconds to /v1/quality, its score on the page.
// One request is in flight at most; the next frame is taken only after the answer to the last.

import { askForKey, authorization, onKeyChange } from "./key.js";

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 10000;
const JPEG_QUALITY = 0.9;
// More than the model takes, so that scaling down is the server's, and little enough to send.
const LARGEST_SIDE_PX = 1280;

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const preview = /** @type {HTMLVideoElement} */ (element("preview"));
const toggle = /** @type {HTMLButtonElement} */ (element("toggle"));
const canvas = document.createElement("canvas");

let paused = false;
let inFlight = false;
let needsKey = false;
/** @type {number | undefined} */
let timer;

/** @param {string} text */
function say(text) {
  if (element("state").textContent !== text) element("state").textContent = text;
}

async function start() {
  if (!navigator.mediaDevices) {
    say("This page is not in a secure context: open it over HTTPS or on localhost.");
    return;
  }
  try {
    preview.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: { ideal: "user" } },
    });
  } catch (error) {
    say(cameraProblem(error));
    return;
  }
  await preview.play();
  toggle.disabled = false;
  say("Running");
  schedule(0);
}

/** @param {unknown} error */
function cameraProblem(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The camera was not allowed: permit it for this page.";
  if (name === "NotFoundError") return "There is no camera.";
  if (name === "NotReadableError") return "The camera is in use by another program.";
  return `The camera cannot be used: ${error}`;
}

/** @param {number} delayMs */
function schedule(delayMs) {
  clearTimeout(timer);
  timer = window.setTimeout(tick, delayMs);
}

async function tick() {
  if (paused || inFlight || needsKey || document.hidden) return;
  inFlight = true;
  const startedMs = performance.now();
  let waitMs = INTERVAL_MS;
  try {
    waitMs = (await scoreFrame()) ?? INTERVAL_MS;
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    const problem = timedOut ? "The gateway did not answer in time" : "The gateway is away";
    say(`${problem}; trying again.`);
  } finally {
    inFlight = false;
  }
  schedule(Math.max(0, waitMs - (performance.now() - startedMs)));
}

/** Sends one frame. @returns {Promise<number | undefined>} how long to wait where the gateway says so */
async function scoreFrame() {
  const frame = await grab();
  const startedMs = performance.now();
  const response = await fetch("/v1/quality", {
    method: "POST",
    headers: { "Content-Type": "image/jpeg", ...authorization() },
    body: frame,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = await response.json();
  if (response.status === 401 || response.status === 403) {
    needsKey = true;
    say("An API key is needed.");
    askForKey(response.status === 401 ? "This key is not known." : answer.detail);
    return undefined;
  }
  if (!response.ok) {
    say(`${answer.detail ?? response.statusText} Trying again.`);
    const retryAfterS = Number(response.headers.get("Retry-After"));
    return retryAfterS > 0 ? Math.max(retryAfterS * 1000, INTERVAL_MS) : undefined;
  }
  if (!paused) {
    say("Running");
    show(answer, performance.now() - startedMs);
  }
  return undefined;
}

/** @returns {Promise<Blob>} the current frame as JPEG */
async function grab() {
  const scale = Math.min(1, LARGEST_SIDE_PX / Math.max(preview.videoWidth, preview.videoHeight));
  canvas.width = Math.round(preview.videoWidth * scale);
  canvas.height = Math.round(preview.videoHeight * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(preview, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      // A browser without a JPEG encoder hands out a PNG instead.
      (blob) => (blob?.type === "image/jpeg" ? resolve(blob) : reject(new Error("no JPEG"))),
      "image/jpeg",
      JPEG_QUALITY,
    ),
  );
}

/**
 * @param {{score: number, measures: Record<string, number>, cached: boolean,
 *   timing_ms: Record<string, number>,
 *   model: {name: string, version: string, variant: string}}} answer
 * @param {number} roundTripMs
 */
function show(answer, roundTripMs) {
  element("score").textContent = answer.score.toFixed(2);
  /** @type {HTMLMeterElement} */ (element("meter")).value = answer.score;
  element("measures").replaceChildren(
    ...Object.entries(answer.measures).map(([name, value]) => {
      const row = document.createElement("tr");
      const label = Object.assign(document.createElement("th"), {
        scope: "row",
        textContent: name.replaceAll("_", " "),
      });
      const number = Object.assign(document.createElement("td"), {
        textContent: value.toFixed(0),
      });
      row.append(label, number);
      return row;
    }),
  );
  element("model").textContent = `${answer.model.name} ${answer.model.variant}`;
  element("round-trip").textContent = `${roundTripMs.toFixed(0)} ms`;
  element("inference").textContent = answer.cached
    ? "none, remembered"
    : `${answer.timing_ms.triton.toFixed(1)} ms`;
}

toggle.addEventListener("click", () => {
  paused = !paused;
  toggle.textContent = paused ? "Resume" : "Pause";
  say(paused ? "Paused" : "Running");
  if (!paused) schedule(0);
});
onKeyChange(() => {
  needsKey = false;
  schedule(0);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && preview.srcObject) schedule(0);
});
window.addEventListener("pagehide", () => {
  clearTimeout(timer);
  const stream = /** @type {MediaStream | null} */ (preview.srcObject);
  stream?.getTracks().forEach((track) => track.stop());
});

start();
