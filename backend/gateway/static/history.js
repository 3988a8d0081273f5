// The scores of the last minutes as a line, with the same in words.

import { element, svg, write } from "./dom.js";

export const SPAN_MS = 120000;
const WIDTH = 320;
const HEIGHT = 96;
const LEFT = 34;
const TOP = 6;
const BOTTOM = 80;

/** @typedef {{atMs: number, score: number | null}} Point */

/**
 * @param {Point[]} points
 * @param {Point} latest
 * @returns {Point[]}
 */
export function within(points, latest) {
  return [...points, latest].filter((point) => latest.atMs - point.atMs <= SPAN_MS);
}

/**
 * @param {Point[]} points
 * @returns {{atMs: number, score: number}[][]} pieces without a gap; a frame without a score is a gap
 */
export function pieces(points) {
  /** @type {{atMs: number, score: number}[][]} */
  const found = [[]];
  for (const { atMs, score } of points) {
    if (score === null) found.push([]);
    else found[found.length - 1].push({ atMs, score });
  }
  return found.filter((piece) => piece.length > 0);
}

/**
 * @param {Point[]} points
 * @returns {string}
 */
export function inWords(points) {
  const scores = pieces(points).flat().map((point) => point.score);
  if (scores.length === 0) return "No score in the last two minutes.";
  const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => score.toFixed(2));
  const count = scores.length === 1 ? "1 score" : `${scores.length} scores`;
  return `${count} in the last two minutes, from ${low} to ${high}.`;
}

export class History {
  /** @type {Point[]} */
  #points = [];
  #chart = element("history");

  /**
   * @param {Point} point
   * @param {{fair: number, good: number}} bands
   */
  add(point, bands) {
    this.#points = within(this.#points, point);
    const words = inWords(this.#points);
    this.#chart.setAttribute("aria-label", words);
    write(element("history-words"), words);
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    drawing.append(...frame(bands), ...pieces(this.#points).flatMap((piece) => line(piece, point.atMs)));
    this.#chart.replaceChildren(drawing);
  }
}

/** @param {number} score */
const y = (score) => BOTTOM - Math.min(1, Math.max(0, score)) * (BOTTOM - TOP);

/** @param {{fair: number, good: number}} bands */
function frame(bands) {
  const limits = Object.entries(bands).flatMap(([name, score]) => [
    svg("line", { class: "limit", x1: LEFT, x2: WIDTH, y1: y(score), y2: y(score) }),
    svg("text", { x: LEFT - 4, y: y(score) + 3, "text-anchor": "end" }, name),
  ]);
  return [
    svg("line", { class: "axis", x1: LEFT, x2: WIDTH, y1: BOTTOM, y2: BOTTOM }),
    ...limits,
    svg("text", { x: LEFT, y: HEIGHT - 3 }, "2 min ago"),
    svg("text", { x: WIDTH, y: HEIGHT - 3, "text-anchor": "end" }, "now"),
  ];
}

/**
 * @param {{atMs: number, score: number}[]} piece
 * @param {number} nowMs
 */
function line(piece, nowMs) {
  const places = piece.map(({ atMs, score }) => [
    WIDTH - 3 - ((nowMs - atMs) / SPAN_MS) * (WIDTH - 3 - LEFT),
    y(score),
  ]);
  const last = places[places.length - 1];
  return [
    svg("polyline", { points: places.map((place) => place.join()).join(" ") }),
    svg("circle", { cx: last[0], cy: last[1], r: 2.5 }),
  ];
}
