// The clips page: a video or a burst goes out, is decoded, and its best frames come back.

import { sending } from "./clip-files.js";
import { ask, Cancelled, clipPath, follow, jobPath, Refused, upload } from "./clip-gateway.js";
import { fragmentOf, placeOf } from "./clip-place.js";
import { say, sayProblem, showBusy, showProgress } from "./clip-status.js";
import { clearFound, pictures, showFound } from "./clip-view.js";
import { advice, isGone, jobProgress, uploadProgress } from "./clip-words.js";
import { element } from "./dom.js";
import { askForKey, onKeyChange } from "./key.js";
import { problem } from "./refusals.js";
import { onFiles } from "./upload.js";

/**
 * @typedef {import("./clip-gateway.js").BestShots} BestShots
 * @typedef {import("./clip-gateway.js").Clip} Clip
 * @typedef {import("./clip-gateway.js").Job} Job
 * @typedef {{what: import("./clip-files.js").Sending | null, place: import("./clip-place.js").Place}} Start
 */

/** @type {Record<import("./clip-gateway.js").Kind, "decoding" | "scoring">} */
const WORKING = { decode: "decoding", best_shot: "scoring", infer: "scoring" };

const NEITHER = "This is neither one video nor a burst of JPEG, PNG or WebP pictures.";

const frames = /** @type {HTMLInputElement} */ (element("frames"));
const faces = /** @type {HTMLInputElement} */ (element("faces"));

let place = placeOf(location.hash);
/**
 * What is begun again after a problem.
 * @type {Start}
 */
let start = { what: null, place };
/** @type {AbortController | null} while something is under way */
let running = null;

/** @param {Partial<import("./clip-place.js").Place>} where */
function goTo(where) {
  place = { job: null, clip: null, faces: faces.checked, ...where };
  if (place.job || place.clip) start = { what: null, place };
  history.replaceState(null, "", fragmentOf(place) || location.pathname);
}

/** @param {Start} from */
async function begin(from) {
  start = from;
  const own = new AbortController();
  running = own;
  clearFound();
  showBusy(true);
  try {
    await work(from, own.signal);
    say("done");
  } catch (error) {
    await ended(error, own.signal);
  } finally {
    running = null;
    showBusy(false);
  }
}

/**
 * @param {Start} from
 * @param {AbortSignal} signal
 */
async function work(from, signal) {
  say("asking");
  const { clip, found } = from.what
    ? { clip: await sent(from.what, signal), found: null }
    : await there(from.place, signal);
  goTo({ clip: clip.id });
  const best = found ?? (await scored(clip, signal));
  goTo({ clip: clip.id });
  const taken = await pictures(best);
  signal.throwIfAborted();
  showFound(clip, best, taken);
}

/**
 * @param {import("./clip-files.js").Sending} what
 * @param {AbortSignal} signal
 * @returns {Promise<Clip>}
 */
async function sent(what, signal) {
  await ask("GET", "/v1/clips"); // a key that is missing is not found out after 200 MB
  await forget();
  signal.throwIfAborted();
  say("uploading");
  const startedMs = performance.now();
  /** @param {number} sentBytes */
  const onBytes = (sentBytes) =>
    showProgress(uploadProgress(sentBytes, what.sizeBytes, (performance.now() - startedMs) / 1000));
  onBytes(0);
  return resultOf(await upload(what, onBytes, signal), signal);
}

/**
 * Of a page that was loaded again, or a problem that has passed.
 * @param {import("./clip-place.js").Place} place
 * @param {AbortSignal} signal
 * @returns {Promise<{clip: Clip, found: BestShots | null}>}
 */
async function there({ job, clip }, signal) {
  const done = job ? await followed(job, signal) : null;
  if (done?.kind === "decode") return { clip: done.result, found: null };
  const { body } = await ask("GET", clipPath(done?.clip ?? clip ?? ""));
  return { clip: body, found: done?.kind === "best_shot" ? done.result : null };
}

/**
 * @param {Clip} clip
 * @param {AbortSignal} signal
 * @returns {Promise<BestShots>}
 */
async function scored({ id }, signal) {
  say("scoring");
  showProgress({ ratio: null, words: "" });
  const query = faces.checked ? "&face=auto" : "";
  return resultOf(await ask("POST", `${clipPath(id)}/best-shot?top=3${query}`), signal);
}

/**
 * What was asked for, at once or once its job is done.
 * @param {{status: number, body: any}} answer
 * @param {AbortSignal} signal
 */
async function resultOf({ status, body }, signal) {
  return status === 202 ? (await followed(body.id, signal)).result : body;
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 */
function followed(id, signal) {
  goTo({ ...place, job: id });
  /** @param {Job} job */
  const onProgress = (job) => {
    say(WORKING[job.kind]);
    showProgress(jobProgress(job));
  };
  return follow(id, onProgress, ({ text }) => sayProblem("away", `${text} Trying again …`), signal);
}

/**
 * @param {unknown} error
 * @param {AbortSignal} signal
 */
async function ended(error, signal) {
  if (signal.aborted) return say((await forget()) ? "cancelled" : "half-cancelled");
  if (error instanceof Cancelled) {
    goTo({});
    return say("cancelled-elsewhere");
  }
  const refusal = error instanceof Refused ? error.refusal : problem(`This page failed (${error}).`);
  if (refusal.kind === "key") {
    askForKey(refusal.problem);
    return say("key");
  }
  const { text, final } = refusal;
  sayProblem("problem", text, { advice: advice(refusal, place.clip === null), again: !final });
  if (final) await forget();
}

/**
 * Ends the job and deletes the clip that the page knows of.
 * @returns {Promise<boolean>} whether nothing is left
 */
async function forget() {
  const { job, clip } = place;
  goTo({});
  try {
    const ended = job && (await unlessGone(jobPath(job)));
    const left = clip ?? ended?.clip; // the job may have been done sooner
    if (left) await unlessGone(clipPath(left));
    return true;
  } catch {
    return false; // it goes by itself
  }
}

/** @param {string} path */
async function unlessGone(path) {
  try {
    return (await ask("DELETE", path)).body;
  } catch (error) {
    if (error instanceof Refused && isGone(error.refusal)) return null;
    throw error;
  }
}

onFiles((files) => {
  if (running || !frames.reportValidity()) return;
  const what = sending(files, frames.valueAsNumber);
  if (what === null) sayProblem("problem", NEITHER, { advice: "Choose other files.", again: false });
  else void begin({ what, place: { job: null, clip: null, faces: faces.checked } });
});
element("cancel").addEventListener("click", () => {
  running?.abort();
  say("cancelling");
});
element("again").addEventListener("click", () => void begin(start));
element("delete").addEventListener("click", async () => {
  try {
    await unlessGone(clipPath(place.clip ?? ""));
    goTo({});
    clearFound();
    say("deleted");
  } catch (error) {
    await ended(error, new AbortController().signal);
  }
});
faces.addEventListener("change", () => {
  if (!running && place.clip) void begin(start);
});
onKeyChange(() => {
  if (!running && element("state").dataset.phase === "key") void begin(start);
});

faces.checked = place.faces;
if (place.job || place.clip) void begin(start);
