/** The line above the map: where one is, the way to the neighbours and back. */

import { el, ICONS, icon, inheritFocus, setAttribute, setText } from '../dom.js';
import { neighbourOf } from '../select.js';
import { counted, headWords, mapWords } from '../words.js';

/** @import { Context, View } from '../page.js' */

/** @type {readonly ('up' | 'left' | 'right' | 'down')[]} */
const DIRECTIONS = ['left', 'up', 'down', 'right'];
const LASSO_ICON = 'M8 2.5c3.3 0 6 1.8 6 4s-2.7 4-6 4-6-1.8-6-4 2.7-4 6-4M4.5 9.6a1.6 1.6 0 1 0 1.2 2.8c.6.6.6 1.3.2 1.9';
const WORDS = { up: 'Head of the layer above', down: 'Head of the layer below', left: 'Head at the left', right: 'Head at the right' };

/**
 * @param {HTMLElement} root
 * @param {Context & {resetZoom: () => void, lasso: {readonly isOn: boolean, turn: (isOn: boolean) => void}}} context
 * @returns {View}
 */
export function createBar(root, { actions, facts, lasso, resetZoom }) {
  const title = el('h2', { class: 'bar__title' });
  const detail = el('span', { class: 'bar__detail soft' });
  const back = el('button', { class: 'button', type: 'button', title: 'All heads (key g)', onClick: actions.showGrid }, icon(ICONS.grid), el('span', { class: 'bar__label' }, 'All heads'));
  const arrows = DIRECTIONS.map((direction) =>
    el('button', { class: 'button button--icon', type: 'button', title: `${WORDS[direction]} (arrow key)`, onClick: () => actions.goTo(direction) },
      icon(ICONS[direction]), el('span', { class: 'visually-hidden' }, WORDS[direction])));
  const neighbours = el('div', { class: 'bar__neighbours', role: 'group', 'aria-label': 'Neighbouring heads' }, ...arrows);
  const clear = el('button', { class: 'button', type: 'button', title: 'Clear the selection (Esc)', onClick: actions.clearSelection }, icon(ICONS.close), el('span', { class: 'bar__label' }, 'Clear selection'));
  const reset = el('button', { class: 'button', type: 'button', title: 'Show everything again', onClick: resetZoom }, icon(ICONS.reset), el('span', { class: 'bar__label' }, 'Reset zoom'));
  const outline = el('button', { class: 'button', type: 'button', 'aria-pressed': 'false', title: 'Draw around points to mark them; Shift and drag does the same, save in 3-D', onClick: toggleLasso }, icon(LASSO_ICON), el('span', { class: 'bar__label' }, 'Lasso'));
  const element = el('div', { class: 'bar' }, back, neighbours, el('div', { class: 'bar__words' }, title, detail), clear, outline, reset);
  root.append(element);
  let wasGrid = false;

  function toggleLasso() {
    lasso.turn(!lasso.isOn);
    setAttribute(outline, 'aria-pressed', String(lasso.isOn));
  }

  return {
    update({ at, method, dims, selected }) {
      const manifest = facts.description.value?.manifest ?? null;
      const isOpening = wasGrid && at !== null;
      wasGrid = at === null;
      back.hidden = neighbours.hidden = at === null;
      if (isOpening && document.activeElement !== document.body) inheritFocus(back);
      clear.hidden = selected === null;
      reset.hidden = outline.hidden = manifest === null;
      setText(title, at ? headWords(at) : 'All heads');
      const size = !at && manifest ? ` · ${counted(manifest.n_layers, 'layer')} × ${counted(manifest.n_heads, 'head')} · number and bar: recall@10` : '';
      setText(detail, method ? `${mapWords(method, dims)}${size}` : '');
      if (at && manifest) DIRECTIONS.forEach((direction, i) => { arrows[i].disabled = neighbourOf(at, direction, manifest) === null; });
    },
    destroy: () => element.remove(),
  };
}
