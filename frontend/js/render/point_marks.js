/** Draws points one by one into pixels: discs, diamonds or patch images. */

import { ABSENT } from '../compute/density.js';
import { PERSPECTIVE } from '../compute/geometry.js';
import { drawSprite, drawStamp, fillRectangle } from './splat.js';
import { PHASES } from './stamps.js';
import {
  depthFade,
  EDGE,
  edgeOpacity,
  farToNear,
  FULL_RING,
  HALO,
  MIN_SHAPED,
  MIN_SPRITE,
  mixPacked,
  SPRITE_SCALE,
  standoutOf,
} from './style.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('./scatter2d.js').Sheet} Sheet */

/**
 * Values shared by all cells of one frame.
 *
 * @typedef {object} Scene
 * @property {Frame} frame
 * @property {Sheet} sheet
 * @property {import('./frame_style.js').FrameStyle} style
 * @property {import('./splat.js').Projected} projected
 * @property {number} ratio Device pixels to a CSS pixel.
 * @property {number} diameter Of a plain point, device pixels.
 * @property {number} spriteSide Device pixels.
 * @property {boolean} hasSprites
 * @property {boolean} isShaped Whether points are large enough for a shape.
 * @property {Uint16Array} opacities (step of density) 0..256, of the cell that is drawn.
 * @property {number} background Packed, as is the next.
 * @property {number} ink
 */

/**
 * @param {Frame} frame
 * @param {Sheet} sheet
 * @param {import('./frame_style.js').FrameStyle} style
 * @param {import('./splat.js').Projected} projected
 * @returns {Scene}
 */
export function sceneOf(frame, sheet, style, projected) {
  const { ratio } = frame;
  const diameter = frame.pointSize * ratio;
  const spriteSide = Math.round(diameter * SPRITE_SCALE);
  const hasSprites = frame.sprites !== null && spriteSide >= MIN_SPRITE;
  const isShaped = hasSprites || diameter >= MIN_SHAPED;
  const [background, ink] = [packed(frame.background), packed(style.ink)];
  return {
    frame,
    sheet,
    style,
    projected,
    ratio,
    diameter,
    spriteSide,
    hasSprites,
    isShaped,
    opacities: new Uint16Array(256),
    background,
    ink,
  };
}

/**
 * Draws single projected points.
 *
 * @param {Scene} scene
 */
export function createMarks({ diameter, frame, projected, ratio, sheet, spriteSide, style }) {
  const { nPoints, nQueries, sizes, sprites } = frame;
  const isDeep = frame.dims === 3;
  const spriteOpacity = Math.round(256 * Math.min(1, frame.opacity));

  /** Perspective scale of a point. @param {number} point */
  const nearness = (point) => (isDeep ? 1 + PERSPECTIVE * projected.depth[point] : 1);

  return {
    /** @param {number} cell @param {number} point @returns {number} Device pixels. */
    diameterOf(cell, point) {
      const share = sizes
        ? sizes[sizes.length === nPoints ? point : cell * nPoints + point] / 255
        : 1;
      return (diameter * share) / nearness(point);
    },

    /** @param {number} point @param {number} size @param {number} color @param {number} opacity */
    paintMark(point, size, color, opacity) {
      const x = projected.x[point];
      const y = projected.y[point];
      const shape = point < nQueries ? 'disc' : 'diamond';
      const stamp = sheet.stamps(shape, size, x & (PHASES - 1), y & (PHASES - 1));
      drawStamp(sheet, stamp, x >> 2, y >> 2, color, opacity);
    },

    /**
     * @param {number} point @param {number} scale @param {number} color @param {boolean} isDimmed
     * @param {number} [edge] Width of a frame around the image. @param {number} [edgeColor]
     */
    paintSprite(point, scale, color, isDimmed, edge = 0, edgeColor = 0) {
      if (!sprites) return;
      const size = Math.round((spriteSide * scale) / nearness(point));
      const token = point < nQueries ? point : point - nQueries;
      const left = (projected.x[point] >> 2) - (size >> 1);
      const top = (projected.y[point] >> 2) - (size >> 1);
      const [right, bottom] = [left + size + edge, top + size + edge];
      if (edge) fillRectangle(sheet, left - edge, top - edge, right, bottom, edgeColor);
      drawSprite(
        sheet,
        isDimmed ? style.dimmedPatches() : style.patches(),
        token * sprites.side ** 2,
        sprites.side,
        left,
        top,
        size,
        Math.round((sprites.outline ?? 0) * ratio),
        color,
        Math.round(256 * (sprites.fill ?? 0)),
        spriteOpacity,
      );
    },
  };
}

/** @typedef {ReturnType<typeof createMarks>} Marks */

/**
 * Discs and diamonds with an edge, or images of patches.
 *
 * @param {Scene} scene
 * @param {Marks} marks
 * @param {number} cell
 * @param {Int32Array} colors
 * @param {(point: number) => boolean} isOut whether a point lies outside of its cell
 */
export function paintShapes(scene, marks, cell, colors, isOut) {
  const { background, frame, hasSprites, opacities, projected, ratio, style } = scene;
  const isDeep = frame.dims === 3;
  const density = frame.density.subarray(cell * frame.nPoints, (cell + 1) * frame.nPoints);
  const order = isDeep ? farToNear(style.order.base, projected.depth) : style.order.base;
  for (let at = 0; at < order.length; at++) {
    const point = order[at];
    if (density[point] === ABSENT || isOut(point)) continue;
    if (hasSprites && style.isSprite(point)) {
      marks.paintSprite(point, 1, colors[point], style.isDimmed(point));
      continue;
    }
    const size = marks.diameterOf(cell, point);
    const edge = 2 * Math.min(EDGE.width * ratio, EDGE.share * size);
    const color = isDeep
      ? mixPacked(background, colors[point], 256 * depthFade(projected.depth[point]))
      : colors[point];
    const opacity = opacities[density[point]];
    marks.paintMark(point, size + edge, background, 256 * edgeOpacity(opacity / 256));
    marks.paintMark(point, size, color, opacity);
  }
}

/**
 * Draw a highlighted point: larger, with its ring if it has one.
 *
 * @param {Scene} scene
 * @param {Marks} marks
 * @param {number} cell
 * @param {number} point
 * @param {number} color
 * @param {boolean} isEmphasis
 */
export function paintStandout(scene, marks, cell, point, color, isEmphasis) {
  const { background, frame, hasSprites, ink, ratio, style } = scene;
  const { scale, minSize, ring } = standoutOf(frame.flags[point], isEmphasis);
  if (hasSprites && style.isSprite(point)) {
    const edge = Math.round((ring || HALO) * ratio);
    return marks.paintSprite(point, scale, color, false, edge, ring ? ink : background);
  }
  const size = Math.max(marks.diameterOf(cell, point) * scale, minSize * ratio);
  const width = ring * Math.min(ratio, size / FULL_RING);
  marks.paintMark(point, size + 2 * (width + HALO * ratio), background, 256);
  if (ring) marks.paintMark(point, size + 2 * width, ink, 256);
  marks.paintMark(point, size, color, 256);
}

/** @param {readonly [number, number, number]} rgb @returns {number} As a signed packed colour. */
function packed([red, green, blue]) {
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}
