// One picture to the gateway, one outcome back. A newer picture makes the reply to an older one stale.

import { authorization } from "./key.js";
import { problem, refusal } from "./refusals.js";
import { traceparent } from "./trace.js";

const TIMEOUT_MS = 10000;

/**
 * @typedef {"good" | "fair" | "poor"} Band
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 *
 * @typedef {object} Answer
 * @property {number | null} score 0–1
 * @property {number | null} raw_score not clipped
 * @property {Band | null} band
 * @property {string[]} reasons
 * @property {{count: number, box: Box | null}} [face]
 * @property {{width: number, height: number}} picture upright, in pixels
 * @property {Record<string, number | null>} measures 0–100
 * @property {{name: string, version: string | null, variant: string, weights_sha256: string | null,
 *   random_weights: boolean, bands: {fair: number, good: number}}} model
 * @property {boolean} cached
 * @property {Record<string, number>} timing_ms
 *
 * @typedef {{kind: "answer", answer: Answer, picture: Blob, startedMs: number, roundTripMs: number}
 *   | import("./refusals.js").Refusal
 *   | {kind: "stale"}} Outcome
 */

export class Gateway {
  #latest = 0;
  /** @type {AbortController | null} */
  #inFlight = null;
  #timeoutMs;

  constructor(timeoutMs = TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  get busy() {
    return this.#inFlight !== null;
  }

  /** Whatever is under way is stale from here on. */
  cancel() {
    this.#latest += 1;
    this.#inFlight?.abort();
    this.#inFlight = null;
  }

  /**
   * @param {() => Promise<Blob>} take
   * @returns {Promise<Outcome>}
   */
  async score(take) {
    this.cancel();
    const number = this.#latest;
    const abort = new AbortController();
    this.#inFlight = abort;
    const late = new DOMException("", "TimeoutError");
    const timer = setTimeout(() => abort.abort(late), this.#timeoutMs);
    try {
      const outcome = await exchange(take, abort.signal);
      return number === this.#latest ? outcome : { kind: "stale" };
    } finally {
      clearTimeout(timer);
      if (number === this.#latest) this.#inFlight = null;
    }
  }
}

/**
 * @param {() => Promise<Blob>} take
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
async function exchange(take, signal) {
  const startedMs = performance.now();
  let picture;
  try {
    picture = await take();
  } catch (error) {
    return problem(`The frame could not be taken (${error}).`);
  }
  try {
    const response = await fetch("/v1/quality?face=auto", {
      method: "POST",
      headers: { "Content-Type": picture.type, traceparent: traceparent(), ...authorization() },
      body: picture,
      signal,
    });
    if (!response.ok) return await refusal(response);
    const answer = /** @type {Answer} */ (await response.json());
    return { kind: "answer", answer, picture, startedMs, roundTripMs: performance.now() - startedMs };
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    return problem(timedOut ? "The gateway did not answer in time." : "The gateway is away.");
  }
}
