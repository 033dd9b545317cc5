/** Points inside a lasso polygon. */

import { isAbsent } from '../compute/density.js';
import { clipOf } from '../compute/map_bounds.js';
import { cellCoefficients, projectPoint } from '../compute/geometry.js';
import { FLAG } from '../compute/flag_bits.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/**
 * @typedef {readonly (readonly [number, number])[]} Polygon Vertices in CSS pixels; closed
 *   implicitly.
 */

/**
 * Point-in-polygon test by ray casting (even-odd rule).
 *
 * @param {Polygon} polygon
 * @param {number} x
 * @param {number} y
 */
export function isInside(polygon, x, y) {
  let isIn = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[aX, aY], [bX, bY]] = [polygon[i], polygon[j]];
    if (aY > y !== bY > y && x < ((bX - aX) * (y - aY)) / (bY - aY) + aX) isIn = !isIn;
  }
  return isIn;
}

/**
 * Indices of the points of one cell inside the polygon, hidden points excluded.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {Polygon} polygon
 * @returns {number[]}
 */
export function pointsInside(frame, cell, polygon) {
  if (polygon.length < 3 || !frame.ready[cell]) return [];
  const coefficients = cellCoefficients(frame, cell);
  const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
  const [left, right, top, bottom] = [
    Math.min(...xs),
    Math.max(...xs),
    Math.min(...ys),
    Math.max(...ys),
  ];
  const clip = clipOf(frame, cell);
  const found = [];
  for (let point = 0; point < frame.nPoints; point++) {
    if (frame.flags[point] & FLAG.hidden || isAbsent(frame, cell, point)) continue;
    const [x, y] = projectPoint(frame, cell, point, coefficients);
    if (x < left || x > right || y < top || y > bottom || !isInside(polygon, x, y)) continue;
    if (
      clip &&
      (x < clip.left || x > clip.left + clip.side || y < clip.top || y > clip.top + clip.side)
    )
      continue;
    found.push(point);
  }
  return found;
}
