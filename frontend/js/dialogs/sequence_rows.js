/** The table of all sequences: heads that sort, and as many rows as are in sight. */

import { corpusText, createCleanup, el, setAttribute, UNTRANSLATED } from '../ui/dom.js';
import { visibleText } from '../ui/labels.js';
import { clipped } from '../ui/labels.js';

/** @import { Column, Order } from './sequence_table.js' */

/** Height of a row, with text or with a picture, in rem; the style sheet has the same. */
const ROW_REM = { text: 2, image: 3.5 };
/** Rows kept above and below what is in sight. */
const BEYOND = 8;
const LONGEST = 400;

/**
 * @typedef {object} ShownTable
 * @property {object} corpus whose sequences these are
 * @property {readonly Column[]} columns
 * @property {readonly number[]} rows sequences in their order
 * @property {Order} order
 * @property {number} current the selected sequence, or -1
 * @property {((sequence: number) => string) | null} thumbnail
 */

/**
 * @param {HTMLElement} root
 * @param {{pick: (sequence: number) => void, sort: (column: Column) => void}} context
 */
export function createSequenceRows(root, { pick, sort }) {
  const cleanup = createCleanup();
  const head = el('tr', {});
  const above = el('tr', { class: 'sequences__gap', 'aria-hidden': 'true' }, el('td', {}));
  const below = el('tr', { class: 'sequences__gap', 'aria-hidden': 'true' }, el('td', {}));
  const body = el('tbody', { onKeydown: press, onClick: click }, above, below);
  const table = el(
    'table',
    { class: 'sequences__table', 'aria-labelledby': 'sequences-title' },
    el('thead', {}, head),
    body,
  );
  const nothing = el('p', { class: 'sequences__nothing soft' }, 'No row holds that.');
  const scroller = el('div', { class: 'sequences__scroll' }, table, nothing);
  root.append(scroller);
  /** @type {ShownTable | null} */
  let shown = null;
  /** The row that Tab leads to. */
  let stop = 0;
  /** Rows on the page: first, and one after the last. */
  let range = [0, 0];
  /**
   * The rows on the page by their sequences. A row that stays is filled anew and not replaced: a
   * hand may be pressing it.
   *
   * @type {Map<number, HTMLTableRowElement>}
   */
  let placed = new Map();
  /** @type {Map<string, HTMLTableCellElement>} */
  let heads = new Map();

  /** @param {ShownTable} next @param {boolean} isFromTop */
  function show(next, isFromTop) {
    if (next.corpus !== shown?.corpus) placed = new Map();
    shown = next;
    const isImage = next.thumbnail !== null;
    table.classList.toggle('sequences__table--images', isImage);
    setAttribute(table, 'aria-rowcount', String(next.rows.length + 1));
    if (next.columns.some(({ name }) => !heads.has(name)) || heads.size !== next.columns.length)
      makeHeads(next.columns);
    for (const { name } of next.columns) {
      const isSorted = next.order.name === name;
      setAttribute(
        /** @type {HTMLElement} */ (heads.get(name)),
        'aria-sort',
        isSorted ? (next.order.isDescending ? 'descending' : 'ascending') : null,
      );
    }
    nothing.hidden = next.rows.length > 0;
    if (isFromTop) scroller.scrollTop = 0;
    if (isFromTop) stop = 0;
    place(true);
  }

  /** @param {readonly Column[]} columns */
  function makeHeads(columns) {
    heads = new Map(
      columns.map((column) => {
        const button = el(
          'button',
          {
            class: 'sequences__sort',
            type: 'button',
            title: `${column.help}. Click sorts.`,
            onClick: () => sort(shown?.columns.find(({ name }) => name === column.name) ?? column),
          },
          corpusText(column.label, null),
        );
        return [column.name, el('th', { scope: 'col', class: columnClass(column) }, button)];
      }),
    );
    head.replaceChildren(...heads.values());
  }

  function rowHeight() {
    return (
      ROW_REM[shown?.thumbnail ? 'image' : 'text'] *
      Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    );
  }

  /** Put the rows in sight on the page. @param {boolean} isAnew */
  function place(isAnew) {
    if (!shown) return;
    const height = rowHeight();
    const n = shown.rows.length;
    const first = Math.max(0, Math.floor(scroller.scrollTop / height) - BEYOND);
    const end = Math.min(
      n,
      Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + BEYOND,
    );
    if (!isAnew && first === range[0] && end === range[1]) return;
    range = [Math.min(first, n), end];
    const rows = new Map(
      shown.rows
        .slice(range[0], end)
        .map((sequence) => [
          sequence,
          placed.get(sequence) ?? el('tr', { class: 'sequences__row' }),
        ]),
    );
    placed = rows;
    let i = range[0];
    for (const row of rows.values()) {
      if (isAnew || row.dataset.row !== String(i)) fillRow(row, shown, i);
      i++;
    }
    const children = [above, ...rows.values(), below];
    if (
      children.length !== body.children.length ||
      children.some((child, k) => child !== body.children[k])
    ) {
      const hadFocus = body.contains(document.activeElement);
      body.replaceChildren(...children);
      if (hadFocus) focus(stop);
    }
    above.style.height = `${range[0] * height}px`;
    below.style.height = `${(n - end) * height}px`;
    above.hidden = range[0] === 0;
    below.hidden = end >= n;
  }

  /** @param {HTMLTableRowElement} row @param {ShownTable} table @param {number} i */
  function fillRow(row, { columns, rows, current, thumbnail }, i) {
    const sequence = rows[i];
    setAttribute(row, 'aria-rowindex', String(i + 2));
    setAttribute(row, 'aria-current', sequence === current ? 'true' : null);
    setAttribute(row, 'data-row', String(i));
    const opener =
      row.querySelector('.sequences__open') ?? makeOpener(columns, sequence, thumbnail);
    setAttribute(opener, 'tabindex', i === stop ? '0' : '-1');
    columns.forEach((column, k) => {
      const cell = row.cells[k] ?? row.appendChild(el('td', {}));
      setAttribute(cell, 'class', columnClass(column));
      if (column.name !== 'text') cell.replaceChildren(cellText(column, sequence));
      else if (opener.parentNode !== cell) cell.replaceChildren(opener);
    });
    while (row.cells.length > columns.length) row.deleteCell(-1);
  }

  /**
   * @param {readonly Column[]} columns
   * @param {number} sequence
   * @param {ShownTable['thumbnail']} thumbnail
   */
  function makeOpener(columns, sequence, thumbnail) {
    const text = columns.find(({ name }) => name === 'text')?.valueOf(sequence);
    const words = visibleText(clipped(String(text ?? ''), LONGEST));
    const picture =
      thumbnail &&
      el('img', {
        class: 'sequences__picture',
        alt: '',
        loading: 'lazy',
        decoding: 'async',
        src: thumbnail(sequence),
      });
    return el(
      'button',
      { ...UNTRANSLATED, class: 'sequences__open', type: 'button', title: words },
      picture,
      corpusText(words, 'corpus sequences__text'),
    );
  }

  /** @param {Column} column @param {number} sequence */
  function cellText({ isNumber, tell, valueOf }, sequence) {
    const value = valueOf(sequence);
    if (value === null) return el('span', { class: 'soft' }, '–');
    if (typeof value === 'number' && isNumber) return tell ? tell(value) : String(value);
    return corpusText(visibleText(clipped(String(value), 60)), 'corpus sequences__text');
  }

  /** @param {Event} event */
  function rowOf(event) {
    const row = event.target instanceof Element ? event.target.closest('.sequences__row') : null;
    return row instanceof HTMLElement ? Number(row.dataset.row) : -1;
  }

  /** @param {MouseEvent} event */
  function click(event) {
    const i = rowOf(event);
    if (shown && i >= 0) pick(shown.rows[i]);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const i = rowOf(event);
    if (!shown || i < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight()) - 2);
    /** @type {Record<string, number>} */
    const places = {
      ArrowUp: i - 1,
      ArrowDown: i + 1,
      PageUp: i - page,
      PageDown: i + page,
      Home: 0,
      End: shown.rows.length - 1,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(shown.rows.length - 1, places[event.key]));
    bringIntoSight(next);
    focus(next);
  }

  /** Scroll as little as possible until a row is in sight below the heads. @param {number} i */
  function bringIntoSight(i) {
    const height = rowHeight();
    const room = scroller.clientHeight - head.offsetHeight;
    scroller.scrollTop = Math.max(
      (i + 1) * height - room,
      Math.min(scroller.scrollTop, i * height),
    );
    place(false);
  }

  /** @param {number} i */
  function focus(i) {
    stop = i;
    for (const button of body.querySelectorAll('.sequences__open'))
      setAttribute(button, 'tabindex', '-1');
    const button = body.querySelector(`[data-row="${i}"] .sequences__open`);
    if (!(button instanceof HTMLElement)) return;
    button.tabIndex = 0;
    button.focus({ preventScroll: true });
  }

  cleanup.listen(scroller, 'scroll', () => place(false), { passive: true });
  const observer = new ResizeObserver(() => place(false));
  observer.observe(scroller);

  return {
    show,
    /** @param {boolean} isHidden */
    setHidden(isHidden) {
      scroller.hidden = isHidden;
    },
    /** Show the selected sequence in the middle. */
    reveal() {
      const i = shown?.rows.indexOf(shown.current) ?? -1;
      if (i < 0) return;
      stop = i;
      scroller.scrollTop = i * rowHeight() - scroller.clientHeight / 2;
      place(true);
    },
    destroy() {
      observer.disconnect();
      cleanup.run();
      scroller.remove();
    },
  };
}

/** @param {Column} column */
function columnClass({ isNumber, name }) {
  const number = isNumber ? ' sequences__cell--number' : '';
  return `sequences__cell${number}${name === 'text' ? ' sequences__cell--text' : ''}`;
}
