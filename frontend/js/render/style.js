/** Style and drawing order of marks, shared by both renderers. */

import { densityOf } from '../compute/density.js';
import { FLAG } from '../compute/flag_bits.js';
/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Cells} Cells */

/** Share of ink in the neutral grey of dimmed points, and of the picture in dimmed patches. */
export const DIM = 0.2;
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
  hit: { scale: 1.35, minSize: 5, ring: 0.8 },
  selected: { scale: 1.35, minSize: 5, ring: 1 },
  user: { scale: 1.6, minSize: 5.5, ring: 1.1 },
  emphasis: { scale: 1.8, minSize: 6.5, ring: 1.75 },
});
/** Width of the line of background around points that stand out, CSS px. */
export const HALO = 1;
/** Marks below this diameter (CSS px) get rings that are thinner in proportion. */
export const FULL_RING = 7;

/** Opacity of marks that no other covers, and the least of those that many others cover. */
export const FULL_OPACITY = 0.94;
export const MIN_OPACITY = 0.12;
/** How fast opacity falls with the number of marks on top of each other. */
export const FALL = 0.22;
/** Depth of a 3-D map, in sides of its cell, over which marks lie on top of each other. */
const DEEP_SHARE = 0.4;
/** Of the order in which points are drawn. */
const SEED = 1;
/** Opacity of the hairline of background around marks that have a shape and are not covered. */
export const EDGE_OPACITY = 0.6;
/** Widest hairline, CSS px, and its share of the diameter where marks are small. */
export const EDGE = Object.freeze({ width: 0.8, share: 0.15 });

/**
 * The order in which points are drawn, the same in every cell: shuffled, so that neither queries
 * nor keys nor the end of the corpus hide the rest; dimmed points come first; hits, user points and
 * selected points last.
 * @param {Frame} frame
 * @returns {{base: Uint32Array, nDimmed: number, top: Uint32Array}} `base` begins with nDimmed
 *   dimmed points.
 */
export function drawOrder({ flags, nPoints }) {
  const turns = shuffled(nPoints);
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
 * Number of marks over each place of a cell if its points were spread evenly; the density of a
 * point times this is how many lie where it does.
 * @param {Pick<Frame, 'dims' | 'nPoints'>} frame
 * @param {number} nVisible Points that are drawn.
 * @param {number} diameter Of a mark, same unit as side.
 * @param {number} side Of the cell.
 */
export function evenLayers({ dims }, nVisible, diameter, side) {
  const layers = (Math.PI / 4) * nVisible * (diameter / side) ** 2;
  return dims === 3 ? DEEP_SHARE * layers : layers;
}

/**
 * Opacity of a plain mark: the more lie on top of each other where it is, the more transparent.
 * @param {number} layers How many lie there.
 * @param {number} factor Chosen by the viewer.
 * @returns {number} 0..1
 */
export function markOpacity(layers, factor) {
  const fitting = Math.max(MIN_OPACITY, FULL_OPACITY / (1 + FALL * Math.max(0, layers - 1)));
  return Math.min(FULL_OPACITY, factor * fitting);
}

/**
 * Opacity of the hairline around a mark: it fades faster than the mark, or it would bleach places
 * where many marks lie.
 * @param {number} opacity Of the mark, 0..1.
 */
export function edgeOpacity(opacity) {
  return EDGE_OPACITY * (opacity / FULL_OPACITY) ** 3;
}

/**
 * Opacity for each step of density of a cell, 0..256.
 * @param {Frame} frame
 * @param {number} layers From `evenLayers`.
 * @param {Uint16Array} out (step)
 */
export function fillOpacities({ opacity }, layers, out) {
  for (let step = 0; step < out.length; step++)
    out[step] = Math.round(256 * markOpacity(layers * densityOf(step), opacity));
  return out;
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
 * The neutral grey of dimmed points.
 * @param {Frame} frame
 * @returns {[number, number, number]}
 */
export function dimmedColor(frame) {
  const ink = inkOf(frame);
  const [red, green, blue] = frame.background.map((part, i) =>
    Math.round(part + DIM * (ink[i] - part)),
  );
  return [red, green, blue];
}

/** Shares of red, green and blue in the luminance of a colour (ITU-R BT.709). */
export const LUMINANCE = Object.freeze([0.2126, 0.7152, 0.0722]);

/**
 * Pale greys of packed colours, for dimmed patches.
 * @param {Int32Array} colors Packed RGBA.
 * @param {readonly [number, number, number]} background
 * @returns {Int32Array}
 */
export function dimColors(colors, background) {
  const [red, green, blue] = LUMINANCE;
  const pale = background.map((part) => (1 - DIM) * part);
  return colors.map((color) => {
    const grey =
      DIM * (red * (color & 255) + green * ((color >> 8) & 255) + blue * ((color >> 16) & 255));
    return (
      (255 << 24) |
      (Math.round(pale[2] + grey) << 16) |
      (Math.round(pale[1] + grey) << 8) |
      Math.round(pale[0] + grey)
    );
  });
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

/** The last order, which all frames of a map share. */
let turns = new Uint32Array(0);

/**
 * All numbers below n in an order that looks like chance and is the same every time (Fisher and
 * Yates; the generator is mulberry32).
 *
 * @param {number} n
 */
function shuffled(n) {
  if (turns.length === n) return turns;
  turns = Uint32Array.from({ length: n }, (_, point) => point);
  let state = SEED;
  for (let left = n; left > 1; left--) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const at = Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * left);
    [turns[at], turns[left - 1]] = [turns[left - 1], turns[at]];
  }
  return turns;
}
