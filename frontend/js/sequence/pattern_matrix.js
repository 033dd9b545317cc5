/** The pattern of this sentence and the mean pattern as heat maps beside each other. */

import { rampStops } from '../color/palettes.js';
import { corpusText, el, setText } from '../ui/dom.js';
import { isOwnText, formatToken } from '../ui/labels.js';
import { createAllHeads } from './all_heads.js';
import { heatRamp, paintHeatMap } from '../ui/heat_map.js';

/** @import { Context, Tokens } from '../page.js' */
/** @import { Shown } from './panel.js' */

const REST = 'Rows are queries, columns are keys; point at a square to read it.';
/**
 * Steps of the keys that move the mark, as rows and columns.
 *
 * @type {Record<string, [number, number]>}
 */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** A square that is pointed at. @typedef {{query: number, key: number}} Cell */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createPatternMatrix(root, context) {
  const { hover } = context;
  /** @type {Shown & {hasMean: boolean} | null} */
  let last = null;
  let painted = '';
  /** @type {Cell | null} */
  let cell = null;
  const pointing = { n: () => last?.n ?? 0, cell: () => cell, place };
  const maps = {
    sentence: createMap('this sentence', pointing),
    mean: createMap('mean', pointing),
  };
  const status = el('p', { class: 'pattern-matrix__status', role: 'status' }, REST);
  const element = el(
    'div',
    { class: 'pattern-matrix' },
    el('div', { class: 'pattern-matrix__maps' }, maps.sentence.figure, maps.mean.figure),
    status,
  );
  root.append(element);
  const tools = el('div', {});
  element.append(tools);
  const allHeads = createAllHeads(tools, context);

  /** @param {Cell | null} next */
  function place(next) {
    if (!last || (next?.query === cell?.query && next?.key === cell?.key)) return;
    cell = next;
    hover.set(cell && { kind: 'query', token: last.start + cell.query });
    tell();
  }

  /** Say what is pointed at, and lay the bands over it, here or elsewhere. */
  function tell() {
    if (!last) return;
    const { start, n } = last;
    const hovered = hover.get();
    const position =
      hovered && hovered.token >= start && hovered.token < start + n ? hovered.token - start : null;
    /** @param {'query' | 'key'} kind */
    const of = (kind) => cell?.[kind] ?? (hovered?.kind === kind ? position : null);
    for (const map of Object.values(maps)) map.mark(of('query'), of('key'), n);
    if (cell) status.replaceChildren(...partsOf(last, cell));
    else setText(status, REST);
  }

  const stopHover = hover.subscribe(tell);
  return {
    /** @param {Shown & {hasMean: boolean}} shown */
    update(shown) {
      maps.mean.figure.hidden = tools.hidden = !shown.hasMean;
      const key = `${document.documentElement.dataset.theme} ${shown.state.palette}`;
      const isSame =
        last?.attention === shown.attention && last?.mean === shown.mean && painted === key;
      if (last?.start !== shown.start) cell = null;
      last = shown;
      painted = key;
      allHeads.update(shown);
      if (isSame) return;
      const ramp = heatRamp(shown.state.palette);
      maps.sentence.paint(shown.attention, ramp);
      maps.mean.paint(shown.mean, ramp);
      tell();
    },
    destroy() {
      stopHover();
      allHeads.destroy();
      element.remove();
    },
  };
}

/**
 * One pattern as squares, with the scale of its colours.
 *
 * @param {string} words what it shows
 * @param {{n: () => number, cell: () => Cell | null, place: (cell: Cell | null) => void}} pointing
 *   how many positions there are, the square that is pointed at, and where to say which is
 */
function createMap(words, pointing) {
  const canvas = el('canvas', { class: 'pattern-matrix__canvas' });
  const row = el('span', { class: 'pattern-matrix__band' });
  const column = el('span', { class: 'pattern-matrix__band' });
  const ramp = el('span', { class: 'legend__ramp' });
  const most = el('span', {});
  const frame = el(
    'div',
    {
      class: 'pattern-matrix__frame',
      role: 'img',
      tabindex: '0',
      'aria-label': `Heat map of ${words}; arrow keys move the mark`,
      onPointermove: (/** @type {PointerEvent} */ event) =>
        pointing.place(cellAt(event, frame.getBoundingClientRect(), pointing.n())),
      onPointerleave: () => pointing.place(null),
      onFocus: () => pointing.place(pointing.cell() ?? { query: 0, key: 0 }),
      onBlur: () => pointing.place(null),
      onKeydown: press,
    },
    canvas,
    row,
    column,
  );
  const figure = el(
    'figure',
    { class: 'pattern-matrix__map' },
    el('figcaption', { class: 'pattern-matrix__name' }, words),
    frame,
    ramp,
    el('span', { class: 'legend__range' }, el('span', {}, '0'), most),
  );

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEPS[event.key];
    const n = pointing.n();
    if (!step || n === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const { query, key } = pointing.cell() ?? { query: 0, key: 0 };
    pointing.place({ query: within(query + step[0], n), key: within(key + step[1], n) });
  }

  return {
    figure,
    /**
     * @param {{n: number, pattern: Float32Array} | null} attention
     * @param {Uint32Array} colors packed, from least to most
     */
    paint(attention, colors) {
      figure.classList.toggle('is-empty', !attention);
      const largest = attention ? paintHeatMap(canvas, attention, colors) : 0;
      ramp.style.backgroundImage = `linear-gradient(to right, ${rampStops(colors).join(', ')})`;
      setText(most, largest.toFixed(2));
    },
    /** @param {number | null} query @param {number | null} key @param {number} n */
    mark(query, key, n) {
      band(row, 'row', query, n);
      band(column, 'column', key, n);
    },
  };
}

/** @param {number} position @param {number} n */
function within(position, n) {
  return Math.min(n - 1, Math.max(0, position));
}

/** @param {PointerEvent} event @param {DOMRect} box @param {number} n @returns {Cell | null} */
function cellAt({ clientX, clientY }, box, n) {
  if (n === 0) return null;
  return {
    query: within(Math.floor(((clientY - box.top) / box.height) * n), n),
    key: within(Math.floor(((clientX - box.left) / box.width) * n), n),
  };
}

/** What a square says. @param {Shown & {hasMean: boolean}} shown @param {Cell} cell */
function partsOf({ tokens, start, n, attention, mean, hasMean, isCausal }, { query, key }) {
  const at = query * n + key;
  const inMean = hasMean ? ` here, ${formatWeight(mean?.pattern[at])} in the mean` : '';
  const sink = attention?.sinks ? `, sink ${formatWeight(attention.sinks[query])}` : '';
  const weights =
    isCausal && key > query
      ? ': a query does not see later keys'
      : `: ${formatWeight(attention?.pattern[at])}${inMean}${sink}`;
  return [
    el('span', { class: 'query' }, 'query '),
    ...tokenParts(tokens, start, query),
    ' → ',
    el('span', { class: 'key' }, 'key '),
    ...tokenParts(tokens, start, key),
    weights,
  ];
}

/**
 * Lay a band over the row or column of one position.
 *
 * @param {HTMLElement} element
 * @param {'row' | 'column'} which
 * @param {number | null} position
 * @param {number} n
 */
function band(element, which, position, n) {
  element.hidden = position === null;
  if (position === null) return;
  const [from, size] = [`${(100 * position) / n}%`, `${100 / n}%`];
  const box =
    which === 'row'
      ? { top: from, height: size, left: '0', width: '100%' }
      : { left: from, width: size, top: '0', height: '100%' };
  Object.assign(element.style, box);
}

/**
 * @param {Tokens} tokens
 * @param {number} start
 * @param {number} position
 */
function tokenParts(tokens, start, position) {
  const words = formatToken(tokens, start + position);
  const text = isOwnText(tokens, start + position)
    ? corpusText(words.slice(0, 60), 'corpus pattern-matrix__token')
    : el('span', { class: 'pattern-matrix__token' }, words);
  return [text, ` (${position + 1})`];
}

/** @param {number | undefined} weight */
function formatWeight(weight) {
  return weight === undefined ? 'unknown' : weight.toFixed(3);
}
