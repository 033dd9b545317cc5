/**
 * What AttentionViz is, where it comes from and where more is written; shown once to whoever comes
 * for the first time.
 */

import { dialogFoot } from '../ui/dialog.js';
import { createCleanup, el } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';

const SEEN = 'about';
const PAPER = 'https://arxiv.org/abs/2305.03210';
const TEXTS = [
  'AttentionViz shows what every attention head of a transformer does with its queries and ' +
    'keys. For each head, all query and key vectors of a whole corpus are placed together in ' +
    'one map, so that a query lies near the keys it attends to, as far as a map can say it.',
  'Rows are layers, columns are heads; discs are queries, diamonds are keys. Open a head to ' +
    'see it large, click a point to see the attention of its sentence or image.',
  'No map is wholly true: the number at each head, recall@10, says how far nearness may be ' +
    'read as attention there.',
];

/**
 * @param {HTMLElement} root
 * @param {{openHelp: () => void}} context
 */
export function createAbout(root, { openHelp }) {
  const cleanup = createCleanup();
  const dialog = el('dialog', { class: 'help intro', 'aria-labelledby': 'about-title' });
  const close = () => dialog.close();
  dialog.append(
    el(
      'div',
      { class: 'help__body' },
      el(
        'h2',
        { class: 'help__title', id: 'about-title', tabindex: '-1', autofocus: true },
        'About AttentionViz',
      ),
      ...TEXTS.map((text) => el('p', {}, text)),
      el(
        'p',
        { class: 'soft' },
        'The method: Catherine Yeh, Yida Chen, Aoyu Wu, Cynthia Chen, Fernanda Viégas, ' +
          'Martin Wattenberg, ',
        el('cite', {}, 'AttentionViz: A Global View of Transformer Attention'),
        ', 2023, ',
        link(PAPER, 'arXiv 2305.03210'),
        '.',
      ),
      el(
        'p',
        { class: 'soft' },
        'The documentation is the README of the project, and ',
        link('./api/v1/openapi.json', 'the description of the interface'),
        '.',
      ),
      dialogFoot({ label: 'All controls and keys', open: openHelp }, 'Start'),
    ),
  );
  root.append(dialog);
  // As a card beside the map it closes like a dialog does, but takes no key from a dialog above it.
  cleanup.listen(document, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || !dialog.open || document.querySelector('dialog:modal')) return;
    event.preventDefault();
    close();
  });
  cleanup.listen(dialog, 'click', (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog) close();
  });

  return {
    open() {
      if (!dialog.open) dialog.showModal();
    },
    /**
     * Beside the map, once, and never over a view that someone was sent to.
     *
     * @param {string} query of the address
     */
    greet(query) {
      if (query !== '' || recall(SEEN) !== null) return;
      remember(SEEN, 'seen');
      dialog.show();
    },
    destroy() {
      cleanup.run();
      dialog.remove();
    },
  };
}

/** @param {string} href @param {string} words */
function link(href, words) {
  return el('a', { href, target: '_blank', rel: 'noreferrer' }, words);
}
