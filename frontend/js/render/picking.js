/**
 * Hit test of points. In a flat head at rest a spatial index is used; while points move or in 3-D,
 * a linear scan over typed arrays. Both give the same point.
 */

import { cellAt, cellCoefficients, cellVisibility, PERSPECTIVE } from '../compute/geometry.js';
import { createPointIndex } from './point_index.js';
import { FLAG } from '../compute/flag_bits.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {{cell: number, point: number}} Picked */

/**
 * Search hits and selected points, which lie on top, win over a plain point that is up to this much
 * nearer (CSS px).
 */
const TOP_LEAD_PX = 3;
/** The same for a dimmed point against a plain one. */
const DIMMED_LAG_PX = 3;
/** In 3-D, half a side in depth counts as much as this distance. */
const DEPTH_LEAD_PX = 3;

/**
 * Create a picker. It caches the spatial index of the last head, built on first use.
 * @returns {{pick: (frame: Frame, x: number, y: number, radius: number) => Picked | null}}
 */
export function createPicker() {
  const coefficients = new Float64Array(14);
  /** @type {{positions: Uint16Array, index: import('./point_index.js').PointIndex} | null} */
  let cached = null;

  /** @param {Frame} frame */
  function indexOf({ positions, nPoints }) {
    if (cached?.positions !== positions)
      cached = { positions, index: createPointIndex(positions, nPoints) };
    return cached.index;
  }

  return {
    pick(frame, x, y, radius) {
      const cell = cellNear(frame, x, y);
      if (cell < 0 || !frame.ready[cell]) return null;
      const c = cellCoefficients(frame, cell, coefficients);
      const isFlat = frame.dims === 2 && !frame.from && frame.cells.n === 1;
      const point = isFlat
        ? nearestByIndex(indexOf(frame), frame, x, y, radius, c)
        : nearestPoint(frame, cell, x, y, radius, c);
      return point < 0 ? null : { cell, point };
    },
  };
}

/**
 * The visible point of a cell nearest to a screen position.
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} x CSS px.
 * @param {number} y
 * @param {number} radius Farthest distance that still counts, CSS px.
 * @param {Float64Array} [c] Coefficients of the cell.
 * @returns {number} The point, or -1.
 */
export function nearestPoint(frame, cell, x, y, radius, c = cellCoefficients(frame, cell)) {
  const { dims, flags, from, nPoints, positions } = frame;
  const source = from ?? positions;
  const blend = from ? frame.blend : 1;
  const isDeep = dims === 3;
  const start = cell * nPoints * dims;
  let best = -1;
  let minDistance = Infinity;
  for (let point = 0, at = start; point < nPoints; point++, at += dims) {
    const u = source[at] + (positions[at] - source[at]) * blend;
    const v = source[at + 1] + (positions[at + 1] - source[at + 1]) * blend;
    const w = isDeep ? source[at + 2] + (positions[at + 2] - source[at + 2]) * blend : 0;
    const depth = c[8] * u + c[9] * v + c[10] * w + c[11];
    const grown = 1 / (1 + PERSPECTIVE * depth);
    const dx = (c[0] * u + c[1] * v + c[2] * w + c[3]) * grown + c[12] - x;
    const dy = (c[4] * u + c[5] * v + c[6] * w + c[7]) * grown + c[13] - y;
    if (dx * dx + dy * dy > radius * radius || flags[point] & FLAG.hidden) continue;
    const distance = Math.hypot(dx, dy) + leadOf(flags[point]) + 2 * DEPTH_LEAD_PX * depth;
    if (distance <= minDistance) {
      best = point;
      minDistance = distance;
    }
  }
  return best;
}

/**
 * The same, by spatial index, of a flat head at rest.
 * @param {import('./point_index.js').PointIndex} index Of its positions.
 * @param {Frame} frame
 * @param {number} x CSS px.
 * @param {number} y
 * @param {number} radius CSS px.
 * @param {Float64Array} c Coefficients of the cell.
 * @returns {number} The point, or -1.
 */
export function nearestByIndex(index, { flags, positions }, x, y, radius, c) {
  let best = -1;
  let minDistance = Infinity;
  const [middleX, middleY] = [(x - c[12] - c[3]) / c[0], (y - c[13] - c[7]) / c[5]];
  const [wide, high] = [radius / Math.abs(c[0]) + 1, radius / Math.abs(c[5]) + 1];
  index.near(
    { left: middleX - wide, right: middleX + wide, low: middleY - high, high: middleY + high },
    (point) => {
      const dx = c[0] * positions[2 * point] + c[3] + c[12] - x;
      const dy = c[5] * positions[2 * point + 1] + c[7] + c[13] - y;
      if (dx * dx + dy * dy > radius * radius || flags[point] & FLAG.hidden) return;
      const distance = Math.hypot(dx, dy) + leadOf(flags[point]);
      // ties: the later point lies on top
      if (distance > minDistance || (distance === minDistance && point < best)) return;
      best = point;
      minDistance = distance;
    },
  );
  return best;
}

/**
 * @param {number} flag
 * @returns {number} Offset added to the distance of a point with this flag.
 */
function leadOf(flag) {
  if (flag & (FLAG.hit | FLAG.selected | FLAG.user)) return -TOP_LEAD_PX;
  return flag & FLAG.dimmed ? DIMMED_LAG_PX : 0;
}

/**
 * @param {Frame} frame
 * @param {number} x
 * @param {number} y
 * @returns {number} The cell there; a single head fills the viewport.
 */
function cellNear(frame, x, y) {
  if (frame.cells.n === 1) return cellVisibility(frame, 0) === 'outside' ? -1 : 0;
  return cellAt(frame.cells, frame.transform, x, y);
}
