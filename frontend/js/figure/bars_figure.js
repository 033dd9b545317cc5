/** Weights by offset as bars, one series or two beside each other. */

import { node } from './markup.js';

/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

const WIDE_PX = 560;
const HIGH_PX = 180;
const LEFT_PX = 44;
const TOP_PX = 30;
const FOOT_PX = 46;
const FONT_PX = 11;
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
  const pitch = WIDE_PX / labels.length;
  const thick = Math.max(0.5, (0.84 * pitch) / series.length);
  const bottom = TOP_PX + HIGH_PX;
  const bars = series.map(({ values, color, isPale }, which) =>
    node(
      'g',
      { class: 'bars', fill: color },
      ...values.flatMap((value, i) => {
        if (value === null || Number.isNaN(value)) return [];
        const height = HIGH_PX * Math.min(1, value / largest);
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
      x2: LEFT_PX + WIDE_PX,
      y1: bottom - share * HIGH_PX,
      y2: bottom - share * HIGH_PX,
      stroke: style.line,
    }),
    node(
      'text',
      {
        x: LEFT_PX - 6,
        y: bottom - share * HIGH_PX + 4,
        'text-anchor': 'end',
        'font-size': FONT_PX,
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
      node('text', { x: 16, y: 13, 'font-size': 12, fill: style.ink }, name),
    );
    at += 40 + style.measure(name, 12);
    return entry;
  });
  const numbers = labels.flatMap((label, i) =>
    label === ''
      ? []
      : [
          node(
            'text',
            { x: LEFT_PX + (i + 0.5) * pitch, y: bottom + 15, 'text-anchor': 'middle' },
            label,
          ),
        ],
  );
  return {
    width: LEFT_PX + WIDE_PX,
    height: bottom + FOOT_PX,
    images: [],
    markup: [
      node('g', { class: 'scale' }, ...scale),
      ...bars,
      node('g', { class: 'names' }, ...names),
      node('g', { class: 'offsets', 'font-size': FONT_PX, fill: style.soft }, ...numbers),
      node(
        'text',
        { x: LEFT_PX, y: bottom + 34, 'font-size': FONT_PX, fill: style.soft },
        'key before query',
      ),
      ...(isCausal
        ? []
        : [
            node(
              'text',
              {
                x: LEFT_PX + WIDE_PX,
                y: bottom + 34,
                'text-anchor': 'end',
                'font-size': FONT_PX,
                fill: style.soft,
              },
              'key after query',
            ),
          ]),
    ],
  };
}
