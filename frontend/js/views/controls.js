/** The controls at the left: what is shown, search, colours, and how true it is. */

import { el, setAttribute, setText } from '../dom.js';
import { methodWords } from '../methods.js';
import { count, counted, sequenceWord } from '../words.js';
import { createFidelity } from './fidelity.js';
import { createLegend } from './legend.js';
import { createSearchBox } from './search_box.js';

/** @import { Legend } from '../color_modes.js' */
/** @import { Context, Manifest, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {legend: () => Legend | null}} context `legend` is that of the colours on the canvas
 * @returns {View & {focusSearch: () => void}}
 */
export function createControls(root, context) {
  const { actions, derived, facts } = context;
  const element = el('aside', { class: 'side', 'aria-label': 'Controls' });
  root.append(element);
  const about = createAbout(element);
  const search = createSearchBox(element, context);

  const color = el('select', { class: 'select', onChange: () => actions.setColor(color.value) });
  const colorPart = el('section', { class: 'side__part' }, el('label', { class: 'field' }, el('span', { class: 'field__label' }, 'Colour'), color));
  const legend = createLegend(colorPart);
  const lines = el('input', { class: 'check__box', type: 'checkbox', onChange: () => actions.choose({ hasLines: lines.checked }) });
  const linesPart = el('section', { class: 'side__part' }, el('label', { class: 'check' }, lines, 'Attention lines'),
    el('p', { class: 'field__note' }, 'From each query of the selection to its two strongest keys, where the weight is at least 0.05.'));
  const nearness = el('p', { class: 'side__help' });
  const nearnessTitle = el('h2', { class: 'field__label' });
  const nearnessPart = el('section', { class: 'side__part' }, nearnessTitle, nearness);
  element.append(colorPart, linesPart, nearnessPart);
  const fidelity = createFidelity(element, context);
  /** @type {ReturnType<Context['derived']['modes']> | null} */
  let shownModes = null;

  return {
    update(state) {
      about.update(facts.description.value?.manifest ?? null);
      search.update(state);
      const modes = derived.modes();
      if (modes !== shownModes) {
        shownModes = modes;
        color.replaceChildren(...modes.map(({ name, label }) => el('option', { value: name }, label)));
      }
      const mode = derived.mode(state);
      color.disabled = !mode;
      if (mode) color.value = mode.name;
      setAttribute(color, 'title', mode?.help ?? null);
      legend.update(context.legend());
      linesPart.hidden = !state.at;
      lines.checked = state.hasLines;
      nearnessPart.hidden = state.method === null;
      setText(nearnessTitle, state.method ? `${methodWords(state.method).label}: what nearness means` : '');
      setText(nearness, state.method ? methodWords(state.method).help : '');
      fidelity.update(state);
    },
    focusSearch: search.focus,
    destroy() {
      for (const part of [about, search, legend, fidelity]) part.destroy();
      element.remove();
    },
  };
}

/**
 * What the dataset is: model, corpus and counts.
 *
 * @param {HTMLElement} root
 */
function createAbout(root) {
  const element = el('section', { class: 'about' });
  root.append(element);
  /** @type {Manifest | null} */
  let shown = null;

  return {
    /** @param {Manifest | null} manifest */
    update(manifest) {
      if (manifest === shown) return;
      shown = manifest;
      element.replaceChildren();
      if (!manifest) return;
      const { model, corpus } = manifest;
      element.append(
        el('h2', { class: 'about__model', title: model.source }, model.name),
        el('p', { class: 'soft' }, `${counted(manifest.n_layers, 'layer')} × ${counted(manifest.n_heads, 'head')}${model.revision ? ` · revision ${model.revision.slice(0, 7)}` : ''}`),
        el('p', { class: 'soft' }, el('bdi', {}, corpus.name), ` · ${counted(manifest.n_sequences, sequenceWord(model.modality))}, ${counted(manifest.n_tokens, 'token')}`),
      );
      if (manifest.grid.n_tokens < manifest.n_tokens) {
        element.append(el('p', { class: 'field__note' }, `The grid draws ${count(manifest.grid.n_tokens)} of the tokens; a head shows all of them.`));
      }
      if (manifest.bias_terms.length > 0) {
        element.append(el('p', { class: 'field__note' }, `Attention here also depends on what no map of queries and keys shows: ${manifest.bias_terms.join(', ')}.`));
      }
    },
    destroy: () => element.remove(),
  };
}

