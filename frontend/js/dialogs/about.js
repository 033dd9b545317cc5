/** What AttentionViz is, the paper, and the documentation. */

import { dialogFoot } from '../ui/dialog.js';
import { createCleanup, el } from '../ui/dom.js';

const PAPER = 'https://arxiv.org/abs/2305.03210';
const TEXTS = [
  'AttentionViz shows the queries and keys of every attention head of a transformer. All query ' +
    'and key vectors of a corpus are projected into one map per head, so that queries lie near ' +
    'the keys they attend to.',
  'Rows are layers, columns are heads; discs are queries, diamonds are keys. Click a head to ' +
    'enlarge it, then a point to see the attention of its sentence or image.',
  'Every projection distorts. The number at each head, recall@10, is the share of a query’s ten ' +
    'strongest keys that are among its ten nearest keys in the map.',
];

/**
 * @param {HTMLElement} root
 * @param {{openHelp: () => void}} context
 */
export function createAbout(root, { openHelp }) {
  const cleanup = createCleanup();
  const dialog = el('dialog', { class: 'help', 'aria-labelledby': 'about-title' });
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
        'Method: Catherine Yeh, Yida Chen, Aoyu Wu, Cynthia Chen, Fernanda Viégas, ' +
          'Martin Wattenberg, ',
        el('cite', {}, 'AttentionViz: A Global View of Transformer Attention'),
        ', 2023, ',
        link(PAPER, 'arXiv 2305.03210'),
        '.',
      ),
      el('p', { class: 'soft' }, 'Docs: README, ', link('./api/v1/openapi.json', 'API reference')),
      dialogFoot({ label: 'Examples and keys', open: openHelp }, 'Close'),
    ),
  );
  root.append(dialog);
  cleanup.listen(dialog, 'click', (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog) dialog.close();
  });

  return {
    open() {
      if (!dialog.open) dialog.showModal();
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
