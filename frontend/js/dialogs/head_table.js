/**
 * A table of all heads with all their numbers, in a dialog: to sort, to open a head from, and to
 * save.
 */

import { download, fileNameOf, TABLE_TYPES } from '../ui/download.js';
import { corpusText, el, setAttribute, setText } from '../ui/dom.js';
import { sortedHeads } from '../data/head_measure_columns.js';
import { headRows, headsCsv } from './head_measure_table.js';
import { createHeadings } from './head_headings.js';
import { createHeadRows } from './head_rows.js';
import { measureFacts, numbersFor } from '../data/head_measures.js';
import { chosenMap, layersOf } from '../data/points.js';
import { tableJson } from '../figure/tables.js';
import { formatMap } from '../data/map_labels.js';
import { cellsOfHeads, countHeads } from '../compute/model_heads.js';
import { counted } from '../compute/number_text.js';
import { createColumnMenu } from '../ui/column_menu.js';
import { createEdgeFades } from '../ui/edge_fades.js';
import { closeButton, closeOutside } from '../ui/dialog.js';
import { computedBy } from '../controls/measure_about.js';

/** @import { Context, Facts, HeadId, Manifest, State, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Sorting } from './head_headings.js' */

/** @type {Sorting} */
const BY_LAYER = { name: '', isRising: true };

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {open: () => void}}
 */
export function createHeadTable(root, { actions, derived, facts, store }) {
  const saves = /** @type {const} */ (['csv', 'json']).map((ending) =>
    saveButton(ending, () => saveHeads(ending, facts, store.get(), columns, order)),
  );
  const menu = createColumnMenu('heads', () => sort(store.get().at));
  const { dialog, words, scroll, fades } = makeDialog([menu.button, menu.menu, ...saves]);
  root.append(dialog);
  const table = createTable(scroll, sortBy, openHead);
  /** @type {readonly Column[]} */
  let columns = [];
  /** @type {Sorting} */
  let sorting = BY_LAYER;
  /** @type {Int32Array} */
  let order = new Int32Array(0);
  let nHeads = 1;
  /** @type {Manifest | null} */
  let model = null;
  /** What was shown last; nothing since the dialog was opened. @type {readonly unknown[]} */
  let shown = [];

  /** @param {number} head */
  function openHead(head) {
    dialog.close();
    actions.openHead({ layer: Math.floor(head / nHeads), head: head % nHeads });
  }

  /** @param {State} state */
  function update(state) {
    if (!dialog.open) return;
    const manifest = facts.description.value?.manifest;
    const heads = facts.heads.value;
    scroll.hidden = !manifest || !heads;
    for (const button of [menu.button, ...saves]) button.disabled = scroll.hidden;
    if (!manifest || !heads) return setText(words, formatWaiting(facts));
    const isFirst = shown.length === 0;
    const known = [heads, manifest, chosenMap(state), state.at, derived.fits()];
    if (known.every((part, i) => part === shown[i])) return;
    shown = known;
    [nHeads, model] = [manifest.n_heads, manifest];
    columns = numbersFor(manifest, state.pairs.length > 0).flatMap(
      ({ name }) => derived.heads().column(name, state) ?? [],
    );
    columns = columns.filter(({ nKnown }) => nKnown > 0); // a column of nothing says nothing
    menu.offer(columns.map(({ name }) => ({ name, label: measureFacts(name).label })));
    words.replaceChildren(...wordsOf(manifest, state));
    sort(state.at, isFirst ? headNumber(state.at, nHeads) : null);
  }

  /**
   * Numbers have their highest first, and the lowest at the second click; layers the other way
   * round.
   *
   * @param {string} name
   */
  function sortBy(name) {
    sorting = { name, isRising: sorting.name === name ? !sorting.isRising : name === '' };
    sort(store.get().at, -1);
  }

  /**
   * @param {HeadId | null} at
   * @param {number | null} [sought] head that is brought into sight, -1 for the first row
   */
  function sort(at, sought = null) {
    const isKnown = sorting.name === '' || columns.some(({ name }) => name === sorting.name);
    if (!isKnown) sorting = BY_LAYER;
    order = model ? tableOrder(model, columns, sorting) : order;
    const nameOf = derived.heads().headName;
    const shownColumns = columns.filter(({ name }) => menu.isShown(name));
    const open = headNumber(at, nHeads);
    const layers = layersOf(facts);
    table.show({ columns: shownColumns, order, layers, nHeads, open, nameOf }, sorting, sought);
    fades.update();
  }

  return {
    open() {
      if (dialog.open) return;
      dialog.showModal();
      shown = [];
      update(store.get());
    },
    update,
    destroy: () => dialog.remove(),
  };
}

/** @param {readonly HTMLElement[]} saves */
function makeDialog(saves) {
  const words = el('p', { class: 'head-table__words soft', role: 'status' });
  const scroll = el('div', {
    class: 'head-table__scroll',
    tabindex: '0',
    role: 'region',
    'aria-label': 'Scores of all heads',
  });
  const fades = createEdgeFades(scroll);
  const title = el(
    'h2',
    { id: 'head-table-title', tabindex: '-1', autofocus: true },
    'All heads and their scores',
  );
  const dialog = el(
    'dialog',
    { class: 'head-table', 'aria-labelledby': 'head-table-title', onClick: closeOutside },
    el(
      'div',
      { class: 'heads__head' },
      title,
      el('div', { class: 'head-table__tools' }, ...saves, closeButton()),
    ),
    words,
    fades.element,
  );
  return { dialog, words, scroll, fades };
}

/**
 * @param {HTMLElement} scroll
 * @param {(name: string) => void} onSort
 * @param {(head: number) => void} onOpen
 */
function createTable(scroll, onSort, onOpen) {
  const headings = createHeadings(onSort);
  const header = el('thead', {}, headings.element);
  const rows = createHeadRows(scroll, header, onOpen);
  const table = el(
    'table',
    { class: 'head-table__table', 'aria-label': 'All heads with their scores' },
    header,
    rows.element,
  );
  scroll.append(table);
  return {
    /**
     * @param {import('./head_rows.js').ShownHeads} heads
     * @param {Sorting} sorting
     * @param {number | null} sought
     */
    show(heads, sorting, sought) {
      headings.update(heads.columns, heads.open);
      headings.mark(sorting);
      setAttribute(table, 'aria-rowcount', String(heads.order.length + 1));
      rows.show(heads, sought);
    },
  };
}

/** @param {'csv' | 'json'} ending @param {() => void} onClick */
function saveButton(ending, onClick) {
  const title = 'Download every number of every head, with the rows it rests on';
  return el('button', { class: 'button', type: 'button', title, onClick }, ending.toUpperCase());
}

/** Layer by layer; -1 for none. @param {HeadId | null} at @param {number} nHeads in a layer */
function headNumber(at, nHeads) {
  return at ? at.layer * nHeads + at.head : -1;
}

/** @param {Manifest} model @param {readonly Column[]} columns @param {Sorting} sorting */
function tableOrder(model, columns, { name, isRising }) {
  const column = columns.find((each) => each.name === name);
  if (column) return sortedHeads(model, column.values, isRising);
  const cells = columns.length > 0 ? cellsOfHeads(model) : new Int32Array(0);
  return isRising ? cells : cells.toReversed();
}

/** @param {Facts} facts */
function formatWaiting({ heads }) {
  return heads.status === 'failed'
    ? 'Could not load the numbers of the heads.'
    : 'Loading the numbers of the heads …';
}

/** @param {Manifest} manifest @param {State} state @returns {(Node | string)[]} */
function wordsOf(manifest, { method, dims }) {
  const version = computedBy(manifest);
  return [
    corpusText(manifest.model.name, null),
    `: ${counted(countHeads(manifest), 'head')}. A click on a row opens its ` +
      'head; pointing at a number tells how many rows it rests on.',
    ...(version ? [' Scores computed by ', corpusText(version, null), '.'] : []),
    method ? ` The last columns are the fidelity of ${formatMap(method, dims)}.` : '',
  ];
}

/**
 * @param {'csv' | 'json'} ending
 * @param {Facts} facts
 * @param {State} state
 * @param {readonly Column[]} columns
 * @param {Int32Array} order
 */
function saveHeads(ending, facts, state, columns, order) {
  const manifest = facts.description.value?.manifest;
  if (!manifest) return;
  const nHeads = manifest.n_heads;
  const map = chosenMap(state);
  const { layers } = manifest;
  const subject = { dataset: manifest.id, model: manifest.model.name, map, nHeads, layers };
  const text =
    ending === 'csv'
      ? headsCsv(subject, columns, order)
      : tableJson('heads', headRows(nHeads, columns, order, layers), manifest, {
          ...(map !== null && map in manifest.maps ? { map } : {}),
          pairs: state.pairs,
        });
  download(text, fileNameOf([manifest.id, 'heads'], ending), TABLE_TYPES[ending]);
}
