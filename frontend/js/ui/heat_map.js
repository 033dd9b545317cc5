/** Draws a pattern as a heat map: a row for each query, a column for each key. */

import { canvasPalette } from '../color/palettes.js';

/** @import { PaletteName } from '../page.js' */

/** Weights below this share of the largest fade into the background. */
const FULL_SHARE = 0.08;
const OPAQUE = 0xff000000;
/** With more positions, cells are smaller than a pixel and are smoothed. */
const MAX_SHARP = 150;

/** The ramp of heat maps in the current theme. @param {PaletteName} palette */
export function heatRamp(palette) {
  return canvasPalette(
    document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light',
    palette,
  ).ramps[0];
}

/**
 * Draw a pattern, one pixel per weight; CSS scales the canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{n: number, pattern: Float32Array}} attention
 * @param {Uint32Array} ramp packed colours from lowest to highest
 * @param {boolean} isCausal weights above the diagonal are masked
 * @returns {number} the largest weight, which maps to the last colour
 */
export function paintHeatMap(canvas, { n, pattern }, ramp, isCausal) {
  canvas.width = n;
  canvas.height = n;
  canvas.classList.toggle('is-fine', n > MAX_SHARP);
  let largest = 0;
  for (const weight of pattern) if (weight > largest) largest = weight;
  const pixels = new Uint32Array(n * n);
  for (let query = 0; query < n && largest > 0; query++) {
    const end = isCausal ? query + 1 : n;
    for (let key = 0; key < end; key++) {
      const share = pattern[query * n + key] / largest;
      const alpha = Math.round(255 * Math.min(1, share / FULL_SHARE));
      pixels[query * n + key] =
        (ramp[Math.round(share * (ramp.length - 1))] & ~OPAQUE) | (alpha << 24);
    }
  }
  canvas
    .getContext('2d')
    ?.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), n, n), 0, 0);
  return largest;
}
