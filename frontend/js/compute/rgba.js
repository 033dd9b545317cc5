/** Packed RGBA colours, as in typed arrays of pixels. */

/** @import { Rgb } from '../color/palettes.js' */

/**
 * @param {Rgb} rgb
 * @returns {number} RGBA as one little-endian number, opaque.
 */
export function pack([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * A colour as `getComputedStyle()` has it.
 *
 * @param {string} color such as "rgb(23, 25, 31)"
 * @returns {Rgb}
 */
export function parseColor(color) {
  const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

/**
 * @param {number} color Packed RGBA.
 * @returns {Rgb}
 */
export function unpack(color) {
  return [color & 255, (color >>> 8) & 255, (color >>> 16) & 255];
}
