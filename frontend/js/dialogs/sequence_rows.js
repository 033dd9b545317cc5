/** The table of all sequences: headings that sort, and as many rows as are in sight. */

import { createCleanup, el, remPx, setAttribute } from '../ui/dom.js';
import { createEdgeFades } from '../ui/edge_fades.js';
import { rowWindow } from '../ui/row_window.js';
import { createSequenceHeadings } from './sequence_headings.js';
import { fillRow } from './sequence_row.js';

/** @import { Column } from './sequence_table.js' */
/** @import { ShownTable } from './sequence_row.js' */

/** Height of a row, with text or with a picture, in rem; the style sheet has the same. */
const ROW_REM = { text: 2, image: 3.5 };

/**
 * @param {HTMLElement} root
 * @param {{pick: (sequence: number) => void, sort: (column: Column) => void}} context
 */
export function createSequenceRows(root, { pick, sort }) {
  const cleanup = createCleanup();
  const headings = createSequenceHeadings(sort);
  const placed = createPlacedRows({ onClick: click, onKeydown: press });
  const table = el(
    'table',
    { class: 'sequences__table', 'aria-labelledby': 'sequences-title' },
    el('thead', {}, headings.element),
    placed.element,
  );
  const nothing = el('p', { class: 'sequences__nothing soft' }, 'No matching rows.');
  const scroller = el('div', { class: 'sequences__scroll' }, table, nothing);
  const fades = createEdgeFades(scroller);
  root.append(fades.element);
  /** @type {ShownTable | null} */
  let shown = null;
  let range = { first: 0, last: 0 };

  /** Put the rows in sight on the page. @param {boolean} isAnew */
  function place(isAnew) {
    if (!shown) return;
    const height = rowHeight(shown);
    const next = rowWindow(shown.rows.length, height, scroller.scrollTop, scroller.clientHeight);
    if (!isAnew && next.first === range.first && next.last === range.last) return;
    range = next;
    placed.place(shown, next, height, isAnew);
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
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight(shown)) - 2);
    const next = rowAfter(event.key, i, shown.rows.length, page);
    if (next === null) return;
    event.preventDefault();
    bringIntoSight(next, rowHeight(shown));
    placed.focus(next);
  }

  /**
   * Scroll as little as possible until a row is in sight below the headings.
   *
   * @param {number} i
   * @param {number} height of a row
   */
  function bringIntoSight(i, height) {
    const room = scroller.clientHeight - headings.element.offsetHeight;
    const least = (i + 1) * height - room;
    scroller.scrollTop = Math.max(least, Math.min(scroller.scrollTop, i * height));
    place(false);
  }

  cleanup.listen(scroller, 'scroll', () => place(false), { passive: true });
  const observer = new ResizeObserver(() => {
    place(false);
    fades.update();
  });
  observer.observe(scroller);

  return {
    /** @param {ShownTable} next @param {boolean} isFromTop */
    show(next, isFromTop) {
      shown = next;
      table.classList.toggle('sequences__table--images', next.thumbnail !== null);
      setAttribute(table, 'aria-rowcount', String(next.rows.length + 1));
      headings.update(next.columns, next.order);
      nothing.hidden = next.rows.length > 0;
      if (isFromTop) scroller.scrollTop = 0;
      if (isFromTop) placed.leadTabTo(0);
      place(true);
      fades.update();
    },
    /** @param {boolean} isHidden */
    setHidden(isHidden) {
      scroller.hidden = isHidden;
      fades.update();
    },
    /** Show the selected sequence in the middle. */
    reveal() {
      const i = shown?.rows.indexOf(shown.current) ?? -1;
      if (!shown || i < 0) return;
      placed.leadTabTo(i);
      scroller.scrollTop = i * rowHeight(shown) - scroller.clientHeight / 2;
      place(true);
    },
    destroy() {
      observer.disconnect();
      cleanup.run();
      fades.element.remove();
    },
  };
}

/**
 * The rows on the page, between two gaps as high as all others. A row that stays is filled anew and
 * not replaced: a hand may be pressing it.
 *
 * @param {{onClick: (event: MouseEvent) => void, onKeydown: (event: KeyboardEvent) => void}} events
 */
function createPlacedRows(events) {
  const above = makeGap();
  const below = makeGap();
  const element = el('tbody', events, above, below);
  /** By their sequences. @type {Map<number, HTMLTableRowElement>} */
  let placed = new Map();
  /** Whose sequences these are. @type {object | null} */
  let corpus = null;
  /** The row that Tab leads to. */
  let stop = 0;

  /** @param {number} i */
  function focus(i) {
    stop = i;
    for (const button of element.querySelectorAll('.sequences__open'))
      setAttribute(button, 'tabindex', '-1');
    const button = element.querySelector(`[data-row="${i}"] .sequences__open`);
    if (!(button instanceof HTMLElement)) return;
    button.tabIndex = 0;
    button.focus({ preventScroll: true });
  }

  return {
    element,
    focus,
    /** Let Tab lead to a row once it is placed. @param {number} i */
    leadTabTo(i) {
      stop = i;
    },
    /**
     * @param {ShownTable} table
     * @param {{first: number, last: number}} range of its rows; the last is not among them
     * @param {number} height of a row, in pixels
     * @param {boolean} isAnew whether rows that stay are filled again
     */
    place(table, { first, last }, height, isAnew) {
      const former = table.corpus === corpus ? placed : new Map();
      corpus = table.corpus;
      placed = new Map(
        table.rows
          .slice(first, last)
          .map((sequence) => [
            sequence,
            former.get(sequence) ?? el('tr', { class: 'sequences__row' }),
          ]),
      );
      const rows = [...placed.values()];
      rows.forEach((row, k) => {
        const i = first + k;
        if (isAnew || row.dataset.row !== String(i)) fillRow(row, table, i, i === stop);
      });
      const hadFocus = element.contains(document.activeElement);
      if (setChildren(element, [above, ...rows, below]) && hadFocus) focus(stop);
      setGap(above, first * height);
      setGap(below, (table.rows.length - last) * height);
    },
  };
}

function makeGap() {
  return el('tr', { class: 'sequences__gap', 'aria-hidden': 'true' }, el('td', {}));
}

/** @param {HTMLElement} gap @param {number} height in pixels */
function setGap(gap, height) {
  gap.style.height = `${height}px`;
  gap.hidden = height <= 0;
}

/** @param {Element} parent @param {Element[]} children @returns whether they are others now */
function setChildren(parent, children) {
  const isSame =
    children.length === parent.children.length &&
    children.every((child, k) => child === parent.children[k]);
  if (!isSame) parent.replaceChildren(...children);
  return !isSame;
}

/** In pixels. @param {ShownTable} table */
function rowHeight({ thumbnail }) {
  const rem = remPx();
  return ROW_REM[thumbnail ? 'image' : 'text'] * rem;
}

/** The number of the row that an event is about, or -1. @param {Event} event */
function rowOf({ target }) {
  const row = target instanceof Element ? target.closest('.sequences__row') : null;
  return row instanceof HTMLElement ? Number(row.dataset.row) : -1;
}

/**
 * The row that a key leads to; null for other keys.
 *
 * @param {string} key
 * @param {number} i where the focus is
 * @param {number} nRows
 * @param {number} page rows that PageUp and PageDown pass over
 */
function rowAfter(key, i, nRows, page) {
  /** @type {Record<string, number>} */
  const places = {
    ArrowUp: i - 1,
    ArrowDown: i + 1,
    PageUp: i - page,
    PageDown: i + page,
    Home: 0,
    End: nRows - 1,
  };
  return key in places ? Math.max(0, Math.min(nRows - 1, places[key])) : null;
}
