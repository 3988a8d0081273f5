// When the next picture is sent. Pure: moments and chance are handed in.

export const FIRST_BACKOFF_MS = 1000;
export const LONGEST_BACKOFF_MS = 30000;
// What the gateway asks for is stretched by up to this part, so that not all cameras come back at once.
const SPREAD_RATIO = 0.1;

/** @typedef {{failures: number, dueMs: number}} Pace failures in a row, and when to send next */

/** @type {Pace} */
export const AT_ONCE = Object.freeze({ failures: 0, dueMs: 0 });

/**
 * The interval counts from one sending to the next, however long the answer took.
 * @param {number} startedMs
 * @param {number} intervalMs
 * @returns {Pace}
 */
export function afterAnswer(startedMs, intervalMs) {
  return { failures: 0, dueMs: startedMs + intervalMs };
}

/**
 * Waits as long as the gateway says; where it says nothing, twice as long after each failure,
 * half of it by chance.
 * @param {Pace} pace
 * @param {{nowMs: number, intervalMs: number, retryAfterMs: number | null, random: number}} problem
 *   random: from 0 to below 1.
 * @returns {Pace}
 */
export function afterProblem(pace, { nowMs, intervalMs, retryAfterMs, random }) {
  const failures = pace.failures + 1;
  const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
  const waitMs =
    retryAfterMs === null
      ? backoffMs * (0.5 + 0.5 * random)
      : retryAfterMs * (1 + SPREAD_RATIO * random);
  return { failures, dueMs: nowMs + Math.max(intervalMs, waitMs) };
}

/**
 * How long an answer asks to wait: the problem's own milliseconds, or `Retry-After` in seconds or
 * as a date (RFC 9110, 10.2.3); null where it asks for nothing.
 * @param {string | null} header
 * @param {unknown} bodyMs
 * @param {number} nowEpochMs
 * @returns {number | null}
 */
export function retryAfterMs(header, bodyMs, nowEpochMs) {
  if (typeof bodyMs === "number" && bodyMs > 0) return bodyMs;
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - nowEpochMs : seconds * 1000;
  return waitMs > 0 ? waitMs : null;
}

/**
 * @param {Pace} pace
 * @param {number} nowMs
 */
export function secondsLeft(pace, nowMs) {
  return Math.max(0, Math.ceil((pace.dueMs - nowMs) / 1000));
}
