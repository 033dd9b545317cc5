/**
 * The points of a map as shapes: the same places, colours, sizes and order as the renderers draw.
 */

import { unpack } from '../compute/rgba.js';
import { isAbsent } from '../compute/density.js';
import { clipOf } from '../compute/map_bounds.js';
import {
  cellCoefficients,
  cellVisibility,
  INSET,
  PERSPECTIVE,
  projectPoint,
} from '../compute/geometry.js';
import {
  depthFade,
  DIAMOND,
  dimmedColor,
  drawOrder,
  EDGE,
  edgeOpacity,
  evenLayers,
  farToNear,
  fillOpacities,
  FULL_RING,
  HALO,
  inkOf,
  MIN_SHAPED,
  MIN_SPRITE,
  SPRITE_SCALE,
  standoutOf,
} from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { node } from './markup.js';

/** @import { Frame } from '../types.js' */
/** @import { Markup } from './markup.js' */

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box in CSS pixels of the
 *   viewport
 */
/**
 * @typedef {(cell: number, point: number) => [number, number, number]} Place x, y and depth of a
 *   point
 */

/** More points than this make a file that programs open slowly: they are embedded as a picture. */
export const MAX_SHAPES = 20_000;

/** Whether patches are drawn as images, which have no shape. @param {Frame} frame */
export function hasPatchImages({ sprites, pointSize, ratio }) {
  return sprites !== null && Math.round(pointSize * ratio * SPRITE_SCALE) >= MIN_SPRITE;
}

/** Points that may be drawn, in all cells that are in sight. @param {Frame} frame */
export function countPoints(frame) {
  const nShown = frame.flags.reduce((n, flag) => n + (flag & FLAG.hidden ? 0 : 1), 0);
  return nShown * visibleCells(frame).length;
}

/** @param {Frame} frame */
export function visibleCells(frame) {
  const margin = Math.max(frame.pointSize * SPRITE_SCALE, 8);
  return Array.from({ length: frame.cells.n }, (_, cell) => cell).filter(
    (cell) => frame.ready[cell] && cellVisibility(frame, cell, margin) !== 'outside',
  );
}

/**
 * All points inside of a box: plain ones as one shape each, those that stand out as a group each.
 *
 * @param {Frame} frame with the points at rest
 * @param {Box} box
 * @returns {Markup[]}
 */
export function pointShapes(frame, box) {
  const order = drawOrder(frame);
  const emphasis = frame.emphasis.filter((point) => !(frame.flags[point] & FLAG.hidden));
  return visibleCells(frame).flatMap((cell) => {
    const places = placesOf(frame, cell);
    const isIn = isInside(frame, cell, places, box);
    const base = order.base.filter((point) => !emphasis.includes(point) && isIn(point));
    const top = order.top.filter((point) => !emphasis.includes(point) && isIn(point));
    const drawn =
      frame.dims === 3 && frame.pointSize * frame.ratio >= MIN_SHAPED
        ? farToNear(base, places.depth)
        : base;
    const opacities = opacitiesOf(frame, cell, order.base.length + order.top.length);
    return [
      node(
        'g',
        { class: 'points', ...plainLook(frame) },
        ...Array.from(drawn, (point) => plainShape(frame, cell, point, places, opacities)),
      ),
      node(
        'g',
        { class: 'standouts' },
        ...Array.from(top, (point) => standout(frame, cell, point, places, false)),
        ...emphasis.filter(isIn).map((point) => standout(frame, cell, point, places, true)),
      ),
    ];
  });
}

/** @typedef {{x: Float32Array, y: Float32Array, depth: Float32Array}} Places */

/** @param {Frame} frame @param {number} cell @returns {Places} */
function placesOf(frame, cell) {
  const coefficients = cellCoefficients(frame, cell);
  const [x, y, depth] = [0, 1, 2].map(() => new Float32Array(frame.nPoints));
  for (let point = 0; point < frame.nPoints; point++)
    [x[point], y[point], depth[point]] = projectPoint(frame, cell, point, coefficients);
  return { x, y, depth };
}

/**
 * @param {Frame} frame
 * @param {number} cell
 * @param {Places} places
 * @param {Box} box
 * @returns {(point: number) => boolean}
 */
function isInside(frame, cell, { x, y }, { left, top, right, bottom }) {
  const { pointSize } = frame;
  const clip = clipOf(frame, cell);
  if (clip)
    return (point) =>
      !isAbsent(frame, cell, point) &&
      x[point] >= clip.left &&
      x[point] < clip.left + clip.side &&
      y[point] >= clip.top &&
      y[point] < clip.top + clip.side;
  return (point) =>
    !isAbsent(frame, cell, point) &&
    x[point] >= left - pointSize &&
    x[point] <= right + pointSize &&
    y[point] >= top - pointSize &&
    y[point] <= bottom + pointSize;
}

/**
 * Opacities of the plain points of a cell by their steps of density, 0..256.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} nVisible
 */
function opacitiesOf(frame, cell, nVisible) {
  const { cells, pointSize, ratio, transform } = frame;
  const side = cells.size[cell] * transform.k * ratio * (1 - 2 * INSET);
  const layers = evenLayers(frame, nVisible, Math.max(1, pointSize * ratio), side);
  return fillOpacities(frame, layers, new Uint16Array(256));
}

/**
 * What all plain points have in common: a hairline of background around shapes.
 *
 * @param {Frame} frame
 */
function plainLook({ pointSize, ratio, background }) {
  if (pointSize * ratio < MIN_SHAPED) return {};
  return {
    stroke: hex(background),
    'stroke-width': 2 * Math.min(EDGE.width, EDGE.share * pointSize),
    'paint-order': 'stroke',
  };
}

/**
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} point
 * @param {Places} places
 * @param {Uint16Array} opacities
 */
function plainShape(frame, cell, point, places, opacities) {
  const { background, density, dims, flags, nPoints, pointSize, ratio } = frame;
  const isDimmed = (flags[point] & FLAG.dimmed) !== 0;
  const color = isDimmed ? dimmedColor(frame) : colorOf(frame, cell, point);
  const shown = dims === 3 ? mixed(color, background, 1 - depthFade(places.depth[point])) : color;
  const isShaped = pointSize * ratio >= MIN_SHAPED;
  const size = isShaped ? sizeOf(frame, cell, point, places) : Math.max(1, pointSize);
  const opacity = opacities[density[cell * nPoints + point]] / 256;
  return shape(frame, point, places, size / 2, {
    fill: hex(shown),
    'fill-opacity': rounded(opacity),
    ...(isShaped && { 'stroke-opacity': rounded(edgeOpacity(opacity)) }),
  });
}

/** @param {number} value */
const rounded = (value) => Math.round(100 * value) / 100;

/**
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} point
 * @param {Places} places
 * @param {boolean} isEmphasis
 */
function standout(frame, cell, point, places, isEmphasis) {
  const { scale, minSize, ring } = standoutOf(frame.flags[point], isEmphasis);
  const size = Math.max(sizeOf(frame, cell, point, places) * scale, minSize);
  const width = ring * Math.min(1, size / FULL_RING);
  /** @param {number} grown @param {readonly number[]} color */
  const layer = (grown, color) =>
    shape(frame, point, places, size / 2 + grown, { fill: hex(color) });
  return node(
    'g',
    {},
    layer(width + HALO, frame.background),
    ...(ring ? [layer(width, inkOf(frame))] : []),
    layer(0, colorOf(frame, cell, point)),
  );
}

/**
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} point
 * @param {Places} places
 * @returns {number} diameter
 */
function sizeOf({ dims, nPoints, pointSize, sizes }, cell, point, { depth }) {
  const share = sizes ? sizes[sizes.length === nPoints ? point : cell * nPoints + point] / 255 : 1;
  return (pointSize * share) / (dims === 3 ? 1 + PERSPECTIVE * depth[point] : 1);
}

/**
 * A query is a disc, a key a diamond.
 *
 * @param {Frame} frame
 * @param {number} point
 * @param {Places} places
 * @param {number} radius
 * @param {Record<string, string | number>} look
 */
function shape({ nQueries }, point, { x, y }, radius, look) {
  if (point < nQueries) return node('circle', { cx: x[point], cy: y[point], r: radius, ...look });
  const reach = Math.round(100 * radius * DIAMOND) / 100;
  return node('path', {
    d:
      `M${Math.round(100 * x[point]) / 100} ` +
      `${Math.round(100 * (y[point] - reach)) / 100}l${reach} ${reach}-${reach} ` +
      `${reach}-${reach}-${reach}z`,
    ...look,
  });
}

/** @param {Frame} frame @param {number} cell @param {number} point */
function colorOf({ colors, nPoints }, cell, point) {
  return unpack(colors[colors.length === nPoints ? point : cell * nPoints + point]);
}

/**
 * @param {readonly number[]} color
 * @param {readonly number[]} ground
 * @param {number} share of the ground
 */
function mixed(color, ground, share) {
  return share === 0
    ? color
    : color.map((part, i) => Math.round(part + (ground[i] - part) * share));
}

/** @param {readonly number[]} rgb */
export function hex(rgb) {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
