/** The line above the map: where one is, the way to the neighbours and back. */

import { el, ICONS, icon, inheritFocus, setText } from '../dom.js';
import { neighbourOf } from '../select.js';
import { counted, headWords, mapWords } from '../words.js';

/** @import { Context, View } from '../page.js' */

/** @type {readonly ('up' | 'left' | 'right' | 'down')[]} */
const DIRECTIONS = ['left', 'up', 'down', 'right'];
const WORDS = { up: 'Head of the layer above', down: 'Head of the layer below', left: 'Head at the left', right: 'Head at the right' };

/**
 * @param {HTMLElement} root
 * @param {Context & {resetZoom: () => void}} context
 * @returns {View}
 */
export function createBar(root, { actions, facts, resetZoom }) {
  const title = el('h2', { class: 'bar__title' });
  const detail = el('span', { class: 'bar__detail soft' });
  const back = el('button', { class: 'button', type: 'button', title: 'All heads (key g)', onClick: actions.showGrid }, icon(ICONS.grid), el('span', { class: 'bar__label' }, 'All heads'));
  const arrows = DIRECTIONS.map((direction) =>
    el('button', { class: 'button button--icon', type: 'button', title: `${WORDS[direction]} (arrow key)`, onClick: () => actions.goTo(direction) },
      icon(ICONS[direction]), el('span', { class: 'visually-hidden' }, WORDS[direction])));
  const neighbours = el('div', { class: 'bar__neighbours', role: 'group', 'aria-label': 'Neighbouring heads' }, ...arrows);
  const clear = el('button', { class: 'button', type: 'button', title: 'Clear the selection (Esc)', onClick: actions.clearSelection }, icon(ICONS.close), el('span', { class: 'bar__label' }, 'Clear selection'));
  const reset = el('button', { class: 'button', type: 'button', title: 'Show everything again', onClick: resetZoom }, icon(ICONS.reset), el('span', { class: 'bar__label' }, 'Reset zoom'));
  const element = el('div', { class: 'bar' }, back, neighbours, el('div', { class: 'bar__words' }, title, detail), clear, reset);
  root.append(element);
  let wasGrid = false;

  return {
    update({ at, method, dims, selected }) {
      const manifest = facts.description.value?.manifest ?? null;
      const isOpening = wasGrid && at !== null;
      wasGrid = at === null;
      back.hidden = neighbours.hidden = at === null;
      if (isOpening) inheritFocus(back);
      clear.hidden = selected === null;
      reset.hidden = manifest === null;
      setText(title, at ? headWords(at) : 'All heads');
      const size = !at && manifest ? ` · ${counted(manifest.n_layers, 'layer')} × ${counted(manifest.n_heads, 'head')} · number and bar: recall@10` : '';
      setText(detail, method ? `${mapWords(method, dims)}${size}` : '');
      if (at && manifest) DIRECTIONS.forEach((direction, i) => { arrows[i].disabled = neighbourOf(at, direction, manifest) === null; });
    },
    destroy: () => element.remove(),
  };
}
