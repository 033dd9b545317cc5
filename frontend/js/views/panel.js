/** The panel at the right: the sentence or the image of the selected point. */

import { corpusText, el, ICONS, icon, setText } from '../dom.js';
import { count, headWords, isOwnText, tokenWords, visibleText } from '../words.js';
import { createImageView } from './image.js';
import { createSentenceView } from './sentence.js';

/** @import { Attention, Context, Selected, State, Tokens, View } from '../page.js' */

/** A view of one sequence under one head. */
/** @typedef {{element: HTMLElement, update: (shown: Shown) => void, destroy: () => void}} SequenceView */
/** @typedef {{state: State, selected: Selected, tokens: Tokens, attention: Attention | null}} Shown */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createPanel(root, context) {
  const { actions, derived, facts } = context;
  const title = el('h2', {});
  const which = el('p', { class: 'soft' });
  const chosen = el('p', { class: 'panel__chosen' });
  const wait = el('p', { class: 'panel__wait soft' });
  const close = el('button', { class: 'button button--quiet button--icon', type: 'button', title: 'Clear the selection (Esc)', onClick: actions.clearSelection },
    icon(ICONS.close), el('span', { class: 'visually-hidden' }, 'Clear the selection'));
  const body = el('div', { class: 'panel__body' });
  const element = el('aside', { class: 'panel', 'aria-label': 'Sentence or image' },
    el('div', { class: 'panel__head' }, el('div', { class: 'panel__title' }, title, which), close), chosen, wait, body);
  root.append(element);
  /** @type {{modality: string, view: SequenceView} | null} */
  let inside = null;

  /** @param {'text' | 'image'} modality */
  function viewFor(modality) {
    if (inside?.modality !== modality) {
      inside?.view.destroy();
      inside = { modality, view: modality === 'image' ? createImageView(body, context) : createSentenceView(body, context) };
    }
    return inside.view;
  }

  return {
    update(state) {
      const { selected } = state;
      const tokens = facts.tokens.value;
      const manifest = facts.description.value?.manifest;
      element.hidden = !selected || !tokens || !manifest || selected.token >= tokens.n;
      if (!selected || !tokens || !manifest || element.hidden) return;
      const sequence = tokens.sequence[selected.token];
      const modality = manifest.model.modality;
      setText(title, modality === 'image' ? 'Image' : 'Sentence');
      setText(which, `${count(sequence + 1)} of ${count(tokens.sequences.length.length)} · ${state.at ? headWords(state.at) : 'no head is open'}`);
      chosen.replaceChildren(...chosenWords(tokens, selected));
      const attention = derived.attention(state);
      setText(wait, state.at ? '' : 'Open a head to see its attention.');
      wait.hidden = state.at !== null;
      viewFor(modality).update({ state, selected, tokens, attention });
    },
    destroy() {
      inside?.view.destroy();
      element.remove();
    },
  };
}

/**
 * @param {Tokens} tokens
 * @param {Selected} selected
 */
function chosenWords(tokens, { kind, token }) {
  const words = tokenWords(tokens, token);
  const n = tokens.sequences.length[tokens.sequence[token]];
  return [
    isOwnText(tokens, token) ? corpusText(visibleText(words), 'corpus panel__token') : el('span', { class: 'panel__token' }, words),
    el('span', { class: kind }, ` ${kind}`),
    el('span', { class: 'soft' }, `, position ${tokens.position[token] + 1} of ${n}`),
  ];
}
