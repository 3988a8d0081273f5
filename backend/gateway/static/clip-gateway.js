// The gateway's clips and jobs: asked, uploaded to, followed.

import { authorization } from "./key.js";
import { afterProblem, AT_ONCE } from "./loop.js";
import { problem, problemOf, refusal } from "./refusals.js";

const TIMEOUT_MS = 30000;
const POLL_MS = 500;

/**
 * @typedef {"decode" | "best_shot" | "infer"} Kind
 * @typedef {"good" | "fair" | "poor"} Band
 *
 * @typedef {object} Clip
 * @property {string} id
 * @property {string} source
 * @property {number} frames
 * @property {number[]} times_s
 * @property {number} width
 * @property {number} height
 * @property {number} size_bytes
 * @property {number | null} expires_in_s
 *
 * @typedef {{frame: number, time_s: number, score: number, band: Band | null}} Shot
 *
 * @typedef {object} BestShots
 * @property {string} clip
 * @property {{name: string, version: string | null, variant: string, random_weights: boolean}} model
 * @property {Shot[]} shots the best first
 * @property {(number | null)[]} scores of each frame
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {Kind} kind
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} state
 * @property {string | null} clip
 * @property {number} done
 * @property {number | null} of
 * @property {number | null} percent
 * @property {number | null} eta_s
 * @property {any} result
 * @property {{status: number, code: string, detail: string, retry_after_ms?: number} | null} problem
 */

/** The gateway does not do what was asked; `refusal` says why. */
export class Refused extends Error {
  /** @param {import("./refusals.js").Refusal} refusal */
  constructor(refusal) {
    super(refusal.kind === "key" ? refusal.problem : refusal.text);
    this.refusal = refusal;
  }
}

/** Somebody has cancelled it: here, or the job of another page. */
export class Cancelled extends Error {}

/**
 * @param {string} method
 * @param {string} path
 * @returns {Promise<{status: number, body: any}>} body null: there is none
 */
export function ask(method, path) {
  return exchange(method, path, async (response) => ({
    status: response.status,
    body: response.status === 204 ? null : await response.json(),
  }));
}

/**
 * @param {string} path
 * @returns {Promise<Blob>}
 */
export function fetchPicture(path) {
  return exchange("GET", path, (response) => response.blob());
}

/**
 * @template Read
 * @param {string} method
 * @param {string} path
 * @param {(response: Response) => Promise<Read>} read
 * @returns {Promise<Read>}
 */
async function exchange(method, path, read) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const headers = { Prefer: "respond-async", ...authorization() };
    const response = await fetch(path, { method, headers, signal: abort.signal });
    if (!response.ok) throw new Refused(await refusal(response));
    return await read(response);
  } catch (error) {
    if (error instanceof Refused) throw error;
    const late = abort.signal.aborted;
    throw new Refused(problem(late ? "The gateway did not answer in time." : "The gateway is away."));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {import("./clip-files.js").Sending} sending
 * @param {(sentBytes: number) => void} onBytes
 * @param {AbortSignal} signal heeded until the last byte is out: from then on there is a job to cancel
 * @returns {Promise<{status: number, body: any}>}
 */
export function upload({ path, body, contentType }, onBytes, signal) {
  const request = new XMLHttpRequest(); // fetch does not say how much is out
  const abort = () => request.abort();
  signal.addEventListener("abort", abort);
  /** @type {Promise<void>} */
  const answered = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded }) => onBytes(loaded));
    request.upload.addEventListener("load", () => signal.removeEventListener("abort", abort));
    request.addEventListener("load", () => resolve());
    request.addEventListener("abort", () => reject(new Cancelled()));
    request.addEventListener("error", () => reject(new Refused(problem("The upload broke off."))));
    request.open("POST", path);
    request.setRequestHeader("Prefer", "respond-async");
    if (contentType) request.setRequestHeader("Content-Type", contentType);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.send(body);
  });
  return answered
    .then(() => documentOf(request))
    .finally(() => signal.removeEventListener("abort", abort));
}

/** @param {XMLHttpRequest} request */
async function documentOf(request) {
  const { status, statusText, responseText } = request;
  if (status < 300) return { status, body: JSON.parse(responseText) };
  const retryAfter = request.getResponseHeader("Retry-After");
  const headers = retryAfter === null ? undefined : { "Retry-After": retryAfter };
  throw new Refused(await refusal(new Response(responseText, { status, statusText, headers })));
}

/**
 * Asks how the job is until it has ended. What passes is waited for: the job goes on without us.
 * @param {string} id
 * @param {(job: Job) => void} onProgress
 * @param {(problem: import("./refusals.js").Problem) => void} onAway
 * @param {AbortSignal} signal
 * @returns {Promise<Job>} done
 */
export async function follow(id, onProgress, onAway, signal) {
  let pace = AT_ONCE;
  for (;;) {
    signal.throwIfAborted();
    let waitMs = POLL_MS;
    try {
      const job = /** @type {Job} */ ((await ask("GET", jobPath(id))).body);
      if (job.state === "done") return job;
      if (job.state === "cancelled") throw new Cancelled();
      if (job.problem) throw new Failed(job.problem);
      pace = AT_ONCE;
      onProgress(job);
    } catch (error) {
      const away = passing(error);
      if (away === null) throw error;
      onAway(away);
      const { retryAfterMs } = away;
      pace = afterProblem(pace, { nowMs: 0, intervalMs: POLL_MS, retryAfterMs, random: Math.random() });
      waitMs = pace.dueMs;
    }
    await pause(waitMs, signal);
  }
}

/** The job itself has failed, which no asking again mends. */
export class Failed extends Refused {
  /** @param {NonNullable<Job["problem"]>} said */
  constructor(said) {
    super(problemOf(said));
  }
}

/**
 * @param {unknown} error
 * @returns {import("./refusals.js").Problem | null} null: it does not pass by itself
 */
function passing(error) {
  if (!(error instanceof Refused) || error instanceof Failed) return null;
  return error.refusal.kind === "problem" && !error.refusal.final ? error.refusal : null;
}

/**
 * @param {number} waitMs
 * @param {AbortSignal} signal ends it at once
 * @returns {Promise<void>}
 */
function pause(waitMs, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    signal.addEventListener("abort", end);
  });
}

/** @param {string} id */
export const jobPath = (id) => `/v1/jobs/${encodeURIComponent(id)}`;

/** @param {string} id */
export const clipPath = (id) => `/v1/clips/${encodeURIComponent(id)}`;
