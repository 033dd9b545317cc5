/** Weights by offset as bars, one series or two beside each other. */

import { FONT_PX } from './figure_theme.js';
import { node } from './markup.js';

/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

/** Width on the screen, and height, which on narrow paper is less. */
const WIDTH_PX = 604;
const HIGH_PX = 180;
const MOST_ASPECT = 0.45;
const LEFT_PX = 44;
const TOP_PX = 30;
const FOOT_PX = 46;
const SMALL_PX = FONT_PX.small;
/** Least space between two labels. */
const SPACE_PX = 4;
/** Shares of the height that have a line and a number. */
const SHARES = [0, 0.5, 1];

/**
 * @typedef {{name: string, values: readonly (number | null)[], color: string, isPale: (i: number)
 *   => boolean}} Series null: there is none
 */

/**
 * @param {object} shown
 * @param {readonly string[]} shown.labels of the places along the axis; '' has none
 * @param {readonly Series[]} shown.series
 * @param {number} shown.largest what the full height stands for; larger bars are cut there
 * @param {boolean} shown.isCausal whether no key is after its query
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function barsFigure({ labels, series, largest, isCausal }, style) {
  const width = style.widthPx ?? WIDTH_PX;
  const [wide, high] = [width - LEFT_PX, Math.min(HIGH_PX, MOST_ASPECT * width)];
  const pitch = wide / labels.length;
  const thick = Math.max(0.5, (0.84 * pitch) / series.length);
  const bottom = TOP_PX + high;
  const bars = series.map(({ values, color, isPale }, which) =>
    node(
      'g',
      { class: 'bars', fill: color },
      ...values.flatMap((value, i) => {
        if (value === null || Number.isNaN(value)) return [];
        const height = high * Math.min(1, value / largest);
        return [
          node('rect', {
            x: LEFT_PX + i * pitch + 0.08 * pitch + which * thick,
            y: bottom - height,
            width: thick,
            height,
            'fill-opacity': isPale(i) ? 0.4 : null,
          }),
        ];
      }),
    ),
  );
  const scale = SHARES.flatMap((share) => [
    node('line', {
      x1: LEFT_PX,
      x2: LEFT_PX + wide,
      y1: bottom - share * high,
      y2: bottom - share * high,
      stroke: style.line,
    }),
    node(
      'text',
      {
        x: LEFT_PX - 6,
        y: bottom - share * high + 4,
        'text-anchor': 'end',
        'font-size': SMALL_PX,
        fill: style.soft,
      },
      (share * largest).toFixed(largest < 0.1 ? 3 : 2),
    ),
  ]);
  let at = LEFT_PX;
  const names = series.map(({ name, color }) => {
    const entry = node(
      'g',
      { transform: `translate(${Math.round(at)} 0)` },
      node('rect', { y: 4, width: 10, height: 10, fill: color }),
      node('text', { x: 16, y: 13, 'font-size': FONT_PX.normal, fill: style.ink }, name),
    );
    at += 40 + style.measure(name, FONT_PX.normal);
    return entry;
  });
  const numbers = labelsWithRoom(labels, pitch, style).map((i) =>
    node(
      'text',
      { x: LEFT_PX + (i + 0.5) * pitch, y: bottom + 15, 'text-anchor': 'middle' },
      labels[i],
    ),
  );
  return {
    width: LEFT_PX + wide,
    height: bottom + FOOT_PX,
    images: [],
    markup: [
      node('g', { class: 'scale' }, ...scale),
      ...bars,
      node('g', { class: 'names' }, ...names),
      node('g', { class: 'offsets', 'font-size': SMALL_PX, fill: style.soft }, ...numbers),
      node(
        'text',
        { x: LEFT_PX, y: bottom + 34, 'font-size': SMALL_PX, fill: style.soft },
        'key before query',
      ),
      ...(isCausal
        ? []
        : [
            node(
              'text',
              {
                x: LEFT_PX + wide,
                y: bottom + 34,
                'text-anchor': 'end',
                'font-size': SMALL_PX,
                fill: style.soft,
              },
              'key after query',
            ),
          ]),
    ],
  };
}

/**
 * The labels that cover no other: that of offset 0 and, from there, as many of the rest as fit.
 *
 * @param {readonly string[]} labels
 * @param {number} pitch
 * @param {FigureStyle} style
 * @returns {number[]} their places
 */
function labelsWithRoom(labels, pitch, { measure }) {
  const zero = Math.max(0, labels.indexOf('0'));
  const half = labels.map((label) => (measure(label, SMALL_PX) + SPACE_PX) / 2);
  const order = labels.map((_, i) => i).sort((a, b) => Math.abs(a - zero) - Math.abs(b - zero));
  /** @type {number[]} */
  const shown = [];
  for (const i of order) {
    if (labels[i] === '') continue;
    if (shown.every((other) => Math.abs(i - other) * pitch >= half[i] + half[other])) shown.push(i);
  }
  return shown.sort((a, b) => a - b);
}
