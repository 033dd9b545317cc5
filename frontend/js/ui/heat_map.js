/** Draws a pattern as squares: a row for each query, a column for each key. */

import { canvasPalette } from '../color/palettes.js';

/** @import { PaletteName } from '../page.js' */

/**
 * Weights below this share of the largest fade into the ground, so that none and little look alike.
 */
const FULL_SHARE = 0.08;
const OPAQUE = 0xff000000;
/** More positions than this have no whole pixel each, and are smoothed. */
const MAX_SHARP = 150;

/** The ramp of heat maps in the theme that is shown. @param {PaletteName} palette */
export function heatRamp(palette) {
  return canvasPalette(
    document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light',
    palette,
  ).ramps[0];
}

/**
 * Draw a pattern, one pixel for each weight; the page stretches them.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{n: number, pattern: Float32Array}} attention
 * @param {Uint32Array} ramp packed colours from least to most
 * @param {boolean} isCausal what lies above the diagonal is not there
 * @returns {number} the largest weight, which has the last colour
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
