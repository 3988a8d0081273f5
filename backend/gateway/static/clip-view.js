// The best frames of a clip on the page, to look at and to save.

import { chart, inWords, seconds } from "./clip-chart.js";
import { clipPath, fetchPicture } from "./clip-gateway.js";
import { duration, megabytes } from "./clip-words.js";
import { element, write } from "./dom.js";

/**
 * @typedef {import("./clip-gateway.js").BestShots} BestShots
 * @typedef {import("./clip-gateway.js").Clip} Clip
 * @typedef {import("./clip-gateway.js").Shot} Shot
 * @typedef {{shot: Shot, picture: Blob}} Picture
 */

const list = element("shots");
const template = /** @type {HTMLTemplateElement} */ (element("shot"));

/**
 * A key goes in a header, which an <img> cannot send: pictures are fetched.
 * @param {BestShots} found
 * @returns {Promise<Picture[]>}
 */
export function pictures({ clip, shots }) {
  return Promise.all(
    shots.map(async (shot) => ({
      shot,
      picture: await fetchPicture(`${clipPath(clip)}/frames/${shot.frame}.jpg`),
    })),
  );
}

/**
 * @param {Clip} clip
 * @param {BestShots} found
 * @param {Picture[]} taken
 */
export function showFound(clip, found, taken) {
  clearFound();
  element("found").hidden = false;
  list.replaceChildren(...taken.map(shotItem));
  element("none").hidden = taken.length > 0;
  element("random-weights").hidden = !found.model.random_weights;
  const plot = element("chart");
  plot.replaceChildren(chart(found, clip.times_s, plot.clientWidth));
  write(element("chart-words"), inWords(found, clip.times_s));
  write(element("clip-frames"), `${clip.frames} of ${clip.width} × ${clip.height} px`);
  write(element("clip-size"), `${megabytes(clip.size_bytes)} MB`);
  write(element("clip-source"), clip.source);
  const { name, variant, version } = found.model;
  write(element("clip-model"), [name, variant, version].filter(Boolean).join(", "));
  const { expires_in_s } = clip;
  const until = expires_in_s === null ? "" : ` It goes by itself after ${duration(expires_in_s)} unused.`;
  write(element("clip-until"), `The gateway keeps the clip's frames in memory.${until}`);
}

export function clearFound() {
  for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  list.replaceChildren();
  element("found").hidden = true;
}

/**
 * @param {Picture} picture
 * @param {number} place
 */
function shotItem({ shot, picture }, place) {
  const item = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  /** @param {string} selector */
  const part = (selector) => /** @type {HTMLElement} */ (item.querySelector(selector));
  const [score, time] = [shot.score.toFixed(2), seconds(shot.time_s)];
  const image = /** @type {HTMLImageElement} */ (part("img"));
  image.src = URL.createObjectURL(picture);
  image.alt = `Frame ${shot.frame} at ${time}`;
  write(part(".rank"), `${place + 1}`);
  write(part(".score output"), score);
  write(part(".time"), `at ${time}, frame ${shot.frame}`);
  part(".band").dataset.band = shot.band ?? "";
  write(part(".band-word"), shot.band ?? "–");
  const save = /** @type {HTMLAnchorElement} */ (part("a"));
  save.href = image.src;
  save.download = `framegate-${score}-frame-${shot.frame}.jpg`;
  save.setAttribute("aria-label", `Save frame ${shot.frame}`);
  return item;
}
