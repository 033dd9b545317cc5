/** Foldable side panels; the state is remembered separately for wide and narrow windows. */

import { createCleanup, el, icon, NARROW, setAttribute, setText } from './dom.js';
import { recall, remember } from './preferences.js';

const ICON = { side: 'M2 3h12v10H2zM6 3v10', panel: 'M2 3h12v10H2zM10 3v10' };

/** @typedef {'side' | 'panel'} Name */

/**
 * A button that folds a panel. The state is set as `data-side` and `data-panel` on the page for the
 * style sheets.
 *
 * @param {HTMLElement} root
 * @param {Name} name
 * @param {string} panelName
 */
export function createFold(root, name, panelName) {
  const cleanup = createCleanup();
  const narrow = matchMedia(NARROW);
  const page = document.documentElement;
  const isOpen = () => page.dataset[name] === 'open';
  const key = () => `${name}${narrow.matches ? '.narrow' : ''}`;
  const label = el('span', { class: 'visually-hidden' });
  const button = el(
    'button',
    { class: 'button button--quiet button--icon', type: 'button', onClick: () => set(!isOpen()) },
    icon(ICON[name]),
    label,
  );
  root.append(button);
  cleanup.listen(narrow, 'change', follow);
  follow();

  function follow() {
    show((recall(key()) ?? (narrow.matches ? 'folded' : 'open')) === 'open');
  }

  /** @param {boolean} isShown */
  function show(isShown) {
    page.dataset[name] = isShown ? 'open' : 'folded';
    setAttribute(button, 'aria-expanded', String(isShown));
    setAttribute(button, 'title', `${isShown ? 'Hide' : 'Show'} ${panelName}`);
    setText(label, panelName[0].toUpperCase() + panelName.slice(1));
  }

  /** @param {boolean} isShown */
  function set(isShown) {
    remember(key(), isShown ? 'open' : 'folded');
    show(isShown);
  }

  return {
    button,
    set,
    destroy() {
      cleanup.run();
      button.remove();
    },
  };
}
