/** Minimum and maximum of an array. */

/**
 * @param {ArrayLike<number>} values
 * @returns {[number, number]} NaN is ignored; [0, 0] if there is no number.
 */
export function rangeOf(values) {
  let [min, max] = [Infinity, -Infinity];
  for (let at = 0; at < values.length; at++) {
    if (values[at] < min) min = values[at];
    if (values[at] > max) max = values[at];
  }
  return min <= max ? [min, max] : [0, 0];
}
