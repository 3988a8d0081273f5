// Files, chosen or dropped on the page.

import { element } from "./dom.js";

/** @param {(files: File[]) => void} use one at least */
export function onFiles(use) {
  const input = /** @type {HTMLInputElement} */ (element("file"));
  const target = document.documentElement;
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    if (files.length > 0) use(files);
    input.value = ""; // so that the same file may be chosen again
  });
  target.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would open the file in place of the page
    target.toggleAttribute("data-dropping", true);
  });
  target.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) target.toggleAttribute("data-dropping", false);
  });
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.toggleAttribute("data-dropping", false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) use(files);
  });
}
