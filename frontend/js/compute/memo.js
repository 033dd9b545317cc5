/** Memoisation of the last call. */

/**
 * Return a function that caches its last result and returns it for the same parameters.
 *
 * @template {readonly unknown[]} P
 * @template R
 * @param {(...parameters: P) => R} compute
 * @returns {(...parameters: P) => R}
 */
export function lastOnly(compute) {
  /** @type {{parameters: P, result: R} | null} */
  let last = null;
  return (...parameters) => {
    if (!last || parameters.some((value, i) => !Object.is(value, last?.parameters[i]))) {
      last = { parameters, result: compute(...parameters) };
    }
    return last.result;
  };
}
