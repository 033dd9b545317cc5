/**
 * The part of each flat map that its cell shows: cropped to the bulk of the points where a few
 * outliers would squeeze all others into a corner.
 */

/**
 * Points farther from the interquartile range of an axis than this many times its width are
 * outliers. (Tukey 1977, "Exploratory data analysis".)
 */
const REACH = 1.5;
/** With a larger share of outliers the whole map is shown. */
const MAX_FAR = 0.04;
/** Margin around the bulk, as a factor of its side. */
const AIR = 1.08;
/** If the bulk has a longer side than this share of the map, the whole map is shown. */
const MAX_SHARE = 0.75;
/** Positions are quantised too coarsely to be enlarged further. */
const MIN_SHARE = 0.1;
const BINS = 256;
const FULL = 65536;
/** All of a map. */
const WHOLE = Float32Array.of(0.5, 0.5, 1);

/** @typedef {import('../types.d.ts').Frame} Frame */

/**
 * Centre x, centre y and side as shares of the whole map: three numbers per cell.
 *
 * @typedef {Float32Array} Windows
 */

/**
 * @param {Uint16Array} positions (cell, point, 2)
 * @param {Uint8Array} ready (cell)
 * @param {number} nPoints of a cell
 * @param {Uint8Array | null} [present] (cell, point) which points each cell has; null: all
 * @returns {Windows | null} null where every cell shows all of its map
 */
export function bulkWindows(positions, ready, nPoints, present = null) {
  const windows = new Float32Array(3 * ready.length);
  let nParts = 0;
  for (let cell = 0; cell < ready.length; cell++) {
    const part = ready[cell] ? bulkOf(...presentIn(positions, nPoints, cell, present)) : null;
    windows.set(part ?? [0.5, 0.5, 1], 3 * cell);
    if (part) nParts++;
  }
  return nParts > 0 ? windows : null;
}

/**
 * The points of a cell, and how many these are.
 *
 * @param {Uint16Array} positions
 * @param {number} nPoints
 * @param {number} cell
 * @param {Uint8Array | null} present
 * @returns {[positions: Uint16Array, n: number]}
 */
function presentIn(positions, nPoints, cell, present) {
  const start = cell * nPoints;
  const all = positions.subarray(2 * start, 2 * (start + nPoints));
  if (!present) return [all, nPoints];
  const places = new Uint16Array(all.length);
  let n = 0;
  for (let point = 0; point < nPoints; point++)
    if (present[start + point]) places.set(all.subarray(2 * point, 2 * point + 2), 2 * n++);
  return [places, n];
}

/**
 * @param {Uint16Array} positions (point, 2)
 * @param {number} n
 * @returns {[number, number, number] | null}
 */
function bulkOf(positions, n) {
  const counts = [new Uint32Array(BINS), new Uint32Array(BINS)];
  for (let at = 0; at < 2 * n; at += 2) {
    counts[0][positions[at] >> 8]++;
    counts[1][positions[at + 1] >> 8]++;
  }
  const ends = counts.map((bins) => whiskers(bins, n));
  const side = Math.max(MIN_SHARE, AIR * Math.max(...ends.map(([low, high]) => high - low)));
  if (n === 0 || side > MAX_SHARE) return null;
  // Beyond the border of the map there would only be empty space.
  const [x, y] = ends.map(([low, high]) =>
    Math.min(1 - side / 2, Math.max(side / 2, (low + high) / 2)),
  );
  return outsideOf(positions, n, [x, y, side]).length <= MAX_FAR * n ? [x, y, side] : null;
}

/**
 * Range of the points that are not outliers along an axis, 0..1.
 *
 * @param {Uint32Array} bins
 * @param {number} n
 */
function whiskers(bins, n) {
  const [low, high] = [quantileOf(bins, n / 4), quantileOf(bins, (3 * n) / 4)];
  const reach = REACH * (high - low);
  let [first, last] = [
    Math.max(0, Math.floor(low - reach)),
    Math.min(BINS - 1, Math.ceil(high + reach)),
  ];
  while (first < last && bins[first] === 0) first++;
  while (last > first && bins[last] === 0) last--;
  return [first / BINS, (last + 1) / BINS];
}

/** The bin below which `nBelow` points lie. @param {Uint32Array} bins @param {number} nBelow */
function quantileOf(bins, nBelow) {
  let [bin, below] = [0, 0];
  while (bin < BINS - 1 && below + bins[bin] < nBelow) below += bins[bin++];
  return bin;
}

/**
 * The points of each cell that lie outside its window.
 *
 * @param {Uint16Array} positions (cell, point, 2)
 * @param {Windows} windows
 * @param {number} nPoints of a cell
 * @returns {number[][]} (cell)
 */
export function farPoints(positions, windows, nPoints) {
  return Array.from({ length: windows.length / 3 }, (_, cell) => {
    const part = windows.subarray(3 * cell, 3 * cell + 3);
    return part[2] === 1
      ? []
      : outsideOf(positions.subarray(2 * cell * nPoints, 2 * (cell + 1) * nPoints), nPoints, part);
  });
}

/**
 * @param {Uint16Array} positions (point, 2)
 * @param {number} n
 * @param {ArrayLike<number> & Iterable<number>} part
 */
function outsideOf(positions, n, [x, y, side]) {
  const [left, right, low, high] = [x - side / 2, x + side / 2, y - side / 2, y + side / 2].map(
    (share) => share * FULL,
  );
  const found = [];
  for (let point = 0; point < n; point++) {
    const [u, v] = [positions[2 * point], positions[2 * point + 1]];
    if (u < left || u > right || v < low || v > high) found.push(point);
  }
  return found;
}

/**
 * Interpolate the windows of two maps.
 *
 * @param {Windows | null} from
 * @param {Windows | null} to
 * @param {number} blend 0: from, 1: to
 */
export function mixWindows(from, to, blend) {
  const known = from ?? to;
  if (blend >= 1 || !known) return to;
  return Float32Array.from({ length: known.length }, (_, at) => {
    const whole = at % 3 === 2 ? 1 : 0.5;
    const [before, after] = [from?.[at] ?? whole, to?.[at] ?? whole];
    return before + (after - before) * blend;
  });
}

/**
 * @param {Pick<Frame, 'windows'>} frame
 * @param {number} cell
 * @returns {ArrayLike<number> & Iterable<number>} The window of a cell: centre x, centre y, side.
 */
export function windowOf({ windows }, cell) {
  return windows ? windows.subarray(3 * cell, 3 * cell + 3) : WHOLE;
}

/**
 * The clipping square of a cell, so that outliers are not drawn over its neighbours.
 * @param {Frame} frame
 * @param {number} cell
 * @returns {{left: number, top: number, side: number} | null} In CSS pixels; null where nothing is
 *   clipped.
 */
export function clipOf({ cells, dims, transform: { k, x, y }, windows }, cell) {
  if (!windows || dims !== 2 || cells.n === 1 || windows[3 * cell + 2] === 1) return null;
  return { left: cells.x[cell] * k + x, top: cells.y[cell] * k + y, side: cells.size[cell] * k };
}
