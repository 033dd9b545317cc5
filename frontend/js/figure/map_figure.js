/** The map as a figure: the grid of all heads, or one head, as it is in sight. */

import { crossOf, tipOf } from '../compute/biplot_axis.js';
import { cssColor } from '../color/palettes.js';
import { cellCoefficients, projectPoint, SPACE_SCALE } from '../compute/geometry.js';
import { LINE_PX, lineSegments } from '../render/lines.js';
import { createScatter2d } from '../render/scatter2d.js';
import { inkOf, SPRITE_SCALE } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { node } from './markup.js';
import {
  countPoints,
  hasPatchImages,
  hex,
  MAX_SHAPES,
  pointShapes,
  visibleCells,
} from './points.js';

/** @import { ColoredAxis } from '../map/biplot_axis.js' */
/** @import { ContourLine } from '../map/contours.js' */
/** @import { Place } from '../compute/biplot_axis.js' */
/** @import { Arrangement } from '../map/arrangement.js' */
/** @import { Legend } from '../color/color_modes.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { Frame } from '../types.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Markup } from './markup.js' */
/** @import { Box } from './points.js' */

/** Pixels of images per pixel of a figure. */
export const SHARPNESS = 2;
const LABEL_PX = 12;
const HALO_PX = 3.5;
const PAD_PX = 12;
/** Width of title and number beside the map of a list. */
const LIST_WORDS_PX = 100;
/** Between a grid and what lies beside it. */
const EDGE_PX = 4;
/** Room for the numbers of layers and heads beside the grid. */
const AXES_PX = Object.freeze({ left: 34, top: 24 });
/** Widths of a column from which number, and title too, have room. */
const ROOM_FOR_NUMBER = 40;
const ROOM_FOR_BOTH = 84;

/**
 * @typedef {object} Drawing What is seen.
 * @property {Frame} frame with its points at rest
 * @property {Arrangement} arrangement
 * @property {Legend | null} legend
 * @property {Lines[]} lines
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
 * @returns {Body & {nPoints: number | null}} `nPoints`: shapes of points, null where they are
 *   pixels
 */
export function mapFigure(drawing, style, { cells, nHeads, isPixels, isSorted = false }) {
  const { frame } = drawing;
  const sight = inSight(drawing);
  const box = whole(cells ? gridBox(drawing) : headBox(drawing, style), sight);
  const hasAxes = cells !== null && !drawing.arrangement.isList;
  const [left, top] = hasAxes ? [AXES_PX.left, AXES_PX.top] : [0, 0];
  const size = { width: box.right - box.left, height: box.bottom - box.top };
  const isShapes = !isPixels && !hasPatchImages(frame) && countPoints(frame) <= MAX_SHAPES;
  const shapes = isShapes ? pointShapes(frame, box) : [];
  const clip = node('clipPath', { id: 'map' }, node('rect', { x: box.left, y: box.top, ...size }));
  const content = node(
    'g',
    { 'clip-path': 'url(#map)' },
    ...(isShapes ? tileMarkup(frame) : []),
    ...(cells ? emptyCells(frame, style) : []),
    ...shapes,
    ...(cells ? veils(frame, cells) : []),
    ...contourMarkup(drawing),
    ...lineMarkup(drawing),
    ...axisMarkup(drawing),
    ...(cells ? titles(drawing, cells, style) : []),
    ...drawing.labels.map((label) => labelMarkup(label, frame, style)),
  );
  return {
    width: left + size.width,
    height: top + size.height,
    images: isShapes ? [] : [{ x: left, y: top, ...size, canvas: pixelsOf(frame, box) }],
    markup: [
      node('defs', {}, clip),
      node(
        'g',
        { transform: `translate(${left - box.left} ${top - box.top})` },
        content,
        ...(hasAxes ? axes(drawing, box, nHeads, isSorted, style) : []),
        ...cutEdge(box, sight, style),
      ),
    ],
    nPoints: isShapes ? shapes.reduce((n, { children }) => n + children.length, 0) : null,
  };
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

/**
 * A hairline around a map that goes on beyond its edges.
 *
 * @param {Box} box
 * @param {Box} sight
 * @param {FigureStyle} style
 */
function cutEdge({ left, top, right, bottom }, sight, { line }) {
  const isCut =
    left === sight.left && top === sight.top && right === sight.right && bottom === sight.bottom;
  return isCut
    ? [
        node('rect', {
          x: left + 0.5,
          y: top + 0.5,
          width: right - left - 1,
          height: bottom - top - 1,
          fill: 'none',
          stroke: line,
        }),
      ]
    : [];
}

/**
 * The colour behind each head, where a score tints it; pixels have theirs already.
 *
 * @param {Frame} frame
 */
function tileMarkup(frame) {
  return Array.from(frame.tiles ?? []).flatMap((color, cell) =>
    color ? [cellRect(frame, cell, { fill: cssColor(color) })] : [],
  );
}

/** Heads outside of a range are pale. @param {Frame} frame @param {CellText[]} texts */
function veils(frame, texts) {
  return texts.flatMap(({ isOutside }, cell) =>
    isOutside ? [cellRect(frame, cell, { fill: hex(frame.background), 'fill-opacity': 0.8 })] : [],
  );
}

/** The square of a head. @param {Frame} frame @param {number} cell @param {object} style */
function cellRect({ cells, transform: { k, x, y } }, cell, style) {
  const side = cells.size[cell] * k;
  return node('rect', {
    x: cells.x[cell] * k + x,
    y: cells.y[cell] * k + y,
    width: side,
    height: side,
    ...style,
  });
}

/** Heads whose map is not there yet. @param {Frame} frame @param {FigureStyle} style */
function emptyCells({ cells, ready, transform: { k, x, y } }, { line }) {
  return Array.from({ length: cells.n }, (_, cell) => cell)
    .filter((cell) => !ready[cell])
    .map((cell) =>
      node('rect', {
        x: cells.x[cell] * k + x,
        y: cells.y[cell] * k + y,
        width: cells.size[cell] * k,
        height: cells.size[cell] * k,
        fill: 'none',
        stroke: line,
        'stroke-dasharray': '3 3',
      }),
    );
}

/** @param {Drawing} drawing */
function lineMarkup({ frame, lines }) {
  return lines.map((each) =>
    node(
      'g',
      {
        class: 'lines',
        stroke: hex(each.color ?? inkOf(frame)),
        'stroke-width': each.width ?? LINE_PX,
      },
      ...lineSegments(frame, 0, each).map(({ opacity, segments }) =>
        node(
          'g',
          { 'stroke-opacity': opacity },
          ...segments.map(([x1, y1, x2, y2]) => node('line', { x1, y1, x2, y2 })),
        ),
      ),
    ),
  );
}

/** Lines around most of the points. @param {Drawing} drawing */
function contourMarkup({ contours = [] }) {
  const rounded = (/** @type {number} */ part) => Math.round(10 * part) / 10;
  return contours.map(({ segments, color, width }) => {
    const pieces = segments.map((ends) => ends.map(rounded));
    const d = pieces.map(([x, y, toX, toY]) => `M${x} ${y}L${toX} ${toY}`).join('');
    return node('path', {
      class: 'contour',
      d,
      fill: 'none',
      stroke: color,
      'stroke-width': width,
    });
  });
}

/**
 * The origin of a biplot and the direction of the selected point.
 *
 * @param {Drawing} drawing
 */
function axisMarkup({ axis, frame }) {
  if (!axis) return [];
  const { ahead, behind, color, origin } = axis;
  /** @param {[Place, Place]} ends @param {object} look */
  const line = ([[x1, y1], [x2, y2]], look) => node('line', { x1, y1, x2, y2, ...look });
  const cross = { stroke: hex(inkOf(frame)), 'stroke-width': 1.5 };
  return [
    ...(behind ? [line(behind, { stroke: color, 'stroke-dasharray': '2 4' })] : []),
    ...(ahead ? [line(ahead, { stroke: color, 'stroke-width': 1.5 })] : []),
    ...(ahead ? [node('polygon', { points: tipOf(ahead).join(' '), fill: color })] : []),
    ...crossOf(origin).map((ends) => line(ends, cross)),
  ];
}

/**
 * @param {Drawing['labels'][number]} label
 * @param {Frame} frame
 * @param {FigureStyle} style
 */
function labelMarkup({ words, x, y, isKey }, frame, { query, key }) {
  return node(
    'text',
    {
      class: 'label',
      x,
      y: y + 0.35 * LABEL_PX,
      'font-size': LABEL_PX,
      'font-weight': 500,
      fill: isKey ? key : query,
      stroke: hex(frame.background),
      'stroke-width': HALO_PX,
      'stroke-opacity': 0.92,
      'stroke-linejoin': 'round',
      'paint-order': 'stroke',
    },
    words,
  );
}

/**
 * Title and fidelity above each head, as far as there is room.
 *
 * @param {Drawing} drawing
 * @param {CellText[]} texts
 * @param {FigureStyle} style
 */
function titles({ frame, arrangement }, texts, { ink, soft, warning }) {
  const {
    cells,
    transform: { k, x, y },
  } = frame;
  const { isList, pitch, title: height, titleWidth } = arrangement;
  if (!isList && (pitch.x * k < ROOM_FOR_NUMBER || height * k < LABEL_PX)) return [];
  const isBoth = pitch.x * k >= ROOM_FOR_BOTH;
  return visibleCells(frame).flatMap((cell) => {
    const { title, number, isWarning } = texts[cell];
    const side = cells.size[cell] * k;
    const width = isList ? LIST_WORDS_PX : Math.max(side, Math.min(titleWidth * k, 112));
    const corner = [cells.x[cell] * k + x, cells.y[cell] * k + y];
    const [left, base] = isList
      ? [corner[0] + side + PAD_PX, corner[1] + LABEL_PX]
      : [corner[0] - (width - side) / 2, corner[1] - 6];
    const value = {
      y: base,
      'font-size': LABEL_PX,
      'font-weight': isWarning ? null : 600,
      fill: isWarning ? warning : ink,
    };
    if (!isBoth)
      return [node('text', { x: left + width / 2, 'text-anchor': 'middle', ...value }, number)];
    return [
      node('text', { x: left + 1, y: base, 'font-size': LABEL_PX, fill: soft }, title),
      node('text', { x: left + width - 1, 'text-anchor': 'end', ...value }, number),
    ];
  });
}

/**
 * Numbers of layers at the left and of heads on top, or the places of a sorted grid.
 *
 * @param {Drawing} drawing
 * @param {Box} box
 * @param {number} nHeads
 * @param {boolean} isSorted
 * @param {FigureStyle} style
 */
function axes(
  {
    frame: {
      transform: { k, x, y },
    },
    arrangement: { pitch, slots: cells },
  },
  box,
  nHeads,
  isSorted,
  { soft },
) {
  const everyColumn = Math.max(1, Math.ceil(22 / (pitch.x * k)));
  const everyRow = Math.max(1, Math.ceil(18 / (pitch.y * k)));
  const look = { 'font-size': LABEL_PX, fill: soft };
  const columns = Array.from({ length: nHeads }, (_, head) => ({
    head,
    at: (cells.x[head] + cells.size[head] / 2) * k + x,
  }))
    .filter(({ head, at }) => head % everyColumn === 0 && at >= box.left && at <= box.right)
    .map(({ head, at }) =>
      node(
        'text',
        { x: at, y: box.top - 8, 'text-anchor': 'middle', ...look },
        String(isSorted ? head + 1 : head),
      ),
    );
  const rows = Array.from({ length: cells.n / nHeads }, (_, layer) => ({
    layer,
    at: (cells.y[layer * nHeads] + cells.size[layer * nHeads] / 2) * k + y,
  }))
    .filter(({ layer, at }) => layer % everyRow === 0 && at >= box.top && at <= box.bottom)
    .map(({ layer, at }) =>
      node(
        'text',
        { x: box.left - 14, y: at + 4, 'text-anchor': 'end', ...look },
        String(isSorted ? layer * nHeads + 1 : layer),
      ),
    );
  const corner = [
    node(
      'text',
      { x: box.left - 6, y: box.top - 8, 'text-anchor': 'end', 'font-size': 10, fill: soft },
      isSorted ? 'rank' : 'head',
    ),
  ];
  return [
    ...columns,
    ...rows,
    ...corner,
    node(
      'text',
      { x: box.left - 6, y: box.top + 6, 'text-anchor': 'end', 'font-size': 10, fill: soft },
      isSorted ? 'from' : 'layer',
    ),
  ];
}

/**
 * The points as the renderers draw them, finer than on the screen.
 *
 * @param {Frame} frame
 * @param {Box} box
 */
function pixelsOf(frame, { left, top, right, bottom }) {
  const whole = document.createElement('canvas');
  const renderer = createScatter2d(whole);
  renderer.draw({ ...frame, ratio: SHARPNESS });
  const part = document.createElement('canvas');
  [part.width, part.height] = [SHARPNESS * (right - left), SHARPNESS * (bottom - top)];
  part.getContext('2d')?.drawImage(whole, -SHARPNESS * left, -SHARPNESS * top);
  renderer.destroy();
  return part;
}
