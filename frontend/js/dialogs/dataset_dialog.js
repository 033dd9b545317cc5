/**
 * Every dataset of the server in a table, to sort and to open: the first thing that one sees of a
 * server with many.
 */

import { corpusText, createCleanup, el, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { createColumnMenu } from '../ui/column_menu.js';
import { createEdgeFades } from '../ui/edge_fades.js';
import { closeButton, closeOutside } from '../ui/dialog.js';
import { formatAccount } from '../data/corpus_account.js';
import { DATASET_COLUMNS, sortedDatasets } from '../data/dataset_table.js';
import { counted } from '../compute/number_text.js';

/** @import { DatasetColumn } from '../data/dataset_table.js' */
/** @import { Context, DatasetEntry, View } from '../page.js' */

/** Steps of the keys that move from row to row. @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -1e6, End: 1e6 };

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions' | 'facts' | 'store'>} context
 * @returns {View & {open: () => void, greet: () => void}}
 */
export function createDatasetDialog(root, { actions, facts, store }) {
  const cleanup = createCleanup();
  const about = el('p', { class: 'sequences__about soft', role: 'status' });
  const heads = createHeads(() => draw());
  const body = createBody((entry) => pick(entry));
  const menu = createColumnMenu('datasets', () => {
    shown = '';
    draw();
  });
  const { dialog, fades } = dialogOf(about, heads.element, body.element, menu);
  cleanup.listen(dialog, 'close', () => dialog.remove()); // it is on the page only while it is seen
  cleanup.listen(dialog, 'click', closeOutside);
  let shown = '';
  let isGreeting = false;

  function draw() {
    const entries = facts.datasets.value ?? [];
    const { order } = heads;
    const current = store.get().dataset;
    const key = JSON.stringify([entries, order, current]);
    if (key === shown) return;
    shown = key;
    setText(about, formatCount(entries.length));
    const [id, ...more] = DATASET_COLUMNS.filter(({ value }) =>
      entries.some((entry) => value(entry) !== null),
    );
    menu.offer(more);
    const columns = [id ?? DATASET_COLUMNS[0], ...more.filter(({ name }) => menu.isShown(name))];
    heads.show(columns);
    const sorted = sortedDatasets(entries, order.name, order.isDescending);
    body.show(sorted, columns, isGreeting ? null : current);
    fades.update();
  }

  /** @param {DatasetEntry} entry */
  function pick({ id }) {
    if (!dialog.open) return;
    dialog.close();
    if (id !== store.get().dataset) actions.openDataset(id);
  }

  function open() {
    if (dialog.open) return;
    shown = '';
    draw();
    root.append(dialog);
    dialog.showModal();
    fades.update();
    body.focusCurrent();
  }

  return {
    open() {
      isGreeting = false;
      open();
    },
    /** Shown first of all, where one has to choose. */
    greet() {
      if ((facts.datasets.value ?? []).length < 2) return;
      isGreeting = true;
      open();
    },
    update() {
      if (dialog.open) draw();
    },
    destroy() {
      cleanup.run();
      dialog.remove();
    },
  };
}

/**
 * @param {HTMLElement} about
 * @param {HTMLElement} heads
 * @param {HTMLElement} body
 * @param {ReturnType<typeof createColumnMenu>} menu
 */
function dialogOf(about, heads, body, menu) {
  const table = el(
    'table',
    { class: 'sequences__table datasets__table', 'aria-labelledby': 'datasets-title' },
    el('thead', {}, heads),
    body,
  );
  const fades = createEdgeFades(el('div', { class: 'sequences__scroll' }, table));
  const dialog = el(
    'dialog',
    { class: 'sequences datasets', 'aria-labelledby': 'datasets-title' },
    el(
      'div',
      { class: 'sequences__head' },
      el('h2', { id: 'datasets-title' }, 'All datasets'),
      menu.button,
      menu.menu,
      closeButton(),
    ),
    about,
    fades.element,
  );
  return { dialog, fades };
}

/** @param {number} n */
function formatCount(n) {
  if (n === 0) return 'There are no datasets yet.';
  return `${counted(n, 'dataset')}. Click one to open it; click a column heading to sort.`;
}

/**
 * The heads of the columns, which hold the order of the rows. Numbers begin with the largest; a
 * second click reverses the order.
 *
 * @param {() => void} changed called after the order has changed
 */
function createHeads(changed) {
  let order = { name: 'id', isDescending: false };
  const heads = new Map(
    DATASET_COLUMNS.map((column) => [column.name, headOf(column, () => sort(column))]),
  );
  mark();

  /** @param {DatasetColumn} column */
  function sort({ name, isNumber }) {
    order = { name, isDescending: order.name === name ? !order.isDescending : isNumber };
    mark();
    changed();
  }

  function mark() {
    const direction = order.isDescending ? 'descending' : 'ascending';
    for (const [name, head] of heads)
      setAttribute(head, 'aria-sort', order.name === name ? direction : null);
  }

  const element = el('tr', {});
  return {
    element,
    /** @param {readonly DatasetColumn[]} columns */
    show(columns) {
      const next = columns.flatMap(({ name }) => heads.get(name) ?? []);
      const isSame = next.length === element.children.length;
      if (!isSame || next.some((head, i) => head !== element.children[i]))
        element.replaceChildren(...next);
    },
    get order() {
      return order;
    },
  };
}

/** @param {DatasetColumn} column @param {() => void} sort */
function headOf(column, sort) {
  const button = el(
    'button',
    {
      class: 'sequences__sort',
      type: 'button',
      title: `${column.help}. Click to sort.`,
      onClick: sort,
    },
    column.label,
  );
  return el(
    'th',
    { scope: 'col', class: column.isNumber ? 'sequences__cell--number' : null },
    button,
  );
}

/**
 * The rows, walked by the arrow keys.
 *
 * @param {(entry: DatasetEntry) => void} pick
 */
function createBody(pick) {
  const element = el('tbody', { onKeydown: press });
  const buttons = () =>
    /** @type {HTMLElement[]} */ ([...element.querySelectorAll('.sequences__open')]);

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = buttons();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
  }

  return {
    element,
    /**
     * @param {readonly DatasetEntry[]} entries
     * @param {readonly DatasetColumn[]} columns
     * @param {string | null} current the open dataset
     */
    show(entries, columns, current) {
      const isInside = element.contains(document.activeElement);
      const at = document.activeElement?.getAttribute('data-id');
      element.replaceChildren(
        ...entries.map((entry) => rowOf(entry, columns, entry.id === current, pick)),
      );
      if (isInside) (buttons().find(({ dataset }) => dataset.id === at) ?? buttons()[0])?.focus();
    },
    focusCurrent() {
      (buttons().find((button) => button.closest('[aria-current]')) ?? buttons()[0])?.focus();
    },
  };
}

/**
 * @param {DatasetEntry} entry
 * @param {readonly DatasetColumn[]} columns
 * @param {boolean} isCurrent
 * @param {(entry: DatasetEntry) => void} pick
 */
function rowOf(entry, columns, isCurrent, pick) {
  return el(
    'tr',
    {
      class: 'sequences__row',
      'aria-current': isCurrent ? 'true' : null,
      onClick: () => pick(entry),
    },
    ...columns.map((column) => cellOf(column, entry, pick)),
  );
}

/**
 * @param {DatasetColumn} column
 * @param {DatasetEntry} entry
 * @param {(entry: DatasetEntry) => void} pick
 */
function cellOf(column, entry, pick) {
  const text = corpusText(column.format(entry), 'datasets__words');
  if (column.name !== 'id')
    return el(
      'td',
      {
        ...UNTRANSLATED,
        class: column.isNumber ? 'sequences__cell--number' : null,
        title: titleOf(column, entry),
      },
      text,
    );
  const button = el(
    'button',
    {
      class: 'sequences__open',
      type: 'button',
      'data-id': entry.id,
      onClick: () => pick(entry),
    },
    text,
  );
  return el('th', { scope: 'row', class: 'datasets__id' }, button);
}

/** What does not fit into a cell. @param {DatasetColumn} column @param {DatasetEntry} entry */
function titleOf({ name, format }, entry) {
  /** @type {Record<string, string | null>} */
  const titles = {
    sequences: entry.corpus?.account ? formatAccount(entry.corpus.account) : null,
    state: entry.reason,
    published: entry.published_at,
    model: entry.model?.source ?? null,
  };
  return titles[name] ?? format(entry);
}
