/** The legend below a figure: of its colours, and of its lines and rings. */

import { DIAMOND } from '../render/style.js';
import { shortened } from './caption.js';
import { FONT_PX } from './figure_theme.js';
import { node } from './markup.js';

/** @import { Legend, RampLegend } from '../color/color_modes.js' */
/** @import { Markup } from './markup.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { MarkKind } from './map_marks.js' */

const ROW_PX = 20;
const MARK_PX = 5;
export const RAMP_PX = 120;
const GAP_PX = 18;
/** Length of a piece of a line: two dashes and a half. */
const LINE_PX = 24;
/** Classes of a corpus may be many, and their names long. */
const MAX_ENTRIES = 40;
const MOST_PX = 300;

/**
 * @param {Legend | null} legend of the colours
 * @param {readonly MarkKind[]} marks of lines and rings, in rows of their own
 * @param {number} width
 * @param {FigureStyle} style
 * @returns {{markup: Markup[], height: number}} height 0 where there is nothing to say
 */
export function legendMarkup(legend, marks, width, style) {
  const colors = legend ? rowsOf(colorItems(legend, style), width) : { markup: [], height: 0 };
  const kinds = rowsOf(
    marks.map((kind) => markItem(kind, style)),
    width,
  );
  const below = node('g', { transform: `translate(0 ${colors.height})` }, ...kinds.markup);
  return {
    markup: marks.length > 0 ? [...colors.markup, below] : colors.markup,
    height: colors.height + kinds.height,
  };
}

/** @param {Legend} legend @param {FigureStyle} style @returns {Item[]} */
function colorItems(legend, style) {
  const items = legend.kind === 'ramp' ? rampItems(legend, style) : swatchItems(legend, style);
  return [textItem(legend.title, style, 600), ...items];
}

/** @param {Item[]} items @param {number} width */
function rowsOf(items, width) {
  let [x, row] = [0, 0];
  const markup = items.map(({ size, draw }) => {
    if (x > 0 && x + size > width) [x, row] = [0, row + 1];
    const drawn = node(
      'g',
      { transform: `translate(${Math.round(x)} ${row * ROW_PX})` },
      ...draw(),
    );
    x += size + GAP_PX;
    return drawn;
  });
  return { markup, height: items.length > 0 ? (row + 1) * ROW_PX : 0 };
}

/**
 * A piece of a line, or a ring, as it is drawn.
 *
 * @param {MarkKind} kind
 * @param {FigureStyle} style
 * @returns {Item}
 */
function markItem({ words, isRing, look }, style) {
  const { size, draw } = textItem(words, style);
  const start = (isRing ? 2 * MARK_PX : LINE_PX) + 6;
  const sample = isRing
    ? node('circle', { cx: MARK_PX, cy: 9, r: MARK_PX - 1, fill: 'none', ...look })
    : node('line', { x1: 0, y1: 9, x2: LINE_PX, y2: 9, ...look });
  const moved = { transform: `translate(${start} 0)` };
  return { size: start + size, draw: () => [sample, node('g', moved, ...draw())] };
}

/** @typedef {{size: number, draw: () => Markup[]}} Item */

/** @param {string} content @param {FigureStyle} style @param {number} [weight] @returns {Item} */
function textItem(content, { measure, ink }, weight = 400) {
  const width = (/** @type {string} */ part) => measure(part, FONT_PX.normal, weight);
  const words = shortened(content, MOST_PX, width);
  return {
    size: width(words),
    draw: () => [text(words, 0, ink, weight)],
  };
}

/** @param {RampLegend} legend @param {FigureStyle} style @returns {Item[]} */
function rampItems({ ramps, missing }, style) {
  const { measure, ink, soft } = style;
  const items = ramps.map(({ label, stops, range }) => {
    const [name, low, high] = [
      measure(label, FONT_PX.normal),
      measure(range[0], FONT_PX.small),
      measure(range[1], FONT_PX.small),
    ];
    const start = 2 * MARK_PX + 6 + name + 10 + low + 6;
    return {
      size: start + RAMP_PX + 6 + high,
      draw: () => [
        mark(label === 'key' ? 'diamond' : 'disc', MARK_PX, stops[Math.floor(stops.length / 2)]),
        text(label, 2 * MARK_PX + 6, ink),
        text(range[0], 2 * MARK_PX + 6 + name + 10, soft, 400, FONT_PX.small),
        ...rampBar(`ramp-${label}`, stops, start, 4),
        text(range[1], start + RAMP_PX + 6, soft, 400, FONT_PX.small),
      ],
    };
  });
  return missing
    ? [
        ...items,
        swatchItem({ label: missing.label, colors: [missing.color], shapes: ['disc'] }, style),
      ]
    : items;
}

/**
 * A bar from the first colour to the last.
 *
 * @param {string} id
 * @param {readonly string[]} stops
 * @param {number} x
 * @param {number} y
 */
export function rampBar(id, stops, x, y) {
  const gradient = node(
    'linearGradient',
    { id },
    ...stops.map((color, i) =>
      node('stop', { offset: i / (stops.length - 1), 'stop-color': color }),
    ),
  );
  return [
    node('defs', {}, gradient),
    node('rect', { class: 'ramp', x, y, width: RAMP_PX, height: 9, fill: `url(#${id})` }),
  ];
}

/** @param {Extract<Legend, {kind: 'swatches'}>} legend @param {FigureStyle} style */
function swatchItems({ entries }, style) {
  const left = entries.length - MAX_ENTRIES;
  return [
    ...entries.slice(0, MAX_ENTRIES).map((entry) => swatchItem(entry, style)),
    ...(left > 0 ? [textItem(`and ${left} more`, style)] : []),
  ];
}

/**
 * @param {{label: string, colors: string[], shapes: string[]}} entry
 * @param {FigureStyle} style
 * @returns {Item}
 */
function swatchItem({ label, colors, shapes }, style) {
  const { size, draw } = textItem(label, style);
  const start = colors.length * (2 * MARK_PX + 3) + 3;
  return {
    size: start + size,
    draw: () => [
      ...colors.map((color, i) =>
        mark(shapes[i] ?? 'square', MARK_PX + i * (2 * MARK_PX + 3), color),
      ),
      node('g', { transform: `translate(${start} 0)` }, ...draw()),
    ],
  };
}

/**
 * @param {string} content
 * @param {number} x
 * @param {string} fill
 * @param {number} [weight]
 * @param {number} [size]
 */
function text(content, x, fill, weight = 400, size = FONT_PX.normal) {
  return node(
    'text',
    { x, y: 13, 'font-size': size, 'font-weight': weight === 400 ? null : weight, fill },
    content,
  );
}

/** @param {string} form @param {number} x of the middle @param {string} fill */
function mark(form, x, fill) {
  if (form === 'disc') return node('circle', { cx: x, cy: 9, r: MARK_PX, fill });
  if (form === 'square')
    return node('rect', {
      x: x - MARK_PX,
      y: 9 - MARK_PX,
      width: 2 * MARK_PX,
      height: 2 * MARK_PX,
      fill,
    });
  const reach = MARK_PX * DIAMOND;
  return node('path', {
    d: `M${x} ${9 - reach}l${reach} ${reach}-${reach} ${reach}-${reach}-${reach}z`,
    fill,
  });
}
