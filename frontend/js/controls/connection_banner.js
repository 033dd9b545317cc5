/** What is said while no server can be reached; what is drawn stays as it is. */

import { el, setText } from '../ui/dom.js';

/**
 * @param {HTMLElement} root
 * @param {() => void} retry
 */
export function createConnectionBanner(root, retry) {
  const words = el('span', { role: 'status' });
  // A popover lies above dialogs, too.
  const element = el(
    'div',
    { class: 'connection', popover: 'manual' },
    words,
    el('button', { class: 'button button--small', type: 'button', onClick: retry }, 'Retry now'),
  );
  root.append(element);

  return {
    /** @param {boolean} isLost */
    show(isLost) {
      element.togglePopover(isLost);
      setText(words, isLost ? 'Can’t reach the server. Retrying …' : '');
    },
    destroy: () => element.remove(),
  };
}
