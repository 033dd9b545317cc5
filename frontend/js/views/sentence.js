/** One sentence under one head: queries left, keys right, a line for every weight. */

import { corpusText, el, setAttribute } from '../dom.js';
import { isOwnText, tokenWords, visibleText } from '../words.js';
import { paintWeights } from './weight_lines.js';

/** @import { Attention, Context, Selected, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { SequenceView, Shown } from './panel.js' */

/** Weights below this are not written beside a token; the lines and shades still show them. */
const WRITTEN_WEIGHT = 0.01;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {SequenceView}
 */
export function createSentenceView(root, { actions, hover }) {
  const columns = { query: el('ol', { class: 'sentence__column sentence__column--query' }), key: el('ol', { class: 'sentence__column sentence__column--key' }) };
  const body = el('div', { class: 'sentence__body' }, columns.query, el('div', { class: 'sentence__gap' }), columns.key);
  const scroller = el('div', { class: 'sentence__scroll' }, body);
  const canvas = el('canvas', { class: 'sentence__lines', 'aria-hidden': 'true' });
  const head = el('div', { class: 'sentence__head', 'aria-hidden': 'true' }, el('span', { class: 'query' }, 'query'), el('span', { class: 'soft' }, 'attends to'), el('span', { class: 'key' }, 'key'));
  const element = el('div', { class: 'sentence' }, head, el('div', { class: 'sentence__frame' }, scroller, canvas));
  root.append(element);

  /** @type {{query: HTMLElement[], key: HTMLElement[]}} */
  let rows = { query: [], key: [] };
  /** @type {{tokens: Tokens, start: number, n: number} | null} */
  let listed = null;
  /** @type {Attention | null} */
  let attention = null;
  /** @type {Selected | null} */
  let selected = null;
  let isPainting = false;

  /** @param {Shown} shown */
  function update(shown) {
    const sequence = shown.tokens.sequence[shown.selected.token];
    const start = shown.tokens.sequences.start[sequence];
    const isNew = listed?.tokens !== shown.tokens || listed.start !== start;
    if (isNew) list(shown.tokens, start, shown.tokens.sequences.length[sequence]);
    const isSame = !isNew && attention === shown.attention && selected === shown.selected;
    attention = shown.attention;
    selected = shown.selected;
    if (isSame) return;
    mark();
    if (isNew) rows[selected.kind][selected.token - start]?.scrollIntoView({ block: 'nearest' });
  }

  /**
   * @param {Tokens} tokens
   * @param {number} start
   * @param {number} n
   */
  function list(tokens, start, n) {
    listed = { tokens, start, n };
    rows = { query: [], key: [] };
    for (const kind of /** @type {const} */ (['query', 'key'])) {
      for (let i = 0; i < n; i++) rows[kind].push(makeRow(tokens, kind, start + i));
      columns[kind].replaceChildren(...rows[kind]);
      setAttribute(columns[kind], 'aria-label', kind === 'query' ? 'Queries' : 'Keys');
    }
  }

  /**
   * @param {Tokens} tokens
   * @param {Kind} kind
   * @param {number} token
   */
  function makeRow(tokens, kind, token) {
    const words = tokenWords(tokens, token);
    const text = isOwnText(tokens, token) ? corpusText(visibleText(words), 'corpus sentence__token') : el('span', { class: 'sentence__token' }, words);
    const weight = el('span', { class: 'sentence__weight' });
    /** @type {Selected} */
    const self = { kind, token };
    const button = el('button', {
      class: 'sentence__button', type: 'button', title: `${visibleText(words).slice(0, 200)}, ${kind}, position ${tokens.position[token] + 1}`,
      onClick: () => actions.select(self), onPointerenter: () => hover.set(self), onPointerleave: () => hover.set(null),
      onFocus: () => hover.set(self), onBlur: () => hover.set(null),
    }, ...(kind === 'query' ? [weight, text] : [text, weight]));
    return el('li', { class: 'sentence__row' }, button);
  }

  /** The token whose lines alone are shown, as a position in the sentence. */
  function isolated() {
    const hovered = hover.get();
    if (!hovered || !listed) return null;
    const position = hovered.token - listed.start;
    return position >= 0 && position < listed.n ? { kind: hovered.kind, position } : null;
  }

  function mark() {
    if (!listed || !selected) return;
    const alone = isolated();
    const chosen = selected.token - listed.start;
    for (const kind of /** @type {const} */ (['query', 'key'])) {
      for (let i = 0; i < listed.n; i++) {
        const row = rows[kind][i];
        row.classList.toggle('is-selected', kind === selected.kind && i === chosen);
        row.classList.toggle('is-alone', alone?.kind === kind && alone.position === i);
        shade(row, alone && alone.kind !== kind ? weightBetween(alone, i) : null);
      }
    }
    paint();
  }

  /**
   * @param {{kind: Kind, position: number}} alone
   * @param {number} other
   */
  function weightBetween({ kind, position }, other) {
    if (!attention) return 0;
    return kind === 'query' ? attention.pattern[position * attention.n + other] : attention.pattern[other * attention.n + position];
  }

  /**
   * @param {HTMLElement} row
   * @param {number | null} weight
   */
  function shade(row, weight) {
    row.style.setProperty('--weight', String(weight ?? 0));
    const written = weight !== null && weight >= WRITTEN_WEIGHT ? weight.toFixed(2) : '';
    const label = row.querySelector('.sentence__weight');
    if (label && label.textContent !== written) label.textContent = written;
  }

  function paint() {
    if (isPainting) return;
    isPainting = true;
    requestAnimationFrame(() => {
      isPainting = false;
      if (!listed || !element.isConnected) return;
      const top = rows.query[0];
      paintWeights(canvas, {
        attention, scrollTop: scroller.scrollTop, rowHeight: top ? top.offsetHeight : 1, padding: columns.query.offsetTop,
        alone: isolated(), chosen: selected && { kind: selected.kind, position: selected.token - listed.start },
      });
    });
  }

  const stopHover = hover.subscribe(mark);
  const observer = new ResizeObserver(paint);
  observer.observe(canvas);
  scroller.addEventListener('scroll', paint, { passive: true });

  return {
    element,
    update,
    destroy() {
      stopHover();
      observer.disconnect();
      element.remove();
    },
  };
}
