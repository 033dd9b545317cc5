/** A permutation of which any prefix is spread evenly over the range. */

/**
 * A fixed quasi-random order, so that the first few are spread evenly.
 *
 * @param {number} n
 * @returns {Uint32Array} Every number below n once.
 */
export function spreadOrder(n) {
  const order = new Uint32Array(n);
  const step = strideFor(n);
  for (let at = 0, place = 0; at < n; at++, place = (place + step) % n) order[at] = place;
  return order;
}

/**
 * A stride near the golden section of n and coprime to it.
 *
 * @param {number} n
 */
function strideFor(n) {
  let step = Math.max(1, Math.round(n * 0.618034));
  while (divisor(step, n) !== 1) step++;
  return step;
}

/** @param {number} a @param {number} b @returns {number} */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
