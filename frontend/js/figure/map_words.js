/** Words of a map as a figure: labels of points, titles of heads, and numbers beside the grid. */

import { cssColor, textColorOn } from '../color/palettes.js';
import { FONT_PX } from './figure_theme.js';
import { cellsIn } from './map_cells.js';
import { node } from './markup.js';
import { AXES_PX, PAD_PX } from './paper_map.js';
import { hex } from './points.js';

/** @import { Frame } from '../types.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { CellText, Drawing } from './map_figure.js' */
/** @import { Box } from './points.js' */

export const LABEL_PX = FONT_PX.normal;
const TITLE_PX = FONT_PX.small;
const HALO_PX = 3.5;
/** Width of title and number beside the map of a list. */
const LIST_WORDS_PX = 100;
/** Between title and number of a head. */
const WORD_GAP_PX = 4;

/**
 * The labels that nothing cuts.
 *
 * @param {Drawing} drawing
 * @param {Box} box
 * @param {FigureStyle} style
 */
export function labelMarkup({ frame, labels }, { left, top, right, bottom }, style) {
  return labels
    .filter(
      ({ words, x, y }) =>
        x >= left &&
        x + style.measure(words, LABEL_PX, 500) <= right &&
        y - LABEL_PX / 2 >= top &&
        y + LABEL_PX / 2 <= bottom,
    )
    .map((label) => labelText(label, frame, style));
}

/**
 * @param {Drawing['labels'][number]} label
 * @param {Frame} frame
 * @param {FigureStyle} style
 */
function labelText({ words, x, y, isKey }, frame, { query, key }) {
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
export function titles({ frame, arrangement }, texts, { box, isSorted }, style) {
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
    const ground = frame.tiles?.[cell];
    const tint = ground
      ? [
          node('rect', {
            x: left,
            y: base - TITLE_PX,
            width,
            height: TITLE_PX + 4,
            fill: cssColor(ground),
          }),
        ]
      : [];
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
export function axes(
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
