/** The rows of the table of heads: only those in sight are on the page, and keys walk them. */

import { shareOf } from '../compute/histogram.js';
import { counted } from '../compute/number_text.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { explainHeadName, formatHeadName } from '../data/head_names.js';
import { formatMissing, formatUnit, measureFacts } from '../data/head_measures.js';
import { el, remPx, setAttribute, setText } from '../ui/dom.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { rowWindow } from '../ui/row_window.js';

/** @import { HeadId } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { HeadName } from '../data/head_names.js' */

/** Height of a row, in rem; the style sheet has the same. */
const ROW_REM = 2;
/** Rows beyond each edge: a row has thirty cells. */
const SPARE = 6;
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
  /** The rows on the page, by their number. @type {Map<number, Row>} */
  const rows = new Map();
  scroll.addEventListener('scroll', () => draw(false));
  body.append(above, below);

  /**
   * Rows that left are filled again: thousands of new cells would be collected soon.
   *
   * @param {boolean} isOther whether the rows are others than before
   */
  function draw(isOther) {
    const { columns, order } = shown;
    const height = rowHeight();
    const { first, last } = rowWindow(
      order.length,
      height,
      scroll.scrollTop,
      scroll.clientHeight,
      SPARE,
    );
    const free = [...rows].filter(([row]) => isOther || row < first || row >= last);
    if (free.length === 0 && rows.size === last - first) return;
    const hadFocus = body.contains(document.activeElement);
    for (const [row, { element }] of free) {
      rows.delete(row);
      element.remove();
    }
    above.style.height = `${first * height}px`;
    below.style.height = `${(order.length - last) * height}px`;
    let before = above;
    for (let row = first; row < last; row++) {
      let made = rows.get(row);
      if (!made) {
        made = free.pop()?.[1];
        if (made?.nColumns !== columns.length) made = makeRow(columns.length);
        made.fill(shown, order[row], row);
        rows.set(row, made);
      }
      if (before.nextElementSibling !== made.element) before.after(made.element);
      before = made.element;
      made.button.tabIndex = row === current ? 0 : -1;
    }
    if (hadFocus && !body.contains(document.activeElement))
      (buttonOf(current) ?? scroll).focus({ preventScroll: true });
  }

  /** @param {number} row @returns {HTMLElement | null} */
  function buttonOf(row) {
    return rows.get(row)?.button ?? null;
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
    const former = buttonOf(current);
    if (former) former.tabIndex = -1;
    current = row;
    scrollTo(row);
    draw(false);
    const button = buttonOf(row);
    if (button) button.tabIndex = 0;
  }

  /** @param {number} row */
  function scrollTo(row) {
    const height = rowHeight();
    const room = scroll.clientHeight - header.offsetHeight - height;
    const top = Math.min(row * height, Math.max(scroll.scrollTop, row * height - room));
    const { length } = shown.order;
    // as high as all rows, so that it can be scrolled before they are there
    above.style.height = `${top}px`;
    below.style.height = `${Math.max(0, (length - rows.size) * height - top)}px`;
    scroll.scrollTop = top;
  }

  return {
    element: body,
    /**
     * @param {ShownHeads} heads
     * @param {number | null} sought head that is brought into sight, the first row if there is no
     *   such one; null: what is in sight stays
     */
    show(heads, sought = null) {
      shown = heads;
      if (sought !== null) {
        current = Math.max(0, shown.order.indexOf(sought));
        scrollTo(current);
      }
      draw(true);
    },
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

/**
 * A row of the table that can be filled again for another head.
 *
 * @param {number} nColumns
 */
function makeRow(nColumns) {
  const button = el('button', { class: 'head-table__open', type: 'button' });
  const heading = el('th', { scope: 'row' }, button);
  const cells = Array.from({ length: nColumns }, () => el('td', {}));
  const element = el('tr', { class: 'head-table__row' }, heading, ...cells);
  return {
    nColumns,
    element,
    button,
    /** @param {ShownHeads} shown @param {number} head @param {number} row */
    fill({ columns, layers, nHeads, open, nameOf }, head, row) {
      const at = { layer: Math.floor(head / nHeads), head: head % nHeads };
      const name = nameOf(at);
      button.title = `Open ${formatHead(at, layers).toLowerCase()}`;
      setText(button, formatTitle(at, layers));
      heading.replaceChildren(button);
      if (name)
        heading.append(
          el('span', { class: 'chip', title: explainHeadName(name) }, formatHeadName(name)),
        );
      element.dataset.head = String(head);
      element.dataset.row = String(row);
      setAttribute(element, 'aria-rowindex', String(row + 2));
      setAttribute(element, 'aria-current', head === open ? 'true' : null);
      columns.forEach((column, i) => fillNumber(cells[i], column, head));
    },
  };
}

/** @typedef {ReturnType<typeof makeRow>} Row */

/** @param {HTMLElement} cell @param {Column} column @param {number} head */
function fillNumber(cell, { name, values, nRows, range }, head) {
  const value = values[head];
  const isKnown = !Number.isNaN(value);
  const rows = nRows[head] >= 0 ? ` over ${counted(nRows[head], 'row')}` : '';
  cell.title = isKnown
    ? `${measureFacts(name).label} ${value}${formatUnit(name)}${rows}`
    : `${measureFacts(name).label}: ${formatMissing(name, nRows[head])}`;
  setText(cell, formatMeasureValue(value, 3));
  const share = isKnown ? `${(100 * shareOf(value, range)).toFixed(1)}%` : null;
  cell.style.setProperty('--share', share);
}
