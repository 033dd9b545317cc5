/**
 * A table of all heads with all their numbers, in a dialog: to sort, to open a head from, and to
 * save.
 */

import { download, fileNameOf, TABLE_TYPES } from '../ui/download.js';
import { corpusText, createCleanup, el, icon, ICONS, setAttribute, setText } from '../ui/dom.js';
import { orderOf, formatScore } from '../data/head_measure_columns.js';
import { shareOf } from '../compute/histogram.js';
import { headRows, headsCsv, rowWindow } from './head_measure_table.js';
import {
  isFidelity,
  formatMissing,
  numbersFor,
  scoreFacts,
  formatUnit,
} from '../data/head_measures.js';
import { chosenMap } from '../data/points.js';
import { tableJson } from '../figure/tables.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { formatMap } from '../data/map_labels.js';
import { counted } from '../compute/number_text.js';
import { createHistogram } from '../ui/histogram.js';
import { computedBy } from '../controls/measure_about.js';

/** @import { Context, HeadId, State, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */

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
 * @typedef {{column: Column, th: HTMLElement, button: HTMLElement, histogram: ReturnType<typeof
 *   createHistogram>, range: HTMLElement}} Heading
 */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {open: () => void}}
 */
export function createHeadTable(root, { actions, derived, facts, store }) {
  const cleanup = createCleanup();
  const words = el('p', { class: 'head-table__words soft', role: 'status' });
  const saves = /** @type {const} */ (['csv', 'json']).map((ending) =>
    el(
      'button',
      {
        class: 'button',
        type: 'button',
        title: 'Download every number of every head, with the rows it rests on',
        onClick: () => save(ending),
      },
      ending.toUpperCase(),
    ),
  );
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Close (Esc)',
      onClick: () => dialog.close(),
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Close'),
  );
  const headings = el('tr', {});
  const above = el('tr', { 'aria-hidden': 'true' });
  const below = el('tr', { 'aria-hidden': 'true' });
  const body = el('tbody', { onClick: openRow, onKeydown: moveRow });
  const table = el(
    'table',
    { class: 'head-table__table', 'aria-label': 'All heads with their scores' },
    el('thead', {}, headings),
    body,
  );
  const scroll = el(
    'div',
    {
      class: 'head-table__scroll',
      tabindex: '0',
      role: 'region',
      'aria-label': 'Scores of all heads',
    },
    table,
  );
  const dialog = el(
    'dialog',
    { class: 'head-table', 'aria-labelledby': 'head-table-title', onClick: closeOutside },
    el(
      'div',
      { class: 'heads__head' },
      el(
        'h2',
        { id: 'head-table-title', tabindex: '-1', autofocus: true },
        'All heads and their scores',
      ),
      el('div', { class: 'head-table__tools' }, ...saves, close),
    ),
    words,
    scroll,
  );
  root.append(dialog);
  /** @type {Heading[]} */
  let columns = [];
  /** What is sorted by: a number, or the layers. */
  let sortedBy = { name: '', isRising: true };
  /** @type {Int32Array} */
  let order = new Int32Array(0);
  let nHeads = 1;
  /** Row that the keys move from. */
  let current = 0;
  /** @type {unknown[]} */
  let shown = [];

  cleanup.listen(scroll, 'scroll', () => drawRows());

  /** @param {MouseEvent} event */
  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    shown = [];
    update(store.get());
  }

  /** @param {State} state */
  function update(state) {
    const manifest = facts.description.value?.manifest;
    const heads = facts.heads.value;
    if (!dialog.open) return;
    scroll.hidden = !manifest || !heads;
    for (const button of saves) button.disabled = scroll.hidden;
    if (!manifest || !heads)
      return setText(
        words,
        facts.heads.status === 'failed'
          ? 'Could not load the numbers of the heads.'
          : 'Loading the numbers of the heads …',
      );
    const isFirst = shown.length === 0;
    const known = [heads, manifest, chosenMap(state), state.at, derived.fits()];
    if (known.every((part, i) => part === shown[i])) return;
    shown = known;
    nHeads = manifest.n_heads;
    const found = numbersFor(manifest, state.pairs.length > 0).flatMap(
      ({ name }) => derived.heads().column(name, state) ?? [],
    );
    makeHeadings(found, state.at);
    const version = computedBy(manifest);
    const map = state.method
      ? ` The last three columns tell how true ${formatMap(state.method, state.dims)} is.`
      : '';
    words.replaceChildren(
      corpusText(manifest.model.name, null),
      `: ${counted(manifest.n_layers * nHeads, 'head')}. A click on a row opens its head; ` +
        'pointing at a number tells how many rows it rests on.',
      ...(version ? [' Scores computed by ', corpusText(version, null), '.'] : []),
      map,
    );
    sort();
    if (isFirst) reveal(state.at ? order.indexOf(state.at.layer * nHeads + state.at.head) : 0);
  }

  /** @param {readonly Column[]} found @param {HeadId | null} at */
  function makeHeadings(found, at) {
    const names = columns.map(({ column }) => column.name).join(' ');
    if (found.map(({ name }) => name).join(' ') !== names || headings.childElementCount === 0) {
      columns = found.map(makeHeading);
      headings.replaceChildren(
        el('th', { scope: 'col', class: 'head-table__corner' }, sortButton('', 'Head')),
        ...columns.map(({ th }) => th),
      );
    }
    const head = at ? at.layer * nHeads + at.head : -1;
    columns.forEach((heading, i) => {
      heading.column = found[i];
      heading.histogram.update(found[i], { head });
      setText(
        heading.range,
        found[i].nKnown === 0
          ? 'none'
          : `${formatScore(found[i].range[0])} – ${formatScore(found[i].range[1])}`,
      );
    });
  }

  /** @param {Column} column @returns {Heading} */
  function makeHeading(column) {
    const { label, help, formula, source } = scoreFacts(column.name);
    const button = sortButton(column.name, label);
    const range = el('span', { class: 'head-table__range soft' });
    const th = el(
      'th',
      {
        scope: 'col',
        title: `${help}${formula ? ` ${formula}.` : ''}${source ? ` Source: ${source}.` : ''}`,
        class: isFidelity(column.name) ? 'is-fidelity' : null,
      },
      button,
    );
    const histogram = createHistogram(th, 'head-table__histogram');
    th.append(range);
    return { column, th, button, histogram, range };
  }

  /** @param {string} name @param {string} label */
  function sortButton(name, label) {
    return el(
      'button',
      { class: 'head-table__sort', type: 'button', onClick: () => sortBy(name) },
      el('span', {}, label),
    );
  }

  /**
   * Numbers have their highest first, and the lowest at the second click; layers the other way
   * round.
   *
   * @param {string} name
   */
  function sortBy(name) {
    sortedBy = { name, isRising: sortedBy.name === name ? !sortedBy.isRising : name === '' };
    scroll.scrollTop = 0;
    current = 0;
    sort();
  }

  function sort() {
    const column = columns.find((each) => each.column.name === sortedBy.name)?.column;
    const n = columns[0]?.column.values.length ?? 0;
    order = column
      ? orderOf(column.values, sortedBy.isRising)
      : Int32Array.from({ length: n }, (_, i) => (sortedBy.isRising ? i : n - 1 - i));
    if (!column && sortedBy.name !== '') sortedBy = { name: '', isRising: true };
    const direction = sortedBy.isRising ? 'ascending' : 'descending';
    setAttribute(headings.children[0], 'aria-sort', column ? 'none' : direction);
    for (const heading of columns)
      setAttribute(heading.th, 'aria-sort', heading.column === column ? direction : 'none');
    setAttribute(table, 'aria-rowcount', String(n + 1));
    drawRows(true);
  }

  const rowHeight = () =>
    ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  let window = { first: -1, last: -1 };

  /**
   * Only rows in sight are on the page.
   *
   * @param {boolean} [isOther] whether they are others than before
   */
  function drawRows(isOther = false) {
    const height = rowHeight();
    const next = rowWindow(order.length, height, scroll.scrollTop, scroll.clientHeight);
    if (!isOther && next.first === window.first && next.last === window.last) return;
    window = next;
    const hadFocus = body.contains(document.activeElement);
    const { at } = store.get();
    const open = at ? at.layer * nHeads + at.head : -1;
    above.style.height = `${next.first * height}px`;
    below.style.height = `${(order.length - next.last) * height}px`;
    body.replaceChildren(
      above,
      ...Array.from(order.subarray(next.first, next.last), (head, i) =>
        makeRow(head, next.first + i, head === open),
      ),
      below,
    );
    if (hadFocus) (focusable(current) ?? scroll).focus({ preventScroll: true });
  }

  /** @param {number} head @param {number} row @param {boolean} isOpen */
  function makeRow(head, row, isOpen) {
    const at = { layer: Math.floor(head / nHeads), head: head % nHeads };
    const name = el(
      'button',
      {
        class: 'head-table__open',
        type: 'button',
        tabindex: row === current ? '0' : '-1',
        title: `Open ${formatHead(at).toLowerCase()}`,
      },
      formatTitle(at),
    );
    return el(
      'tr',
      {
        class: 'head-table__row',
        'data-head': String(head),
        'data-row': String(row),
        'aria-rowindex': String(row + 2),
        'aria-current': isOpen ? 'true' : null,
      },
      el('th', { scope: 'row' }, name),
      ...columns.map(({ column }) => makeNumber(column, head)),
    );
  }

  /** @param {number} row */
  function focusable(row) {
    return /** @type {HTMLElement | null} */ (
      body.querySelector(`[data-row="${row}"] .head-table__open`)
    );
  }

  /** @param {MouseEvent} event */
  function openRow(event) {
    const row = event.target instanceof Element ? event.target.closest('tr') : null;
    if (!row?.dataset.head) return;
    const head = Number(row.dataset.head);
    dialog.close();
    actions.openHead({ layer: Math.floor(head / nHeads), head: head % nHeads });
  }

  /** @param {KeyboardEvent} event */
  function moveRow(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const row =
      event.target instanceof Element ? event.target.closest('tr')?.dataset.row : undefined;
    reveal(Math.min(order.length - 1, Math.max(0, Number(row ?? current) + step)));
    focusable(current)?.focus({ preventScroll: true });
  }

  /** Scroll to a row. @param {number} row */
  function reveal(row) {
    if (row < 0) return;
    current = row;
    const height = rowHeight();
    const room =
      scroll.clientHeight - /** @type {HTMLElement} */ (table.tHead).offsetHeight - height;
    scroll.scrollTop = Math.min(row * height, Math.max(scroll.scrollTop, row * height - room));
    drawRows(true);
  }

  /** @param {'csv' | 'json'} ending */
  function save(ending) {
    const manifest = facts.description.value?.manifest;
    if (!manifest) return;
    const map = chosenMap(store.get());
    const numbers = columns.map(({ column }) => column);
    const text =
      ending === 'csv'
        ? headsCsv(
            { dataset: manifest.id, model: manifest.model.name, map, nHeads },
            numbers,
            order,
          )
        : tableJson('heads', headRows(nHeads, numbers, order), manifest, {
            ...(map !== null && map in manifest.maps ? { map } : {}),
            pairs: store.get().pairs,
          });
    download(text, fileNameOf([manifest.id, 'heads'], ending), TABLE_TYPES[ending]);
  }

  return {
    open,
    update,
    destroy() {
      cleanup.run();
      dialog.remove();
    },
  };
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
        ? `${scoreFacts(name).label} ${value}${formatUnit(name)}${rows}`
        : `${scoreFacts(name).label}: ${formatMissing(name, nRows[head])}`,
    },
    formatScore(value, 3),
  );
  if (isKnown) cell.style.setProperty('--share', `${(100 * shareOf(value, range)).toFixed(1)}%`);
  return cell;
}
