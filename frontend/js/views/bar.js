/** The line above the map: where one is, the way to the neighbours and back. */

import { pictureAddress } from '../address.js';
import { el, ICONS, icon, inheritFocus, setAttribute, setText } from '../dom.js';
import { neighbourOf } from '../select.js';
import { isMarkedSaid } from '../url.js';
import { counted, headWords, mapWords } from '../words.js';
import { createMapOfHeads } from './map_of_heads.js';
import { createSave } from './save.js';

/** @import { Context, View } from '../page.js' */
/** @import { Source } from '../figure/figure.js' */
/** @import { ShownTheme } from '../painting.js' */

/** @type {readonly ('up' | 'left' | 'right' | 'down')[]} */
const DIRECTIONS = ['left', 'up', 'down', 'right'];
/** @type {readonly {name: 'past' | 'future', way: 'back' | 'forth', icon: string, verb: string, keys: string}[]} */
const STEPS = [
  { name: 'past', way: 'back', icon: ICONS.undo, verb: 'Undo', keys: 'Ctrl+Z' },
  { name: 'future', way: 'forth', icon: ICONS.redo, verb: 'Redo', keys: 'Ctrl+Shift+Z' },
];
const LASSO_ICON = 'M8 2.5c3.3 0 6 1.8 6 4s-2.7 4-6 4-6-1.8-6-4 2.7-4 6-4M4.5 9.6a1.6 1.6 0 1 0 1.2 2.8c.6.6.6 1.3.2 1.9';
const WORDS = { up: 'Head of the layer above', down: 'Head of the layer below', left: 'Head at the left', right: 'Head at the right' };

/**
 * @param {HTMLElement} root
 * @param {Context & Source & {theme: () => ShownTheme, resetZoom: () => void, lasso: {readonly isOn: boolean, turn: (isOn: boolean) => void}}} context
 * @returns {View & {openMapOfHeads: () => void}}
 */
export function createBar(root, context) {
  const { actions, facts, lasso, notify, resetZoom, store, theme, undo } = context;
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
  const link = el('button', { class: 'button button--icon', type: 'button', title: 'Copy the address of exactly this picture', onClick: copyAddress }, icon(ICONS.link), el('span', { class: 'visually-hidden' }, 'Copy address'));
  const steps = createSteps(undo);
  const element = el('div', { class: 'bar' }, back, neighbours, el('div', { class: 'bar__words' }, title, detail), steps.element, clear, outline, reset);
  root.append(element);
  const save = createSave(element, context);
  element.append(link);
  const heads = createMapOfHeads(element, context);
  clear.before(heads.button);
  let wasGrid = false;

  function toggleLasso() {
    lasso.turn(!lasso.isOn);
    setAttribute(outline, 'aria-pressed', String(lasso.isOn));
  }

  async function copyAddress() {
    const state = store.get();
    try {
      await navigator.clipboard.writeText(pictureAddress(state, theme()));
      notify(`The address of this picture was copied${isMarkedSaid(state) ? '' : ', without the marked points: they are too many for an address'}.`);
    } catch {
      notify('The browser did not let the address be copied. The line of the address holds all of it but theme and palette.');
    }
  }

  return {
    openMapOfHeads: heads.open,
    update(state) {
      const { at, method, dims, selected } = state;
      heads.update(state);
      const manifest = facts.description.value?.manifest ?? null;
      const isOpening = wasGrid && at !== null;
      wasGrid = at === null;
      back.hidden = neighbours.hidden = at === null;
      if (isOpening && document.activeElement !== document.body) inheritFocus(back);
      steps.update();
      save.update(state);
      clear.hidden = selected === null;
      reset.hidden = outline.hidden = link.hidden = manifest === null;
      setText(title, at ? headWords(at) : 'All heads');
      const size = !at && manifest ? ` · ${counted(manifest.n_layers, 'layer')} × ${counted(manifest.n_heads, 'head')} · number and bar: recall@10` : '';
      setText(detail, method ? `${mapWords(method, dims)}${size}` : '');
      if (at && manifest) DIRECTIONS.forEach((direction, i) => { arrows[i].disabled = neighbourOf(at, direction, manifest) === null; });
    },
    destroy() {
      save.destroy();
      heads.destroy();
      element.remove();
    },
  };
}

/** The buttons that take back and take up again, named after what they would do. @param {Context['undo']} undo */
function createSteps(undo) {
  const told = el('span', { class: 'visually-hidden', role: 'status' });
  const buttons = STEPS.map(({ way, icon: path }) => {
    const label = el('span', { class: 'visually-hidden' });
    return { label, button: el('button', { class: 'button button--icon', type: 'button', onClick: undo[way] }, icon(path), label) };
  });

  return {
    element: el('div', { class: 'bar__steps', role: 'group', 'aria-label': 'Steps' }, ...buttons.map(({ button }) => button), told),
    update() {
      setText(told, undo.told);
      STEPS.forEach(({ name, verb, keys }, i) => {
        const words = undo[name] === null ? verb : `${verb}: ${undo[name]}`;
        setText(buttons[i].label, words);
        setAttribute(buttons[i].button, 'title', `${words} (${keys})`);
        setAttribute(buttons[i].button, 'aria-disabled', undo[name] === null ? 'true' : null); // a disabled button would lose the focus
      });
    },
  };
}
