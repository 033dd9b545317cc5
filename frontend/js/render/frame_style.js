/**
 * Colours, order and patch images of a frame in the form that the Canvas 2D loops use, cached until
 * the style changes.
 */

import { dimColors, dimmedColor, drawOrder, inkOf } from './style.js';
import { FLAG } from '../compute/flag_bits.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {ReturnType<typeof createStyle>} FrameStyle */

/** @returns A style to be updated before each frame is drawn. */
export function createStyle() {
  /** @type {Frame | null} */
  let frame = null;
  /** @type {ReturnType<typeof drawOrder>} */
  let order = { base: new Uint32Array(0), nDimmed: 0, top: new Uint32Array(0) };
  /** @type {Int32Array} */
  let shared = new Int32Array(0);
  /** @type {Int32Array} */
  let scratch = new Int32Array(0);
  /** @type {Int32Array | null} */
  let patches = null;
  /** @type {Int32Array | null} */
  let dimmedPatches = null;

  return {
    get order() {
      return order;
    },
    get ink() {
      return inkOf(required(frame));
    },
    get nVisible() {
      return order.base.length + order.top.length;
    },
    /** @param {Frame} next */
    update(next) {
      const isSame = frame !== null && sameStyle(frame, next);
      if (frame?.sprites?.rgb !== next.sprites?.rgb || !isSame) patches = dimmedPatches = null;
      frame = next;
      if (isSame) return;
      order = drawOrder(next);
      scratch = new Int32Array(next.nPoints);
      shared = isShared(next)
        ? dimmedColors(signed(next.colors), new Int32Array(next.nPoints))
        : new Int32Array(0);
    },
    /**
     * @param {number} cell
     * @returns {Int32Array} (point), dimmed ones grey.
     */
    colorsOf(cell) {
      const { colors, nPoints } = required(frame);
      if (shared.length) return shared;
      const own = signed(colors).subarray(cell * nPoints, (cell + 1) * nPoints);
      return order.nDimmed ? dimmedColors(own, scratch) : own;
    },
    /** @param {number} cell @param {number} point @returns {number} Its colour, dimmed or not. */
    plainColor(cell, point) {
      const current = required(frame);
      return signed(current.colors)[isShared(current) ? point : cell * current.nPoints + point];
    },
    /** @param {number} point */
    isHidden: (point) => (required(frame).flags[point] & FLAG.hidden) !== 0,
    /** @param {number} point */
    isDimmed: (point) => (required(frame).flags[point] & FLAG.dimmed) !== 0,
    /** @param {number} point */
    isSprite(point) {
      const { isSprite, nQueries } = required(frame);
      return !isSprite || isSprite[point < nQueries ? point : point - nQueries] !== 0;
    },
    patches() {
      return (patches ??= packPatches(required(frame).sprites?.rgb ?? new Uint8Array(0)));
    },
    dimmedPatches() {
      return (dimmedPatches ??= dimColors(this.patches(), required(frame).background));
    },
  };

  /** @param {Int32Array} colors @param {Int32Array} out @returns {Int32Array} */
  function dimmedColors(colors, out) {
    const { flags } = required(frame);
    out.set(colors);
    if (!order.nDimmed) return out;
    const [red, green, blue] = dimmedColor(required(frame));
    const grey = (255 << 24) | (blue << 16) | (green << 8) | red;
    for (let point = 0; point < out.length; point++)
      if (flags[point] & FLAG.dimmed) out[point] = grey;
    return out;
  }
}

/** @param {Frame} before @param {Frame} after @returns {boolean} */
function sameStyle(before, after) {
  return (
    before.styleVersion === after.styleVersion &&
    before.colors === after.colors &&
    before.flags === after.flags &&
    before.nPoints === after.nPoints &&
    before.nQueries === after.nQueries &&
    before.background.every((part, at) => part === after.background[at])
  );
}

/** @param {Frame} frame @returns {boolean} Whether all cells have the same colours. */
function isShared({ colors, nPoints }) {
  return colors.length === nPoints;
}

/**
 * @param {Uint32Array} colors
 * @returns {Int32Array} The same bytes as signed integers, which engines keep unboxed in loops.
 */
function signed(colors) {
  return new Int32Array(colors.buffer, colors.byteOffset, colors.length);
}

/** @param {Uint8Array} rgb @returns {Int32Array} */
function packPatches(rgb) {
  const patches = new Int32Array(rgb.length / 3);
  for (let at = 0, byte = 0; at < patches.length; at++, byte += 3) {
    patches[at] = (255 << 24) | (rgb[byte + 2] << 16) | (rgb[byte + 1] << 8) | rgb[byte];
  }
  return patches;
}

/** @template T @param {T | null} value @returns {T} */
function required(value) {
  if (value === null) throw new Error('a style was asked for before its first frame');
  return value;
}
