/** The pattern of this sentence and the mean pattern as heat maps beside each other. */

import { rampStops } from '../color/palettes.js';
import { cropped, haveSameSpans } from '../compute/head_parts.js';
import { corpusText, el, setText } from '../ui/dom.js';
import { isOwnText, formatToken } from '../ui/labels.js';
import { createAllHeads } from './all_heads.js';
import { heatRamp, paintWeights } from '../ui/heat_map.js';

/** @import { Context, Tokens } from '../page.js' */
/** @import { Shown } from './panel.js' */

const REST = 'Rows are queries, columns are keys; point at a square to read it.';
/**
 * Steps of the keys that move the mark, as rows and columns.
 *
 * @type {Record<string, [number, number]>}
 */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** @import { Span, Spans } from '../compute/head_parts.js' */

/**
 * A square that is pointed at; the key before the first one is the sink.
 *
 * @typedef {{query: number, key: number}} Cell
 */

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
  const pointing = { spans: () => last?.spans ?? null, cell: () => cell, place };
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
    const { spans, start, n } = last;
    const hovered = hover.get();
    const position =
      hovered && hovered.token >= start && hovered.token < start + n ? hovered.token - start : -1;
    /** @param {'query' | 'key'} kind */
    const of = (kind) => {
      const isHere = position >= spans[kind][0] && position < spans[kind][1];
      return cell?.[kind] ?? (hovered?.kind === kind && isHere ? position : null);
    };
    for (const map of Object.values(maps)) map.mark(of('query'), of('key'), spans);
    if (cell) status.replaceChildren(...partsOf(last, cell));
    else setText(status, REST);
  }

  const stopHover = hover.subscribe(tell);
  return {
    /** @param {Shown & {hasMean: boolean}} shown */
    update(shown) {
      maps.mean.figure.hidden = tools.hidden = !shown.hasMean;
      const key = `${document.documentElement.dataset.theme} ${shown.state.palette}`;
      const hasSameCells = last?.start === shown.start && haveSameSpans(last.spans, shown.spans);
      const isSame =
        last?.attention === shown.attention &&
        last?.mean === shown.mean &&
        hasSameCells &&
        painted === key;
      if (!hasSameCells) cell = null;
      last = shown;
      painted = key;
      allHeads.update(shown);
      if (isSame) return;
      const ramp = heatRamp(shown.state.palette);
      maps.sentence.paint(shown.attention, shown.spans, ramp);
      maps.mean.paint(shown.mean, shown.spans, ramp);
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
 * @param {{spans: () => Spans | null, cell: () => Cell | null, place: (cell: Cell | null) => void}}
 *   pointing which positions there are, the square that is pointed at, and where to say which is
 */
function createMap(words, pointing) {
  const canvas = el('canvas', { class: 'pattern-matrix__canvas' });
  const row = el('span', { class: 'pattern-matrix__band' });
  const column = el('span', { class: 'pattern-matrix__band' });
  const ramp = el('span', { class: 'legend__ramp' });
  const most = el('span', {});
  /** Keys of the columns. @type {Span} */
  let keys = [0, 0];
  /** Queries and keys of the squares; null while there are none. */
  const shownSpans = () => {
    const spans = pointing.spans();
    return spans && { query: spans.query, key: keys };
  };
  const frame = el(
    'div',
    {
      class: 'pattern-matrix__frame',
      role: 'img',
      tabindex: '0',
      'aria-label': `Heat map of ${words}; arrow keys move the mark`,
      onPointermove: (/** @type {PointerEvent} */ event) =>
        pointing.place(cellAt(event, frame.getBoundingClientRect(), shownSpans())),
      onPointerleave: () => pointing.place(null),
      onFocus: () => pointing.place(pointing.cell() ?? firstCell(pointing.spans())),
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
    const spans = shownSpans();
    const from = pointing.cell() ?? firstCell(spans);
    if (!step || !spans || !from) return;
    event.preventDefault();
    event.stopPropagation();
    pointing.place({
      query: within(from.query + step[0], spans.query),
      key: within(from.key + step[1], spans.key),
    });
  }

  return {
    figure,
    /**
     * @param {{n: number, pattern: Float32Array, sinks?: Float32Array} | null} attention
     * @param {Spans} spans
     * @param {Uint32Array} colors packed, from least to most
     */
    paint(attention, spans, colors) {
      figure.classList.toggle('is-empty', !attention);
      keys = attention?.sinks ? [spans.key[0] - 1, spans.key[1]] : spans.key;
      const { width, height, values } = attention
        ? squaresOf(attention, spans)
        : { width: 1, height: 1, values: new Float32Array(1) };
      frame.style.aspectRatio = String(Math.min(2, Math.max(0.5, width / height)));
      const largest = attention ? paintWeights(canvas, { width, height, values }, colors) : 0;
      ramp.style.backgroundImage = `linear-gradient(to right, ${rampStops(colors).join(', ')})`;
      setText(most, largest.toFixed(2));
    },
    /** @param {number | null} query @param {number | null} key @param {Spans} spans */
    mark(query, key, spans) {
      band(row, 'row', query, spans.query);
      band(column, 'column', key !== null && key >= keys[0] ? key : null, keys);
    },
  };
}

/**
 * The weights of a head, a row for each query; the first column is the sink, if there is one.
 *
 * @param {{n: number, pattern: Float32Array, sinks?: Float32Array}} attention
 * @param {Spans} spans
 */
export function squaresOf({ n, pattern, sinks }, spans) {
  const found = cropped(pattern, n, spans);
  if (!sinks) return found;
  const [width, { height }] = [found.width + 1, found];
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    values[row * width] = sinks[spans.query[0] + row];
    const weights = found.values.subarray(row * found.width, (row + 1) * found.width);
    values.set(weights, row * width + 1);
  }
  return { width, height, values };
}

/** @param {number} position @param {Span} span */
function within(position, [first, end]) {
  return Math.min(end - 1, Math.max(first, position));
}

/** @param {Spans | null} spans @returns {Cell | null} */
function firstCell(spans) {
  return spans && { query: spans.query[0], key: spans.key[0] };
}

/** @param {PointerEvent} event @param {DOMRect} box @param {Spans | null} spans */
function cellAt({ clientX, clientY }, box, spans) {
  /** @param {number} share @param {Span} span */
  const at = (share, [first, end]) =>
    within(first + Math.floor(share * (end - first)), [first, end]);
  return (
    spans && {
      query: at((clientY - box.top) / box.height, spans.query),
      key: at((clientX - box.left) / box.width, spans.key),
    }
  );
}

/** What a square says. @param {Shown & {hasMean: boolean}} shown @param {Cell} cell */
function partsOf(shown, { query, key }) {
  const { tokens, start, n, attention, mean, hasMean, isCausal, spans } = shown;
  if (key < spans.key[0]) return sinkParts(shown, query);
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
 * What a square of the sink says.
 *
 * @param {Shown & {hasMean: boolean}} shown
 * @param {number} query
 */
function sinkParts({ tokens, start, attention, mean }, query) {
  const inMean = mean?.sinks ? ` here, ${formatWeight(mean.sinks[query])} in the mean` : '';
  return [
    el('span', { class: 'query' }, 'query '),
    ...tokenParts(tokens, start, query),
    ` → sink: ${formatWeight(attention?.sinks?.[query])}${inMean}`,
  ];
}

/**
 * Lay a band over the row or column of one position.
 *
 * @param {HTMLElement} element
 * @param {'row' | 'column'} which
 * @param {number | null} position
 * @param {Span} span
 */
function band(element, which, position, [first, end]) {
  element.hidden = position === null;
  if (position === null) return;
  const n = end - first;
  const [from, size] = [`${(100 * (position - first)) / n}%`, `${100 / n}%`];
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
  return [text, ` (${tokens.position[start + position] + 1})`];
}

/** @param {number | undefined} weight */
function formatWeight(weight) {
  return weight === undefined ? 'unknown' : weight.toFixed(3);
}
