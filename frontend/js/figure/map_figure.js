/** The map as a figure: the grid of all heads, or one head, as it is in sight. */

import { crossOf, tipOf } from '../compute/biplot_axis.js';
import { cssColor, textColorOn } from '../color/palettes.js';
import { cellCoefficients, projectPoint, SPACE_SCALE } from '../compute/geometry.js';
import { LINE_PX, lineSegments, RING_PX, ringRadius } from '../render/lines.js';
import { createScatter2d } from '../render/scatter2d.js';
import { inkOf, SPRITE_SCALE } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { MARK_LABELS } from '../ui/labels.js';
import { FONT_PX } from './figure_theme.js';
import { node } from './markup.js';
import { AXES_PX, PAD_PX, ROOM_FOR_NUMBER } from './paper_map.js';
import { countPoints, hasPatchImages, hex, MAX_SHAPES, pointShapes } from './points.js';

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

const LABEL_PX = FONT_PX.normal;
const TITLE_PX = FONT_PX.small;
const HALO_PX = 3.5;
/** Width of title and number beside the map of a list. */
const LIST_WORDS_PX = 100;
/** Between a grid and what lies beside it. */
const EDGE_PX = 4;
/** Between title and number of a head. */
const WORD_GAP_PX = 4;

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
    ...labelsIn(box, drawing, style).map((label) => labelMarkup(label, frame, style)),
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
 * Cells of which at least a part is in a box.
 *
 * @param {Frame} frame
 * @param {Box} box
 */
function cellsIn({ cells, transform: { k, x, y } }, { left, top, right, bottom }) {
  return Array.from({ length: cells.n }, (_, cell) => cell).filter((cell) => {
    const [startX, startY, side] = [
      cells.x[cell] * k + x,
      cells.y[cell] * k + y,
      cells.size[cell] * k,
    ];
    return startX < right && startX + side > left && startY < bottom && startY + side > top;
  });
}

/**
 * The colour behind each head, where a score tints it; pixels have theirs already.
 *
 * @param {Frame} frame
 * @param {Box} box
 */
function tileMarkup(frame, box) {
  const { tiles } = frame;
  if (!tiles) return [];
  return cellsIn(frame, box)
    .filter((cell) => tiles[cell])
    .map((cell) => cellRect(frame, cell, { fill: cssColor(tiles[cell]) }));
}

/**
 * Heads outside of a range are pale.
 *
 * @param {Frame} frame
 * @param {CellText[]} texts
 * @param {Box} box
 */
function veils(frame, texts, box) {
  return cellsIn(frame, box)
    .filter((cell) => texts[cell]?.isOutside)
    .map((cell) => cellRect(frame, cell, { fill: hex(frame.background), 'fill-opacity': 0.8 }));
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

/**
 * Heads whose map is not there yet.
 *
 * @param {Frame} frame
 * @param {Box} box
 * @param {FigureStyle} style
 */
function emptyCells(frame, box, { line }) {
  return cellsIn(frame, box)
    .filter((cell) => !frame.ready[cell])
    .map((cell) =>
      cellRect(frame, cell, { fill: 'none', stroke: line, 'stroke-dasharray': '3 3' }),
    );
}

/** @param {Drawing} drawing */
function lineMarkup({ compared, frame, lines, pairs }) {
  const all = [
    ...lines.map((each) => ({ each, name: 'lines' })),
    ...(pairs ? [{ each: pairs, name: 'pair-lines' }] : []),
    ...(compared ? [{ each: compared.lines, name: 'corpus-lines' }] : []),
  ];
  const groups = all.map(({ each, name }) =>
    node(
      'g',
      { class: name, ...lineLook(frame, each) },
      ...lineSegments(frame, 0, each).map(({ opacity, segments }) =>
        node(
          'g',
          { 'stroke-opacity': opacity },
          ...segments.map(([x1, y1, x2, y2]) => node('line', { x1, y1, x2, y2 })),
        ),
      ),
    ),
  );
  return compared ? [...groups, ringMarkup(frame, compared.rings)] : groups;
}

/** @param {Frame} frame @param {Lines} lines */
function lineLook(frame, { color, dash, width }) {
  return {
    stroke: hex(color ?? inkOf(frame)),
    'stroke-width': width ?? LINE_PX,
    'stroke-dasharray': dash?.join(' ') ?? null,
  };
}

/** @param {Frame} frame @param {ArrayLike<number>} rings */
function ringMarkup(frame, rings) {
  const coefficients = cellCoefficients(frame, 0);
  return node(
    'g',
    { class: 'rings', fill: 'none', stroke: hex(inkOf(frame)), 'stroke-width': RING_PX },
    ...Array.from(rings, (point) => {
      const [cx, cy] = projectPoint(frame, 0, point, coefficients);
      return node('circle', { cx, cy, r: ringRadius(frame) });
    }),
  );
}

/**
 * What the kinds of lines and rings over a map mean, each with its look.
 *
 * @typedef {{words: string, isRing: boolean, look: import('./markup.js').Attributes}} MarkKind
 */

/**
 * @param {Drawing} drawing
 * @param {string} word for a sequence
 * @returns {MarkKind[]} of what is drawn
 */
export function markKinds({ compared, frame, lines, pairs }, word) {
  const own = lines.slice(-1).map((each) => ({
    words: MARK_LABELS.attention(word),
    isRing: false,
    look: lineLook(frame, each),
  }));
  if (pairs) own.push({ words: MARK_LABELS.pairs, isRing: false, look: lineLook(frame, pairs) });
  if (!compared) return own;
  return [
    ...own,
    { words: MARK_LABELS.corpus, isRing: false, look: lineLook(frame, compared.lines) },
    {
      words: MARK_LABELS.nearest,
      isRing: true,
      look: { stroke: hex(inkOf(frame)), 'stroke-width': RING_PX },
    },
  ];
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
 * The labels that nothing cuts.
 *
 * @param {Box} box
 * @param {Drawing} drawing
 * @param {FigureStyle} style
 */
function labelsIn({ left, top, right, bottom }, { labels }, { measure }) {
  return labels.filter(
    ({ words, x, y }) =>
      x >= left &&
      x + measure(words, LABEL_PX, 500) <= right &&
      y - LABEL_PX / 2 >= top &&
      y + LABEL_PX / 2 <= bottom,
  );
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
 * Title and number above each head, or, where there is no room for both, the number, or the title
 * where the axes do not tell which head it is.
 *
 * @param {Drawing} drawing
 * @param {CellText[]} texts
 * @param {{box: Box, isSorted: boolean}} options
 * @param {FigureStyle} style
 */
function titles({ frame, arrangement }, texts, { box, isSorted }, style) {
  const { ink, soft, warning } = style;
  const {
    cells,
    transform: { k, x, y },
  } = frame;
  const { isList, pitch, titleWidth } = arrangement;
  const hasBoth = texts.every(
    ({ title, number }) =>
      style.measure(title, TITLE_PX) + style.measure(number, TITLE_PX, 600) + WORD_GAP_PX <=
      pitch.x * k - WORD_GAP_PX,
  );
  const shown = cellsIn(frame, box).filter((cell) => frame.ready[cell]);
  return shown.flatMap((cell) => {
    const { title, number, isWarning } = texts[cell];
    const side = cells.size[cell] * k;
    const width = isList ? LIST_WORDS_PX : Math.max(side, Math.min(titleWidth * k, 112));
    const corner = [cells.x[cell] * k + x, cells.y[cell] * k + y];
    const [left, base] = isList
      ? [corner[0] + side + PAD_PX, corner[1] + TITLE_PX]
      : [corner[0] - (width - side) / 2, corner[1] - 6];
    const tint = frame.tiles?.[cell]
      ? [
          node('rect', {
            x: left,
            y: base - TITLE_PX,
            width,
            height: TITLE_PX + 4,
            fill: cssColor(frame.tiles[cell]),
          }),
        ]
      : [];
    const ground = frame.tiles?.[cell];
    const own = ground ? textColorOn(ground) : null;
    const look = { y: base, 'font-size': TITLE_PX };
    const name = { ...look, fill: own ?? soft };
    const value = {
      ...{ ...look, 'font-weight': isWarning ? null : 600 },
      fill: own ?? (isWarning ? warning : ink),
    };
    const middle = { x: left + width / 2, 'text-anchor': 'middle' };
    if (!hasBoth)
      return [
        ...tint,
        isSorted
          ? node('text', { ...middle, ...name }, title)
          : node('text', { ...middle, ...value }, number),
      ];
    return [
      ...tint,
      node('text', { x: left + 1, ...name }, title),
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
    arrangement: { pitch, rows: layers, slots: cells },
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
        { x: box.left - 6, y: at + 4, 'text-anchor': 'end', ...look },
        String(isSorted ? layer * nHeads + 1 : (layers?.layers[layer] ?? layer)),
      ),
    );
  const [across, down] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const beside = box.left - AXES_PX.left + FONT_PX.small;
  /** @param {string} words @param {number} x @param {number} y @param {string | null} turn */
  const name = (words, x, y, turn = null) =>
    node(
      'text',
      { x, y, 'text-anchor': 'middle', 'font-size': FONT_PX.small, fill: soft, transform: turn },
      words,
    );
  return [
    ...columns,
    ...rows,
    name(isSorted ? 'rank' : 'head', across, box.top - AXES_PX.top + FONT_PX.small),
    name(isSorted ? 'from' : 'layer', beside, down, `rotate(-90 ${beside} ${down})`),
  ];
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
