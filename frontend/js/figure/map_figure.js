/** The map as a figure: the grid of all heads, or one head, as it is in sight. */

import { cellCoefficients, projectPoint, SPACE_SCALE } from '../compute/geometry.js';
import { createScatter2d } from '../render/scatter2d.js';
import { SPRITE_SCALE } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { cellsIn, emptyCells, tileMarkup, veils } from './map_cells.js';
import { axisMarkup, contourMarkup, lineMarkup } from './map_marks.js';
import { axes, labelMarkup, LABEL_PX, titles } from './map_words.js';
import { node } from './markup.js';
import { AXES_PX, PAD_PX, ROOM_FOR_NUMBER } from './paper_map.js';
import { countPoints, hasPatchImages, MAX_SHAPES, pointShapes } from './points.js';

/** @import { ColoredAxis } from '../map/biplot_axis.js' */
/** @import { ContourLine } from '../map/contours.js' */
/** @import { Arrangement } from '../map/arrangement.js' */
/** @import { Legend } from '../color/color_modes.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { Frame } from '../types.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Markup } from './markup.js' */
/** @import { Box } from './points.js' */

/** Between a grid and what lies beside it. */
const EDGE_PX = 4;

/**
 * @typedef {object} Drawing What is seen.
 * @property {Frame} frame with its points at rest; its tiles are the tints of all heads
 * @property {Arrangement} arrangement
 * @property {Box | null} box of the frame that is seen; null: as much of it as there is
 * @property {boolean} isCut whether the map goes on beyond the box
 * @property {Legend | null} legend
 * @property {Lines[]} lines of attention
 * @property {Lines | null} [pairs] labelled pairs
 * @property {{lines: Lines, rings: ArrayLike<number>, words: string} | null} compared lines to the
 *   strongest partners in the corpus, and rings around the nearest points
 * @property {ColoredAxis | null} axis of a biplot
 * @property {ContourLine[]} contours
 * @property {{words: string, x: number, y: number, isKey: boolean}[]} labels left edge and middle
 *   of the line
 */
/**
 * Text of one head of the grid, and whether it steps back.
 *
 * @typedef {{title: string, number: string, isWarning: boolean, isOutside?: boolean}} CellText
 */
/**
 * @typedef {{x: number, y: number, width: number, height: number, canvas: HTMLCanvasElement}}
 *   FigureImage
 */
/**
 * @typedef {{width: number, height: number, images: FigureImage[], markup: Markup[]}} Body what a
 *   figure shows, in pixels from its corner
 */

/**
 * @param {Drawing} drawing
 * @param {FigureStyle} style
 * @param {object} options
 * @param {CellText[] | null} options.cells of the grid; null for one head
 * @param {number} options.nHeads in a row of the grid
 * @param {boolean} [options.isSorted] whether the grid is in the order of a score
 * @param {boolean} options.isPixels whether points are pixels, however few
 * @returns {Body & {hasWords: boolean, nHeads: number}} whether heads of the grid have titles or
 *   numbers, and how many are in sight
 */
export function mapFigure(drawing, style, { cells, nHeads, isPixels, isSorted = false }) {
  const hasWords = cells !== null && hasTitles(drawing);
  const frame = hasWords ? { ...drawing.frame, tiles: null } : drawing.frame;
  const { box, isCut } = seenBox(drawing, cells !== null, style);
  const hasAxes = cells !== null && !drawing.arrangement.isList;
  const [left, top] = hasAxes ? [AXES_PX.left, AXES_PX.top] : [0, 0];
  const size = { width: box.right - box.left, height: box.bottom - box.top };
  const isShapes = !isPixels && !hasPatchImages(frame) && countPoints(frame) <= MAX_SHAPES;
  const shapes = isShapes ? pointShapes(frame, box) : [];
  const clip = node('clipPath', { id: 'map' }, node('rect', { x: box.left, y: box.top, ...size }));
  const content = node(
    'g',
    { 'clip-path': 'url(#map)' },
    ...(isShapes ? tileMarkup(frame, box) : []),
    ...emptyCells(frame, box, style),
    ...shapes,
    ...veils(frame, cells ?? [], box),
    ...contourMarkup(drawing),
    ...lineMarkup(drawing),
    ...axisMarkup(drawing),
    ...(hasWords ? titles(drawing, cells, { box, isSorted }, style) : []),
    ...labelMarkup(drawing, box, style),
  );
  return {
    width: left + size.width,
    height: top + size.height,
    images: isShapes ? [] : [{ x: left, y: top, ...size, canvas: pixelsOf(frame, box, style) }],
    markup: [
      node('defs', {}, clip),
      node(
        'g',
        { transform: `translate(${left - box.left} ${top - box.top})` },
        content,
        ...(hasAxes ? axes(drawing, box, nHeads, isSorted, style) : []),
        ...(isCut ? [cutEdge(box, style)] : []),
      ),
    ],
    hasWords,
    nHeads: cellsIn(frame, box).length,
  };
}

/**
 * The part of the frame that is drawn, and whether the map goes on beyond it.
 *
 * @param {Drawing} drawing
 * @param {boolean} isGrid
 * @param {FigureStyle} style
 */
function seenBox(drawing, isGrid, style) {
  if (drawing.box) return { box: drawing.box, isCut: drawing.isCut };
  const sight = inSight(drawing);
  const box = whole(isGrid ? gridBox(drawing) : headBox(drawing, style), sight);
  const sides = /** @type {const} */ (['left', 'top', 'right', 'bottom']);
  return { box, isCut: sides.every((side) => box[side] === sight[side]) };
}

/** Whether there is room for words above the maps of a grid. @param {Drawing} drawing */
function hasTitles({ frame: { transform }, arrangement: { isList, pitch, title } }) {
  return isList || (pitch.x * transform.k >= ROOM_FOR_NUMBER && title * transform.k >= LABEL_PX);
}

/**
 * Where the map is seen: beside the axes and the overview of a grid.
 *
 * @param {Drawing} drawing
 * @returns {Box}
 */
function inSight({ arrangement: { view }, frame: { width, height } }) {
  const { left, top, right, bottom } = view ?? { left: 0, top: 0, right: width, bottom: height };
  return view
    ? { left: left - EDGE_PX, top: top - EDGE_PX, right: right + EDGE_PX, bottom: height }
    : { left, top, right, bottom };
}

/** Whole pixels in sight. @param {Box} box @param {Box} sight @returns {Box} */
function whole({ left, top, right, bottom }, sight) {
  return {
    left: Math.max(sight.left, Math.floor(left)),
    top: Math.max(sight.top, Math.floor(top)),
    right: Math.min(sight.right, Math.ceil(right)),
    bottom: Math.min(sight.bottom, Math.ceil(bottom)),
  };
}

/** Around all points and labels of a head. @param {Drawing} drawing @param {FigureStyle} style */
function headBox({ frame, labels }, { measure }) {
  const reach = frame.pointSize * (frame.sprites ? SPRITE_SCALE : 1) + PAD_PX;
  const box = { left: frame.width, top: frame.height, right: 0, bottom: 0 };
  /** @param {number} x @param {number} y @param {number} width @param {number} room */
  const include = (x, y, width, room) => {
    if (x + width < 0 || y < 0 || x > frame.width || y > frame.height) return;
    [box.left, box.top] = [Math.min(box.left, x - room), Math.min(box.top, y - room)];
    [box.right, box.bottom] = [
      Math.max(box.right, x + width + room),
      Math.max(box.bottom, y + room),
    ];
  };
  const coefficients = cellCoefficients(frame, 0);
  for (let point = 0; point < frame.nPoints; point++) {
    if (frame.flags[point] & FLAG.hidden) continue;
    const [x, y] = projectPoint(frame, 0, point, coefficients);
    include(x, y, 0, reach);
  }
  for (const { words, x, y } of labels) include(x, y, measure(words, LABEL_PX), PAD_PX);
  return box.right > box.left ? box : { left: 0, top: 0, right: frame.width, bottom: frame.height };
}

/**
 * Around all heads of the grid with their titles; what is turned can lie beyond its cell.
 *
 * @param {Drawing} drawing
 */
function gridBox({
  frame: {
    dims,
    transform: { k, x, y },
  },
  arrangement: { size, slots, title },
}) {
  const beyond = dims === 3 ? ((SPACE_SCALE * Math.sqrt(3) - 1) / 2) * slots.size[0] * k : 4;
  return {
    left: x - beyond,
    top: y + (slots.y[0] - title) * k - 2,
    right: x + size.width * k + beyond,
    bottom: y + size.height * k + beyond,
  };
}

/** A hairline around a map that goes on beyond it. @param {Box} box @param {FigureStyle} style */
function cutEdge({ left, top, right, bottom }, { line }) {
  return node('rect', {
    x: left + 0.5,
    y: top + 0.5,
    width: right - left - 1,
    height: bottom - top - 1,
    fill: 'none',
    stroke: line,
  });
}

/**
 * The points as the renderers draw them, finer than on the screen.
 *
 * @param {Frame} frame
 * @param {Box} box
 * @param {FigureStyle} style
 */
function pixelsOf(frame, { left, top, right, bottom }, { sharpness }) {
  const whole = document.createElement('canvas');
  const renderer = createScatter2d(whole);
  renderer.draw({ ...frame, ratio: sharpness });
  const part = document.createElement('canvas');
  [part.width, part.height] = [sharpness * (right - left), sharpness * (bottom - top)];
  part.getContext('2d')?.drawImage(whole, -sharpness * left, -sharpness * top);
  renderer.destroy();
  return part;
}
