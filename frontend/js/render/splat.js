/**
 * The inner loops of the Canvas 2D renderer: coordinates to pixels, marks into the image. An image
 * is an Int32Array of RGBA pixels, little endian; opacities run from 0 to 256. Nothing here
 * allocates.
 */

import { PERSPECTIVE } from '../compute/geometry.js';
import { PHASES } from './stamps.js';
import { depthFade, mixPacked } from './style.js';

/** Opacity by depth, −1..1 in 256 steps; filled anew for each cell. */
const fades = new Uint16Array(256);

/** @typedef {{pixels: Int32Array, width: number, height: number}} Image */
/**
 * Buffers for the projected points of one cell; x, y and depth are for marks with a shape, place
 * for those without.
 * @typedef {object} Projected
 * @property {Int32Array} x Device pixels × PHASES.
 * @property {Int32Array} y
 * @property {Float32Array} depth
 * @property {Int32Array} place Index of the pixel, or -1 outside of the image.
 * @property {Uint16Array} opacity 0..256.
 */
/**
 * Where a cell's points come from.
 * @typedef {object} Source
 * @property {Uint16Array} positions (cell, point, dims)
 * @property {Uint16Array | null} from The same, or null.
 * @property {number} blend
 * @property {number} start Of the cell in positions.
 */

/**
 * Whole pixels; right and bottom are the first outside.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Clip
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
    place: new Int32Array(nPoints),
    opacity: new Uint16Array(nPoints),
  };
}

/**
 * Project points of any map: all points of a cell, or a subset.
 * @param {Projected} out
 * @param {Source} source
 * @param {2 | 3} dims
 * @param {Float64Array} c From `cellCoefficients` in geometry.js, in device pixels.
 * @param {ArrayLike<number> | null} [points]
 */
export function projectPoints(
  { x, y, depth },
  { positions, from, blend, start },
  dims,
  c,
  points = null,
) {
  const before = from ?? positions;
  const isDeep = dims === 3;
  const n = points ? points.length : x.length;
  for (let at = 0; at < n; at++) {
    const point = points ? points[at] : at;
    const j = start + point * dims;
    const u = before[j] + (positions[j] - before[j]) * blend;
    const v = before[j + 1] + (positions[j + 1] - before[j + 1]) * blend;
    const w = isDeep ? before[j + 2] + (positions[j + 2] - before[j + 2]) * blend : 0;
    const away = c[8] * u + c[9] * v + c[10] * w + c[11];
    const grown = PHASES / (1 + PERSPECTIVE * away);
    x[point] = Math.floor((c[0] * u + c[1] * v + c[2] * w + c[3]) * grown + c[12] * PHASES);
    y[point] = Math.floor((c[4] * u + c[5] * v + c[6] * w + c[7]) * grown + c[13] * PHASES);
    depth[point] = away;
  }
}

/**
 * Find the pixels of the points of a flat map.
 * @param {Projected} out
 * @param {Source} source
 * @param {Float64Array} c
 * @param {Image} image
 * @param {number} size Of a mark: 1 or 2 pixels; the place is the upper left one.
 * @param {Clip | null} clip What lies outside is not drawn.
 */
export function placeFlat(
  { place },
  { positions, from, blend, start },
  c,
  { width, height },
  size,
  clip,
) {
  const [ax, bx, ay, by] = [
    c[0],
    c[3] + c[12] - (size - 1) / 2,
    c[5],
    c[7] + c[13] - (size - 1) / 2,
  ];
  const { left, top, right, bottom } = clip ?? { left: 0, top: 0, right: width, bottom: height };
  const [columns, rows] = [
    Math.max(0, right - size + 1 - left),
    Math.max(0, bottom - size + 1 - top),
  ];
  if (!from || blend >= 1) {
    for (let point = 0, at = start; point < place.length; point++, at += 2) {
      const column = (positions[at] * ax + bx) | 0;
      const row = (positions[at + 1] * ay + by) | 0;
      place[point] =
        (column - left) >>> 0 < columns && (row - top) >>> 0 < rows ? row * width + column : -1;
    }
    return;
  }
  for (let point = 0, at = start; point < place.length; point++, at += 2) {
    const column = ((from[at] + (positions[at] - from[at]) * blend) * ax + bx) | 0;
    const row = ((from[at + 1] + (positions[at + 1] - from[at + 1]) * blend) * ay + by) | 0;
    place[point] =
      (column - left) >>> 0 < columns && (row - top) >>> 0 < rows ? row * width + column : -1;
  }
}

/**
 * Find the pixels of the points of a 3-D map, and how much their opacity falls with distance.
 * @param {Projected} out
 * @param {Source} source
 * @param {Float64Array} c
 * @param {Image} image
 * @param {number} size Of a mark: 1 or 2 pixels.
 */
export function placeDeep(
  { place, opacity: opacities },
  { positions, from, blend, start },
  c,
  { width, height },
  size,
) {
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11] = c;
  const [middleX, middleY] = [c[12] - (size - 1) / 2, c[13] - (size - 1) / 2];
  const [columns, rows] = [width - size + 1, height - size + 1];
  for (let step = 0; step < 256; step++) fades[step] = 256 * depthFade((step - 128) / 128);
  const isMoving = from !== null && blend < 1;
  const before = from ?? positions;
  for (let point = 0, at = start; point < place.length; point++, at += 3) {
    let u = positions[at];
    let v = positions[at + 1];
    let w = positions[at + 2];
    if (isMoving) {
      u = before[at] + (u - before[at]) * blend;
      v = before[at + 1] + (v - before[at + 1]) * blend;
      w = before[at + 2] + (w - before[at + 2]) * blend;
    }
    const away = c8 * u + c9 * v + c10 * w + c11;
    const grown = 1 / (1 + PERSPECTIVE * away);
    const column = ((c0 * u + c1 * v + c2 * w + c3) * grown + middleX) | 0;
    const row = ((c4 * u + c5 * v + c6 * w + c7) * grown + middleY) | 0;
    place[point] = column >>> 0 < columns && row >>> 0 < rows ? row * width + column : -1;
    opacities[point] = fades[(away * 128 + 128) & 255];
  }
}

/**
 * Draw single pixels.
 * @param {Image} image
 * @param {Projected} projected
 * @param {Uint32Array} order Points to draw, in this order.
 * @param {Int32Array} colors (point)
 */
export function splatPixels({ pixels }, { place, opacity }, order, colors) {
  for (let at = 0; at < order.length; at++) {
    const point = order[at];
    const pixel = place[point];
    if (pixel < 0) continue;
    const a = opacity[point];
    const color = colors[point];
    const under = pixels[pixel];
    const redBlue = under & 0xff00ff;
    const green = under & 0xff00;
    pixels[pixel] =
      -16777216 |
      ((redBlue + (Math.imul((color & 0xff00ff) - redBlue, a) >> 8)) & 0xff00ff) |
      ((green + (Math.imul((color & 0xff00) - green, a) >> 8)) & 0xff00);
  }
}

/**
 * Draw blocks of two by two pixels.
 * @param {Image} image
 * @param {Projected} projected
 * @param {Uint32Array} order
 * @param {Int32Array} colors
 */
export function splatBlocks({ pixels, width }, { place, opacity }, order, colors) {
  for (let at = 0; at < order.length; at++) {
    const point = order[at];
    let pixel = place[point];
    if (pixel < 0) continue;
    const a = opacity[point];
    const redBlue = colors[point] & 0xff00ff;
    const green = colors[point] & 0xff00;
    for (let step = 0; step < 4; step++) {
      const under = pixels[pixel];
      const underRedBlue = under & 0xff00ff;
      const underGreen = under & 0xff00;
      pixels[pixel] =
        -16777216 |
        ((underRedBlue + (Math.imul(redBlue - underRedBlue, a) >> 8)) & 0xff00ff) |
        ((underGreen + (Math.imul(green - underGreen, a) >> 8)) & 0xff00);
      pixel += step === 1 ? width - 1 : 1;
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
    if (!isWhole && ((column + dx[at]) >>> 0 >= width || (row + dy[at]) >>> 0 >= height)) continue;
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
 * Draw the image of one patch, opaque or mixed with the background.
 * @param {Image} image
 * @param {Int32Array} patches Packed pixels (token, side, side).
 * @param {number} start Of the token in `patches`.
 * @param {number} side Of a patch, in its own pixels.
 * @param {number} left
 * @param {number} top
 * @param {number} size Of the drawn square, device pixels.
 * @param {number} outline Width of the frame in `color`; 0 = none.
 * @param {number} color Packed.
 * @param {number} [fill] Share of `color` in the image, 0..256.
 * @param {number} [opacity] 0..256.
 */
export function drawSprite(
  { pixels, width, height },
  patches,
  start,
  side,
  left,
  top,
  size,
  outline,
  color,
  fill = 0,
  opacity = 256,
) {
  for (let row = Math.max(0, -top); row < size && top + row < height; row++) {
    const line = start + Math.floor(((row + 0.5) * side) / size) * side;
    const isEdgeRow = row < outline || row >= size - outline;
    for (let column = Math.max(0, -left); column < size && left + column < width; column++) {
      const isEdge = isEdgeRow || column < outline || column >= size - outline;
      const own = patches[line + ((((column + 0.5) * side) / size) | 0)];
      const shown = isEdge ? color : fill > 0 ? mixPacked(own, color, fill) : own;
      const at = (top + row) * width + left + column;
      pixels[at] = opacity < 256 ? mixPacked(pixels[at], shown, opacity) : shown;
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
