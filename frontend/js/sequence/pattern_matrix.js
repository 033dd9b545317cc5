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

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createSquares(root, context) {
  const { hover } = context;
  const maps = { sentence: makeMap('this sentence'), mean: makeMap('mean') };
  const status = el('p', { class: 'squares__status', role: 'status' }, REST);
  const element = el(
    'div',
    { class: 'squares' },
    el('div', { class: 'squares__maps' }, maps.sentence.figure, maps.mean.figure),
    status,
  );
  root.append(element);
  const allHeads = createAllHeads(element, context);
  /** @type {Shown | null} */
  let last = null;
  let painted = '';
  /** @type {{query: number, key: number} | null} */
  let cell = null;

  /** @param {string} words */
  function makeMap(words) {
    const canvas = el('canvas', { class: 'squares__canvas' });
    const [row, column] = [
      el('span', { class: 'squares__band' }),
      el('span', { class: 'squares__band' }),
    ];
    const ramp = el('span', { class: 'legend__ramp' });
    const most = el('span', {});
    const frame = el(
      'div',
      {
        class: 'squares__frame',
        role: 'img',
        tabindex: '0',
        'aria-label': `Heat map of ${words}; arrow keys move the mark`,
        onPointermove: point,
        onPointerleave: leave,
        onFocus: () => place(cell ?? { query: 0, key: 0 }),
        onBlur: leave,
        onKeydown: press,
      },
      canvas,
      row,
      column,
    );
    const figure = el(
      'figure',
      { class: 'squares__map' },
      el('figcaption', { class: 'squares__name' }, words),
      frame,
      ramp,
      el('span', { class: 'legend__range' }, el('span', {}, '0'), most),
    );
    return { figure, frame, canvas, row, column, ramp, most };
  }

  /** @param {PointerEvent} event */
  function point(event) {
    if (!last) return;
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    /** @param {number} share */
    const at = (share) =>
      Math.min((last?.n ?? 1) - 1, Math.max(0, Math.floor(share * (last?.n ?? 1))));
    place({
      query: at((event.clientY - box.top) / box.height),
      key: at((event.clientX - box.left) / box.width),
    });
  }

  function leave() {
    place(null);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEPS[event.key];
    if (!step || !last) return;
    event.preventDefault();
    event.stopPropagation();
    const { n } = last;
    /** @param {number} position */
    const inside = (position) => Math.min(n - 1, Math.max(0, position));
    const from = cell ?? { query: 0, key: 0 };
    place({ query: inside(from.query + step[0]), key: inside(from.key + step[1]) });
  }

  /** @param {{query: number, key: number} | null} next */
  function place(next) {
    if (!last || (next?.query === cell?.query && next?.key === cell?.key)) return;
    cell = next;
    hover.set(cell && { kind: 'query', token: last.start + cell.query });
    tell();
  }

  /** Lay the bands over what is pointed at, here or elsewhere. @param {Shown} shown */
  function markHovered({ start, n }) {
    const hovered = hover.get();
    const position =
      hovered && hovered.token >= start && hovered.token < start + n ? hovered.token - start : null;
    /** @param {'query' | 'key'} kind */
    const of = (kind) => cell?.[kind] ?? (hovered?.kind === kind ? position : null);
    for (const map of Object.values(maps)) {
      band(map.row, 'row', of('query'), n);
      band(map.column, 'column', of('key'), n);
    }
  }

  function tell() {
    if (!last) return;
    markHovered(last);
    if (!cell) return setText(status, REST);
    const { tokens, start, n, attention, mean, isCausal } = last;
    const { query, key } = cell;
    const at = query * n + key;
    const isUnseen = isCausal && key > query;
    const weights = isUnseen
      ? ': a query does not see later keys'
      : `: ${formatWeight(attention?.pattern[at])} here, ${formatWeight(mean?.pattern[at])} in ` +
        'the mean';
    status.replaceChildren(
      el('span', { class: 'query' }, 'query '),
      ...tokenParts(tokens, start, query),
      ' → ',
      el('span', { class: 'key' }, 'key '),
      ...tokenParts(tokens, start, key),
      weights,
    );
  }

  const stopHover = hover.subscribe(tell);
  return {
    /** @param {Shown} shown */
    update(shown) {
      const key = `${document.documentElement.dataset.theme} ${shown.state.palette}`;
      const isSame =
        last?.attention === shown.attention && last?.mean === shown.mean && painted === key;
      if (last?.start !== shown.start) cell = null;
      last = shown;
      painted = key;
      allHeads.update(shown);
      if (isSame) return;
      const ramp = heatRamp(shown.state.palette);
      for (const [map, attention] of /** @type {const} */ ([
        [maps.sentence, shown.attention],
        [maps.mean, shown.mean],
      ])) {
        map.figure.classList.toggle('is-empty', !attention);
        const largest = attention ? paintHeatMap(map.canvas, attention, ramp, shown.isCausal) : 0;
        map.ramp.style.backgroundImage = `linear-gradient(to right, ${rampStops(ramp).join(', ')})`;
        setText(map.most, largest.toFixed(2));
      }
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
    ? corpusText(words.slice(0, 60), 'corpus squares__token')
    : el('span', { class: 'squares__token' }, words);
  return [text, ` (${position + 1})`];
}

/** @param {number | undefined} weight */
function formatWeight(weight) {
  return weight === undefined ? 'unknown' : weight.toFixed(3);
}
