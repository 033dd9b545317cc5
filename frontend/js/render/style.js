/** Style and drawing order of marks, shared by both renderers. */

import { FLAG } from '../compute/flag_bits.js';
/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Cells} Cells */

/** Share of the background in the colour of a dimmed point. */
export const DIM = 0.8;
/** Half diagonal of a diamond with the area of a disc of radius 1. */
export const DIAMOND = 1.2533;
/**
 * Minimum diameter of marks with a shape, device pixels; smaller ones are 1 × 1 or 2 × 2 pixels.
 */
export const MIN_SHAPED = 2.6;
/** Minimum side of patch images, device pixels; smaller ones are drawn as marks. */
export const MIN_SPRITE = 5;
/**
 * Added to an edge before it is cut to whole pixels: a little less than half a pixel, so that edges
 * between two pixels fall the same way in both renderers.
 */
export const TO_PIXEL = 0.499;
/** Sides of sprites per diameter of a mark: images need more room than dots. */
export const SPRITE_SCALE = 2;

/**
 * Points that stand out: diameter against the plain mark, smallest diameter (CSS px), width of the
 * ring (CSS px).
 * @type {Readonly<Record<'hit' | 'selected' | 'user' | 'emphasis', {scale: number, minSize: number,
 *   ring: number}>>}
 */
export const STANDOUT = Object.freeze({
  hit: { scale: 1.35, minSize: 2.6, ring: 0 },
  selected: { scale: 1.35, minSize: 3.4, ring: 1 },
  user: { scale: 1.6, minSize: 3.9, ring: 1.1 },
  emphasis: { scale: 1.8, minSize: 5, ring: 1.75 },
});
/** Width of the line of background around points that stand out, CSS px. */
export const HALO = 1;
/** Marks below this diameter (CSS px) get rings that are thinner in proportion. */
export const FULL_RING = 7;

/** Opacity of marks that have a shape: high enough for true colours; edges show the density. */
export const SHAPED_OPACITY = 0.94;
/** Opacity of the hairline of background around such marks. */
export const EDGE_OPACITY = 0.6;
/** Widest hairline, CSS px, and its share of the diameter where marks are small. */
export const EDGE = Object.freeze({ width: 0.8, share: 0.15 });

/**
 * The order in which points are drawn, the same in every cell. Queries and keys alternate, so that
 * neither kind hides the other; dimmed points come first; hits, user points and selected points
 * last.
 * @param {Frame} frame
 * @returns {{base: Uint32Array, nDimmed: number, top: Uint32Array}} `base` begins with nDimmed
 *   dimmed points.
 */
export function drawOrder({ flags, nPoints, nQueries }) {
  const turns = takeTurns(nPoints, nQueries);
  const counts = { dimmed: 0, plain: 0, hit: 0, user: 0, selected: 0 };
  for (let at = 0; at < nPoints; at++) {
    const group = groupOf(flags[at]);
    if (group) counts[group]++;
  }
  const base = new Uint32Array(counts.dimmed + counts.plain);
  const top = new Uint32Array(counts.hit + counts.user + counts.selected);
  const next = {
    dimmed: 0,
    plain: counts.dimmed,
    hit: 0,
    user: counts.hit,
    selected: counts.hit + counts.user,
  };
  for (const point of turns) {
    const group = groupOf(flags[point]);
    if (group === 'dimmed' || group === 'plain') base[next[group]++] = point;
    else if (group) top[next[group]++] = point;
  }
  return { base, nDimmed: counts.dimmed, top };
}

/**
 * Style of a highlighted point.
 * @param {number} flag Bits of the point.
 * @param {boolean} isEmphasis
 * @returns {{scale: number, minSize: number, ring: number}}
 */
export function standoutOf(flag, isEmphasis) {
  return STANDOUT[isEmphasis ? 'emphasis' : lookOf(flag)];
}

/**
 * Style name of a highlighted point; user points are larger than others.
 *
 * @param {number} flag Bits of the point.
 * @returns {'user' | 'selected' | 'hit'}
 */
export function lookOf(flag) {
  if (flag & FLAG.user) return 'user';
  return flag & FLAG.selected ? 'selected' : 'hit';
}

/**
 * Opacity of marks without a shape: the denser a cell, the more transparent. A point cloud is
 * assumed to cover about a third of its cell.
 * @param {number} nDrawn Points in the cell.
 * @param {number} diameter Of a mark, same unit as side.
 * @param {number} side Of the cell.
 * @returns {number} 0..1
 */
export function markOpacity(nDrawn, diameter, side) {
  const layers = (nDrawn * diameter * diameter) / (0.35 * side * side);
  return Math.min(0.9, Math.max(0.12, 0.95 / (1 + 0.12 * layers)));
}

/**
 * Opacity factor at a depth; 1 for near points.
 * @param {number} depth
 * @returns {number}
 */
export function depthFade(depth) {
  return Math.min(1, Math.max(0.25, 0.7 - 0.85 * depth));
}

/**
 * Order points from far to near.
 * @param {Uint32Array} order Points; not modified.
 * @param {Float32Array} depths (point), about −0.9..0.9.
 * @returns {Uint32Array} A counting sort by 256 steps of depth: equal steps keep their order.
 */
export function farToNear(order, depths) {
  const starts = new Uint32Array(257);
  /** @param {number} point */
  const stepOf = (point) => Math.min(255, Math.max(0, Math.round((0.9 - depths[point]) * 141)));
  for (const point of order) starts[stepOf(point) + 1]++;
  for (let step = 0; step < 256; step++) starts[step + 1] += starts[step];
  const sorted = new Uint32Array(order.length);
  for (const point of order) sorted[starts[stepOf(point)]++] = point;
  return sorted;
}

/**
 * Mix packed colours with a background.
 * @param {Int32Array} colors Packed RGBA.
 * @param {readonly [number, number, number]} background
 * @param {Int32Array} [out]
 * @returns {Int32Array}
 */
export function dimColors(colors, [red, green, blue], out = new Int32Array(colors.length)) {
  for (let at = 0; at < colors.length; at++) {
    const color = colors[at];
    const r = (color & 255) + (red - (color & 255)) * DIM;
    const g = ((color >> 8) & 255) + (green - ((color >> 8) & 255)) * DIM;
    const b = ((color >> 16) & 255) + (blue - ((color >> 16) & 255)) * DIM;
    out[at] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return out;
}

/**
 * Mix two packed colours.
 * @param {number} under
 * @param {number} over
 * @param {number} share Of `over`, 0..256.
 * @returns {number} Signed.
 */
export function mixPacked(under, over, share) {
  const redBlue = under & 0xff00ff;
  const green = under & 0xff00;
  return (
    -16777216 |
    ((redBlue + (Math.imul((over & 0xff00ff) - redBlue, share) >> 8)) & 0xff00ff) |
    ((green + (Math.imul((over & 0xff00) - green, share) >> 8)) & 0xff00)
  );
}

/**
 * @param {Frame} frame
 * @returns {readonly [number, number, number]} Colour of rings: the frame's ink, or one that
 *   contrasts with the background.
 */
export function inkOf({ ink, background }) {
  if (ink) return ink;
  return background[0] + background[1] + background[2] > 382 ? [23, 25, 31] : [244, 245, 248];
}

/** @param {number} flag @returns {'dimmed' | 'plain' | 'hit' | 'user' | 'selected' | null} */
function groupOf(flag) {
  if (flag & FLAG.hidden) return null;
  if (flag & FLAG.selected) return 'selected';
  if (flag & FLAG.user) return 'user';
  if (flag & FLAG.hit) return 'hit';
  return flag & FLAG.dimmed ? 'dimmed' : 'plain';
}

/**
 * @param {number} nPoints
 * @param {number} nQueries
 * @returns {Uint32Array} Query, key, key, query, query, …
 */
function takeTurns(nPoints, nQueries) {
  const turns = new Uint32Array(nPoints);
  const nKeys = nPoints - nQueries;
  let at = 0;
  for (let token = 0; token < Math.max(nQueries, nKeys); token++) {
    const pair = token % 2 ? [nQueries + token, token] : [token, nQueries + token];
    for (const point of pair) {
      if (point === token ? token < nQueries : token < nKeys) turns[at++] = point;
    }
  }
  return turns;
}
