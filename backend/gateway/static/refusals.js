// What the gateway says where it does not do what was asked.

import { retryAfterMs } from "./loop.js";

// Of the refusals that are the caller's own fault, these are not.
const WORTH_ANOTHER_TRY = [408, 425, 429];

/**
 * @typedef {{kind: "problem", text: string, code?: string, retryAfterMs: number | null,
 *   final: boolean}} Problem final: the same again would fail again.
 * @typedef {{kind: "key", problem: string} | Problem} Refusal
 */

/**
 * @param {Response} response
 * @returns {Promise<Refusal>}
 */
export async function refusal(response) {
  // A proxy in front of the gateway refuses in words of its own.
  const body = await response.json().catch(() => ({}));
  const text = body.detail ?? `The gateway answered ${response.status} ${response.statusText}.`;
  if (response.status === 401) return { kind: "key", problem: "This key is not known." };
  if (response.status === 403) return { kind: "key", problem: text };
  return problemOf({ ...body, status: response.status, detail: text }, response.headers.get("Retry-After"));
}

/**
 * @param {{status: number, detail: string, code?: string, retry_after_ms?: number}} said
 * @param {string | null} [retryAfter] the header
 * @returns {Problem}
 */
export function problemOf({ status, detail, code, retry_after_ms }, retryAfter = null) {
  return {
    kind: "problem",
    text: detail,
    code,
    retryAfterMs: retryAfterMs(retryAfter, retry_after_ms, Date.now()),
    final: status < 500 && !WORTH_ANOTHER_TRY.includes(status),
  };
}

/**
 * Of a request that got no answer.
 * @param {string} text
 * @returns {Problem}
 */
export function problem(text) {
  return { kind: "problem", text, retryAfterMs: null, final: false };
}
