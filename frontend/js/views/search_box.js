/** The search: what is typed stays as it was typed, and the count stands beside it. */

import { el, ICONS, icon, setText } from '../dom.js';
import { counted } from '../words.js';

/** @import { Context, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {focus: () => void}}
 */
export function createSearchBox(root, { actions, derived, facts }) {
  const result = el('span', { class: 'search__count soft', role: 'status' });
  const input = el('input', {
    class: 'input search__input', type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: '200', onInput: () => actions.setSearch(input.value),
  });
  const clear = el('button', { class: 'search__clear', type: 'button', onClick: () => { actions.setSearch(''); input.focus(); } },
    icon(ICONS.close), el('span', { class: 'visually-hidden' }, 'Clear the search'));
  const element = el('div', { class: 'search', role: 'search' },
    el('label', { class: 'field' }, el('span', { class: 'field__label' }, el('span', {}, 'Search all heads'), result),
      el('span', { class: 'search__box' }, icon(ICONS.search), input)), clear);
  root.append(element);

  return {
    update(state) {
      if (input.value !== state.search) input.value = state.search;
      clear.hidden = state.search === '';
      const found = derived.hits(state);
      setText(result, found ? counted(found.nHits, 'token') : '');
      const isImage = facts.description.value?.manifest?.model.modality === 'image';
      input.placeholder = isImage ? 'label of an image' : 'whole token, e.g. april';
    },
    focus() {
      input.focus();
      input.select();
    },
    destroy: () => element.remove(),
  };
}
