/** The part of each flat map that its cell shows: where a few far points would squeeze all others into a corner, the bulk. */

/** Share of the points that may lie outside at each end of an axis. */
const TAIL = 0.025;
/** Room around the bulk, as a factor of its side. */
const AIR = 1.12;
/** A part with a longer side than this share of the whole would gain little: all is shown. */
const MOST_SHARE = 0.66;
/** Positions have too few steps to be enlarged further. */
const LEAST_SHARE = 0.1;
const BINS = 256;
const FULL = 65536;
/** All of a map. */
const WHOLE = Float32Array.of(0.5, 0.5, 1);

/** @typedef {import('./types.d.ts').Frame} Frame */

/** Middle across and upwards, and side, as shares of the whole map: three numbers a cell. @typedef {Float32Array} Windows */

/**
 * @param {Uint16Array} positions (cell, point, 2)
 * @param {Uint8Array} ready (cell)
 * @param {number} nPoints of a cell
 * @returns {Windows | null} null where every cell shows all of its map
 */
export function bulkWindows(positions, ready, nPoints) {
  const windows = new Float32Array(3 * ready.length);
  let nParts = 0;
  for (let cell = 0; cell < ready.length; cell++) {
    const part = ready[cell] ? bulkOf(positions.subarray(2 * cell * nPoints, 2 * (cell + 1) * nPoints), nPoints) : null;
    windows.set(part ?? [0.5, 0.5, 1], 3 * cell);
    if (part) nParts++;
  }
  return nParts > 0 ? windows : null;
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
  const ends = counts.map((bins) => [endOf(bins, n, 1), endOf(bins, n, -1)]);
  const side = Math.max(LEAST_SHARE, AIR * Math.max(...ends.map(([low, high]) => high - low)));
  if (n === 0 || side > MOST_SHARE) return null;
  // A part that reaches over the border of the map would show room where nothing is.
  const [x, y] = ends.map(([low, high]) => Math.min(1 - side / 2, Math.max(side / 2, (low + high) / 2)));
  return [x, y, side];
}

/** Where the bulk begins or ends along an axis, 0..1. @param {Uint32Array} bins @param {number} n @param {1 | -1} step */
function endOf(bins, n, step) {
  let left = Math.floor(TAIL * n);
  let bin = step > 0 ? 0 : BINS - 1;
  while (left >= bins[bin]) {
    left -= bins[bin];
    bin += step;
  }
  return (step > 0 ? bin : bin + 1) / BINS;
}

/**
 * The points of each cell that lie outside of its part.
 *
 * @param {Uint16Array} positions (cell, point, 2)
 * @param {Windows} windows
 * @param {number} nPoints of a cell
 * @returns {number[][]} (cell)
 */
export function farPoints(positions, windows, nPoints) {
  return Array.from({ length: windows.length / 3 }, (_, cell) => {
    const [x, y, side] = windows.subarray(3 * cell, 3 * cell + 3);
    if (side === 1) return [];
    const [left, right, low, high] = [x - side / 2, x + side / 2, y - side / 2, y + side / 2].map((share) => share * FULL);
    const found = [];
    for (let point = 0, at = 2 * cell * nPoints; point < nPoints; point++, at += 2) {
      const [u, v] = [positions[at], positions[at + 1]];
      if (u < left || u > right || v < low || v > high) found.push(point);
    }
    return found;
  });
}

/**
 * The parts on the way from one map to another.
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

/** @param {Frame} frame @param {number} cell @returns {ArrayLike<number> & Iterable<number>} The part of its map that fills a cell: middle across and upwards, side. */
export function windowOf({ windows }, cell) {
  return windows ? windows.subarray(3 * cell, 3 * cell + 3) : WHOLE;
}

/**
 * The square that a cell's points may not leave, where they could lie outside of it: beside other cells.
 * @param {Frame} frame
 * @param {number} cell
 * @returns {{left: number, top: number, side: number} | null} In CSS pixels; null where nothing is cut off.
 */
export function clipOf({ cells, dims, transform: { k, x, y }, windows }, cell) {
  if (!windows || dims !== 2 || cells.n === 1 || windows[3 * cell + 2] === 1) return null;
  return { left: cells.x[cell] * k + x, top: cells.y[cell] * k + y, side: cells.size[cell] * k };
}
