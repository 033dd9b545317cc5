/** Where the tokens and points of user sequences lie among those of a dataset. */

/** @import { Answer, Layer } from '../user_sequences/live.js' */

/** Largest coordinate of a map. */
export const LAST_STEP = 65535;

/** The first token of each user sequence. @param {Layer} layer @returns {number[]} */
export function startsOf({ firstToken, sequences }) {
  let next = firstToken;
  return sequences.map(({ answer: { n } }) => (next += n) - n);
}

/** Which user sequence a token is of, or -1. @param {Layer} layer @param {number} token */
export function sequenceAt(layer, token) {
  return startsOf(layer).findLastIndex(
    (start, i) => token >= start && token < start + layer.sequences[i].answer.n,
  );
}

/**
 * Number of points of a sequence that lie outside the map of a head.
 *
 * @param {Answer} answer
 * @param {string} map
 * @param {number} cell layer by layer
 */
export function nOutside({ n, places }, map, cell) {
  const found = places.get(map);
  if (!found) return 0;
  const { dims, steps } = found;
  let count = 0;
  for (let point = 0; point < 2 * n; point++) {
    const at = (2 * n * cell + point) * dims;
    if (steps.subarray(at, at + dims).some((step) => step < -0.5 || step >= LAST_STEP + 0.5))
      count++;
  }
  return count;
}
