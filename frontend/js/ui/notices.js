/** One-time notices, such as ignored parts of the address; shown until dismissed. */

import { el, ICONS, icon } from './dom.js';

const STAY_MS = 12_000;

/** @param {HTMLElement} root */
export function createNotices(root) {
  const element = el('div', { class: 'notices', role: 'status' });
  root.append(element);

  return {
    /** @param {string} text */
    say(text) {
      const close = () => notice.remove();
      const notice = el(
        'div',
        { class: 'notice' },
        el('span', { class: 'notice__text' }, text),
        el(
          'button',
          { class: 'button button--quiet button--icon', type: 'button', onClick: close },
          icon(ICONS.close),
          el('span', { class: 'visually-hidden' }, 'Close'),
        ),
      );
      element.append(notice);
      while (element.childElementCount > 4) element.firstElementChild?.remove();
      setTimeout(close, STAY_MS);
    },
    destroy: () => element.remove(),
  };
}
