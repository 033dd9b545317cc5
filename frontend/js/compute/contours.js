/** Lines around the parts of a flat map where most points of a kind lie. */

import { smooth } from './density.js';
import { FLAG } from './flag_bits.js';
import { windowOf } from './map_bounds.js';

/** @import { Frame } from '../types.js' */

/**
 * Shares of the points that the lines enclose, in the smallest area that does (Hyndman 1996,
 * "Computing and graphing highest density regions").
 */
const SHARES = Object.freeze([0.5, 0.9]);
/** Bins along an axis, and the width of all against that of the map, so that lines close. */
const SIDE = 80;
const ROOM = 1.2;
/** Passes of smoothing over neighbouring bins. */
const PASSES = 5;
const FULL = 65536;

/**
 * Straight pieces of lines: x and y of one end, then of the other, in the coordinates of positions.
 *
 * @typedef {number[]} Segments
 */
/** @typedef {{kind: 0 | 1, segments: Segments, isInner: boolean}} Contour `kind`: 1 of keys */

/**
 * The lines around queries, then around keys, without hidden points.
 *
 * @param {Uint16Array} positions (point, 2)
 * @param {Uint8Array} flags (point)
 * @param {Frame['windows']} windows part of the map that its cell shows
 * @returns {Contour[]}
 */
export function densityContours(positions, flags, windows) {
  const [x, y, share] = windowOf({ windows }, 0);
  const size = (ROOM * share * FULL) / SIDE;
  const [left, low] = [x, y].map((middle) => (middle - (ROOM * share) / 2) * FULL);
  return /** @type {const} */ ([0, 1]).flatMap((kind) => {
    const [first, end] = [(kind * flags.length) / 2, ((kind + 1) * flags.length) / 2];
    const counts = new Int32Array(SIDE * SIDE);
    const bins = [];
    for (let point = first; point < end; point++) {
      const column = Math.floor((positions[2 * point] - left) / size);
      const row = Math.floor((positions[2 * point + 1] - low) / size);
      const isIn = column >= 0 && row >= 0 && column < SIDE && row < SIDE;
      if (!isIn || flags[point] & FLAG.hidden) continue;
      bins.push(row * SIDE + column);
      counts[row * SIDE + column]++;
    }
    for (let pass = 0; pass < PASSES; pass++)
      for (const stride of [1, SIDE]) smooth(counts, SIDE, stride);
    const found = Int32Array.from(bins, (bin) => counts[bin]).sort();
    return SHARES.map((inside, at) => {
      const level = found[Math.floor((1 - inside) * (found.length - 1))] ?? Infinity;
      const places = linesAt(counts, level);
      const segments = places.map((place, i) => (place + 0.5) * size + (i % 2 ? low : left));
      return { kind, segments, isInner: at === 0 };
    });
  });
}

/**
 * Sides of a square that a line crosses, in pairs, by which of its corners are inside, one bit
 * each. Corners and sides go around from the first; a side leads from its corner to the next.
 */
const CROSSED = Object.freeze(
  [
    '',
    '30',
    '01',
    '31',
    '12',
    '3012',
    '02',
    '32',
    '23',
    '20',
    '0123',
    '21',
    '13',
    '10',
    '03',
    '',
  ].map((sides) => Array.from(sides, Number)),
);

/**
 * Lines of equal value between the middles of bins (marching squares).
 *
 * @param {Int32Array} values (row, column)
 * @param {number} level
 * @returns {number[]} x and y of one end, then of the other, in bins
 */
function linesAt(values, level) {
  const segments = [];
  for (let row = 0; row < SIDE - 1; row++) {
    for (let column = 0; column < SIDE - 1; column++) {
      const at = row * SIDE + column;
      const corners = [values[at], values[at + 1], values[at + SIDE + 1], values[at + SIDE]];
      let inside = 0;
      for (let i = 0; i < 4; i++) if (corners[i] >= level) inside |= 1 << i;
      for (const side of CROSSED[inside]) {
        const [one, other] = [corners[side], corners[(side + 1) % 4]];
        const share = (level - one) / (other - one);
        if (side % 2 === 0) segments.push(column + (side ? 1 - share : share), row + side / 2);
        else segments.push(column + (side === 1 ? 1 : 0), row + (side === 1 ? share : 1 - share));
      }
    }
  }
  return segments;
}
