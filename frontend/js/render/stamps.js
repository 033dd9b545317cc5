/** Antialiased marks, rasterised once per shape, size and quarter of a pixel, then stamped. */

import { DIAMOND } from './style.js';

/** @typedef {'disc' | 'diamond'} Shape */
/**
 * @typedef {object} Stamp
 * @property {number} reach Pixels from the middle that may be touched.
 * @property {Int16Array} dx (pixel)
 * @property {Int16Array} dy (pixel)
 * @property {Int32Array} offset (pixel) dy · width + dx.
 * @property {Uint8Array} cover (pixel) 0..255.
 */

/** Sub-pixel positions of a stamp along each axis. */
export const PHASES = 4;
/** Steps of a diameter per device pixel. */
const SIZE_STEPS = 2;

/**
 * A cache of stamps for an image of the given width.
 * @param {number} width Pixels in a row.
 * @returns {(shape: Shape, diameter: number, phaseX: number, phaseY: number) => Stamp}
 */
export function createStamps(width) {
  /** @type {Map<number, Stamp>} */
  const cache = new Map();
  return (shape, diameter, phaseX, phaseY) => {
    const step = Math.max(1, Math.round(diameter * SIZE_STEPS));
    const key = ((step * 2 + (shape === 'disc' ? 0 : 1)) * PHASES + phaseX) * PHASES + phaseY;
    let stamp = cache.get(key);
    if (!stamp) {
      stamp = rasterise(
        shape,
        step / SIZE_STEPS,
        (phaseX + 0.5) / PHASES,
        (phaseY + 0.5) / PHASES,
        width,
      );
      cache.set(key, stamp);
    }
    return stamp;
  };
}

/**
 * How much of a pixel a shape covers: the distance of the pixel's middle to the edge, clipped to
 * one pixel. The shader of the WebGL renderer uses the same formula.
 * @param {Shape} shape
 * @param {number} x From the middle of the mark.
 * @param {number} y
 * @param {number} radius Of the disc; a diamond is as large.
 * @returns {number} 0..1
 */
export function coverage(shape, x, y, radius) {
  const inside =
    shape === 'disc'
      ? radius - Math.hypot(x, y)
      : (radius * DIAMOND - Math.abs(x) - Math.abs(y)) * Math.SQRT1_2;
  return Math.min(1, Math.max(0, inside + 0.5));
}

/**
 * @param {Shape} shape
 * @param {number} diameter
 * @param {number} middleX
 * @param {number} middleY
 * @param {number} width
 * @returns {Stamp}
 */
function rasterise(shape, diameter, middleX, middleY, width) {
  const reach = Math.ceil((diameter / 2) * DIAMOND + 1);
  const maxPixels = (2 * reach + 1) ** 2;
  const [xs, ys, offset, cover] = [
    new Int16Array(maxPixels),
    new Int16Array(maxPixels),
    new Int32Array(maxPixels),
    new Uint8Array(maxPixels),
  ];
  let n = 0;
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      cover[n] = Math.round(
        255 * coverage(shape, dx + 0.5 - middleX, dy + 0.5 - middleY, diameter / 2),
      );
      if (cover[n] === 0) continue;
      xs[n] = dx;
      ys[n] = dy;
      offset[n++] = dy * width + dx;
    }
  }
  return {
    reach,
    dx: xs.subarray(0, n),
    dy: ys.subarray(0, n),
    offset: offset.subarray(0, n),
    cover: cover.subarray(0, n),
  };
}
