/** Where the origin of a biplot and the direction of a point are on the screen. */

import { cellCoefficients, projectPlace } from './geometry.js';

/** @import { Frame } from '../types.js' */

/** How far the direction goes on, in widths of the map; what lies outside of the view is cut. */
const REACH = Object.freeze({ 2: 8, 3: 1.2 });
/** Lengths in CSS pixels: half of the cross, of the tip, and from the tip to the border. */
const CROSS_PX = 7;
const TIP_PX = 9;
const MARGIN_PX = 14;
const FULL = 65535;

/** @typedef {[number, number]} Place on the screen, CSS pixels */
/**
 * @typedef {object} Axis
 * @property {Place} origin
 * @property {[Place, Place] | null} ahead From the origin on; null where none of it is in sight.
 * @property {[Place, Place] | null} behind The other way, where scores are negative.
 * @property {[Place, Place] | null} foot From the point under the mouse to its projection.
 */

/**
 * @param {Frame} frame of one head
 * @param {number[]} origin in the coordinates of positions
 * @param {number[] | null} own the selected point
 * @param {number[] | null} other the point under the mouse
 * @returns {Axis}
 */
export function axisOf(frame, origin, own, other) {
  const coefficients = cellCoefficients(frame, 0);
  /** @param {number[]} place @returns {Place} */
  const seen = (place) => {
    const [x, y] = projectPlace(coefficients, place);
    return [x, y];
  };
  const direction = own?.map((part, axis) => part - origin[axis]) ?? [];
  const square = direction.reduce((sum, part) => sum + part * part, 0);
  /** @param {number} share of the direction */
  const along = (share) => origin.map((part, axis) => part + share * direction[axis]);
  const at = seen(origin);
  if (square === 0) return { origin: at, ahead: null, behind: null, foot: null };
  const far = (REACH[frame.dims] * FULL) / Math.sqrt(square);
  const product = other
    ? other.reduce((sum, part, axis) => sum + (part - origin[axis]) * direction[axis], 0)
    : 0;
  return {
    origin: at,
    ahead: inSight(at, seen(along(far)), frame),
    behind: inSight(at, seen(along(-far)), frame),
    foot: other && [seen(other), seen(along(product / square))],
  };
}

/**
 * The part of a line that is in sight (Liang and Barsky 1984).
 *
 * @param {Place} from
 * @param {Place} to
 * @param {{width: number, height: number}} size
 * @returns {[Place, Place] | null}
 */
function inSight(from, to, { width, height }) {
  const size = [width, height];
  let [start, end] = [0, 1];
  for (const axis of [0, 1]) {
    const step = to[axis] - from[axis];
    const shares = [MARGIN_PX, size[axis] - MARGIN_PX].map((edge) => (edge - from[axis]) / step);
    if (step === 0) {
      if (from[axis] < MARGIN_PX || from[axis] > size[axis] - MARGIN_PX) return null;
      continue;
    }
    start = Math.max(start, Math.min(...shares));
    end = Math.min(end, Math.max(...shares));
  }
  if (start >= end) return null;
  /** @param {number} share @returns {Place} */
  const between = (share) => [
    from[0] + share * (to[0] - from[0]),
    from[1] + share * (to[1] - from[1]),
  ];
  return [between(start), between(end)];
}

/**
 * The corners of the tip of an arrow.
 *
 * @param {[Place, Place]} line
 * @returns {Place[]}
 */
export function tipOf([[x, y], [toX, toY]]) {
  const length = Math.hypot(toX - x, toY - y) || 1;
  const [alongX, alongY] = [((toX - x) / length) * TIP_PX, ((toY - y) / length) * TIP_PX];
  return [
    [toX, toY],
    [toX - alongX - alongY / 2, toY - alongY + alongX / 2],
    [toX - alongX + alongY / 2, toY - alongY - alongX / 2],
  ];
}

/**
 * Both lines of the cross at the origin.
 *
 * @param {Place} origin
 * @returns {[Place, Place][]}
 */
export function crossOf([x, y]) {
  return [
    [
      [x - CROSS_PX, y],
      [x + CROSS_PX, y],
    ],
    [
      [x, y - CROSS_PX],
      [x, y + CROSS_PX],
    ],
  ];
}
