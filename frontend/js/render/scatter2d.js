/**
 * The renderer for machines without a GPU: marks are splatted into one ImageData, all cells in one
 * pass.
 */

import { ABSENT, isAbsent } from '../compute/density.js';
import { clipOf } from '../compute/map_bounds.js';
import { cellCoefficients, cellVisibility, INSET } from '../compute/geometry.js';
import {
  createProjected,
  fillRectangle,
  placeDeep,
  placeFlat,
  projectPoints,
  splatBlocks,
  splatPixels,
} from './splat.js';
import { createMarks, paintShapes, paintStandout, sceneOf } from './point_marks.js';
import { createStamps, PHASES } from './stamps.js';
import { createStyle } from './frame_style.js';
import { evenLayers, fillOpacities, SPRITE_SCALE, TO_PIXEL } from './style.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Renderer} Renderer */
/** @import { Marks, Scene } from './point_marks.js' */

/** Marks below this diameter (device pixels) are one pixel, from it on two by two. */
const MIN_BLOCK = 1.5;

/**
 * Make a renderer that draws into a canvas by Canvas 2D.
 * @param {HTMLCanvasElement} canvas Its size follows the frames.
 * @returns {Renderer}
 * @throws {Error} If the browser gives no 2-D context.
 */
export function createScatter2d(canvas) {
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('this browser cannot draw: it gives no 2-D canvas context');
  /** @type {Sheet | null} */
  let sheet = null;
  const style = createStyle();
  let projected = createProjected(0);

  return {
    name: 'canvas2d',
    draw(frame) {
      const width = Math.max(1, Math.round(frame.width * frame.ratio));
      const height = Math.max(1, Math.round(frame.height * frame.ratio));
      if (!sheet || sheet.width !== width || sheet.height !== height) {
        canvas.width = width;
        canvas.height = height;
        sheet = createSheet(context, width, height);
      }
      if (projected.x.length !== frame.nPoints) projected = createProjected(frame.nPoints);
      style.update(frame);
      const scene = sceneOf(frame, sheet, style, projected);
      const marks = createMarks(scene);
      const coefficients = new Float64Array(14);
      sheet.pixels.fill(scene.background);
      for (let cell = 0; cell < frame.cells.n; cell++) paintCell(scene, marks, cell, coefficients);
      context.putImageData(sheet.image, 0, 0);
    },
    readPixels() {
      return sheet ? new Uint8ClampedArray(sheet.image.data) : new Uint8ClampedArray(0);
    },
    destroy() {
      sheet = null;
      projected = createProjected(0);
    },
  };
}

/**
 * @typedef {object} Sheet
 * @property {ImageData} image
 * @property {Int32Array} pixels Its bytes as packed colours.
 * @property {number} width
 * @property {number} height
 * @property {ReturnType<typeof createStamps>} stamps
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 * @returns {Sheet}
 */
function createSheet(context, width, height) {
  const image = context.createImageData(width, height);
  return {
    image,
    pixels: new Int32Array(image.data.buffer),
    width,
    height,
    stamps: createStamps(width),
  };
}

/**
 * Draw one cell of a frame.
 *
 * @param {Scene} scene
 * @param {Marks} marks
 * @param {number} cell
 * @param {Float64Array} coefficients Overwritten.
 */
function paintCell(scene, marks, cell, coefficients) {
  const { diameter, frame, sheet, style, projected, ratio } = scene;
  const { dims, nPoints } = frame;
  const margin = Math.max(frame.pointSize * SPRITE_SCALE, 8);
  if (cellVisibility(frame, cell, margin) === 'outside') return;
  cellCoefficients(frame, cell, coefficients);
  for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 12, 13]) coefficients[at] *= ratio;
  const side = frame.cells.size[cell] * frame.transform.k * ratio;
  paintTile(sheet, coefficients, side, frame.tiles?.[cell] ?? 0);
  if (!frame.ready[cell]) return;
  const clip = clipFor(scene, cell);
  const isOut = cutBy(clip, projected);
  const isCut = (/** @type {number} */ point) => isAbsent(frame, cell, point) || isOut(point);
  const source = {
    positions: frame.positions,
    from: frame.from,
    blend: frame.blend,
    start: cell * nPoints * dims,
  };
  const colors = style.colorsOf(cell);
  const layers = evenLayers(frame, style.nVisible, Math.max(1, diameter), side * (1 - 2 * INSET));
  fillOpacities(frame, layers, scene.opacities);
  scene.opacities[ABSENT] = 0;
  if (scene.isShaped) {
    projectPoints(projected, source, dims, coefficients);
    paintShapes(scene, marks, cell, colors, isOut);
  } else {
    splatTiny(scene, cell, source, { coefficients, clip, colors });
    projectPoints(projected, source, dims, coefficients, style.order.top);
    projectPoints(projected, source, dims, coefficients, frame.emphasis);
  }
  for (const point of style.order.top)
    if (!isCut(point)) paintStandout(scene, marks, cell, point, colors[point], false);
  for (const point of frame.emphasis)
    if (!style.isHidden(point) && !isCut(point))
      paintStandout(scene, marks, cell, point, style.plainColor(cell, point), true);
}

/**
 * @param {Sheet} sheet
 * @param {Float64Array} coefficients
 * @param {number} side
 * @param {number} color packed; 0: none
 */
function paintTile(sheet, coefficients, side, color) {
  if (!color) return;
  const [left, top] = [coefficients[12] - side / 2, coefficients[13] - side / 2];
  fillRectangle(sheet, left, top, left + side, top + side, color);
}

/**
 * Clipping rectangle of a cell; null: none.
 *
 * @param {Scene} scene
 * @param {number} cell
 */
function clipFor({ frame, sheet, ratio }, cell) {
  const square = clipOf(frame, cell);
  if (!square) return null;
  const [left, top, right, bottom] = [
    square.left,
    square.top,
    square.left + square.side,
    square.top + square.side,
  ].map((edge) => Math.floor(edge * ratio + TO_PIXEL));
  return {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.min(sheet.width, right),
    bottom: Math.min(sheet.height, bottom),
  };
}

/**
 * Return a test whether a projected point lies outside its cell.
 *
 * @param {import('./splat.js').Clip | null} clip
 * @param {import('./splat.js').Projected} projected
 * @returns {(point: number) => boolean}
 */
function cutBy(clip, projected) {
  if (!clip) return () => false;
  return (point) => {
    const [x, y] = [projected.x[point] / PHASES, projected.y[point] / PHASES];
    return x < clip.left || x >= clip.right || y < clip.top || y >= clip.bottom;
  };
}

/**
 * Points too small for a shape: one pixel each, or two by two.
 *
 * @param {Scene} scene
 * @param {number} cell
 * @param {import('./splat.js').Source} source
 * @param {{coefficients: Float64Array, clip: import('./splat.js').Clip | null, colors: Int32Array}}
 *   drawn
 */
function splatTiny(scene, cell, source, { coefficients, clip, colors }) {
  const { diameter, frame, opacities, projected, sheet, style } = scene;
  const { density, nPoints } = frame;
  const size = diameter < MIN_BLOCK ? 1 : 2;
  if (frame.dims === 3) placeDeep(projected, source, coefficients, sheet, size);
  else {
    placeFlat(projected, source, coefficients, sheet, size, clip);
    projected.opacity.fill(256);
  }
  const start = cell * nPoints;
  for (let point = 0; point < nPoints; point++)
    projected.opacity[point] = (projected.opacity[point] * opacities[density[start + point]]) >> 8;
  if (frame.sizes) shrinkOpacity(projected, frame, cell, frame.sizes);
  (size === 1 ? splatPixels : splatBlocks)(sheet, projected, style.order.base, colors);
}

/**
 * Lower the opacity of marks that are too small to shrink.
 *
 * @param {import('./splat.js').Projected} projected
 * @param {Frame} frame
 * @param {number} cell
 * @param {Uint8Array} sizes
 */
function shrinkOpacity(projected, { nPoints }, cell, sizes) {
  const first = sizes.length === nPoints ? 0 : cell * nPoints;
  for (let point = 0; point < nPoints; point++)
    projected.opacity[point] = projected.opacity[point] * Math.max(0.1, sizes[first + point] / 255);
}
