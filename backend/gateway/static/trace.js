// The name of a trace that begins here, for a gateway that keeps traces; others do not look at it.

/** @returns {string} the header `traceparent` of one request, as W3C Trace Context has it */
export function traceparent() {
  return `00-${random(16)}-${random(8)}-01`;
}

/** @param {number} bytes */
function random(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}
