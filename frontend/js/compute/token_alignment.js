/** Common tokens of two sequences, side by side, and the difference of their patterns. */

/** Larger tables are not computed: only the common beginning and end are aligned. */
const MAX_CELLS = 4_000_000;

/**
 * Align two sequences by a longest common subsequence of their tokens.
 *
 * @param {readonly string[]} own
 * @param {readonly string[]} other
 * @returns {Int32Array} of each own position the other one, or -1
 */
export function commonTokens(own, other) {
  const found = new Int32Array(own.length).fill(-1);
  const least = Math.min(own.length, other.length);
  let start = 0;
  while (start < least && own[start] === other[start]) found[start] = start++;
  let [end, otherEnd] = [own.length, other.length];
  while (Math.min(end, otherEnd) > start && own[end - 1] === other[otherEnd - 1])
    found[--end] = --otherEnd;
  const [rows, columns] = [end - start, otherEnd - start];
  if (rows * columns === 0 || rows * columns > MAX_CELLS) return found;

  // Length of the longest common subsequence of what follows: (row, column).
  const lengths = new Int32Array((rows + 1) * (columns + 1));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => i * (columns + 1) + j;
  const isSame = (/** @type {number} */ i, /** @type {number} */ j) =>
    own[start + i] === other[start + j];
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--)
      lengths[at(i, j)] = isSame(i, j)
        ? lengths[at(i + 1, j + 1)] + 1
        : Math.max(lengths[at(i + 1, j)], lengths[at(i, j + 1)]);
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (isSame(i, j)) found[start + i++] = start + j++;
    else if (lengths[at(i + 1, j)] >= lengths[at(i, j + 1)]) i++;
    else j++;
  }
  return found;
}

/**
 * Rows of two lists side by side: what is common shares a row, and where one list has something
 * that the other lacks, the other one has a gap.
 *
 * @param {Int32Array} partners of each own position the other one, or -1; increasing
 * @param {number} nOther
 * @returns {{own: Int32Array, other: Int32Array, n: number}} row of each position, and their number
 */
export function rowsSideBySide(partners, nOther) {
  const own = new Int32Array(partners.length);
  const other = new Int32Array(nOther);
  let [row, j] = [0, 0];
  partners.forEach((partner, i) => {
    while (j < partner) other[j++] = row++;
    if (partner >= 0) other[j++] = row;
    own[i] = row++;
  });
  while (j < nOther) other[j++] = row++;
  return { own, other, n: row };
}

/**
 * The first pattern minus the second, of the tokens that both have.
 *
 * @param {{n: number, pattern: Float32Array}} first [query_pos, key_pos] row by row
 * @param {{n: number, pattern: Float32Array}} second
 * @param {Int32Array} common of each position of the first that of the second, or -1
 * @returns {{n: number, pattern: Float32Array, positions: number[]}} -1..1, and of each row and
 *   column the position in the first
 */
export function patternDifference(first, second, common) {
  const positions = [...common.keys()].filter((i) => common[i] >= 0);
  const n = positions.length;
  const pattern = new Float32Array(n * n);
  positions.forEach((query, row) => {
    positions.forEach((key, column) => {
      pattern[row * n + column] =
        first.pattern[query * first.n + key] -
        second.pattern[common[query] * second.n + common[key]];
    });
  });
  return { n, pattern, positions };
}
