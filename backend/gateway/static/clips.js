// The clips page: a video or a burst goes out, is decoded, and its best frames come back.

import { sending } from "./clip-files.js";
import { ask, Cancelled, clipPath, Failed, follow, jobPath, Refused, upload } from "./clip-gateway.js";
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
 */

/** @type {Record<import("./clip-gateway.js").Kind, "decoding" | "scoring">} */
const WORKING = { decode: "decoding", best_shot: "scoring", infer: "scoring" };

const NEITHER = "This is neither one video nor a burst of JPEG, PNG or WebP pictures.";

const frames = /** @type {HTMLInputElement} */ (element("frames"));
const faces = /** @type {HTMLInputElement} */ (element("faces"));

let place = placeOf(location.hash);
/**
 * What is sent where there is no place yet.
 * @type {import("./clip-files.js").Sending | null}
 */
let what = null;
/** @type {AbortController | null} while something is under way */
let running = null;

/** @param {Partial<import("./clip-place.js").Place>} where */
function goTo(where) {
  place = { job: null, clip: null, faces: faces.checked, ...where };
  history.replaceState(null, "", fragmentOf(place) || location.pathname);
}

/** Begins, or goes on, where the page is. */
async function begin() {
  const own = new AbortController();
  running = own;
  clearFound();
  showBusy(true);
  try {
    await work(own.signal);
    say("done");
  } catch (error) {
    await ended(error, own.signal);
  } finally {
    running = null;
    showBusy(false);
  }
}

/** @param {AbortSignal} signal */
async function work(signal) {
  say("asking");
  const { clip, found } = isSomewhere() ? await there(signal) : await sent(signal);
  goTo({ clip: clip.id });
  const best = found ?? (await scored(clip, signal));
  goTo({ clip: clip.id });
  const taken = await pictures(best);
  signal.throwIfAborted();
  showFound(clip, best, taken);
}

const isSomewhere = () => place.job !== null || place.clip !== null;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<{clip: Clip, found: null}>}
 */
async function sent(signal) {
  const cargo = /** @type {NonNullable<typeof what>} */ (what);
  await ask("GET", "/v1/clips"); // a key that is missing is not found out after 200 MB
  signal.throwIfAborted();
  say("uploading");
  const startedMs = performance.now();
  /** @param {number} sentBytes */
  const onBytes = (sentBytes) =>
    showProgress(uploadProgress(sentBytes, cargo.sizeBytes, (performance.now() - startedMs) / 1000));
  onBytes(0);
  return { clip: await resultOf(await upload(cargo, onBytes, signal), signal), found: null };
}

/**
 * Of a page that was loaded again, or a problem that has passed.
 * @param {AbortSignal} signal
 * @returns {Promise<{clip: Clip, found: BestShots | null}>}
 */
async function there(signal) {
  const { job, clip } = place;
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
  if (error instanceof Failed) goTo({ clip: place.clip }); // its job is over: the next try is another
  const { text, final } = refusal;
  const again = !final && (isSomewhere() || what !== null);
  sayProblem("problem", text, { advice: advice(refusal, place.clip === null, again), again });
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
  const chosen = sending(files, frames.valueAsNumber);
  if (chosen === null) {
    sayProblem("problem", NEITHER, { advice: "Choose other files.", again: false });
    return;
  }
  void forget(); // the clip before
  what = chosen;
  void begin();
});
element("cancel").addEventListener("click", () => {
  running?.abort();
  say("cancelling");
});
element("again").addEventListener("click", () => void begin());
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
  if (!running && place.clip) void begin();
});
onKeyChange(() => {
  if (!running && element("state").dataset.phase === "key") void begin();
});

faces.checked = place.faces;
if (isSomewhere()) void begin();
