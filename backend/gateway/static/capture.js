// The camera: opened, listed, and its current frame as a JPEG.

const JPEG_QUALITY = 0.9;
// More than the model takes, so that scaling down is the server's, and little enough to send.
const LARGEST_SIDE_PX = 1280;
const canvas = document.createElement("canvas");

/** @typedef {{state: string, text: string}} CameraProblem */

export const INSECURE = {
  state: "insecure",
  text: "Browsers give the camera to secure pages only: open this page over HTTPS or on localhost.",
};
export const ENDED = {
  state: "ended",
  text: "The camera was unplugged, taken by another program, or is no longer allowed.",
};

/**
 * @param {string} deviceId empty: the browser's choice
 * @returns {Promise<MediaStream>}
 */
export function openCamera(deviceId) {
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "user" } };
  return navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 1280 }, height: { ideal: 720 }, ...which },
  });
}

/**
 * @param {unknown} error
 * @returns {CameraProblem}
 */
export function cameraProblem(error) {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
      return {
        state: "denied",
        text: "The camera was not allowed: permit it for this page in the browser's settings.",
      };
    case "NotFoundError":
    case "OverconstrainedError":
      return { state: "no-camera", text: "No camera was found: connect one." };
    case "NotReadableError":
      return { state: "in-use", text: "The camera is in use by another program: close that one." };
    default:
      return { state: "broken", text: `The camera cannot be used (${error}).` };
  }
}

/** @param {MediaStream | null} stream */
export function stopCamera(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

/**
 * Offers the cameras; one alone is no choice.
 * @param {HTMLSelectElement} choice
 * @param {MediaStream} stream the one in use
 */
export async function listCameras(choice, stream) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter((device) => device.kind === "videoinput");
  const used = stream.getVideoTracks()[0]?.getSettings().deviceId;
  choice.replaceChildren(
    ...cameras.map(
      ({ label, deviceId }, place) =>
        new Option(label || `Camera ${place + 1}`, deviceId, false, deviceId === used),
    ),
  );
  /** @type {HTMLElement} */ (choice.parentElement).hidden = cameras.length < 2;
}

/**
 * So that the browser chooses next time: the one that was chosen may be gone.
 * @param {HTMLSelectElement} choice
 */
export function forgetCameras(choice) {
  choice.replaceChildren();
  /** @type {HTMLElement} */ (choice.parentElement).hidden = true;
}

/**
 * @param {HTMLVideoElement} video
 * @returns {Promise<Blob>} the current frame as JPEG, not mirrored
 */
export async function takeFrame(video) {
  const scale = Math.min(1, LARGEST_SIDE_PX / Math.max(video.videoWidth, video.videoHeight));
  if (!Number.isFinite(scale)) throw new Error("the camera has sent no picture yet");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      // A browser without a JPEG encoder hands out a PNG instead.
      (blob) =>
        blob?.type === "image/jpeg" ? resolve(blob) : reject(new Error("no JPEG encoder")),
      "image/jpeg",
      JPEG_QUALITY,
    ),
  );
}
