/**
 * The rows of both columns of a sequence: those in sight, and the one of each that Tab reaches.
 * Rows without a token are gaps, where a sequence beside it has one.
 */

import { el, setAttribute } from '../ui/dom.js';
import { createRowWindow } from '../ui/row_window.js';
import { makeRow } from './sentence_row.js';

/** @import { Selected } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { Place, Row, RowWords, Sequence } from './sentence_row.js' */

export const KINDS = /** @type {const} */ (['query', 'key']);

/** @typedef {RowWords & {listLabel: (kind: Kind) => string}} Words `listLabel` names a column */

/** Row of each position among `n` rows. @typedef {{rows: Int32Array, n: number}} Aligned */

/** @param {Words} words */
export function createRowLists(words) {
  const columns = {
    query: el('ol', { class: 'sentence__column sentence__column--query' }),
    key: el('ol', { class: 'sentence__column sentence__column--key' }),
  };
  const body = el(
    'div',
    { class: 'sentence__body' },
    columns.query,
    el('div', { class: 'sentence__gap' }),
    columns.key,
  );
  const scroller = el('div', { class: 'sentence__scroll' }, body);
  /** @type {WeakMap<Element, Place>} */
  const places = new WeakMap();
  const windows = { query: windowOf('query'), key: windowOf('key') };
  const nRows = { query: 1, key: 1 };
  /** On the page however far one scrolls. */
  const stops = { query: 0, key: 0 };
  /** @type {Sequence | null} */
  let sequence = null;
  /** Of each position its row, and of each row its position; null: they follow each other. */
  /** @type {{rows: Int32Array, positions: Int32Array} | null} */
  let alignment = null;
  /** Whether the first row of the keys is the sink. */
  let hasSink = false;

  /** Position of the first row of a column. @param {Kind} kind */
  const firstOf = (kind) => (sequence?.spans[kind][0] ?? 0) - Number(hasSink);

  /** @param {Kind} kind @param {number} position */
  const rowOf = (kind, position) =>
    alignment?.rows[position] ?? (position === sequence?.n ? 0 : position - firstOf(kind));

  /** The position in a row; -1 in a gap. @param {Kind} kind @param {number} row */
  function positionIn(kind, row) {
    const position = alignment ? alignment.positions[row] : firstOf(kind) + row;
    const [first, end] = sequence?.spans[kind] ?? [0, 0];
    return position >= first && position < end ? position : -1;
  }

  /** @param {Kind} kind */
  function windowOf(kind) {
    return createRowWindow(columns[kind], (row) => {
      if (!sequence) throw new Error('a row was asked for before there is a sequence');
      const position = positionIn(kind, row);
      const isSink = hasSink && kind === 'key' && row === 0;
      if (position < 0 && !isSink) return makeGap();
      const place = { kind, position: isSink ? sequence.n : position };
      const made = makeRow(place, sequence, words);
      places.set(made.row, place);
      return made;
    });
  }

  /** Height of a row, what is above the first one, and how much of the list is seen; CSS pixels. */
  function measure() {
    // No list in sight is longer than the window, whatever its styles say for a moment.
    return {
      height: columns.query.offsetHeight / nRows.query || 1,
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
    if (!sequence) return false;
    const { height, above, seen } = measure();
    const top = (scroller.scrollTop - above) / height;
    const bottom = top + seen / height;
    return KINDS.map((kind) => windows[kind].show(top, bottom, rowOf(kind, stops[kind]))).includes(
      true,
    );
  }

  return {
    body,
    scroller,
    stops,
    measure,
    fill,
    rowOf,
    /**
     * List another sequence, scrolled to its selected token.
     *
     * @param {Sequence & {selected: Selected, aligned?: Aligned}} next
     * @param {boolean} withSink whether the keys begin with a sink; not where rows are aligned
     */
    list({ selected, aligned: given, ...next }, withSink) {
      sequence = next;
      hasSink = withSink;
      alignment = given ? { rows: given.rows, positions: positionsOf(given) } : null;
      for (const kind of KINDS) {
        const [first, end] = next.spans[kind];
        const chosen = selected.token - next.start;
        const isHere = selected.kind === kind && chosen >= first && chosen < end;
        stops[kind] = isHere ? chosen : first;
        nRows[kind] = given?.n ?? end - first + Number(hasSink);
        windows[kind].reset(nRows[kind]);
        setAttribute(columns[kind], 'aria-label', words.listLabel(kind));
      }
      const { height, above, seen } = measure();
      scroller.scrollTop = Math.max(
        0,
        above + (rowOf(selected.kind, stops[selected.kind]) + 0.5) * height - seen / 2,
      );
      fill();
    },
    /** The rows on the page that hold a token. @param {Kind} kind @returns {Row[]} */
    rows: (kind) => [...windows[kind].rows.values()].filter(isRow),
    /** The row of a token, if it is on the page. @param {Place} place @returns {Row | null} */
    rowAt({ kind, position }) {
      const row = windows[kind].rows.get(rowOf(kind, position));
      return row && isRow(row) ? row : null;
    },
    /** The row that an event is about. @param {Event} event @returns {Place | null} */
    placeOf({ target }) {
      const row = target instanceof Element ? target.closest('.sentence__row') : null;
      return (row && places.get(row)) ?? null;
    },
  };
}

/** @typedef {ReturnType<typeof createRowLists>} RowLists */

/** @param {Row | {row: HTMLElement}} row @returns {row is Row} */
function isRow(row) {
  return 'kind' in row;
}

function makeGap() {
  return { row: el('li', { class: 'sentence__row sentence__row--gap', 'aria-hidden': 'true' }) };
}

/** The position in each row, -1 in a gap. @param {Aligned} aligned */
function positionsOf({ rows, n }) {
  const positions = new Int32Array(n).fill(-1);
  rows.forEach((row, position) => {
    positions[row] = position;
  });
  return positions;
}
