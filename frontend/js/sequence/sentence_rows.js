/**
 * Two columns of one sequence, queries left and keys right, and between them a line for every
 * weight.
 */

import { el, icon, setAttribute, setText, UNTRANSLATED, watchPixelRatio } from '../ui/dom.js';
import { createRowWindow } from '../ui/row_window.js';
import { paintWeights } from './weight_lines.js';

/** @import { Attention, Context, HiddenToken, Selected, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** Weights below this are neither written beside a token nor shaded. */
const WRITTEN_WEIGHT = 0.01;
const KINDS = /** @type {const} */ (['query', 'key']);
const SELECT_ICON = 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3M8 7a1 1 0 1 1 0 2a1 1 0 0 1 0-2';
/** Steps of the keys that move the focus. @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 };

/**
 * `shown` is what the row looks like now.
 *
 * @typedef {{row: HTMLElement, button: HTMLElement, weight: HTMLElement, shown: string}} Row
 */
/**
 * @typedef {{tokens: Tokens, start: number, n: number, attention: Pick<Attention, 'n' | 'pattern'>
 *   | null, selected: Selected, hidden: readonly HiddenToken[]}} ShownColumns
 */
/** @typedef {{kind: Kind, position: number}} Place */

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions' | 'hover' | 'pairing'>} context
 * @param {object} words
 * @param {(kind: Kind) => string} words.listLabel said by screen readers of a column
 * @param {(tokens: Tokens, token: number) => HTMLElement} words.makeText what stands in a row
 * @param {(tokens: Tokens, token: number) => string} words.nameOf
 */
export function createColumns(root, { actions, hover, pairing }, { listLabel, makeText, nameOf }) {
  const columns = {
    query: el('ol', { class: 'sentence__column sentence__column--query' }),
    key: el('ol', { class: 'sentence__column sentence__column--key' }),
  };
  const body = el(
    'div',
    {
      class: 'sentence__body',
      onClick: click,
      onKeydown: press,
      onPointerover: over,
      onPointerleave: leave,
      onFocusin: enter,
      onFocusout: leave,
    },
    columns.query,
    el('div', { class: 'sentence__gap' }),
    columns.key,
  );
  const scroller = el('div', { class: 'sentence__scroll' }, body);
  const canvas = el('canvas', { class: 'sentence__lines', 'aria-hidden': 'true' });
  const element = el('div', { class: 'sentence__frame' }, scroller, canvas);
  root.append(element);

  /** @type {WeakMap<Element, Place>} */
  const places = new WeakMap();
  const windows = {
    query: createRowWindow(columns.query, (position) => makeRow({ kind: 'query', position })),
    key: createRowWindow(columns.key, (position) => makeRow({ kind: 'key', position })),
  };
  /** The row of each column that Tab reaches; it is on the page however far one scrolls. */
  const stops = { query: 0, key: 0 };
  /** @type {ShownColumns | null} */
  let shown = null;
  let isPainting = false;

  /** @param {ShownColumns} next */
  function update(next) {
    const isNew = shown?.tokens !== next.tokens || shown.start !== next.start;
    const isSame =
      !isNew &&
      shown?.attention === next.attention &&
      shown?.selected === next.selected &&
      shown?.hidden === next.hidden;
    shown = next;
    if (isNew) list(next);
    if (!isSame) mark();
  }

  /** @param {ShownColumns} next */
  function list({ n, start, selected }) {
    for (const kind of KINDS) {
      stops[kind] = selected.kind === kind ? selected.token - start : 0;
      windows[kind].reset(n);
      setAttribute(columns[kind], 'aria-label', listLabel(kind));
    }
    const { height, above, seen } = measure(n);
    scroller.scrollTop = Math.max(0, above + (stops[selected.kind] + 1) * height - seen);
    fill();
  }

  /**
   * Height of a row, what is above the first one, and how much of the list is seen; CSS pixels.
   *
   * @param {number} n
   */
  function measure(n) {
    // No list in sight is longer than the window, whatever its styles say for a moment.
    return {
      height: columns.query.offsetHeight / n || 1,
      above: columns.query.offsetTop,
      seen: Math.min(scroller.clientHeight, window.innerHeight),
    };
  }

  /**
   * Have the rows on the page that are in sight.
   *
   * @returns {boolean} whether others are there than before
   */
  function fill() {
    if (!shown) return false;
    const { height, above, seen } = measure(shown.n);
    const top = (scroller.scrollTop - above) / height;
    const bottom = top + seen / height;
    return KINDS.map((kind) => windows[kind].show(top, bottom, stops[kind])).includes(true);
  }

  /** What is seen has moved. */
  function follow() {
    if (fill()) mark();
    else paint();
  }

  /**
   * @param {Place} place
   * @returns {Row}
   */
  function makeRow(place) {
    if (!shown) throw new Error('a row was asked for before there is a sequence');
    const { tokens, start, n } = shown;
    const { kind, position } = place;
    const token = start + position;
    const name = `${nameOf(tokens, token).slice(0, 200)}, ${kind}, position ${position + 1}`;
    const text = makeText(tokens, token);
    const weight = el('span', { class: 'sentence__weight' });
    const effect = kind === 'query' ? 'its row becomes zero' : 'its weight goes to the other keys';
    const button = el(
      'button',
      {
        ...UNTRANSLATED,
        class: 'sentence__button',
        type: 'button',
        tabindex: '-1',
        'aria-label': `Hide ${name}`,
        title:
          `${name}\nClick or Space hides it: ${effect}.\nThe ring at its edge, or Enter, ` +
          'selects it.',
      },
      ...(kind === 'query' ? [weight, text] : [text, weight]),
    );
    const select = el(
      'button',
      {
        ...UNTRANSLATED,
        class: 'sentence__select',
        type: 'button',
        tabindex: '-1',
        'aria-label': `Select ${name}`,
        title: 'Select this token in the map (Enter)',
      },
      icon(SELECT_ICON),
    );
    const row = el(
      'li',
      { class: 'sentence__row', 'aria-posinset': String(position + 1), 'aria-setsize': String(n) },
      button,
      select,
    );
    places.set(row, place);
    return { row, button, weight, shown: '' };
  }

  /** The row that an event is about. @param {Event} event */
  function placeOf(event) {
    const row = event.target instanceof Element ? event.target.closest('.sentence__row') : null;
    return (row && places.get(row)) ?? null;
  }

  /** @param {Place} place @returns {Selected} */
  function tokenAt({ kind, position }) {
    return { kind, token: (shown?.start ?? 0) + position };
  }

  /** @param {MouseEvent} event */
  function click(event) {
    const place = placeOf(event);
    if (!place) return;
    const isSelect = event.target instanceof Element && event.target.closest('.sentence__select');
    if (pairing.take(tokenAt(place))) return;
    if (isSelect) actions.select(tokenAt(place));
    else actions.toggleTokens([place]);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const place = placeOf(event);
    if (!place || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') actions.select(tokenAt(place));
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      focus({ kind: event.key === 'ArrowLeft' ? 'query' : 'key', position: place.position });
    else if (event.key in STEPS)
      focus({
        kind: place.kind,
        position: Math.min(shown.n - 1, Math.max(0, place.position + STEPS[event.key])),
      });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Place} place */
  function focus({ kind, position }) {
    stops[kind] = position;
    fill();
    mark();
    windows[kind].rows.get(position)?.button.focus();
  }

  /**
   * A row that has the focus, by a click or by Tab, is the one that Tab comes back to.
   *
   * @param {FocusEvent} event
   */
  function enter(event) {
    const place = placeOf(event);
    if (place) stops[place.kind] = place.position;
    over(event);
    mark();
  }

  /** @param {Event} event */
  function over(event) {
    const place = placeOf(event);
    hover.set(place && tokenAt(place));
  }

  function leave() {
    hover.set(null);
  }

  /** The token whose lines alone are shown. @returns {Place | null} */
  function isolated() {
    const hovered = hover.get();
    if (!hovered || !shown) return null;
    const position = hovered.token - shown.start;
    return position >= 0 && position < shown.n ? { kind: hovered.kind, position } : null;
  }

  function mark() {
    if (!shown) return;
    const alone = isolated();
    const chosen = shown.selected.token - shown.start;
    const hidden = { query: new Set(), key: new Set() };
    for (const { kind, position } of shown.hidden) hidden[kind].add(position);
    for (const kind of KINDS) {
      for (const [i, row] of windows[kind].rows) {
        const weight = alone && alone.kind !== kind ? weightBetween(alone, i) : 0;
        markRow(row, {
          isSelected: kind === shown.selected.kind && i === chosen,
          isAlone: alone?.kind === kind && alone.position === i,
          isHidden: hidden[kind].has(i),
          isStop: i === stops[kind],
          weight: weight >= WRITTEN_WEIGHT ? weight.toFixed(2) : '',
        });
      }
    }
    paint();
  }

  /**
   * @param {Place} alone
   * @param {number} other
   */
  function weightBetween({ kind, position }, other) {
    if (!shown?.attention) return 0;
    const { n, pattern } = shown.attention;
    return kind === 'query' ? pattern[position * n + other] : pattern[other * n + position];
  }

  /**
   * Give a row its look; one that has it is not touched.
   *
   * @param {Row} entry
   * @param {{isSelected: boolean, isAlone: boolean, isHidden: boolean, isStop: boolean, weight:
   *   string}} look
   */
  function markRow(entry, look) {
    const { isSelected, isAlone, isHidden, isStop } = look;
    const wanted = `${isSelected} ${isAlone} ${isHidden} ${isStop} ${look.weight}`;
    if (entry.shown === wanted) return;
    entry.shown = wanted;
    const { row, button, weight } = entry;
    row.classList.toggle('is-selected', look.isSelected);
    row.classList.toggle('is-alone', look.isAlone);
    row.classList.toggle('is-hidden', look.isHidden);
    setAttribute(button, 'aria-pressed', String(look.isHidden));
    button.tabIndex = look.isStop ? 0 : -1;
    row.style.setProperty('--weight', look.weight || '0');
    setText(weight, look.weight);
  }

  function paint() {
    if (isPainting) return;
    isPainting = true;
    requestAnimationFrame(() => {
      isPainting = false;
      if (!shown || !element.isConnected) return;
      const { attention, n, selected, start } = shown;
      const { height, above } = measure(n);
      paintWeights(canvas, {
        attention,
        scrollTop: scroller.scrollTop,
        rowHeight: height,
        padding: above,
        alone: isolated(),
        chosen: { kind: selected.kind, position: selected.token - start },
      });
    });
  }

  const stopHover = hover.subscribe(mark);
  const observer = new ResizeObserver(follow);
  observer.observe(canvas);
  const stopRatio = watchPixelRatio(paint);
  scroller.addEventListener('scroll', follow, { passive: true });

  return {
    element,
    scroller,
    update,
    /** Draw again in the colours of another theme. */
    repaint: paint,
    destroy() {
      stopHover();
      observer.disconnect();
      stopRatio();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createColumns>} Columns */
