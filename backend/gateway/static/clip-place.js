// Where the page is, in the address's fragment: a page that is loaded again goes on from there. Pure.

/**
 * @typedef {object} Place
 * @property {string | null} job what is under way
 * @property {string | null} clip what is there already, and what the job may be about
 * @property {boolean} faces
 */

/**
 * @param {string} fragment with or without its #
 * @returns {Place}
 */
export function placeOf(fragment) {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  return { job: said.get("job"), clip: said.get("clip"), faces: said.get("face") === "auto" };
}

/**
 * @param {Place} place
 * @returns {string} empty for nowhere
 */
export function fragmentOf({ job, clip, faces }) {
  const said = new URLSearchParams();
  if (job) said.set("job", job);
  if (clip) said.set("clip", clip);
  if (!job && !clip) return "";
  if (faces) said.set("face", "auto");
  return `#${said}`;
}
