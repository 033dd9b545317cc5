/** Patterns as heat maps: one beside the other, or the mean of every head in a grid. */

import { rampStops } from '../color/palettes.js';
import { cellsOfHeads, layerRows } from '../compute/model_heads.js';
import { paintHeatMap } from '../ui/heat_map.js';
import { FONT_PX } from './figure_theme.js';
import { rampBar, RAMP_PX } from './legend.js';
import { node } from './markup.js';

/** @import { Model } from '../compute/model_heads.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body, FigureImage } from './map_figure.js' */

/** @typedef {{n: number, pattern: Float32Array}} Pattern */

/** Side of a heat map on the screen, and the most on paper. */
const [SIDE_PX, MOST_SIDE_PX] = [300, 400];
const GAP_PX = 32;
const NAME_PX = 20;
/** Below a heat map: its axes and its scale. */
const FOOT_PX = 44;
const SMALL_PX = FONT_PX.small;
/** The grid of all heads has about this width on the screen, and its heads room between these. */
const GRID_PX = 960;
const [MIN_CELL, MAX_CELL] = [26, 110];
const MOST_HEIGHT_PX = 729;
const AXIS_PX = 28;
/** Room for a number of a layer or head. */
const NUMBER_PX = 16;

/**
 * @param {readonly {name: string, pattern: Pattern}[]} maps
 * @param {Uint32Array} ramp
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function heatFigure(maps, ramp, style) {
  const room = style.widthPx && (style.widthPx + GAP_PX) / maps.length - GAP_PX;
  const side = room === null ? SIDE_PX : Math.floor(Math.min(MOST_SIDE_PX, room));
  const drawn = maps.map(({ name, pattern }, i) => ({
    name,
    x: i * (side + GAP_PX),
    ...heatCanvas(pattern, ramp, side, style),
  }));
  const markup = drawn.map(({ name, x, largest }, i) =>
    node(
      'g',
      { class: 'heat', transform: `translate(${x} 0)` },
      node(
        'text',
        { y: 13, 'font-size': FONT_PX.normal, 'font-weight': 600, fill: style.ink },
        name,
      ),
      node('rect', {
        y: NAME_PX,
        width: side,
        height: side,
        fill: 'none',
        stroke: style.line,
      }),
      node(
        'text',
        { y: NAME_PX + side + 14, 'font-size': SMALL_PX, fill: style.soft },
        'rows: queries, columns: keys',
      ),
      node('text', { x: 0, y: NAME_PX + side + 33, 'font-size': SMALL_PX, fill: style.soft }, '0'),
      node(
        'g',
        { transform: `translate(10 ${NAME_PX + side + 25})` },
        ...rampBar(`heat-${i}`, rampStops(ramp), 0, 0),
      ),
      node(
        'text',
        { x: 16 + RAMP_PX, y: NAME_PX + side + 33, 'font-size': SMALL_PX, fill: style.soft },
        largest.toFixed(3),
      ),
    ),
  );
  return {
    width: maps.length * (side + GAP_PX) - GAP_PX,
    height: NAME_PX + side + FOOT_PX,
    markup,
    images: drawn.map(({ x, canvas }) => ({
      x,
      y: NAME_PX,
      width: side,
      height: side,
      canvas,
    })),
  };
}

/**
 * The mean pattern of every head: rows are layers, columns are heads, each with a scale of its own.
 *
 * @param {{n: number, patterns: Float32Array}} means
 * @param {Model} model
 * @param {Uint32Array} ramp
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function allHeadsFigure({ n, patterns }, model, ramp, style) {
  const { n_heads: nHeads } = model;
  const { layers } = layerRows(model);
  const pitch =
    style.widthPx === null
      ? Math.round(Math.min(MAX_CELL, Math.max(MIN_CELL, (GRID_PX - AXIS_PX) / nHeads)))
      : Math.min(
          MAX_CELL,
          (style.widthPx - AXIS_PX) / nHeads,
          (MOST_HEIGHT_PX - AXIS_PX) / layers.length,
        );
  const side = pitch - Math.max(1, Math.round(pitch / 12));
  const every = Math.ceil(NUMBER_PX / pitch);
  /** @type {FigureImage[]} */
  const images = [];
  const frames = [];
  for (const i of cellsOfHeads(model)) {
    const row = layers.indexOf(Math.floor(i / nHeads));
    const [x, y] = [AXIS_PX + (i % nHeads) * pitch, AXIS_PX + row * pitch];
    const { canvas } = heatCanvas(
      { n, pattern: patterns.subarray(i * n * n, (i + 1) * n * n) },
      ramp,
      side,
      style,
    );
    images.push({ x, y, width: side, height: side, canvas });
    frames.push(node('rect', { x, y, width: side, height: side }));
  }
  /** @param {number} i @param {number} x @param {number} y @param {string} anchor */
  const number = (i, x, y, anchor) => node('text', { x, y, 'text-anchor': anchor }, String(i));
  return {
    width: AXIS_PX + nHeads * pitch,
    height: AXIS_PX + layers.length * pitch,
    images,
    markup: [
      node(
        'g',
        { class: 'cells', fill: 'none', stroke: style.line, 'stroke-width': 0.5 },
        ...frames,
      ),
      node(
        'g',
        { class: 'axis', 'font-size': SMALL_PX, fill: style.soft },
        ...multiples(nHeads, every).map((head) =>
          number(head, AXIS_PX + head * pitch + side / 2, AXIS_PX - 8, 'middle'),
        ),
        ...multiples(layers.length, every).map((row) =>
          number(layers[row], AXIS_PX - 8, AXIS_PX + row * pitch + side / 2 + 4, 'end'),
        ),
      ),
    ],
  };
}

/** Every so many of the numbers below n. @param {number} n @param {number} every */
function multiples(n, every) {
  return Array.from({ length: Math.ceil(n / every) }, (_, i) => i * every);
}

/**
 * A heat map in pixels that no program smooths, as many as a sharp screen has.
 *
 * @param {Pattern} pattern
 * @param {Uint32Array} ramp
 * @param {number} side pixels of the figure
 * @param {FigureStyle} style
 */
function heatCanvas(pattern, ramp, side, { sharpness }) {
  const [small, canvas] = [document.createElement('canvas'), document.createElement('canvas')];
  const largest = paintHeatMap(small, pattern, ramp);
  canvas.width = canvas.height = Math.round(sharpness * side);
  const pen = canvas.getContext('2d');
  if (pen) {
    pen.imageSmoothingEnabled = pattern.n > canvas.width;
    pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  }
  return { canvas, largest };
}
