/**
 * The map of heads as a figure: every head a dot in its colour, with as many names as have room.
 */

import { dotRadius, fitHeads, placeNames } from '../compute/head_map_layout.js';
import { FONT_PX } from './figure_theme.js';
import { node } from './markup.js';

/** @import { HeadMapImage } from '../map/map_of_heads.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

const WIDTH_PX = 640;
const ASPECT = 0.75;
const MARGIN_PX = 30;
const NAME_PX = FONT_PX.small;
const PALE = 0.3;

/**
 * @param {HeadMapImage} image
 * @param {number} open the open head, or -1
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function headsFigure({ map: { heads }, looks: dots }, open, style) {
  const width = style.widthPx ?? WIDTH_PX;
  const room = { width, height: Math.round(ASPECT * width) };
  const { x, y, scale } = fitHeads(heads, room, MARGIN_PX);
  const radius = dotRadius(heads.length, room);
  const size = {
    widthOf: (/** @type {number} */ head) => style.measure(dots[head].title, NAME_PX, 500),
    height: 1.2 * NAME_PX,
    reach: radius,
  };
  const names = placeNames({ x, y, scale }, size, room, open >= 0 ? [open] : []);
  return {
    ...room,
    images: [],
    markup: [
      node('rect', { ...room, fill: 'none', stroke: style.line }),
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
        { class: 'names', 'font-size': NAME_PX, 'font-weight': 500, fill: style.ink },
        ...names.map(({ head, left, top }) =>
          node('text', { x: left, y: top + NAME_PX }, dots[head].title),
        ),
      ),
    ],
  };
}
