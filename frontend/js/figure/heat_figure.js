/** Patterns as heat maps: one beside the other, or the mean of every head in a grid. */

import { rampStops } from '../color/palettes.js';
import { paintHeatMap } from '../ui/heat_map.js';
import { rampBar, RAMP_PX } from './legend.js';
import { SHARPNESS } from './map_figure.js';
import { node } from './markup.js';

/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body, FigureImage } from './map_figure.js' */

/** @typedef {{n: number, pattern: Float32Array}} Pattern */

const SIDE_PX = 300;
const GAP_PX = 32;
const NAME_PX = 20;
/** Below a heat map: its axes and its scale. */
const FOOT_PX = 44;
const FONT_PX = 12;
const SMALL_PX = 10;
/** The grid of all heads has about this width; its heads have room between these. */
const GRID_PX = 960;
const [MIN_CELL, MAX_CELL] = [26, 110];
const AXIS_PX = 28;

/**
 * @param {readonly {name: string, pattern: Pattern}[]} maps
 * @param {Uint32Array} ramp
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function heatFigure(maps, ramp, style) {
  const drawn = maps.map(({ name, pattern }, i) => ({
    name,
    x: i * (SIDE_PX + GAP_PX),
    ...heatCanvas(pattern, ramp, SIDE_PX),
  }));
  const markup = drawn.map(({ name, x, largest }, i) =>
    node(
      'g',
      { class: 'heat', transform: `translate(${x} 0)` },
      node('text', { y: 13, 'font-size': FONT_PX, 'font-weight': 600, fill: style.ink }, name),
      node('rect', {
        y: NAME_PX,
        width: SIDE_PX,
        height: SIDE_PX,
        fill: 'none',
        stroke: style.line,
      }),
      node(
        'text',
        { y: NAME_PX + SIDE_PX + 14, 'font-size': SMALL_PX, fill: style.soft },
        'rows: queries, columns: keys',
      ),
      node(
        'text',
        { x: 0, y: NAME_PX + SIDE_PX + 33, 'font-size': SMALL_PX, fill: style.soft },
        '0',
      ),
      node(
        'g',
        { transform: `translate(10 ${NAME_PX + SIDE_PX + 25})` },
        ...rampBar(`heat-${i}`, rampStops(ramp), 0, 0),
      ),
      node(
        'text',
        { x: 16 + RAMP_PX, y: NAME_PX + SIDE_PX + 33, 'font-size': SMALL_PX, fill: style.soft },
        largest.toFixed(3),
      ),
    ),
  );
  return {
    width: maps.length * (SIDE_PX + GAP_PX) - GAP_PX,
    height: NAME_PX + SIDE_PX + FOOT_PX,
    markup,
    images: drawn.map(({ x, canvas }) => ({
      x,
      y: NAME_PX,
      width: SIDE_PX,
      height: SIDE_PX,
      canvas,
    })),
  };
}

/**
 * The mean pattern of every head: rows are layers, columns are heads, each with a scale of its own.
 *
 * @param {{nLayers: number, nHeads: number, n: number, patterns: Float32Array}} means
 * @param {Uint32Array} ramp
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function allHeadsFigure({ nLayers, nHeads, n, patterns }, ramp, style) {
  const pitch = Math.round(Math.min(MAX_CELL, Math.max(MIN_CELL, (GRID_PX - AXIS_PX) / nHeads)));
  const side = pitch - Math.max(2, Math.round(pitch / 12));
  /** @type {FigureImage[]} */
  const images = [];
  const frames = [];
  for (let i = 0; i < nLayers * nHeads; i++) {
    const [x, y] = [AXIS_PX + (i % nHeads) * pitch, AXIS_PX + Math.floor(i / nHeads) * pitch];
    const { canvas } = heatCanvas(
      { n, pattern: patterns.subarray(i * n * n, (i + 1) * n * n) },
      ramp,
      side,
    );
    images.push({ x, y, width: side, height: side, canvas });
    frames.push(node('rect', { x, y, width: side, height: side }));
  }
  /** @param {number} i @param {number} x @param {number} y @param {string} anchor */
  const number = (i, x, y, anchor) => node('text', { x, y, 'text-anchor': anchor }, String(i));
  return {
    width: AXIS_PX + nHeads * pitch,
    height: AXIS_PX + nLayers * pitch,
    images: images,
    markup: [
      node('g', { class: 'cells', fill: 'none', stroke: style.line }, ...frames),
      node(
        'g',
        { class: 'axis', 'font-size': SMALL_PX, fill: style.soft },
        ...Array.from({ length: nHeads }, (_, head) =>
          number(head, AXIS_PX + head * pitch + side / 2, AXIS_PX - 8, 'middle'),
        ),
        ...Array.from({ length: nLayers }, (_, layer) =>
          number(layer, AXIS_PX - 8, AXIS_PX + layer * pitch + side / 2 + 4, 'end'),
        ),
      ),
    ],
  };
}

/**
 * A heat map in pixels that no program smooths, as many as a sharp screen has.
 *
 * @param {Pattern} pattern
 * @param {Uint32Array} ramp
 * @param {number} side CSS pixels
 */
function heatCanvas(pattern, ramp, side) {
  const [small, canvas] = [document.createElement('canvas'), document.createElement('canvas')];
  const largest = paintHeatMap(small, pattern, ramp);
  canvas.width = canvas.height = SHARPNESS * side;
  const pen = canvas.getContext('2d');
  if (pen) {
    pen.imageSmoothingEnabled = pattern.n > canvas.width;
    pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  }
  return { canvas, largest };
}
