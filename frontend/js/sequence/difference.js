/** The signed difference of the tokens that two patterns share, as lines and as a heat map. */

import { canvasPalette, cssColor } from '../color/palettes.js';
import { el, emptyPen, setText } from '../ui/dom.js';
import { formatToken } from '../ui/labels.js';
import { paintDifference } from '../ui/heat_map.js';

/** @import { Context, State, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** Smaller differences are neither drawn nor written. */
const LEAST = 0.01;
/** More tokens are shown as a heat map only. */
const MAX_ROWS = 256;
const ROW_PX = 24;
/** Widths of lines, CSS pixels, and the opacity of those of other tokens as a share. */
const [OWN_PX, OTHER_PX, OTHERS] = [2.5, 1, 0.3];

/** A row: a token of both, by its index in the difference, or words that only one of them has. */
/** @typedef {{index: number, words: string, pane: string}} DifferenceRow `index` -1: not of both */
/**
 * @typedef {object} ShownDifference
 * @property {State} state of the pane whose tokens are shown
 * @property {Tokens} tokens
 * @property {number} start first token of the sequence
 * @property {{kind: Kind, index: number}} selected
 * @property {readonly DifferenceRow[]} rows
 * @property {{n: number, pattern: Float32Array, positions: readonly number[]}} difference A − B,
 *   [query, key]; `positions`: of each index
 */

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'hover' | 'actions'>} context of the pane whose tokens are shown
 */
export function createDifference(root, { hover, actions }) {
  const legend = createLegend();
  const lists = { query: makeList('Queries'), key: makeList('Keys') };
  const canvas = el('canvas', { class: 'difference__lines', 'aria-hidden': 'true' });
  const rows = el('div', { class: 'difference__rows' }, lists.query, canvas, lists.key);
  const heat = el('canvas', { class: 'difference__heat', role: 'img' });
  const status = el('p', { class: 'difference__status soft', role: 'status' });
  const scroller = el('div', { class: 'difference__scroll' }, rows);
  const summary = el('div', { class: 'difference__summary' }, legend.element, status, heat);
  const element = el('div', { class: 'difference' }, scroller, summary);
  root.append(element);
  /** @type {ShownDifference | null} */
  let shown = null;
  /** @type {Record<Kind, HTMLElement[]>} */
  let weights = { query: [], key: [] };

  /** @param {Kind} kind @param {ShownDifference} next */
  function fill(kind, { tokens, start, rows: all, difference: { positions } }) {
    weights[kind] = positions.map(() => el('span', { class: 'difference__weight' }));
    lists[kind].replaceChildren(
      ...all.map(({ index, words: only, pane }) => {
        if (index < 0) return makeApart(only, pane);
        const weight = weights[kind][index];
        const token = start + positions[index];
        const words = shortName(tokens, token);
        const button = el(
          'button',
          {
            class: 'difference__token',
            type: 'button',
            'aria-label': `Select ${words}, ${kind}, position ${positions[index] + 1}`,
            onClick: () => actions.select({ kind, token }),
            onPointerenter: () => hover.set({ kind, token }),
            onPointerleave: () => hover.set(null),
            onFocus: () => hover.set({ kind, token }),
            onBlur: () => hover.set(null),
          },
          el('bdi', {}, words),
        );
        return el('li', {}, ...(kind === 'query' ? [weight, button] : [button, weight]));
      }),
    );
  }

  /** The token whose differences are written: the hovered one, else the selected one. */
  function source() {
    if (!shown) return null;
    const { start, selected, difference } = shown;
    const hovered = hover.get();
    const index = hovered ? difference.positions.indexOf(hovered.token - start) : -1;
    const { kind, index: position } = hovered && index >= 0 ? { ...hovered, index } : selected;
    return { kind, position };
  }

  function draw() {
    const from = source();
    if (!shown || !from) return;
    const { difference, rows: all, start, tokens } = shown;
    const { n, pattern, positions } = difference;
    const isQuery = from.kind === 'query';
    /** @param {number} other */
    const between = (other) =>
      from.position < 0
        ? 0
        : isQuery
          ? pattern[from.position * n + other]
          : pattern[other * n + from.position];
    for (const kind of /** @type {const} */ (['query', 'key']))
      weights[kind].forEach((weight, i) => {
        const value = kind === from.kind ? 0 : between(i);
        setText(weight, Math.abs(value) < LEAST ? '' : formatSigned(value));
        weight.parentElement?.classList.toggle(
          'is-source',
          kind === from.kind && i === from.position,
        );
      });
    drawLines(canvas, difference, from, all);
    if (from.position < 0)
      return setText(status, 'The selected token is not in both, so it has no difference.');
    const others = Array.from({ length: n }, (_, i) => i)
      .filter((i) => Math.abs(between(i)) >= LEAST)
      .sort((a, b) => Math.abs(between(b)) - Math.abs(between(a)))
      .slice(0, 3);
    const name = (/** @type {number} */ i) => formatToken(tokens, start + positions[i]);
    const parts = others.map((i) => `${name(i)} ${formatSigned(between(i))}`);
    setText(
      status,
      `${name(from.position)} (${from.kind}): ${parts.join(', ') || 'no difference'}`,
    );
  }

  const stop = hover.subscribe(draw);
  return {
    /** @param {ShownDifference} next */
    update(next) {
      const isNew = next.rows !== shown?.rows || next.tokens !== shown.tokens;
      shown = next;
      const hasRows = next.rows.length <= MAX_ROWS;
      rows.hidden = !hasRows;
      if (isNew) {
        weights = { query: [], key: [] };
        if (hasRows) for (const kind of /** @type {const} */ (['query', 'key'])) fill(kind, next);
        const row = next.rows.findIndex(({ index }) => index === next.selected.index);
        scroller.scrollTop = (row - 3) * ROW_PX;
      }
      const largest = paintDifference(heat, next.difference, signedColors());
      heat.setAttribute(
        'aria-label',
        `Heat map of the difference, rows are queries, columns keys, up to ${largest.toFixed(2)}`,
      );
      legend.update(largest);
      draw();
    },
    destroy() {
      stop();
      element.remove();
    },
  };
}

/** Colours of what is larger in A and in B, packed. @returns {[number, number]} */
function signedColors() {
  const isDark = document.documentElement.dataset.theme === 'dark';
  return canvasPalette(isDark ? 'dark' : 'light').signed;
}

/** @param {string} label */
function makeList(label) {
  return el('ol', { class: 'difference__list', 'aria-label': label });
}

/** A row of which nothing is subtracted. @param {string} words @param {string} pane */
function makeApart(words, pane) {
  return el(
    'li',
    { class: 'difference__apart soft' },
    el('bdi', { class: 'difference__token' }, words),
    el('span', {}, pane),
  );
}

function createLegend() {
  const swatches = ['A', 'B'].map(() => el('span', { class: 'difference__swatch' }));
  const words = el('span', {});
  const element = el(
    'p',
    { class: 'difference__legend soft' },
    el('span', {}, swatches[0], 'more in A'),
    el('span', {}, swatches[1], 'more in B'),
    words,
  );
  return {
    element,
    /** @param {number} largest difference */
    update(largest) {
      signedColors().forEach((color, i) => {
        swatches[i].style.background = cssColor(color);
      });
      setText(words, `largest ${largest.toFixed(2)}`);
    },
  };
}

/**
 * Draw a line for each difference, in the colour of its sign; those of one token thick and on top.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{n: number, pattern: Float32Array}} difference
 * @param {{kind: Kind, position: number}} source
 * @param {readonly DifferenceRow[]} rows
 */
function drawLines(canvas, { n, pattern }, source, rows) {
  canvas.style.height = `${rows.length * ROW_PX}px`;
  const pen = emptyPen(canvas);
  if (!pen) return;
  const [more, less] = signedColors().map(cssColor);
  const width = canvas.clientWidth;
  const rowOf = new Int32Array(n);
  rows.forEach(({ index }, row) => {
    if (index >= 0) rowOf[index] = row;
  });
  const middle = (/** @type {number} */ index) => (rowOf[index] + 0.5) * ROW_PX;
  for (const isOwn of [false, true])
    for (let at = 0; at < n * n; at++) {
      const [query, key] = [Math.floor(at / n), at % n];
      const size = Math.abs(pattern[at]);
      const isOfSource = (source.kind === 'query' ? query : key) === source.position;
      if (size < LEAST || isOfSource !== isOwn) continue;
      pen.globalAlpha = isOwn ? Math.sqrt(size) : OTHERS * size;
      pen.lineWidth = isOwn ? OWN_PX : OTHER_PX;
      pen.strokeStyle = pattern[at] > 0 ? more : less;
      pen.beginPath();
      pen.moveTo(0, middle(query));
      pen.lineTo(width, middle(key));
      pen.stroke();
    }
  pen.globalAlpha = 1;
}

/** @param {number} value */
function formatSigned(value) {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

/** A patch by row and column. @param {Tokens} tokens @param {number} token */
function shortName(tokens, token) {
  const [row, column] = [tokens.row?.[token] ?? -1, tokens.column?.[token] ?? -1];
  return row >= 0 ? `(${row}, ${column})` : formatToken(tokens, token);
}
