/** Spatial index of the points of a flat map. */

/** Mean number of points per bin, and maximum number of bins per side. */
const PER_BIN = 4;
const MAX_BINS = 256;
const FULL = 65536;

/**
 * @param {Uint16Array} positions (point, 2), 0..65535; not to be changed afterwards.
 * @param {number} nPoints
 */
export function createPointIndex(positions, nPoints) {
  const n = Math.max(1, Math.min(MAX_BINS, Math.ceil(Math.sqrt(nPoints / PER_BIN))));
  /** @param {number} place 0..65535; clamped to the outermost bins. */
  const binOf = (place) => Math.min(n - 1, Math.max(0, Math.floor((place * n) / FULL)));
  /** Where each bin begins in `points`, row by row of the map. */
  const starts = new Uint32Array(n * n + 1);
  const bins = new Uint16Array(nPoints);
  for (let point = 0; point < nPoints; point++) {
    bins[point] = binOf(positions[2 * point + 1]) * n + binOf(positions[2 * point]);
    starts[bins[point] + 1]++;
  }
  for (let bin = 0; bin < n * n; bin++) starts[bin + 1] += starts[bin];
  const next = starts.slice();
  const points = new Uint32Array(nPoints);
  for (let point = 0; point < nPoints; point++) points[next[bins[point]]++] = point;

  return {
    /**
     * Call a function for every point of the bins that a rectangle touches, a superset of the
     * points inside.
     * @param {{left: number, right: number, low: number, high: number}} rectangle In the
     *   coordinates of positions.
     * @param {(point: number) => void} visit
     */
    near({ left, right, low, high }, visit) {
      const [first, last] = [binOf(left), binOf(right)];
      for (let row = binOf(low); row <= binOf(high); row++) {
        const end = starts[row * n + last + 1];
        for (let at = starts[row * n + first]; at < end; at++) visit(points[at]);
      }
    },
  };
}

/** @typedef {ReturnType<typeof createPointIndex>} PointIndex */
