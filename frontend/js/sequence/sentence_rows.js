/**
 * Two columns of one sequence, queries left and keys right, and between them a line for every
 * weight.
 */

import { weightBetween, WRITTEN_WEIGHT } from '../compute/hidden_tokens.js';
import { el, watchPixelRatio } from '../ui/dom.js';
import { keysOf } from '../ui/keys.js';
import { createRowLists, KINDS } from './row_lists.js';
import { markRow } from './sentence_row.js';
import { paintWeights } from './weight_lines.js';

/** @import { Attention, Context, HiddenToken, Selected, Tokens } from '../page.js' */
/** @import { Aligned, RowLists, Words } from './row_lists.js' */
/** @import { Place } from './sentence_row.js' */

/** Steps of the keys that move the focus. @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 };

/**
 * @typedef {{tokens: Tokens, start: number, n: number, attention: Pick<Attention, 'n' | 'pattern'>
 *   | null, selected: Selected, hidden: readonly HiddenToken[], aligned?: Aligned}} ShownColumns
 */

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions' | 'hover' | 'pairing'>} context
 * @param {Words} words
 */
export function createColumns(root, context, words) {
  const { hover } = context;
  const lists = createRowLists(words);
  const { scroller } = lists;
  const canvas = el('canvas', { class: 'sentence__lines', 'aria-hidden': 'true' });
  const element = el('div', { class: 'sentence__frame' }, scroller, canvas);
  root.append(element);
  /** @type {ShownColumns | null} */
  let shown = null;
  const paint = onceAFrame(() => {
    if (shown && element.isConnected) paintLines(canvas, lists, shown, sourceOf(shown));
  });

  /** @param {ShownColumns} next */
  function update(next) {
    const isNew =
      shown?.tokens !== next.tokens || shown.start !== next.start || shown.aligned !== next.aligned;
    const isSame =
      !isNew &&
      shown?.attention === next.attention &&
      shown?.selected === next.selected &&
      shown?.hidden === next.hidden;
    shown = next;
    if (isNew) lists.list(next);
    if (!isSame) mark();
  }

  /**
   * The token whose lines stand out and whose weights are told: the hovered one, or else the
   * selected one.
   *
   * @param {ShownColumns} columns
   * @returns {Place}
   */
  function sourceOf({ selected, start, n }) {
    const hovered = hover.get();
    const isOwn = hovered && hovered.token >= start && hovered.token < start + n;
    const { kind, token } = isOwn ? hovered : selected;
    return { kind, position: token - start };
  }

  function mark() {
    if (!shown) return;
    markRows(lists, shown, sourceOf(shown));
    paint();
  }

  /** What is seen has moved. */
  function follow() {
    if (lists.fill()) mark();
    else paint();
  }

  handleRows(lists, context, { shown: () => shown, mark });
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

/**
 * What a hand does to the rows.
 *
 * @param {RowLists} lists
 * @param {Pick<Context, 'actions' | 'hover' | 'pairing'>} context
 * @param {{shown: () => ShownColumns | null, mark: () => void}} columns `mark` gives the rows their
 *   look
 */
function handleRows(lists, { actions, hover, pairing }, { shown, mark }) {
  const { body, placeOf, stops } = lists;

  /** @param {Place} place @returns {Selected} */
  const tokenAt = ({ kind, position }) => ({ kind, token: (shown()?.start ?? 0) + position });

  /** @param {MouseEvent} event */
  function click(event) {
    const place = placeOf(event);
    if (!place) return;
    const isEye = event.target instanceof Element && event.target.closest('.sentence__eye');
    if (isEye || event.altKey) actions.toggleTokens([place]);
    else pairing.take(tokenAt(place)) || actions.select(tokenAt(place));
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const place = placeOf(event);
    const n = shown()?.n;
    if (!place || !n || event.ctrlKey || event.metaKey || event.altKey) return;
    if (keysOf(event).includes('x')) actions.toggleTokens([place]);
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      focus({ kind: event.key === 'ArrowLeft' ? 'query' : 'key', position: place.position });
    else if (event.key in STEPS)
      focus({
        kind: place.kind,
        position: Math.min(n - 1, Math.max(0, place.position + STEPS[event.key])),
      });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Place} place */
  function focus({ kind, position }) {
    stops[kind] = position;
    lists.fill();
    mark();
    lists.rowAt({ kind, position })?.button.focus();
  }

  /** @param {Event} event */
  function over(event) {
    const place = placeOf(event);
    hover.set(place && tokenAt(place));
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

  const leave = () => hover.set(null);
  body.addEventListener('click', click);
  body.addEventListener('keydown', press);
  body.addEventListener('pointerover', over);
  body.addEventListener('pointerleave', leave);
  body.addEventListener('focusin', enter);
  body.addEventListener('focusout', leave);
}

/**
 * Give every row its look.
 *
 * @param {RowLists} lists
 * @param {ShownColumns} shown
 * @param {Place} source rows of the other kind tell its weights
 */
function markRows({ rows, stops }, { attention, hidden, selected, start }, source) {
  const chosen = selected.token - start;
  const hiddenOf = { query: new Set(), key: new Set() };
  for (const { kind, position } of hidden) hiddenOf[kind].add(position);
  for (const kind of KINDS) {
    for (const row of rows(kind)) {
      const i = row.position;
      const weight = source.kind !== kind && attention ? weightBetween(attention, source, i) : 0;
      markRow(row, {
        isSelected: kind === selected.kind && i === chosen,
        isSource: source.kind === kind && source.position === i,
        isHidden: hiddenOf[kind].has(i),
        isStop: i === stops[kind],
        weight: weight >= WRITTEN_WEIGHT ? weight.toFixed(2) : '',
      });
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {RowLists} lists
 * @param {ShownColumns} shown
 * @param {Place} source
 */
function paintLines(canvas, lists, { attention }, source) {
  const { height, above } = lists.measure();
  paintWeights(canvas, {
    attention,
    scrollTop: lists.scroller.scrollTop,
    rowHeight: height,
    padding: above,
    rowOf: lists.rowOf,
    source,
  });
}

/** Return a function that has the next frame call, however often. @param {() => void} call */
function onceAFrame(call) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      call();
    });
  };
}

/** @typedef {ReturnType<typeof createColumns>} Columns */
