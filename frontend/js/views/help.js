/** One short text for every control and key. */

import { el } from '../dom.js';

const PARTS = [
  ['What this is', [
    'Each picture is one attention head: all its queries and all its keys, for every token of a corpus, placed together in one map. Rows are layers, columns are heads.',
    'Discs are queries, diamonds are keys. Click a head to open it, click a point to see its sentence or image.',
    'The number at each head, recall@10, says how true its map is: the share of a query’s ten strongest keys that are among its ten nearest. Where it is low, nearness does not mean attention.',
  ]],
];

const KEYS = [
  ['/', 'search a token in all heads'],
  ['Esc', 'clear the selection, then the search'],
  ['← ↑ ↓ →', 'neighbouring head'],
  ['g', 'all heads'],
  ['1 – 5', 'projection method'],
  ['d', '2-D or 3-D'],
  ['?', 'this help'],
];

/** @param {HTMLElement} root */
export function createHelp(root) {
  const dialog = el('dialog', { class: 'help', 'aria-labelledby': 'help-title', onClick: closeOutside });
  const close = el('button', { class: 'button', type: 'button', onClick: () => dialog.close() }, 'Close');
  dialog.append(el('div', { class: 'help__body' },
    ...PARTS.flatMap(([title, texts]) => [el('h2', { id: 'help-title' }, /** @type {string} */ (title)), ...[...texts].map((text) => el('p', {}, text))]),
    el('h2', {}, 'Mouse'),
    el('p', {}, 'Wheel or pinch zooms, dragging moves. In a 3-D head dragging turns the map; with Shift it moves.'),
    el('h2', {}, 'Keys'),
    el('dl', { class: 'help__keys' }, ...KEYS.flatMap(([keys, text]) => [el('dt', {}, el('kbd', {}, keys)), el('dd', {}, text)])),
    el('p', { class: 'soft' }, 'After Yeh et al., AttentionViz: A Global View of Transformer Attention, IEEE TVCG 30(1), 2024 (arXiv 2305.03210).'),
    close));
  root.append(dialog);

  /** @param {MouseEvent} event */
  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  return {
    open() { if (!dialog.open) dialog.showModal(); },
    destroy: () => dialog.remove(),
  };
}
