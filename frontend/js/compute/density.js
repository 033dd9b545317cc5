/** Local density of the points of maps, for their opacity. */

import { windowOf } from './map_bounds.js';

/** @typedef {import('./map_bounds.js').Windows} Windows */

/** Steps of a byte for each doubling of the density, and the step of the mean density. */
export const STEPS = Object.freeze({ perDoubling: 16, even: 64 });
/** Points of a bin if all were spread evenly, and most bins on a side. */
const PER_BIN = 1;
const MAX_BINS = Object.freeze({ 2: 96, 3: 20 });
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
 * The density around each point, counted in bins and smoothed over the neighbouring bins.
 *
 * @param {Uint16Array} positions (cell, point, dims)
 * @param {2 | 3} dims
 * @param {number} nCells
 * @param {Windows | null} windows parts of flat maps that their cells show
 * @returns {Uint8Array} (cell, point) steps, see `densityOf`
 */
export function densitySteps(positions, dims, nCells, windows) {
  const nPoints = positions.length / dims / nCells;
  const steps = new Uint8Array(nCells * nPoints);
  const n = Math.ceil((nPoints / PER_BIN) ** (1 / dims));
  const nBins = Math.max(1, Math.min(MAX_BINS[dims], n));
  const bins = new Uint16Array(nPoints);
  const stepOf = stepsOfCounts(nPoints, nBins ** dims);
  for (let cell = 0; cell < nCells; cell++) {
    const start = cell * nPoints;
    fillBins(bins, positions, start * dims, dims, nBins, windowOf({ windows }, cell));
    const counts = new Float32Array(nBins ** dims);
    for (const bin of bins) counts[bin]++;
    for (let axis = 0; axis < dims; axis++) smooth(counts, nBins, nBins ** axis);
    for (let point = 0; point < nPoints; point++)
      steps[start + point] = stepOf(counts[bins[point]]);
  }
  return steps;
}

/**
 * @param {Uint16Array} bins (point) To fill.
 * @param {Uint16Array} positions
 * @param {number} start
 * @param {2 | 3} dims
 * @param {number} nBins on a side
 * @param {ArrayLike<number>} window
 */
function fillBins(bins, positions, start, dims, nBins, window) {
  const side = dims === 2 ? window[2] : 1;
  const scale = nBins / (FULL * side);
  const low = [0, 1, 2].map((axis) => (dims === 2 ? (window[axis] - side / 2) * FULL : 0));
  const last = nBins - 1;
  for (let point = 0, at = start; point < bins.length; point++, at += dims) {
    let bin = 0;
    for (let axis = dims - 1; axis >= 0; axis--) {
      const place = Math.floor((positions[at + axis] - low[axis]) * scale);
      bin = bin * nBins + (place < 0 ? 0 : place > last ? last : place);
    }
    bins[point] = bin;
  }
}

/**
 * Mean with both neighbours along an axis, which count half.
 *
 * @param {Float32Array} counts
 * @param {number} nBins on a side
 * @param {number} stride of the axis
 */
function smooth(counts, nBins, stride) {
  const last = (nBins - 1) * stride;
  for (let line = 0; line < counts.length; line++) {
    if (Math.floor(line / stride) % nBins !== 0) continue;
    let before = 0;
    for (let at = line; at <= line + last; at += stride) {
      const own = counts[at];
      const after = at < line + last ? counts[at + stride] : 0;
      counts[at] = before / 4 + own / 2 + after / 4;
      before = own;
    }
  }
}

/**
 * @param {number} nPoints
 * @param {number} nBins
 * @returns {(count: number) => number}
 */
function stepsOfCounts(nPoints, nBins) {
  const even = nPoints / nBins;
  return (count) => {
    const step = STEPS.even + STEPS.perDoubling * Math.log2(count / even);
    return Math.round(Math.min(255, Math.max(0, step)));
  };
}
