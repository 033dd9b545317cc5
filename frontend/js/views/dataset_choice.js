/** The choice of a dataset, with its state where it is not complete. */

import { el, setAttribute } from '../dom.js';

/** @import { Context, DatasetEntry, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createDatasetChoice(root, { actions, facts }) {
  const select = el('select', { class: 'select header__dataset', onChange: () => actions.openDataset(select.value) });
  const label = el('label', { class: 'header__field' }, el('span', { class: 'visually-hidden' }, 'Dataset'), select);
  root.append(label);
  let shown = '';

  return {
    update({ dataset }) {
      const entries = facts.datasets.value ?? [];
      const words = entries.map(entryWords);
      const key = JSON.stringify(words);
      if (key !== shown) {
        shown = key;
        select.replaceChildren(...entries.map(({ id }, i) => el('option', { value: id }, words[i])));
      }
      select.disabled = entries.length === 0;
      select.value = dataset ?? '';
      setAttribute(select, 'title', dataset === null ? 'Dataset' : `Dataset: ${words[entries.findIndex(({ id }) => id === dataset)] ?? dataset}`);
    },
    destroy: () => label.remove(),
  };
}

/** @param {DatasetEntry} entry */
function entryWords({ id, state, progress }) {
  if (state === 'damaged') return `${id} (damaged)`;
  if (state === 'complete') return id;
  if (progress?.phase === 'failed') return `${id} (stopped)`;
  const share = progress && progress.n_units > 0 ? ` ${Math.floor((100 * progress.n_units_done) / progress.n_units)} %` : '';
  return `${id} (building${share})`;
}
