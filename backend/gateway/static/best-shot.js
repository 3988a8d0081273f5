// The best frame of the last seconds, to look at and to save.

import { element } from "./dom.js";

export const WINDOW_MS = 20000;

/** @typedef {{atMs: number, score: number, picture: Blob}} Shot */

/**
 * @param {Shot[]} shots
 * @param {Shot} latest
 * @returns {Shot[]} those of the last seconds, the latest last
 */
export function recent(shots, latest) {
  return [...shots, latest].filter((shot) => latest.atMs - shot.atMs <= WINDOW_MS);
}

/**
 * @param {Shot[]} shots
 * @returns {Shot | null} of two that are equal, the newer
 */
export function best(shots) {
  return shots.reduce(
    (/** @type {Shot | null} */ found, shot) =>
      found !== null && found.score > shot.score ? found : shot,
    null,
  );
}

export class BestShot {
  /** @type {Shot[]} */
  #shots = [];
  /** @type {Shot | null} */
  #shown = null;
  #image = /** @type {HTMLImageElement} */ (element("best-image"));
  #save = /** @type {HTMLAnchorElement} */ (element("best-save"));

  /** @param {Shot} shot */
  add(shot) {
    this.#shots = recent(this.#shots, shot);
    this.#show(best(this.#shots));
  }

  /** @param {Shot | null} shot */
  #show(shot) {
    if (shot === null || shot === this.#shown) return;
    this.#shown = shot;
    URL.revokeObjectURL(this.#image.src);
    const score = shot.score.toFixed(2);
    this.#image.src = URL.createObjectURL(shot.picture);
    this.#image.alt = `The best frame, score ${score}`;
    this.#save.href = this.#image.src;
    this.#save.download = `framegate-${score}.jpg`;
    element("best-score").textContent = score;
    element("best").hidden = false;
  }
}
