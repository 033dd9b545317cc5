/**
 * Every dataset of the server in a table, to sort and to open: the first thing that one sees of a
 * server with many.
 */

import {
  corpusText,
  createCleanup,
  el,
  icon,
  ICONS,
  setAttribute,
  setText,
  UNTRANSLATED,
} from '../ui/dom.js';
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
  const heads = new Map(DATASET_COLUMNS.map((column) => [column.name, headOf(column)]));
  const body = el('tbody', { onKeydown: press });
  const table = el(
    'table',
    { class: 'sequences__table datasets__table', 'aria-labelledby': 'datasets-title' },
    el('thead', {}, el('tr', {}, ...heads.values())),
    body,
  );
  const dialog = el(
    'dialog',
    { class: 'sequences datasets', 'aria-labelledby': 'datasets-title' },
    el(
      'div',
      { class: 'sequences__head' },
      el('h2', { id: 'datasets-title' }, 'All datasets'),
      close,
    ),
    about,
    el('div', { class: 'sequences__scroll' }, table),
  );
  cleanup.listen(dialog, 'close', () => dialog.remove()); // it is on the page only while it is seen
  cleanup.listen(dialog, 'click', (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog) dialog.close();
  });
  let order = { name: 'id', isDescending: false };
  let shown = '';
  let isGreeting = false;

  /** @param {DatasetColumn} column */
  function headOf(column) {
    const button = el(
      'button',
      {
        class: 'sequences__sort',
        type: 'button',
        title: `${column.help}. Click sorts.`,
        onClick: () => sort(column),
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
   * Numbers begin with the largest; a second click turns the order over.
   *
   * @param {DatasetColumn} column
   */
  function sort({ name, isNumber }) {
    order = { name, isDescending: order.name === name ? !order.isDescending : isNumber };
    draw();
  }

  function draw() {
    const entries = facts.datasets.value ?? [];
    const key = JSON.stringify([entries, order, store.get().dataset]);
    if (key === shown) return;
    shown = key;
    const isInside = body.contains(document.activeElement);
    const at = document.activeElement?.getAttribute('data-id');
    setText(
      about,
      entries.length === 0
        ? 'There is none yet.'
        : `${counted(entries.length, 'dataset')}. A click opens one; a click on the name of a ` +
            'column sorts.',
    );
    for (const [name, head] of heads)
      setAttribute(
        head,
        'aria-sort',
        order.name === name ? (order.isDescending ? 'descending' : 'ascending') : null,
      );
    body.replaceChildren(...sortedDatasets(entries, order.name, order.isDescending).map(rowOf));
    if (isInside) (buttons().find((button) => button.dataset.id === at) ?? buttons()[0])?.focus();
  }

  /** @param {DatasetEntry} entry */
  function rowOf(entry) {
    const cells = DATASET_COLUMNS.map((column) => {
      const words = corpusText(column.words(entry), 'datasets__words');
      if (column.name !== 'id')
        return el(
          'td',
          {
            ...UNTRANSLATED,
            class: column.isNumber ? 'sequences__cell--number' : null,
            title: titleOf(column, entry),
          },
          words,
        );
      const button = el(
        'button',
        {
          class: 'sequences__open',
          type: 'button',
          'data-id': entry.id,
          onClick: () => pick(entry),
        },
        words,
      );
      return el('th', { scope: 'row', class: 'datasets__id' }, button);
    });
    const isCurrent = entry.id === store.get().dataset && !isGreeting;
    return el(
      'tr',
      {
        class: 'sequences__row',
        'aria-current': isCurrent ? 'true' : null,
        onClick: () => pick(entry),
      },
      ...cells,
    );
  }

  /** @param {DatasetEntry} entry */
  function pick({ id }) {
    if (!dialog.open) return;
    dialog.close();
    if (id !== store.get().dataset) actions.openDataset(id);
  }

  const buttons = () =>
    /** @type {HTMLElement[]} */ ([...body.querySelectorAll('.sequences__open')]);

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = buttons();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
  }

  function open() {
    if (dialog.open) return;
    shown = '';
    draw();
    root.append(dialog);
    dialog.showModal();
    (buttons().find((button) => button.closest('[aria-current]')) ?? buttons()[0])?.focus();
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

/** What does not fit into a cell. @param {DatasetColumn} column @param {DatasetEntry} entry */
function titleOf({ name, words }, entry) {
  /** @type {Record<string, string | null>} */
  const titles = {
    sequences: entry.corpus?.account ? formatAccount(entry.corpus.account) : null,
    state: entry.reason,
    published: entry.published_at,
    model: entry.model?.source ?? null,
  };
  return titles[name] ?? words(entry);
}
