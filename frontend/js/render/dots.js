/**
 * Discs drawn into the pixels of a picture. Thousands of arcs would take a canvas without a GPU
 * tens of milliseconds.
 */

import { unpack } from '../compute/rgba.js';
import { coverage } from './stamps.js';

/** Outlines are one CSS pixel wide. */
const OUTLINE_PX = 1;

/**
 * @typedef {object} Dots In pixels of the picture.
 * @property {Float32Array} x middle of each disc
 * @property {Float32Array} y
 * @property {number} radius
 * @property {Uint32Array} colors packed; the alpha of a colour counts
 * @property {[number, number, number] | null} outline colour of a ring inside the edge; null: none
 * @property {number} ratio pixels per CSS pixel
 */

/**
 * Draw discs with smooth edges over what is there, in their order.
 *
 * @param {{data: Uint8ClampedArray, width: number, height: number}} picture RGBA, not
 *   premultiplied
 * @param {Dots} dots
 */
export function drawDots({ data, width, height }, { x, y, radius, colors, outline, ratio }) {
  const inner = radius - OUTLINE_PX * ratio;
  for (let dot = 0; dot < x.length; dot++) {
    const opacity = (colors[dot] >>> 24) / 255;
    if (opacity === 0) continue;
    const color = unpack(colors[dot]);
    const [left, right] = span(x[dot], radius, width);
    const [top, bottom] = span(y[dot], radius, height);
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) {
        const [dx, dy] = [column + 0.5 - x[dot], row + 0.5 - y[dot]];
        const covered = coverage('disc', dx, dy, radius);
        if (covered === 0) continue;
        const filled = outline ? coverage('disc', dx, dy, inner) / covered : 1;
        blend(data, 4 * (row * width + column), color, outline, filled, covered * opacity);
      }
  }
}

/** Pixels that a disc may cover. @param {number} middle @param {number} radius @param {number} n */
function span(middle, radius, n) {
  return [
    Math.max(0, Math.floor(middle - radius - 0.5)),
    Math.min(n, Math.ceil(middle + radius + 0.5)),
  ];
}

/**
 * @param {Uint8ClampedArray} data
 * @param {number} at
 * @param {readonly number[]} color
 * @param {readonly number[] | null} outline
 * @param {number} filled share of the colour, the rest is the outline's
 * @param {number} alpha
 */
function blend(data, at, color, outline, filled, alpha) {
  const below = (data[at + 3] / 255) * (1 - alpha);
  const total = alpha + below;
  for (let part = 0; part < 3; part++) {
    const own = outline ? color[part] * filled + outline[part] * (1 - filled) : color[part];
    data[at + part] = (own * alpha + data[at + part] * below) / total;
  }
  data[at + 3] = 255 * total;
}
