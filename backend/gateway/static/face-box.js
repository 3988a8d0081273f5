// The face's box over the preview. The drawing has the picture's own pixels as its units, and is
// fitted, and mirrored, as the picture is.

import { element, svg } from "./dom.js";

const drawing = element("face-box");

/** @param {import("./gateway.js").Answer} answer */
export function showFaceBox({ face, picture }) {
  if (!face?.box) return hideFaceBox();
  drawing.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  drawing.replaceChildren(svg("rect", { ...face.box }));
}

export function hideFaceBox() {
  drawing.replaceChildren();
}
