/**
 * Two columns of one sequence, queries left and keys right, and between them a line for every
 * weight.
 */

import { haveSameSpans } from '../compute/head_parts.js';
import { weightBetween, WRITTEN_WEIGHT } from '../compute/hidden_tokens.js';
import { el, watchPixelRatio } from '../ui/dom.js';
import { keysOf } from '../ui/keys.js';
import { createRowLists, KINDS } from './row_lists.js';
import { markRow } from './sentence_row.js';
import { paintPairs } from './pair_lines.js';
import { paintWeights } from './weight_lines.js';

/** @import { Attention, Context, HiddenToken, LabelledPairs } from '../page.js' */
/** @import { Selected, Tokens } from '../page.js' */
/** @import { Aligned, RowLists, Words } from './row_lists.js' */
/** @import { Kind } from '../types.js' */
/** @import { Place } from './sentence_row.js' */
/** @import { Spans } from '../compute/head_parts.js' */

/** Steps of the keys that move the focus. @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 };

/** @typedef {Pick<Attention, 'n' | 'pattern' | 'sinks'>} Weights */
/**
 * @typedef {{tokens: Tokens, start: number, n: number, attention: Weights | null, selected:
 *   Selected, hidden: readonly HiddenToken[], spans: Spans, aligned?: Aligned, pairs?:
 *   LabelledPairs | null}} ShownColumns `pairs` are those that are drawn
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
  let hadSink = false;
  const paint = onceAFrame(() => {
    if (shown && element.isConnected) paintLines(canvas, lists, shown, sourceOf(shown));
  });

  /** Whether the sink is selected, or under the mouse or the focus. */
  const sink = { isChosen: false, isOver: false };

  /** @param {ShownColumns} next */
  function update(next) {
    // While the attention loads, the rows stay as they are.
    const hasSink = !next.aligned && (next.attention ? Boolean(next.attention.sinks) : hadSink);
    const isNew = !shown || !haveSameRows(shown, next) || hasSink !== hadSink;
    const isSame =
      !isNew &&
      shown?.attention === next.attention &&
      shown?.selected === next.selected &&
      shown?.hidden === next.hidden;
    if (!hasSink || shown?.selected !== next.selected) sink.isChosen = sink.isOver = false;
    shown = next;
    hadSink = hasSink;
    if (isNew) lists.list(next, hasSink);
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
    if (!isOwn && (sink.isOver || sink.isChosen)) return { kind: 'key', position: n };
    const { kind, token } = isOwn ? hovered : selected;
    return { kind, position: token - start };
  }

  function mark() {
    if (!shown) return;
    markRows(lists, shown, sourceOf(shown), sink.isChosen);
    paint();
  }

  /** What is seen has moved. */
  function follow() {
    if (lists.fill()) mark();
    else paint();
  }

  handleRows(lists, context, { shown: () => shown, hasSink: () => hadSink, sink, mark });
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

/** @param {ShownColumns} one @param {ShownColumns} other */
function haveSameRows(one, other) {
  return (
    one.tokens === other.tokens &&
    one.start === other.start &&
    one.aligned === other.aligned &&
    haveSameSpans(one.spans, other.spans)
  );
}

/**
 * What a hand does to the rows.
 *
 * @param {RowLists} lists
 * @param {Pick<Context, 'actions' | 'hover' | 'pairing'>} context
 * @param {object} columns
 * @param {() => ShownColumns | null} columns.shown
 * @param {() => boolean} columns.hasSink
 * @param {{isChosen: boolean, isOver: boolean}} columns.sink
 * @param {() => void} columns.mark gives the rows their look
 */
function handleRows(lists, { actions, hover, pairing }, { shown, hasSink, sink, mark }) {
  const { body, placeOf, stops } = lists;

  /** @param {Place} place @returns {Selected} */
  const tokenAt = ({ kind, position }) => ({ kind, token: (shown()?.start ?? 0) + position });

  /** @param {Place} place */
  const isSink = ({ kind, position }) => kind === 'key' && position === shown()?.n;

  /** @param {MouseEvent} event */
  function click(event) {
    const place = placeOf(event);
    if (!place) return;
    if (isSink(place)) {
      sink.isChosen = !sink.isChosen;
      mark();
      return;
    }
    const isEye = event.target instanceof Element && event.target.closest('.sentence__eye');
    if (isEye || event.altKey) actions.toggleTokens([place]);
    else pairing.take(tokenAt(place)) || actions.select(tokenAt(place));
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const place = placeOf(event);
    const columns = shown();
    if (!place || !columns || event.ctrlKey || event.metaKey || event.altKey) return;
    // The sink stands before the first key.
    const { n } = columns;
    const { spans } = columns;
    const at = isSink(place) ? -1 : place.position - spans[place.kind][0];
    /** @param {Kind} kind @param {number} index in the column */
    const move = (kind, index) => {
      const [first, end] = spans[kind];
      const next = Math.max(kind === 'key' && hasSink() ? -1 : 0, Math.min(end - first - 1, index));
      focus({ kind, position: next < 0 ? n : first + next });
    };
    if (keysOf(event).includes('x')) at >= 0 && actions.toggleTokens([place]);
    else if (event.key === 'ArrowLeft') move('query', at);
    else if (event.key === 'ArrowRight') move('key', at);
    else if (event.key in STEPS) move(place.kind, at + STEPS[event.key]);
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
    const isOver = place !== null && isSink(place);
    const isOther = sink.isOver !== isOver;
    sink.isOver = isOver;
    hover.set(place && !isOver ? tokenAt(place) : null);
    if (isOther) mark();
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

  function leave() {
    sink.isOver = false;
    hover.set(null);
    mark();
  }

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
 * @param {boolean} isSinkChosen
 */
function markRows(
  { rows, stops },
  { attention, hidden, n, selected, start },
  source,
  isSinkChosen,
) {
  const chosen = selected.token - start;
  const hiddenOf = { query: new Set(), key: new Set() };
  for (const { kind, position } of hidden) hiddenOf[kind].add(position);
  for (const kind of KINDS) {
    for (const row of rows(kind)) {
      const i = row.position;
      const weight = source.kind !== kind && attention ? weightBetween(attention, source, i) : 0;
      markRow(row, {
        isSelected: i === n ? isSinkChosen : kind === selected.kind && i === chosen,
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
function paintLines(canvas, lists, { aligned, attention, pairs, start }, source) {
  const { height, above } = lists.measure();
  const rows = {
    scrollTop: lists.scroller.scrollTop,
    rowHeight: height,
    padding: above,
    rowOf: lists.rowOf,
  };
  // Rows beside those of another sequence have no row for a sink.
  const weights = aligned && attention ? { n: attention.n, pattern: attention.pattern } : attention;
  paintWeights(canvas, { attention: weights, ...rows, source });
  if (pairs) paintPairs(canvas, pairs, { start, ...rows });
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
