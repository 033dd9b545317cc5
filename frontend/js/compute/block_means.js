/** Means of even blocks: what is drawn of more numbers than there are pixels. */

/**
 * Where each of `side` blocks begins among `n` places, and `n` at the end.
 *
 * @param {number} n
 * @param {number} side
 */
export function blockStarts(n, side) {
  return Int32Array.from({ length: side + 1 }, (_, i) => Math.floor((i * n) / side));
}

/**
 * @param {{width: number, height: number, values: Float32Array}} given row by row
 * @param {number} most blocks on a side
 * @param {Int32Array | null} [rowEdges] where each row of given blocks begins, and the end: how
 *   much each counts
 * @param {Int32Array | null} [columnEdges] the same of columns
 * @returns {{width: number, height: number, values: Float32Array}} as given, if it has no more
 */
export function blockMeans(given, most, rowEdges = null, columnEdges = rowEdges) {
  const [width, height] = [Math.min(given.width, most), Math.min(given.height, most)];
  if (width === given.width && height === given.height) return given;
  const [left, top] = [blockStarts(given.width, width), blockStarts(given.height, height)];
  /** @param {Int32Array | null} edges @param {number} i */
  const weigh = (edges, i) => (edges ? edges[i + 1] - edges[i] : 1);
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [sum, total] = [0, 0];
      for (let row = top[y]; row < top[y + 1]; row++)
        for (let column = left[x]; column < left[x + 1]; column++) {
          const weight = weigh(rowEdges, row) * weigh(columnEdges, column);
          sum += weight * given.values[row * given.width + column];
          total += weight;
        }
      values[y * width + x] = sum / total;
    }
  }
  return { width, height, values };
}
