/** Local density of the points of maps, for their opacity. */

import { windowOf } from './map_bounds.js';

/** @typedef {import('./map_bounds.js').Windows} Windows */
/** @import { Frame } from '../types.js' */

/** Steps of a byte for each doubling of the density, and the step of the mean density. */
export const STEPS = Object.freeze({ perDoubling: 16, even: 64 });
/** Instead of a step: the cell has no such point. */
export const ABSENT = 255;
/** Most bins along an axis; with fewer points there is one bin for each. */
const MAX_BINS = Object.freeze({ 2: 96, 3: 20 });
/** Smoothed counts from which on densities are not told apart. */
const MAX_COUNT = 1 << 16;
const FULL = 65536;

/**
 * The density of a step: how many times as many points lie there as if all were spread evenly.
 *
 * @param {number} step
 */
export function densityOf(step) {
  return 2 ** ((step - STEPS.even) / STEPS.perDoubling);
}

/**
 * Whether a cell has no such point.
 *
 * @param {Pick<Frame, 'density' | 'nPoints'>} frame
 * @param {number} cell
 * @param {number} point
 */
export function isAbsent({ density, nPoints }, cell, point) {
  return density[cell * nPoints + point] === ABSENT;
}

/**
 * The density around each point, counted in bins and smoothed over the neighbouring bins.
 *
 * @param {Uint16Array} positions (cell, point, dims)
 * @param {2 | 3} dims
 * @param {number} nCells
 * @param {Windows | null} windows parts of flat maps that their cells show
 * @param {Uint8Array | null} [present] (cell, point) which points each cell has; null: all
 * @returns {Uint8Array} (cell, point) steps, see `densityOf`, or `ABSENT`
 */
export function densitySteps(positions, dims, nCells, windows, present = null) {
  const nPoints = positions.length / dims / nCells;
  const steps = new Uint8Array(nCells * nPoints);
  const side = Math.max(1, Math.min(MAX_BINS[dims], Math.ceil(nPoints ** (1 / dims))));
  const bins = new Uint16Array(nPoints);
  const counts = new Int32Array(side ** dims);
  const stepOf = stepsOfCounts(nPoints, side, dims);
  for (let cell = 0; cell < nCells; cell++) {
    const start = cell * nPoints;
    fillBins(bins, positions, start * dims, dims, side, windowOf({ windows }, cell));
    counts.fill(0);
    for (let point = 0; point < nPoints; point++)
      if (!present || present[start + point]) counts[bins[point]]++;
    for (let axis = 0; axis < dims; axis++) smooth(counts, side, side ** axis);
    for (let point = 0; point < nPoints; point++)
      steps[start + point] =
        present && !present[start + point]
          ? ABSENT
          : stepOf[Math.min(MAX_COUNT, counts[bins[point]])];
  }
  return steps;
}

/**
 * @param {Uint16Array} bins (point) To fill.
 * @param {Uint16Array} positions
 * @param {number} start
 * @param {2 | 3} dims
 * @param {number} side Bins along an axis.
 * @param {ArrayLike<number>} window
 */
function fillBins(bins, positions, start, dims, side, window) {
  const share = dims === 2 ? window[2] : 1;
  const scale = side / (FULL * share);
  const [left, low] = [0, 1].map((axis) =>
    dims === 2 ? (window[axis] - share / 2) * FULL * scale : 0,
  );
  const last = side - 1;
  for (let point = 0, at = start; point < bins.length; point++, at += dims) {
    const column = Math.max(0, Math.min(last, (positions[at] * scale - left) | 0));
    const row = Math.max(0, Math.min(last, (positions[at + 1] * scale - low) | 0));
    const depth = dims === 3 ? (positions[at + 2] * scale) | 0 : 0;
    bins[point] = (depth * side + row) * side + column;
  }
}

/**
 * Four times the mean with both neighbours along an axis, which count half.
 *
 * @param {Int32Array} counts
 * @param {number} side
 * @param {number} stride of the axis
 */
export function smooth(counts, side, stride) {
  for (let block = 0; block < counts.length; block += side * stride) {
    for (let line = block; line < block + stride; line++) {
      let before = 0;
      for (let at = line, end = line + side * stride; at < end; at += stride) {
        const own = counts[at];
        counts[at] = before + 2 * own + (at + stride < end ? counts[at + stride] : 0);
        before = own;
      }
    }
  }
}

/**
 * The step of each smoothed count.
 *
 * @param {number} nPoints
 * @param {number} side
 * @param {2 | 3} dims
 */
function stepsOfCounts(nPoints, side, dims) {
  const even = (4 ** dims * nPoints) / side ** dims;
  const steps = new Uint8ClampedArray(MAX_COUNT + 1);
  for (let count = 1; count < steps.length; count++)
    steps[count] = Math.min(ABSENT - 1, STEPS.even + STEPS.perDoubling * Math.log2(count / even));
  return steps;
}
