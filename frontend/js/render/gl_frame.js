/** Per-frame data of the WebGL2 renderer as plain arrays. */

import { clipOf } from '../compute/map_bounds.js';
import { cellCoefficients, cellVisibility, INSET } from '../compute/geometry.js';
import { LOOK, LOOK_SHIFT } from './shaders.js';
import { createProjected, projectPoints } from './splat.js';
import { farToNear, lookOf } from './style.js';
import { FLAG } from '../compute/flag_bits.js';

/** @typedef {import('../types.d.ts').Frame} Frame */

/** Clip distance that clips nothing, device pixels. */
const UNCUT = 1e9;

/**
 * The visible cells as texels, three a cell: middle x, middle y, side of the drawn square, index;
 * number of marks over each place, if they were spread evenly; middle and side of the part of the
 * map that fills it, and how far from the middle points are drawn.
 * @param {Frame} frame
 * @param {number[]} visible
 * @param {(side: number) => number} layersOf Marks over each place of a cell with this side in
 *   device pixels, inside of its padding.
 * @returns {Float32Array}
 */
export function cellsTexels(frame, visible, layersOf) {
  const { transform, ratio, cells } = frame;
  const texels = new Float32Array(12 * visible.length);
  visible.forEach((cell, at) => {
    const side = cells.size[cell] * transform.k * ratio;
    const part =
      frame.dims === 2 && frame.windows
        ? frame.windows.subarray(3 * cell, 3 * cell + 3)
        : [0.5, 0.5, 1];
    texels.set(
      [
        (cells.x[cell] * transform.k + transform.x) * ratio + side / 2,
        (cells.y[cell] * transform.k + transform.y) * ratio + side / 2,
        side * (1 - 2 * INSET),
        cell,
        layersOf(side * (1 - 2 * INSET)),
        0,
        0,
        0,
        ...part,
        clipOf(frame, cell) ? side / 2 : UNCUT,
      ],
      12 * at,
    );
  });
  return texels;
}

/**
 * The order in which points are drawn, each entry with its look in the three highest bits.
 * @param {Frame} frame
 * @param {Uint32Array} base
 * @param {Uint32Array} top
 * @returns {Uint32Array} Plain points, points that stand out, emphasised points that are not
 *   hidden.
 */
export function orderEntries({ flags, emphasis }, base, top) {
  const last = emphasis.filter((point) => !(flags[point] & FLAG.hidden));
  const entries = new Uint32Array(base.length + top.length + last.length);
  entries.set(base);
  let at = base.length;
  for (const point of top) {
    entries[at++] = ((LOOK[lookOf(flags[point])] << LOOK_SHIFT) | point) >>> 0;
  }
  for (const point of last) entries[at++] = ((LOOK.emphasis << LOOK_SHIFT) | point) >>> 0;
  return entries;
}

/**
 * Points of one 3-D cell from far to near.
 * @param {Frame} frame
 * @param {number} cell
 * @param {Uint32Array} order
 * @returns {Uint32Array}
 */
export function depthOrder(frame, cell, order) {
  const projected = createProjected(frame.nPoints);
  const start = cell * frame.nPoints * frame.dims;
  const { positions, from, blend, dims } = frame;
  projectPoints(projected, { positions, from, blend, start }, dims, cellCoefficients(frame, cell));
  return farToNear(order, projected.depth);
}

/**
 * The squares behind the cells in device pixels, with their packed colours.
 * @param {Frame} frame
 * @returns {{left: number, top: number, right: number, bottom: number, color: number}[]}
 */
export function tileRectangles(frame) {
  const { transform, ratio, cells, tiles } = frame;
  const rectangles = [];
  for (let cell = 0; tiles && cell < cells.n; cell++) {
    if (!tiles[cell] || cellVisibility(frame, cell) === 'outside') continue;
    const left = (cells.x[cell] * transform.k + transform.x) * ratio;
    const top = (cells.y[cell] * transform.k + transform.y) * ratio;
    const side = cells.size[cell] * transform.k * ratio;
    rectangles.push({
      left: Math.round(left),
      top: Math.round(top),
      right: Math.round(left + side),
      bottom: Math.round(top + side),
      color: tiles[cell],
    });
  }
  return rectangles;
}
