// The camera page: who is told what, and when the next picture goes to the gateway.

import { BestShot } from "./best-shot.js";
import * as capture from "./capture.js";
import { element, write } from "./dom.js";
import { hideFaceBox, showFaceBox } from "./face-box.js";
import { Gateway } from "./gateway.js";
import { follow, NO_GUIDANCE } from "./guidance.js";
import { History } from "./history.js";
import { askForKey, onKeyChange } from "./key.js";
import { afterAnswer, afterProblem, AT_ONCE, secondsLeft } from "./loop.js";
import { describe, maySend, toggleText } from "./status.js";
import { onFiles } from "./upload.js";
import { clearHint, markStale, showAnswer } from "./view.js";

const COUNTDOWN_STEP_MS = 250;

const preview = /** @type {HTMLVideoElement} */ (element("preview"));
const stillImage = /** @type {HTMLImageElement} */ (element("still"));
const toggle = /** @type {HTMLButtonElement} */ (element("toggle"));
const choice = /** @type {HTMLSelectElement} */ (element("camera"));
const interval = /** @type {HTMLSelectElement} */ (element("interval"));

const gateway = new Gateway();
const history = new History();
const bestShot = new BestShot();

/** @type {MediaStream | null} */
let stream = null;
/** @type {capture.CameraProblem | null} */
let noCamera = null;
/** @type {{file: Blob, stage: "sending" | "scored" | "refused"} | null} */
let still = null;
let paused = false;
let needsKey = false;
/** @type {string | null} */
let problem = null;
let pace = AT_ONCE;
let guidance = NO_GUIDANCE;
let openings = 0;
/** @type {number | undefined} */
let timer;

/** @returns {import("./status.js").Situation} */
function situation() {
  const camera = stream ? "open" : noCamera ? "none" : "opening";
  return { camera, still: still?.stage ?? null, paused, hidden: document.hidden, needsKey, problem };
}

function render() {
  const now = situation();
  const { state, text } = describe(now);
  const away = state === "away";
  element("state").dataset.state = state;
  write(element("state"), text);
  const countdown = gateway.busy ? "now." : `in ${secondsLeft(pace, performance.now())} s.`;
  write(element("countdown"), away ? countdown : "");
  element("retry").hidden = !away;
  write(toggle, toggleText(now));
  toggle.disabled = now.camera === "opening" || noCamera === capture.INSECURE;
  element("stage").dataset.shows = still ? "still" : stream ? "camera" : "nothing";
  element("no-camera").dataset.problem = noCamera?.state ?? "";
  write(element("no-camera"), noCamera?.text ?? "");
  markStale(state !== "running" && state !== "still");
}

function goOn() {
  clearTimeout(timer);
  render();
  if (!maySend(situation()) || gateway.busy) return;
  const waitMs = pace.dueMs - performance.now();
  const stepMs = problem ? COUNTDOWN_STEP_MS : waitMs;
  if (waitMs > 0) timer = window.setTimeout(goOn, Math.min(waitMs, stepMs));
  else void send();
}

async function send() {
  const outcome = await gateway.score(async () => still?.file ?? capture.takeFrame(preview));
  if (outcome.kind === "stale") return;
  const intervalMs = Number(interval.value);
  if (outcome.kind === "answer") {
    problem = null;
    pace = afterAnswer(outcome.startedMs, intervalMs);
    if (still) still.stage = "scored";
    show(outcome);
  } else if (outcome.kind === "key") {
    needsKey = true;
    askForKey(outcome.problem);
  } else {
    problem = outcome.text;
    clearFrame();
    if (still && outcome.final) {
      still.stage = "refused";
      pace = AT_ONCE;
    } else {
      const { retryAfterMs } = outcome;
      const nowMs = performance.now();
      pace = afterProblem(pace, { nowMs, intervalMs, retryAfterMs, random: Math.random() });
    }
  }
  goOn();
}

/** @param {Extract<import("./gateway.js").Outcome, {kind: "answer"}>} outcome */
function show({ answer, picture, startedMs, roundTripMs }) {
  guidance = follow(still ? NO_GUIDANCE : guidance, answer);
  showAnswer(answer, guidance, roundTripMs);
  showFaceBox(answer);
  if (still) return;
  history.add({ atMs: startedMs, score: answer.score }, answer.model.bands);
  if (answer.raw_score !== null) bestShot.add({ atMs: startedMs, score: answer.raw_score, picture });
}

/** What is under way belongs to another picture; how long to wait for the gateway stays. */
function startOver() {
  gateway.cancel();
  clearFrame();
  goOn();
}

function clearFrame() {
  guidance = NO_GUIDANCE;
  hideFaceBox();
  clearHint();
}

async function openCamera() {
  const opening = ++openings;
  closeCamera(null);
  if (!navigator.mediaDevices) {
    closeCamera(capture.INSECURE);
    return;
  }
  try {
    const opened = await capture.openCamera(choice.value);
    if (opening !== openings) {
      capture.stopCamera(opened);
      return;
    }
    const [track] = opened.getVideoTracks();
    track.addEventListener("ended", () => stream === opened && closeCamera(capture.ENDED));
    preview.srcObject = opened;
    await preview.play();
    await capture.listCameras(choice, opened);
    if (opening !== openings) return;
    stream = opened;
    element("stage").toggleAttribute("data-mirrored", track.getSettings().facingMode !== "environment");
    goOn();
  } catch (error) {
    if (opening === openings) closeCamera(capture.cameraProblem(error));
  }
}

/** @param {capture.CameraProblem | null} why null: it will be opened again */
function closeCamera(why) {
  capture.stopCamera(/** @type {MediaStream | null} */ (preview.srcObject));
  preview.srcObject = stream = null;
  noCamera = why;
  if (why) capture.forgetCameras(choice);
  if (still) goOn();
  else startOver();
}

function leaveStill() {
  if (still?.stage === "refused") problem = null; // the picture's, not the gateway's
  still = null;
  URL.revokeObjectURL(stillImage.src);
  stillImage.removeAttribute("src");
}

onFiles(([file]) => {
  leaveStill();
  still = { file, stage: "sending" };
  stillImage.src = URL.createObjectURL(file);
  if (!problem) pace = AT_ONCE;
  startOver();
});
toggle.addEventListener("click", () => {
  if (!stream) {
    leaveStill();
    void openCamera();
    return;
  }
  if (still) leaveStill();
  else paused = !paused;
  startOver();
});
element("retry").addEventListener("click", () => {
  pace = { ...pace, dueMs: 0 };
  goOn();
});
choice.addEventListener("change", () => void openCamera());
interval.addEventListener("change", () => {
  if (!problem) pace = AT_ONCE;
  goOn();
});
onKeyChange(() => {
  needsKey = false;
  goOn();
});
window.addEventListener("online", () => {
  pace = { ...pace, dueMs: 0 };
  goOn();
});
navigator.mediaDevices?.addEventListener("devicechange", () => {
  if (stream) void capture.listCameras(choice, stream);
});
document.addEventListener("visibilitychange", goOn);
window.addEventListener("pagehide", () => {
  openings += 1;
  closeCamera(null);
  clearTimeout(timer);
  gateway.cancel();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) void openCamera();
});

void openCamera();
