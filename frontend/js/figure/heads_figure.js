/**
 * The map of heads as a figure: every head a dot in its colour, with as many names as have room.
 */

import { fitHeads, placeNames } from '../compute/head_map_layout.js';
import { formatTitle } from '../ui/labels.js';
import { node } from './markup.js';

/** @import { HeadMapImage } from '../map/map_of_heads.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

const ROOM = Object.freeze({ width: 640, height: 480 });
const MARGIN_PX = 30;
const FONT_PX = 10;
/** From so many heads on dots are small. */
const MANY = 200;
const PALE = 0.3;

/**
 * @param {HeadMapImage} image
 * @param {number} open the open head, or -1
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function headsFigure({ map: { heads }, looks: dots }, open, style) {
  const { x, y, scale } = fitHeads(heads, ROOM, MARGIN_PX);
  const radius = heads.length > MANY ? 3.5 : 5.5;
  const texts = heads.map(formatTitle);
  const size = {
    widths: texts.map((text) => style.measure(text, FONT_PX, 500)),
    height: 1.2 * FONT_PX,
    reach: radius,
  };
  const names = placeNames({ x, y, scale }, size, ROOM, open);
  return {
    ...ROOM,
    images: [],
    markup: [
      node('rect', { ...ROOM, fill: 'none', stroke: style.line }),
      node(
        'g',
        { class: 'heads', stroke: style.soft },
        ...dots.map(({ color, isOutside }, i) =>
          node('circle', {
            cx: x[i],
            cy: y[i],
            r: radius,
            fill: color ?? 'none',
            'stroke-dasharray': color === null ? '2 1.5' : null,
            opacity: isOutside ? PALE : null,
          }),
        ),
      ),
      ...(open >= 0
        ? [
            node('circle', {
              class: 'open',
              cx: x[open],
              cy: y[open],
              r: radius + 3.5,
              fill: 'none',
              stroke: style.ink,
              'stroke-width': 2,
            }),
          ]
        : []),
      node(
        'g',
        { class: 'names', 'font-size': FONT_PX, 'font-weight': 500, fill: style.ink },
        ...names.map(({ head, left, top }) =>
          node('text', { x: left, y: top + FONT_PX }, texts[head]),
        ),
      ),
    ],
  };
}
