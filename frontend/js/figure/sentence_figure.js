/**
 * A sentence as a figure: queries left, keys right, a line for every weight; those of the selected
 * token stand out, and its weights are told.
 */

import { heaviestLines } from '../compute/heaviest_lines.js';
import { weightBetween, WRITTEN_WEIGHT } from '../compute/hidden_tokens.js';
import { formatToken } from '../ui/labels.js';
import { shortened } from './caption.js';
import { FONT_PX } from './figure_theme.js';
import { node } from './markup.js';

/** @import { Attention, HiddenToken, Selected, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { Spans } from '../compute/head_parts.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */

const ROW_PX = 16;
/** Between the columns: on the screen, and the least and the most on paper. */
const GAP_PX = Object.freeze({ screen: 200, least: 80, most: 360 });
/** Between a column and its lines. */
const AIR_PX = 8;
const HEAD_PX = 28;
/** Room for a weight at the outer edge of a column. */
const WEIGHT_PX = 38;
/** Least width of the tokens of a column. */
const MIN_WORD_PX = 60;
/** Opacity behind a token whose weight is 1. */
const SHADE = 0.5;
/** Characters of a token that are written. */
const LONGEST = 36;

/**
 * @param {object} shown
 * @param {Tokens} shown.tokens
 * @param {number} shown.start first token of the sentence
 * @param {number} shown.n
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'>} shown.attention weighed, and without hidden
 *   tokens; a sink is the last key
 * @param {Selected} shown.selected
 * @param {readonly HiddenToken[]} shown.hidden
 * @param {readonly string[]} [shown.labels] of the positions; those of the sentence, if not given
 * @param {Spans} [shown.spans] positions of the queries and keys of the head
 * @param {Record<Kind, string>} [shown.titles] of the columns
 * @param {FigureStyle} style
 * @returns {Body}
 */
export function sentenceFigure(shown, style) {
  const { tokens, start, n, attention, selected, hidden } = shown;
  const { labels: texts = textsOf(tokens, start, n), spans = { query: [0, n], key: [0, n] } } =
    shown;
  const { titles = { query: 'query', key: 'key' } } = shown;
  const { column, gap, labels } = columnsOf(texts, style);
  /** @param {Kind} kind */
  const rowsOf = (kind) =>
    labels.map((word, position) => ({ word, position })).slice(spans[kind][0], spans[kind][1]);
  const sink = attention.sinks ? [{ word: 'sink', position: n }] : [];
  const listed = { query: rowsOf('query'), key: [...rowsOf('key'), ...sink] };
  const [from, to] = [column + AIR_PX, column + AIR_PX + gap];
  /** @param {Kind} kind @param {number} position the sink is the last of the keys */
  const middle = (kind, position) => {
    const row = Math.min(position, spans[kind][1]) - spans[kind][0];
    return HEAD_PX + (row + 0.5) * ROW_PX;
  };
  const source = { kind: selected.kind, position: selected.token - start };
  const lines = heaviestLines(attention, { source }).map(({ query, key, opacity, width }) =>
    node('line', {
      x1: from,
      y1: middle('query', query),
      x2: to,
      y2: middle('key', key),
      'stroke-opacity': Math.round(1000 * opacity) / 1000,
      'stroke-width': width,
    }),
  );

  /** @param {Kind} kind @param {number} x @param {string} anchor */
  const listOf = (kind, x, anchor) =>
    node(
      'g',
      { class: kind, 'text-anchor': anchor, 'font-size': FONT_PX.normal, fill: style.ink },
      ...listed[kind].map(({ word, position }) => {
        const isHidden = hidden.some((token) => token.kind === kind && token.position === position);
        const isChosen = source.kind === kind && source.position === position;
        return node(
          'text',
          {
            x,
            y: middle(kind, position) + 0.35 * FONT_PX.normal,
            'font-weight': isChosen ? 700 : null,
            'font-style': isHidden ? 'italic' : null,
            'text-decoration': isHidden ? 'line-through' : null,
            fill: isHidden ? style.soft : isChosen ? style[kind] : null,
          },
          word,
        );
      }),
    );
  const other = source.kind === 'query' ? 'key' : 'query';
  const weights = listed[other]
    .map(({ position }) => ({ position, weight: weightBetween(attention, source, position) }))
    .filter(({ weight }) => weight >= WRITTEN_WEIGHT);
  const [left, edge, anchor] =
    other === 'key' ? [to + 2, to + AIR_PX + column, 'end'] : [0, 0, 'start'];
  const told = weights.flatMap(({ position, weight }) => [
    node('rect', {
      x: left,
      y: middle(other, position) - ROW_PX / 2,
      width: column + AIR_PX - 2,
      height: ROW_PX,
      fill: style[other],
      'fill-opacity': Math.round(1000 * SHADE * weight) / 1000,
    }),
    node(
      'text',
      {
        class: 'weight',
        x: edge + (other === 'key' ? -2 : 4),
        y: middle(other, position) + 0.35 * FONT_PX.normal,
        'text-anchor': anchor,
        'font-size': FONT_PX.small,
        fill: style.ink,
      },
      weight.toFixed(2),
    ),
  ]);
  /** @param {string} word @param {number} x @param {string} anchor @param {string} fill */
  const head = (word, x, anchor, fill) =>
    node(
      'text',
      { x, y: 13, 'text-anchor': anchor, 'font-size': FONT_PX.normal, 'font-weight': 600, fill },
      word,
    );

  return {
    width: Math.ceil(2 * (column + AIR_PX) + gap),
    height: HEAD_PX + Math.max(listed.query.length, listed.key.length) * ROW_PX,
    images: [],
    markup: [
      node(
        'defs',
        {},
        node(
          'linearGradient',
          { id: 'blend', gradientUnits: 'userSpaceOnUse', x1: from, y1: 0, x2: to, y2: 0 },
          node('stop', { offset: 0, 'stop-color': style.query }),
          node('stop', { offset: 1, 'stop-color': style.key }),
        ),
      ),
      head(titles.query, column, 'end', style.query),
      head('attends to', (from + to) / 2, 'middle', style.soft),
      head(titles.key, to + AIR_PX, 'start', style.key),
      node('g', { class: 'weights' }, ...told),
      node('g', { class: 'lines', stroke: 'url(#blend)' }, ...lines),
      listOf('query', column, 'end'),
      listOf('key', to + AIR_PX, 'start'),
    ],
  };
}

/**
 * Width of a column with its weights, the space between the columns, and the tokens, shortened
 * where the width is too small for them.
 *
 * @param {readonly string[]} texts
 * @param {FigureStyle} style
 */
function columnsOf(texts, { measure, widthPx }) {
  const width = (/** @type {string} */ word) => measure(word, FONT_PX.normal, 700);
  const widest = Math.max(MIN_WORD_PX, ...texts.map(width));
  if (widthPx === null) return { column: WEIGHT_PX + widest, gap: GAP_PX.screen, labels: texts };
  /** @param {number} words */
  const gapBeside = (words) => widthPx - 2 * (WEIGHT_PX + words + AIR_PX);
  const words = widest - Math.max(0, (GAP_PX.least - gapBeside(widest)) / 2);
  return {
    column: WEIGHT_PX + words,
    gap: Math.min(GAP_PX.most, gapBeside(words)),
    labels: texts.map((text) => shortened(text, words, width)),
  };
}

/** @param {Tokens} tokens @param {number} start @param {number} n */
function textsOf(tokens, start, n) {
  return Array.from({ length: n }, (_, i) => clipped(formatToken(tokens, start + i)));
}

/** @param {string} text */
function clipped(text) {
  const characters = [...text.slice(0, 2 * LONGEST + 2)];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST).join('')}…` : text;
}
