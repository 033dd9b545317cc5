/** Tabs: one of several parts is shown; which one is remembered. */

import { el, setAttribute } from './dom.js';
import { recall, remember } from './preferences.js';

/** @type {Record<string, (index: number, last: number) => number>} */
const KEYS = {
  ArrowLeft: (index, last) => (index === 0 ? last : index - 1),
  ArrowRight: (index, last) => (index === last ? 0 : index + 1),
  Home: () => 0,
  End: (_, last) => last,
};

/**
 * @template {string} Name
 * @param {HTMLElement} root
 * @param {{name: string, label: string, tabs: readonly {name: Name, label: string, title:
 *   string}[]}} options `name` is the storage key; the first tab is shown where none is remembered
 */
export function createTabs(root, { name, label, tabs }) {
  const key = `tab.${name}`;
  const buttons = tabs.map((tab, i) =>
    el(
      'button',
      {
        class: 'tabs__tab',
        type: 'button',
        role: 'tab',
        id: `${name}-tab-${tab.name}`,
        'aria-controls': `${name}-${tab.name}`,
        title: tab.title,
        onClick: () => pick(i),
      },
      tab.label,
    ),
  );
  const list = el(
    'div',
    { class: 'tabs', role: 'tablist', 'aria-label': label, onKeydown: press },
    ...buttons,
  );
  const parts = tabs.map((tab) =>
    el('div', {
      class: 'tabs__part',
      role: 'tabpanel',
      id: `${name}-${tab.name}`,
      'aria-label': `${tab.label} controls`,
    }),
  );
  root.append(list, ...parts);
  show(tabs.find((tab) => tab.name === recall(key))?.name ?? tabs[0].name);

  /** @param {number} index */
  function pick(index) {
    remember(key, tabs[index].name);
    show(tabs[index].name);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = KEYS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const index = step(buttons.indexOf(/** @type {any} */ (event.target)), buttons.length - 1);
    pick(index);
    buttons[index].focus();
  }

  /** Show a part without remembering it. @param {Name} shown */
  function show(shown) {
    tabs.forEach((tab, i) => {
      setAttribute(buttons[i], 'aria-selected', String(tab.name === shown));
      setAttribute(buttons[i], 'tabindex', tab.name === shown ? '0' : '-1');
      parts[i].hidden = tab.name !== shown;
    });
  }

  return {
    /** @type {Record<Name, HTMLElement>} */
    parts: /** @type {any} */ (Object.fromEntries(tabs.map((tab, i) => [tab.name, parts[i]]))),
    show,
  };
}
