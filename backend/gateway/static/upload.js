// A still picture, chosen as a file or dropped on the page.

import { element } from "./dom.js";

/** @param {(file: File) => void} use */
export function onPicture(use) {
  const input = /** @type {HTMLInputElement} */ (element("file"));
  const target = document.documentElement;
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) use(file);
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
    const file = event.dataTransfer?.files[0];
    if (file) use(file);
  });
}
