/** Numbers as text, with or without their noun. */

/** @param {number} n A whole number. */
export function count(n) {
  // Not Intl.NumberFormat: loading its locale data would delay the first map.
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, '\u202f');
}

/**
 * A number with its noun: "1 sentence", "200 sentences".
 *
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function counted(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}
