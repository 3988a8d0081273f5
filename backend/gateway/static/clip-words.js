// How far something is, in words. Pure.

/**
 * @typedef {{ratio: number | null, words: string}} Progress ratio null: nobody knows yet
 * @typedef {import("./clip-gateway.js").Job} Job
 */

const MB = 1e6;

/**
 * @param {number} sentBytes
 * @param {number} sizeBytes
 * @param {number} elapsedS
 * @returns {Progress}
 */
export function uploadProgress(sentBytes, sizeBytes, elapsedS) {
  const ratio = sizeBytes > 0 ? Math.min(1, sentBytes / sizeBytes) : 1;
  const words = `${megabytes(Math.min(sentBytes, sizeBytes))} of ${megabytes(sizeBytes)} MB, ${percent(ratio)} %`;
  // A guess from the first moment would jump about.
  const etaS = ratio > 0 && ratio < 1 && elapsedS > 1 ? (elapsedS * (1 - ratio)) / ratio : null;
  return { ratio, words: `${words}${left(etaS)}` };
}

/**
 * @param {Job} job
 * @returns {Progress}
 */
export function jobProgress({ state, done, of, percent: percentDone, eta_s }) {
  if (state === "queued") return { ratio: null, words: "waiting for its turn" };
  if (of === null || percentDone === null) {
    return { ratio: null, words: done > 0 ? `${done} frames` : "" };
  }
  const ratio = percentDone / 100;
  return { ratio, words: `${done} of ${of} frames, ${percent(ratio)} %${left(eta_s)}` };
}

/**
 * Somebody who listens hears of quarters alone.
 * @param {number | null} ratio
 * @returns {string}
 */
export function quarter(ratio) {
  const quarters = Math.floor(4 * (ratio ?? 0));
  return quarters > 0 && quarters < 4 ? `${25 * quarters} % done` : "";
}

/**
 * What to do about a problem, beyond what its own sentence says.
 * @param {import("./refusals.js").Problem} problem
 * @param {boolean} ofFile the file was being sent or decoded
 * @param {boolean} again the page can try again
 */
export function advice(problem, ofFile, again) {
  if (isGone(problem) || (!again && !problem.final)) return "Choose the clip again.";
  const { final, retryAfterMs } = problem;
  if (final) return ofFile ? "Choose another file." : "";
  if (retryAfterMs === null) return "Try again.";
  return `Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;
}

/** @param {import("./refusals.js").Refusal} refusal */
export function isGone(refusal) {
  return refusal.kind === "problem" && ["job_not_found", "clip_not_found"].includes(refusal.code ?? "");
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** @param {number | null} etaS */
const left = (etaS) => (etaS === null ? "" : `, about ${duration(etaS)} left`);

/** @param {number} ratio */
const percent = (ratio) => Math.floor(100 * ratio);

/** @param {number} bytes */
export const megabytes = (bytes) => (bytes / MB).toFixed(1);
