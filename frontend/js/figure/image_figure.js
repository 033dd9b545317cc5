/**
 * An image as a figure: the heat of the selected patch over it, or the connections between its
 * patches.
 */

import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import {
  drawnLinks,
  MIN_ALONE,
  linkStyle,
  markOf,
  NUMBER_PX,
  shortOf,
  writtenWeights,
} from '../render/image_links.js';
import { heatAlpha } from '../compute/heat.js';
import { clipped, formatToken } from '../ui/labels.js';
import { FONT_PX } from './figure_theme.js';
import { RAMP_PX, rampBar } from './legend.js';
import { node } from './markup.js';

/** @import { PatchGrid, Selected, State, Tokens } from '../page.js' */
/** @import { Link, Place, Spot, Weights } from '../render/image_links.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

/** Width on the screen, and the most on paper (100 mm). */
const [WIDTH_PX, MOST_WIDTH_PX] = [448, 486];
const MOST_HEIGHT_PX = 729;
const CHIP_PX = 24;
const GAP_PX = 12;
const EDGE_PX = 2;
/** Characters of a word that are written. */
const LONGEST = 40;

/**
 * @typedef {{tokens: Tokens, start: number, n: number, weights: Weights, selected: Selected, state:
 *   State, grid: PatchGrid}} ShownImage
 */

/**
 * @param {ShownImage} shown
 * @param {HTMLImageElement} image
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function imageFigure(shown, image, style) {
  const { grid, state, selected, start } = shown;
  const room = style.widthPx === null ? WIDTH_PX : Math.min(style.widthPx, MOST_WIDTH_PX);
  const aspect = grid.image_height_px / grid.image_width_px;
  const width = Math.round(Math.min(room, MOST_HEIGHT_PX / aspect));
  const height = Math.round(width * aspect);
  const boxes = boxesOf(shown, { width, height }, style);
  const isHeat = state.imageLinks === 'heat';
  const chosen = boxes[selected.token - start];
  const overlay = isHeat ? heatMarkup(shown, boxes, style) : linkMarkup(shown, boxes);
  const chips = boxes
    .filter(({ label }) => label !== null)
    .map(({ x, y, width: wide, height: high, label }) =>
      node(
        'g',
        {},
        node('rect', { x, y, width: wide, height: high, rx: 4, fill: 'none', stroke: style.soft }),
        node(
          'text',
          {
            x: x + wide / 2,
            y: y + high / 2 + 0.35 * FONT_PX.normal,
            'text-anchor': 'middle',
            'font-size': FONT_PX.normal,
            fill: style.ink,
          },
          label ?? '',
        ),
      ),
    );
  const ring =
    chosen &&
    [
      ['#ffffff', EDGE_PX + 2],
      [style[selected.kind], EDGE_PX],
    ].map(([stroke, width]) =>
      node('rect', {
        class: 'chosen',
        x: chosen.x,
        y: chosen.y,
        width: chosen.width,
        height: chosen.height,
        fill: 'none',
        stroke,
        'stroke-width': width,
      }),
    );
  const below = Math.max(height, ...boxes.map(({ y, height: high }) => y + high)) + GAP_PX;
  return {
    width,
    height: isHeat ? below + 16 : below - GAP_PX + 4,
    images: [{ x: 0, y: 0, width, height, canvas: pixelsOf(image) }],
    markup: [
      ...(isHeat ? overlay : []),
      ...chips,
      ...(isHeat ? [] : overlay),
      ...weightMarkup(shown, boxes),
      ...(ring ?? []),
      ...(isHeat ? scaleMarkup(shown, below, style) : []),
    ],
  };
}

/**
 * Where a token is; `label`: of a token beside the image.
 *
 * @typedef {{x: number, y: number, width: number, height: number, label: string | null}} TokenBox
 */

/**
 * @param {ShownImage} shown
 * @param {{width: number, height: number}} image
 * @param {FigureStyle} style
 * @returns {TokenBox[]}
 */
function boxesOf({ tokens, start, n, grid }, image, { measure }) {
  const [width, high] = [image.width / grid.n_columns, image.height / grid.n_rows];
  let [x, row] = [0, 0];
  return Array.from({ length: n }, (_, i) => {
    const token = start + i;
    if (tokens.tokenType.at(token) === 'patch')
      return {
        x: Number(tokens.column?.[token]) * width,
        y: Number(tokens.row?.[token]) * high,
        width,
        height: high,
        label: null,
      };
    const label = clipped(formatToken(tokens, token), LONGEST);
    const wide = Math.ceil(measure(label, FONT_PX.normal)) + 16;
    if (x > 0 && x + wide > image.width) [x, row] = [0, row + 1];
    const box = {
      x,
      y: image.height + GAP_PX + row * (CHIP_PX + 6),
      width: wide,
      height: CHIP_PX,
      label,
    };
    x += wide + 6;
    return box;
  });
}

/**
 * Weights between the selected token and each other, as a share of the largest.
 *
 * @param {ShownImage} shown
 */
function sharesOf({ n, selected, start, weights }) {
  const chosen = selected.token - start;
  const own = Float32Array.from(
    { length: n },
    (_, i) =>
      weights.pattern[selected.kind === 'query' ? chosen * weights.n + i : i * weights.n + chosen],
  );
  const largest = own.reduce((a, b) => Math.max(a, b), 1e-6);
  return { largest, shares: own.map((weight) => weight / largest) };
}

/** The ramp of the page: dark to light, over a picture. @param {ShownImage} shown */
function rampOf({ selected, state }) {
  return canvasPalette('dark', state.palette).ramps[selected.kind === 'query' ? 1 : 0];
}

/** @param {ShownImage} shown @param {TokenBox[]} boxes @param {FigureStyle} style */
function heatMarkup(shown, boxes, { paper }) {
  const { shares } = sharesOf(shown);
  const ramp = rampOf(shown);
  const squares = boxes.flatMap(({ x, y, width, height, label }, i) => {
    const square = { x, y, width, height, rx: label === null ? null : 4 };
    const heat = node('rect', {
      ...square,
      fill: cssColor(ramp[Math.round(shares[i] * 255)]),
      'fill-opacity': Math.round(1000 * heatAlpha(shares[i])) / 1000,
    });
    return label === null ? [heat] : [node('rect', { ...square, fill: paper }), heat];
  });
  return [node('g', { class: 'heat', 'shape-rendering': 'crispEdges' }, ...squares)];
}

/** @param {ShownImage} shown @param {number} y @param {FigureStyle} style */
function scaleMarkup(shown, y, { soft, measure }) {
  const maxText = sharesOf(shown).largest.toFixed(3);
  const start = measure('weight', FONT_PX.small) + measure('0', FONT_PX.small) + 14;
  /** @param {string} label @param {number} x */
  const text = (label, x) =>
    node('text', { x, y: y + 11, 'font-size': FONT_PX.small, fill: soft }, label);
  return [
    text('weight', 0),
    text('0', start - measure('0', FONT_PX.small) - 5),
    ...rampBar('heat', rampStops(rampOf(shown)), start, y + 2),
    text(maxText, start + RAMP_PX + 6),
  ];
}

/** @param {ShownImage} shown @returns {Place} */
function sourceOf({ selected: { kind, token }, start }) {
  return { kind, position: token - start };
}

/**
 * The links of the others, faint, and those of the selected token over them.
 *
 * @param {ShownImage} shown
 * @param {TokenBox[]} boxes
 */
function linkMarkup(shown, boxes) {
  const { state, weights } = shown;
  const isAll = state.imageLinks === 'all';
  const minWeight = isAll ? Math.max(MIN_ALONE, state.imageThreshold) : null;
  const { own, others } = drawnLinks(weights, sourceOf(shown), minWeight);
  return [
    ...linkGroups(shown, boxes, others, isAll, true),
    ...linkGroups(shown, boxes, own, true, false),
  ];
}

/**
 * @param {ShownImage} shown
 * @param {TokenBox[]} boxes
 * @param {Link[]} links
 * @param {boolean} isByWeight
 * @param {boolean} isFaint
 */
function linkGroups({ tokens, start, n }, boxes, links, isByWeight, isFaint) {
  const mark = markOf(boxes.find(({ label }) => label === null)?.width ?? 16);
  const spots = boxes.map(middleOf);
  const classPosition = tokens.tokenType.slice(start, start + n).indexOf('class');
  return /** @type {const} */ ([
    ['#000000', 2],
    ['#ffffff', 0],
  ]).map(([color, extra]) =>
    node(
      'g',
      { class: extra ? 'edges' : isFaint ? 'other-links' : 'links', stroke: color, fill: 'none' },
      ...links.map(({ query, key, weight }) => {
        const { opacity, width, head } = linkStyle(weight, isByWeight, extra, mark, isFaint);
        const look = { 'stroke-width': width, opacity: Math.round(1000 * opacity) / 1000 };
        const from = spots[query];
        if (query === key) return node('circle', { cx: from.x, cy: from.y, r: mark, ...look });
        if (key === classPosition)
          return node('rect', {
            x: from.x - mark,
            y: from.y - mark,
            width: 2 * mark,
            height: 2 * mark,
            ...look,
          });
        return arrow(from, shortOf(from, spots[key], mark), head, color, look);
      }),
    ),
  );
}

/**
 * The strongest weights of the selected token.
 *
 * @param {ShownImage} shown
 * @param {TokenBox[]} boxes
 */
function weightMarkup(shown, boxes) {
  const { tokens, start, weights } = shown;
  const patch = boxes.find(({ label }) => label === null)?.width ?? 0;
  return writtenWeights(weights, sourceOf(shown), patch)
    .filter(({ position }) => tokens.tokenType.at(start + position) === 'patch')
    .map(({ position, words }) => {
      const { x, y } = middleOf(boxes[position]);
      return node(
        'text',
        {
          class: 'weight',
          x,
          y: y + 0.35 * NUMBER_PX,
          'text-anchor': 'middle',
          'font-size': NUMBER_PX,
          'font-weight': 600,
          fill: '#ffffff',
          stroke: '#000000',
          'stroke-width': 3,
          'stroke-opacity': 0.8,
          'stroke-linejoin': 'round',
          'paint-order': 'stroke',
        },
        words,
      );
    });
}

/** @param {TokenBox} box @returns {Spot} */
function middleOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

/**
 * @param {Spot} from
 * @param {Spot} to
 * @param {number} size of its head
 * @param {string} fill
 * @param {Record<string, number>} look
 */
function arrow(from, to, size, fill, look) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const head = size * 0.8;
  /** @param {number} turn */
  const corner = (turn) =>
    `${(to.x - 1.5 * head * Math.cos(angle + turn)).toFixed(2)} ` +
    `${(to.y - 1.5 * head * Math.sin(angle + turn)).toFixed(2)}`;
  const { opacity, ...line } = look;
  return node(
    'g',
    { opacity },
    node('line', {
      x1: from.x,
      y1: from.y,
      x2: to.x - head * Math.cos(angle),
      y2: to.y - head * Math.sin(angle),
      ...line,
    }),
    node('path', {
      d: `M${to.x.toFixed(2)} ${to.y.toFixed(2)}L${corner(0.45)}L${corner(-0.45)}z`,
      fill,
      stroke: 'none',
    }),
  );
}

/** @param {HTMLImageElement} image */
function pixelsOf(image) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  return canvas;
}
