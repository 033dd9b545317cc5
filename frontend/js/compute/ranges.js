/** The least and the largest of many numbers. */

/**
 * @param {ArrayLike<number>} values
 * @returns {[number, number]} Of those that are numbers; [0, 0] if none is.
 */
export function rangeOf(values) {
  let [least, most] = [Infinity, -Infinity];
  for (let at = 0; at < values.length; at++) {
    if (values[at] < least) least = values[at];
    if (values[at] > most) most = values[at];
  }
  return least <= most ? [least, most] : [0, 0];
}
