/**
 * The inner loops of the Canvas 2D renderer: coordinates to pixels, marks into the image. An image is an Int32Array
 * of RGBA pixels, little endian; opacities run from 0 to 256. Nothing here allocates.
 */

import { PERSPECTIVE } from '../geometry.js';
import { PHASES } from './stamps.js';
import { depthFade } from './style.js';

/** @typedef {{pixels: Int32Array, width: number, height: number}} Image */
/**
 * Room for the projected points of one cell.
 * @typedef {object} Projected
 * @property {Int32Array} x Device pixels × PHASES.
 * @property {Int32Array} y
 * @property {Float32Array} depth
 * @property {Uint16Array} opacity 0..256.
 */

/**
 * @param {number} nPoints
 * @returns {Projected}
 */
export function createProjected(nPoints) {
  return {
    x: new Int32Array(nPoints),
    y: new Int32Array(nPoints),
    depth: new Float32Array(nPoints),
    opacity: new Uint16Array(nPoints),
  };
}

/**
 * Project the points of a flat map.
 * @param {Projected} out
 * @param {Uint16Array} positions (cell, point, 2)
 * @param {Uint16Array | null} from The same, or null.
 * @param {number} blend
 * @param {number} start Of the cell in positions.
 * @param {Float64Array} c As geometry's cellCoefficients has it, in device pixels.
 */
export function projectFlat({ x, y }, positions, from, blend, start, c) {
  const [ax, bx, ay, by] = [c[0] * PHASES, (c[3] + c[12]) * PHASES, c[5] * PHASES, (c[7] + c[13]) * PHASES];
  const nPoints = x.length;
  if (!from || blend >= 1) {
    for (let point = 0, at = start; point < nPoints; point++, at += 2) {
      x[point] = (positions[at] * ax + bx) | 0;
      y[point] = (positions[at + 1] * ay + by) | 0;
    }
    return;
  }
  for (let point = 0, at = start; point < nPoints; point++, at += 2) {
    x[point] = ((from[at] + (positions[at] - from[at]) * blend) * ax + bx) | 0;
    y[point] = ((from[at + 1] + (positions[at + 1] - from[at + 1]) * blend) * ay + by) | 0;
  }
}

/**
 * Project the points of a 3-D map; distance takes opacity away.
 * @param {Projected} out
 * @param {Uint16Array} positions (cell, point, 3)
 * @param {Uint16Array | null} from
 * @param {number} blend
 * @param {number} start
 * @param {Float64Array} c
 * @param {number} opacity Of a near point.
 */
export function projectDeep(out, positions, from, blend, start, c, opacity) {
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11] = c;
  const [middleX, middleY] = [c[12] * PHASES, c[13] * PHASES];
  const { x, y, depth, opacity: opacities } = out;
  const isMoving = from !== null && blend < 1;
  const source = from ?? positions;
  for (let point = 0, at = start; point < x.length; point++, at += 3) {
    let u = positions[at];
    let v = positions[at + 1];
    let w = positions[at + 2];
    if (isMoving) {
      u = source[at] + (u - source[at]) * blend;
      v = source[at + 1] + (v - source[at + 1]) * blend;
      w = source[at + 2] + (w - source[at + 2]) * blend;
    }
    const away = c8 * u + c9 * v + c10 * w + c11;
    const grown = PHASES / (1 + PERSPECTIVE * away);
    x[point] = ((c0 * u + c1 * v + c2 * w + c3) * grown + middleX) | 0;
    y[point] = ((c4 * u + c5 * v + c6 * w + c7) * grown + middleY) | 0;
    depth[point] = away;
    opacities[point] = (opacity * depthFade(away)) | 0;
  }
}

/**
 * Draw single pixels.
 * @param {Image} image
 * @param {Projected} projected
 * @param {Uint32Array} order Points to draw, in this order.
 * @param {number} start
 * @param {number} end
 * @param {Int32Array} colors (point)
 */
export function splatPixels({ pixels, width, height }, { x, y, opacity }, order, start, end, colors) {
  for (let at = start; at < end; at++) {
    const point = order[at];
    const column = x[point] >> 2;
    const row = y[point] >> 2;
    if (column >>> 0 >= width || row >>> 0 >= height) continue;
    const place = row * width + column;
    const a = opacity[point];
    const color = colors[point];
    const under = pixels[place];
    const redBlue = under & 0xff00ff;
    const green = under & 0xff00;
    pixels[place] =
      -16777216 |
      ((redBlue + (Math.imul((color & 0xff00ff) - redBlue, a) >> 8)) & 0xff00ff) |
      ((green + (Math.imul((color & 0xff00) - green, a) >> 8)) & 0xff00);
  }
}

/**
 * Draw blocks of two by two pixels, centred as well as pixels allow.
 * @param {Image} image
 * @param {Projected} projected
 * @param {Uint32Array} order
 * @param {number} start
 * @param {number} end
 * @param {Int32Array} colors
 */
export function splatBlocks({ pixels, width, height }, { x, y, opacity }, order, start, end, colors) {
  for (let at = start; at < end; at++) {
    const point = order[at];
    const column = (x[point] - 2) >> 2;
    const row = (y[point] - 2) >> 2;
    if (column < 0 || row < 0 || column >= width - 1 || row >= height - 1) continue;
    const a = opacity[point];
    const redBlue = colors[point] & 0xff00ff;
    const green = colors[point] & 0xff00;
    let place = row * width + column;
    for (let step = 0; step < 4; step++) {
      const under = pixels[place];
      const underRedBlue = under & 0xff00ff;
      const underGreen = under & 0xff00;
      pixels[place] =
        -16777216 |
        ((underRedBlue + (Math.imul(redBlue - underRedBlue, a) >> 8)) & 0xff00ff) |
        ((underGreen + (Math.imul(green - underGreen, a) >> 8)) & 0xff00);
      place += step === 1 ? width - 1 : 1;
    }
  }
}

/**
 * Stamp one mark.
 * @param {Image} image
 * @param {import('./stamps.js').Stamp} stamp
 * @param {number} column Of the pixel that holds the middle.
 * @param {number} row
 * @param {number} color Packed.
 * @param {number} opacity 0..256.
 */
export function drawStamp({ pixels, width, height }, stamp, column, row, color, opacity) {
  const { reach, dx, dy, offset, cover } = stamp;
  if (column < -reach || row < -reach || column >= width + reach || row >= height + reach) return;
  const isWhole = column >= reach && row >= reach && column < width - reach && row < height - reach;
  const middle = row * width + column;
  const redBlue = color & 0xff00ff;
  const green = color & 0xff00;
  for (let at = 0; at < cover.length; at++) {
    if (!isWhole && (column + dx[at] >>> 0 >= width || row + dy[at] >>> 0 >= height)) continue;
    const a = ((cover[at] + 1) * opacity) >> 8;
    const place = middle + offset[at];
    const under = pixels[place];
    const underRedBlue = under & 0xff00ff;
    const underGreen = under & 0xff00;
    pixels[place] =
      -16777216 |
      ((underRedBlue + (Math.imul(redBlue - underRedBlue, a) >> 8)) & 0xff00ff) |
      ((underGreen + (Math.imul(green - underGreen, a) >> 8)) & 0xff00);
  }
}

/**
 * Draw one picture, opaque or mixed with the background.
 * @param {Image} image
 * @param {Int32Array} picture Packed pixels (token, side, side).
 * @param {number} start Of the token in `picture`.
 * @param {number} side Of the picture, in its own pixels.
 * @param {number} left
 * @param {number} top
 * @param {number} size Of the drawn square, device pixels.
 * @param {number} outline Width of the frame in `color`; 0 = none.
 * @param {number} color Packed.
 */
export function drawSprite({ pixels, width, height }, picture, start, side, left, top, size, outline, color) {
  for (let row = Math.max(0, -top); row < size && top + row < height; row++) {
    const line = start + Math.floor(((row + 0.5) * side) / size) * side;
    const isEdgeRow = row < outline || row >= size - outline;
    for (let column = Math.max(0, -left); column < size && left + column < width; column++) {
      const isEdge = isEdgeRow || column < outline || column >= size - outline;
      pixels[(top + row) * width + left + column] = isEdge ? color : picture[line + (((column + 0.5) * side) / size | 0)];
    }
  }
}

/**
 * Fill a rectangle, clipped to the image.
 * @param {Image} image
 * @param {number} left
 * @param {number} top
 * @param {number} right
 * @param {number} bottom
 * @param {number} color
 */
export function fillRectangle({ pixels, width, height }, left, top, right, bottom, color) {
  const from = Math.max(0, Math.round(left));
  const to = Math.min(width, Math.round(right));
  if (from >= to) return;
  for (let row = Math.max(0, Math.round(top)); row < Math.min(height, Math.round(bottom)); row++) {
    pixels.fill(color, row * width + from, row * width + to);
  }
}
