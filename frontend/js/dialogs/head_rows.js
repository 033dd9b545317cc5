/** The rows of the table of heads: only those in sight are on the page, and keys walk them. */

import { shareOf } from '../compute/histogram.js';
import { counted } from '../compute/number_text.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { explainHeadName, formatHeadName } from '../data/head_names.js';
import { formatMissing, formatUnit, measureFacts } from '../data/head_measures.js';
import { el, remPx } from '../ui/dom.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { rowWindow } from '../ui/row_window.js';

/** @import { HeadId } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { HeadName } from '../data/head_names.js' */

/** Height of a row, in rem; the style sheet has the same. */
const ROW_REM = 2;
/** What a key does to the row that has the focus. @type {Record<string, number>} */
const STEPS = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -Infinity,
  End: Infinity,
};

/**
 * @typedef {object} ShownHeads
 * @property {readonly Column[]} columns
 * @property {Int32Array} order heads in the order of the rows
 * @property {Layers} layers
 * @property {number} nHeads in a layer
 * @property {number} open the head that is open; -1 for none
 * @property {(at: HeadId) => HeadName | null} nameOf
 */

/**
 * @param {HTMLElement} scroll what the table scrolls in
 * @param {HTMLElement} header of the table, which stays in sight
 * @param {(head: number) => void} onOpen
 */
export function createHeadRows(scroll, header, onOpen) {
  const above = el('tr', { 'aria-hidden': 'true' });
  const below = el('tr', { 'aria-hidden': 'true' });
  const body = el('tbody', { onClick: click, onKeydown: press });
  /** @type {ShownHeads} */
  let shown = {
    columns: [],
    order: new Int32Array(0),
    layers: null,
    nHeads: 1,
    open: -1,
    nameOf: () => null,
  };
  /** Row that the keys move from. */
  let current = 0;
  let window = { first: -1, last: -1 };
  scroll.addEventListener('scroll', () => draw(false));

  /** @param {boolean} isOther whether the rows are others than before */
  function draw(isOther) {
    const { order } = shown;
    const height = rowHeight();
    const next = rowWindow(order.length, height, scroll.scrollTop, scroll.clientHeight);
    if (!isOther && next.first === window.first && next.last === window.last) return;
    window = next;
    const hadFocus = body.contains(document.activeElement);
    above.style.height = `${next.first * height}px`;
    below.style.height = `${(order.length - next.last) * height}px`;
    body.replaceChildren(
      above,
      ...Array.from(order.subarray(next.first, next.last), (head, i) =>
        makeRow(shown, head, next.first + i, current),
      ),
      below,
    );
    if (hadFocus) (buttonOf(current) ?? scroll).focus({ preventScroll: true });
  }

  /** @param {number} row @returns {HTMLElement | null} */
  function buttonOf(row) {
    return body.querySelector(`[data-row="${row}"] .head-table__open`);
  }

  /** @param {MouseEvent} event */
  function click(event) {
    const head = rowOf(event)?.dataset.head;
    if (head) onOpen(Number(head));
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const from = Number(rowOf(event)?.dataset.row ?? current);
    reveal(Math.min(shown.order.length - 1, Math.max(0, from + step)));
    buttonOf(current)?.focus({ preventScroll: true });
  }

  /** Scroll to a row, which is the one that keys move from. @param {number} row */
  function reveal(row) {
    current = row;
    const height = rowHeight();
    const room = scroll.clientHeight - header.offsetHeight - height;
    scroll.scrollTop = Math.min(row * height, Math.max(scroll.scrollTop, row * height - room));
    draw(true);
  }

  return {
    element: body,
    /** @param {ShownHeads} heads */
    show(heads) {
      shown = heads;
      draw(true);
    },
    /** Bring a head into sight; without one, the first row. @param {number} head */
    reveal: (head) => reveal(Math.max(0, shown.order.indexOf(head))),
  };
}

/** In pixels. */
function rowHeight() {
  return ROW_REM * remPx();
}

/** The row that an event is about. @param {Event} event */
function rowOf({ target }) {
  return target instanceof Element ? target.closest('tr') : null;
}

/** @param {ShownHeads} shown @param {number} head @param {number} row @param {number} current */
function makeRow({ columns, layers, nHeads, open, nameOf }, head, row, current) {
  const at = { layer: Math.floor(head / nHeads), head: head % nHeads };
  const name = nameOf(at);
  const button = el(
    'button',
    {
      class: 'head-table__open',
      type: 'button',
      tabindex: row === current ? '0' : '-1',
      title: `Open ${formatHead(at, layers).toLowerCase()}`,
    },
    formatTitle(at, layers),
  );
  return el(
    'tr',
    {
      class: 'head-table__row',
      'data-head': String(head),
      'data-row': String(row),
      'aria-rowindex': String(row + 2),
      'aria-current': head === open ? 'true' : null,
    },
    el(
      'th',
      { scope: 'row' },
      button,
      name && el('span', { class: 'chip', title: explainHeadName(name) }, formatHeadName(name)),
    ),
    ...columns.map((column) => makeNumber(column, head)),
  );
}

/** @param {Column} column @param {number} head */
function makeNumber({ name, values, nRows, range }, head) {
  const value = values[head];
  const isKnown = !Number.isNaN(value);
  const rows = nRows[head] >= 0 ? ` over ${counted(nRows[head], 'row')}` : '';
  const cell = el(
    'td',
    {
      title: isKnown
        ? `${measureFacts(name).label} ${value}${formatUnit(name)}${rows}`
        : `${measureFacts(name).label}: ${formatMissing(name, nRows[head])}`,
    },
    formatMeasureValue(value, 3),
  );
  if (isKnown) cell.style.setProperty('--share', `${(100 * shareOf(value, range)).toFixed(1)}%`);
  return cell;
}
