// From the files that were chosen to the request that carries them. Pure.

const PICTURES = ["image/jpeg", "image/png", "image/webp"];
const VIDEOS = ["video/mp4", "video/webm", "video/x-motion-jpeg"];

/**
 * @typedef {{path: string, body: Blob | FormData, contentType: string | null, sizeBytes: number}} Sending
 *   contentType null: the browser's own, for a form.
 */

/**
 * One video, or pictures: a burst.
 * @param {File[]} files
 * @param {number} frames of a video; of a burst all are kept
 * @returns {Sending | null} null: neither
 */
export function sending(files, frames) {
  const sizeBytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > 0 && files.every((file) => PICTURES.includes(file.type))) {
    const body = new FormData();
    for (const file of inOrder(files)) body.append("image", file);
    return { path: "/v1/clips", body, contentType: null, sizeBytes };
  }
  if (files.length !== 1) return null;
  const [video] = files;
  // What it is is read from its first bytes; the browser knows little more than the file's name.
  const contentType = VIDEOS.includes(video.type) ? video.type : "application/octet-stream";
  return { path: `/v1/clips?frames=${frames}`, body: video, contentType, sizeBytes };
}

/**
 * As the camera numbered them: 2 before 10.
 * @param {File[]} files
 */
function inOrder(files) {
  return [...files].sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
}
