/** The squares of heads in a map as a figure: which are in sight, their tints, and what is pale. */

import { cssColor } from '../color/palettes.js';
import { node } from './markup.js';
import { hex } from './points.js';

/** @import { Frame } from '../types.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { CellText } from './map_figure.js' */
/** @import { Box } from './points.js' */

/**
 * Cells of which at least a part is in a box.
 *
 * @param {Frame} frame
 * @param {Box} box
 */
export function cellsIn({ cells, transform: { k, x, y } }, { left, top, right, bottom }) {
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
export function tileMarkup(frame, box) {
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
export function veils(frame, texts, box) {
  return cellsIn(frame, box)
    .filter((cell) => texts[cell]?.isOutside)
    .map((cell) => cellRect(frame, cell, { fill: hex(frame.background), 'fill-opacity': 0.8 }));
}

/**
 * Heads whose map is not there yet.
 *
 * @param {Frame} frame
 * @param {Box} box
 * @param {FigureStyle} style
 */
export function emptyCells(frame, box, { line }) {
  return cellsIn(frame, box)
    .filter((cell) => !frame.ready[cell])
    .map((cell) =>
      cellRect(frame, cell, { fill: 'none', stroke: line, 'stroke-dasharray': '3 3' }),
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
