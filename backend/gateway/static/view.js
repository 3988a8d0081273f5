// An answer on the page: score, band, hint, measures, model and times.

import { element, write } from "./dom.js";
import { hintText } from "./guidance.js";

/**
 * @typedef {import("./gateway.js").Answer} Answer
 * @typedef {import("./guidance.js").Guidance} Guidance
 */

/**
 * @param {Answer} answer
 * @param {Guidance} guidance
 * @param {number} roundTripMs
 */
export function showAnswer(answer, guidance, roundTripMs) {
  write(element("score"), fixed(answer.score, 2));
  showGuidance(guidance);
  showMeter(answer);
  element("measures").replaceChildren(...Object.entries(answer.measures).map(measureRow));
  showModel(answer.model);
  write(element("round-trip"), `${roundTripMs.toFixed(0)} ms`);
  write(element("inference"), answer.cached ? "none, remembered" : ms(answer.timing_ms.triton));
  write(element("gateway-time"), ms(answer.timing_ms.total));
  write(element("raw-score"), fixed(answer.raw_score, 3));
  write(element("picture-size"), `${answer.picture.width} × ${answer.picture.height} px`);
  write(element("answered"), new Date().toLocaleTimeString());
}

/** @param {Guidance} guidance */
function showGuidance({ band, hint }) {
  element("band").dataset.band = band ?? "";
  write(element("band-word"), band ?? "–");
  element("hint").dataset.hint = hint ?? "";
  write(element("hint"), hintText(hint, band));
}

/** A hint is about the frame that was scored last, and no longer true of another. */
export function clearHint() {
  element("hint").dataset.hint = "";
  write(element("hint"), "");
}

/** @param {boolean} stale the answer is not about what is seen now */
export function markStale(stale) {
  const scored = element("score").textContent !== "–";
  element("answer").toggleAttribute("data-stale", stale);
  write(element("score-note"), stale && scored ? "of 1, not current" : "of 1");
}

/** @param {Answer} answer */
function showMeter({ score, model: { bands } }) {
  const meter = element("meter");
  const limits = [0, bands.fair, bands.good, 1];
  [...element("meter-scale").children].forEach((part, place) => {
    /** @type {HTMLElement} */ (part).style.flexGrow = String(limits[place + 1] - limits[place]);
  });
  element("meter-fill").style.width = `${100 * (score ?? 0)}%`;
  meter.setAttribute("aria-valuenow", fixed(score ?? 0, 2));
  meter.setAttribute(
    "aria-valuetext",
    score === null ? "no score" : `${fixed(score, 2)}; fair from ${bands.fair}, good from ${bands.good}`,
  );
}

/** @param {[string, number | null]} measure */
function measureRow([name, value]) {
  const row = document.createElement("tr");
  const label = document.createElement("th");
  label.scope = "row";
  label.textContent = name.replaceAll("_", " ");
  const bar = document.createElement("td");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  const fill = bar.appendChild(document.createElement("span"));
  fill.style.width = `${value ?? 0}%`;
  const number = document.createElement("td");
  number.textContent = fixed(value, 0);
  row.append(label, bar, number);
  return row;
}

/** @param {Answer["model"]} model */
function showModel(model) {
  write(element("model"), model.name);
  write(element("model-variant"), model.variant);
  write(element("model-version"), model.version ?? "–");
  write(element("weights"), model.weights_sha256?.slice(0, 12) ?? "none");
  element("random-weights").hidden = !model.random_weights;
}

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 */
const fixed = (value, digits) => value?.toFixed(digits) ?? "–";

/** @param {number | undefined} duration */
const ms = (duration) => (duration === undefined ? "–" : `${duration.toFixed(1)} ms`);
