/** A menu of the columns of a table: which are shown is remembered. */

import { el } from './dom.js';
import { createPopover } from './popover.js';
import { recall, remember } from './preferences.js';

/** @typedef {{name: string, label: string}} Choice */

/**
 * @param {string} name storage key
 * @param {() => void} changed
 */
export function createColumnMenu(name, changed) {
  const key = `columns.${name}`;
  const hidden = new Set((recall(key) ?? '').split(' ').filter(Boolean));
  const button = el(
    'button',
    { class: 'button button--small', type: 'button', title: 'Choose the columns of the table' },
    'Columns',
  );
  const { element: menu } = createPopover(button, { class: 'column-menu', role: 'group' });
  menu.setAttribute('aria-label', 'Columns');
  let offered = '';

  /** Names of the corpus are content, which is not stored. */
  function store() {
    const names = [...hidden].filter((one) => !one.includes(' '));
    remember(key, names.join(' '));
    changed();
  }

  /** @param {Choice} column */
  function makeBox({ name: column, label }) {
    const box = el('input', {
      class: 'check__box',
      type: 'checkbox',
      onChange() {
        if (box.checked) hidden.delete(column);
        else hidden.add(column);
        store();
      },
    });
    box.checked = !hidden.has(column);
    return el('label', { class: 'check' }, box, el('span', { translate: 'no' }, label));
  }

  return {
    button,
    menu,
    /** @param {string} column */
    isShown: (column) => !hidden.has(column),
    /** @param {readonly Choice[]} columns */
    offer(columns) {
      const next = columns.map((column) => column.name).join('\n');
      if (next === offered) return;
      offered = next;
      menu.replaceChildren(...columns.map(makeBox));
    },
  };
}
