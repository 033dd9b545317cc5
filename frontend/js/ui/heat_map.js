/** Draws a pattern as a heat map: a row for each query, a column for each key. */

import { canvasPalette } from '../color/palettes.js';

/** @import { PaletteName } from '../page.js' */

/** Weights below this share of the largest fade into the background. */
const FULL_SHARE = 0.08;
const OPAQUE = 0xff000000;
/** With more positions, cells are smaller than a pixel and are smoothed. */
const MAX_SHARP = 150;

/** The colours of canvases in the current theme. @param {PaletteName} palette */
export function shownPalette(palette) {
  return canvasPalette(
    document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light',
    palette,
  );
}

/** The ramp of heat maps in the current theme. @param {PaletteName} palette */
export function heatRamp(palette) {
  return shownPalette(palette).ramps[0];
}

/**
 * Weights as pixels: colours from the lowest to the highest weight, low ones transparent.
 *
 * @param {Float32Array} weights
 * @param {Uint32Array} ramp packed colours
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA
 */
export function heatPixels(weights, ramp) {
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const pixels = new Uint32Array(weights.length);
  for (let i = 0; i < weights.length && largest > 0; i++) {
    const share = weights[i] / largest;
    const alpha = Math.round(255 * Math.min(1, share / FULL_SHARE));
    pixels[i] = (ramp[Math.round(share * (ramp.length - 1))] & ~OPAQUE) | (alpha << 24);
  }
  return new Uint8ClampedArray(pixels.buffer);
}

/**
 * Draw a pattern, one pixel per weight; CSS scales the canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{n: number, pattern: Float32Array}} attention
 * @param {Uint32Array} ramp packed colours from lowest to highest
 * @returns {number} the largest weight, which maps to the last colour
 */
export function paintHeatMap(canvas, { n, pattern }, ramp) {
  return paintWeights(canvas, { width: n, height: n, values: pattern }, ramp);
}

/**
 * Draw the weights of as many queries as there are rows, and keys as there are columns.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, values: Float32Array}} weights
 * @param {Uint32Array} ramp
 * @returns {number} the largest weight
 */
export function paintWeights(canvas, { width, height, values }, ramp) {
  canvas.width = width;
  canvas.height = height;
  canvas.classList.toggle('is-fine', Math.max(width, height) > MAX_SHARP);
  const pixels = heatPixels(values, ramp);
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return values.reduce((most, weight) => Math.max(most, weight), 0);
}

/**
 * Draw a signed difference of patterns, one pixel per weight; zero is transparent, and the largest
 * difference of either sign opaque.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{n: number, pattern: Float32Array}} difference
 * @param {readonly [number, number]} colors packed, of positive and of negative differences
 * @returns {number} the largest difference
 */
export function paintDifference(canvas, { n, pattern }, [more, less]) {
  canvas.width = n;
  canvas.height = n;
  canvas.classList.toggle('is-fine', n > MAX_SHARP);
  const largest = pattern.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const pixels = Uint32Array.from(pattern, (weight) => {
    const alpha = largest > 0 ? Math.round((255 * Math.abs(weight)) / largest) : 0;
    return ((weight > 0 ? more : less) & ~OPAQUE) | (alpha << 24);
  });
  canvas
    .getContext('2d')
    ?.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), n, n), 0, 0);
  return largest;
}
