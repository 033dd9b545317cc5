/**
 * The renderer for machines without a GPU: marks are splatted into one ImageData, all cells in one
 * pass.
 */

import { clipOf } from '../compute/map_bounds.js';
import { cellCoefficients, cellVisibility, INSET, PERSPECTIVE } from '../compute/geometry.js';
import {
  createProjected,
  drawSprite,
  drawStamp,
  fillRectangle,
  placeDeep,
  placeFlat,
  projectPoints,
  splatBlocks,
  splatPixels,
} from './splat.js';
import { createStamps, PHASES } from './stamps.js';
import { createStyle } from './frame_style.js';
import {
  depthFade,
  EDGE,
  EDGE_OPACITY,
  farToNear,
  FULL_RING,
  HALO,
  markOpacity,
  MIN_SHAPED,
  MIN_SPRITE,
  mixPacked,
  SHAPED_OPACITY,
  SPRITE_SCALE,
  standoutOf,
  TO_PIXEL,
} from './style.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Renderer} Renderer */

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
      const painter = createPainter(frame, sheet, style, projected);
      sheet.pixels.fill(packed(frame.background));
      for (let cell = 0; cell < frame.cells.n; cell++) painter.paintCell(cell);
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
 * What draws the cells of one frame.
 * @param {Frame} frame
 * @param {Sheet} sheet
 * @param {import('./frame_style.js').FrameStyle} style
 * @param {import('./splat.js').Projected} projected
 */
function createPainter(frame, sheet, style, projected) {
  const { ratio, nPoints, dims } = frame;
  const diameter = frame.pointSize * ratio;
  const spriteSide = Math.round(diameter * SPRITE_SCALE);
  const hasSprites = frame.sprites !== null && spriteSide >= MIN_SPRITE;
  const isShaped = hasSprites || diameter >= MIN_SHAPED;
  const background = packed(frame.background);
  const ink = packed(style.ink);
  const coefficients = new Float64Array(14);
  /** Of the cell that is being painted. @type {import('./splat.js').Clip | null} */
  let clip = null;

  return { paintCell };

  /** @param {number} cell */
  function paintCell(cell) {
    const margin = Math.max(frame.pointSize * SPRITE_SCALE, 8);
    if (cellVisibility(frame, cell, margin) === 'outside') return;
    cellCoefficients(frame, cell, coefficients);
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 12, 13]) coefficients[at] *= ratio;
    clip = clipFor(cell);
    const side = frame.cells.size[cell] * frame.transform.k * ratio;
    paintTile(side, frame.tiles?.[cell] ?? 0);
    if (!frame.ready[cell]) return;
    const source = {
      positions: frame.positions,
      from: frame.from,
      blend: frame.blend,
      start: cell * nPoints * dims,
    };
    const colors = style.colorsOf(cell);
    if (isShaped) {
      projectPoints(projected, source, dims, coefficients);
      paintShapes(cell, colors);
    } else {
      splatTiny(cell, source, side, colors);
      projectPoints(projected, source, dims, coefficients, style.order.top);
      projectPoints(projected, source, dims, coefficients, frame.emphasis);
    }
    paintStandouts(cell, colors);
  }

  /**
   * @param {number} cell
   * @param {import('./splat.js').Source} source
   * @param {number} side
   * @param {Int32Array} colors
   */
  function splatTiny(cell, source, side, colors) {
    const opacity = Math.round(
      256 * markOpacity(style.nVisible, Math.max(1, diameter), side * (1 - 2 * INSET)),
    );
    const size = diameter < MIN_BLOCK ? 1 : 2;
    if (dims === 3) placeDeep(projected, source, coefficients, sheet, size, opacity);
    else {
      placeFlat(projected, source, coefficients, sheet, size, clip);
      projected.opacity.fill(opacity);
    }
    if (frame.sizes) shrinkOpacity(cell, frame.sizes);
    (size === 1 ? splatPixels : splatBlocks)(sheet, projected, style.order.base, colors);
  }

  /** @param {number} cell */
  function clipFor(cell) {
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

  /** Whether a point, once projected, lies outside of its cell. @param {number} point */
  function isCut(point) {
    if (!clip) return false;
    const [x, y] = [projected.x[point] / PHASES, projected.y[point] / PHASES];
    return x < clip.left || x >= clip.right || y < clip.top || y >= clip.bottom;
  }

  /** @param {number} side @param {number} color packed; 0: none */
  function paintTile(side, color) {
    if (!color) return;
    const [left, top] = [coefficients[12] - side / 2, coefficients[13] - side / 2];
    fillRectangle(sheet, left, top, left + side, top + side, color);
  }

  /** @param {number} cell @param {Uint8Array} sizes Marks too small to shrink become fainter. */
  function shrinkOpacity(cell, sizes) {
    const first = sizes.length === nPoints ? 0 : cell * nPoints;
    for (let point = 0; point < nPoints; point++) {
      projected.opacity[point] =
        projected.opacity[point] * Math.max(0.1, sizes[first + point] / 255);
    }
  }

  /** @param {number} cell @param {Int32Array} colors */
  function paintShapes(cell, colors) {
    const order = dims === 3 ? farToNear(style.order.base, projected.depth) : style.order.base;
    for (let at = 0; at < order.length; at++) {
      const point = order[at];
      if (isCut(point)) continue;
      if (hasSprites && style.isSprite(point)) {
        paintSprite(point, 1, colors[point], style.isDimmed(point));
        continue;
      }
      const size = diameterOf(cell, point);
      const color =
        dims === 3
          ? mixPacked(background, colors[point], 256 * depthFade(projected.depth[point]))
          : colors[point];
      paintMark(
        point,
        size + 2 * Math.min(EDGE.width * ratio, EDGE.share * size),
        background,
        EDGE_OPACITY * 256,
      );
      paintMark(point, size, color, SHAPED_OPACITY * 256);
    }
  }

  /** @param {number} cell @param {number} point @returns {number} Device pixels. */
  function diameterOf(cell, point) {
    const { sizes } = frame;
    const share = sizes
      ? sizes[sizes.length === nPoints ? point : cell * nPoints + point] / 255
      : 1;
    return (diameter * share) / (dims === 3 ? 1 + PERSPECTIVE * projected.depth[point] : 1);
  }

  /** @param {number} point @param {number} size @param {number} color @param {number} opacity */
  function paintMark(point, size, color, opacity) {
    const x = projected.x[point];
    const y = projected.y[point];
    const shape = point < frame.nQueries ? 'disc' : 'diamond';
    const stamp = sheet.stamps(shape, size, x & (PHASES - 1), y & (PHASES - 1));
    drawStamp(sheet, stamp, x >> 2, y >> 2, color, opacity);
  }

  /**
   * @param {number} point @param {number} scale @param {number} color @param {boolean} isDimmed
   * @param {number} [edge] Width of a frame around the picture. @param {number} [edgeColor]
   */
  function paintSprite(point, scale, color, isDimmed, edge = 0, edgeColor = 0) {
    const { sprites } = frame;
    if (!sprites) return;
    const size = Math.round(
      (spriteSide * scale) / (dims === 3 ? 1 + PERSPECTIVE * projected.depth[point] : 1),
    );
    const token = point < frame.nQueries ? point : point - frame.nQueries;
    const left = (projected.x[point] >> 2) - (size >> 1);
    const top = (projected.y[point] >> 2) - (size >> 1);
    if (edge)
      fillRectangle(
        sheet,
        left - edge,
        top - edge,
        left + size + edge,
        top + size + edge,
        edgeColor,
      );
    const outline = Math.round((sprites.outline ?? 0) * ratio);
    const picture = isDimmed ? style.dimmedPicture() : style.picture();
    drawSprite(
      sheet,
      picture,
      token * sprites.side ** 2,
      sprites.side,
      left,
      top,
      size,
      outline,
      color,
      Math.round(256 * (sprites.fill ?? 0)),
    );
  }

  /** @param {number} cell @param {Int32Array} colors */
  function paintStandouts(cell, colors) {
    for (const point of style.order.top) paintStandout(cell, point, colors[point], false);
    for (const point of frame.emphasis) {
      if (!style.isHidden(point)) paintStandout(cell, point, style.plainColor(cell, point), true);
    }
  }

  /**
   * @param {number} cell
   * @param {number} point
   * @param {number} color
   * @param {boolean} isEmphasis
   */
  function paintStandout(cell, point, color, isEmphasis) {
    if (isCut(point)) return;
    const { scale, least, ring } = standoutOf(frame.flags[point], isEmphasis);
    if (hasSprites && style.isSprite(point)) {
      paintSprite(
        point,
        scale,
        color,
        false,
        Math.round((ring || HALO) * ratio),
        ring ? ink : background,
      );
      return;
    }
    const size = Math.max(diameterOf(cell, point) * scale, least * ratio);
    const width = ring * Math.min(ratio, size / FULL_RING);
    paintMark(point, size + 2 * (width + HALO * ratio), background, 256);
    if (ring) paintMark(point, size + 2 * width, ink, 256);
    paintMark(point, size, color, 256);
  }
}

/** @param {readonly [number, number, number]} rgb @returns {number} As a signed packed colour. */
function packed([red, green, blue]) {
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}
