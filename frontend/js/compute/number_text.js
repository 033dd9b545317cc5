/** Numbers as text, with or without their noun. */

/** @param {number} n A whole number. */
export function count(n) {
  // Without the browser's own tables of languages: the first map would wait until they are loaded.
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
