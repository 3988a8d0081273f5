// The score of each frame over the time of the clip, with the same in words.

import { svg } from "./dom.js";
import { pieces } from "./history.js";

/** @typedef {import("./clip-gateway.js").BestShots} BestShots */

const HEIGHT = 140;
const LEFT = 36;
const RIGHT = 14;
const TOP = 22;
const BOTTOM = 112;

/**
 * @param {BestShots} found
 * @param {number[]} timesS
 * @returns {string}
 */
export function inWords({ scores, shots }, timesS) {
  const known = scores.flatMap((score) => score ?? []);
  const span = `${count(scores.length, "frame")} from ${seconds(timesS[0])} to ${seconds(timesS.at(-1) ?? 0)}`;
  if (known.length === 0) return `${span}: none has a score.`;
  const [low, high] = [Math.min(...known), Math.max(...known)].map((score) => score.toFixed(2));
  const without = scores.length - known.length;
  const rest = without > 0 ? `, ${without} without a face` : "";
  const best = shots.length > 0 ? ` The best is at ${seconds(shots[0].time_s)}.` : "";
  return `${span}: ${count(known.length, "score")} from ${low} to ${high}${rest}.${best}`;
}

/**
 * @param {BestShots} found
 * @param {number[]} timesS
 * @param {number} width in CSS pixels, so that its text is as large as any other
 * @returns {SVGSVGElement}
 */
export function chart(found, timesS, width) {
  const [firstS, lastS] = [timesS[0], timesS.at(-1) ?? 0];
  const spanS = lastS - firstS || 1;
  const right = width - RIGHT;
  /** @param {number} timeS */
  const x = (timeS) => LEFT + ((timeS - firstS) / spanS) * (right - LEFT);
  const drawing = svg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: "img",
    "aria-labelledby": "chart-title chart-desc",
  });
  drawing.append(
    svg("title", { id: "chart-title" }, "Score of each frame over time"),
    svg("desc", { id: "chart-desc" }, inWords(found, timesS)),
    ...scale(seconds(firstS), seconds(lastS), right),
    ...found.scores.flatMap((score, frame) => (score === null ? [gap(x(timesS[frame]))] : [])),
    ...line(found.scores, timesS, x),
    ...found.shots.flatMap((shot, rank) => chosen(x(shot.time_s), y(shot.score), rank + 1)),
  );
  return drawing;
}

/** @param {number} score */
const y = (score) => BOTTOM - Math.min(1, Math.max(0, score)) * (BOTTOM - TOP);

/**
 * @param {string} first
 * @param {string} last
 * @param {number} right
 */
function scale(first, last, right) {
  const levels = [0, 0.5, 1].flatMap((score) => [
    svg("line", { x1: LEFT, x2: right, y1: y(score), y2: y(score) }),
    svg("text", { x: LEFT - 9, y: y(score) + 4, "text-anchor": "end" }, String(score)),
  ]);
  return [
    ...levels,
    svg("text", { x: LEFT, y: HEIGHT - 6 }, first),
    svg("text", { x: right, y: HEIGHT - 6, "text-anchor": "end" }, last),
  ];
}

/**
 * A frame without a score: a cross on the axis.
 * @param {number} x
 */
function gap(x) {
  const d = `M${x - 3} ${BOTTOM - 3}l6 6m0-6l-6 6`;
  return svg("path", { d });
}

/**
 * @param {(number | null)[]} scores
 * @param {number[]} timesS
 * @param {(timeS: number) => number} x
 */
function line(scores, timesS, x) {
  const points = scores.map((score, frame) => ({ atMs: timesS[frame] * 1000, score }));
  return pieces(points).flatMap((piece) => {
    const places = piece.map(({ atMs, score }) => [x(atMs / 1000), y(score)]);
    return [
      svg("polyline", { points: places.map((place) => place.join()).join(" ") }),
      ...places.map(([cx, cy]) => svg("circle", { cx, cy, r: 2 })),
    ];
  });
}

/**
 * @param {number} cx
 * @param {number} cy
 * @param {number} rank
 */
function chosen(cx, cy, rank) {
  return [
    svg("circle", { cx, cy, r: 5.5, class: "chosen" }),
    svg("text", { x: cx, y: cy - 10, "text-anchor": "middle", class: "rank" }, String(rank)),
  ];
}

/** @param {number} timeS */
export const seconds = (timeS) => `${timeS.toFixed(1)} s`;

/**
 * @param {number} number
 * @param {string} what
 */
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
