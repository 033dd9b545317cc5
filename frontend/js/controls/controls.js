/** The controls at the left: search, colours, what is drawn and how, and how true it is. */

import { corpusText, el, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { mapLabels, shownMethod } from '../data/best_map.js';
import { sequenceWord } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { corpusAccount } from './corpus_account.js';
import { createFidelity } from './fidelity.js';
import { createFilters } from './filters.js';
import { createHeadSummary } from './head_summary.js';
import { createLegend } from './legend.js';
import { createLineOptions } from './line_options.js';
import { createMapOptions } from './map_options.js';
import { createPairs } from './pairs.js';
import { createInputBox } from '../user_sequences/input_box.js';
import { createOwnScores } from './head_measures.js';
import { createScoreChoice } from './measure_choice.js';
import { createSearchBox } from './search_box.js';
import { createSection } from '../ui/section.js';
import { createSimilarHeads } from './similar_heads.js';

/** @import { ColorMode, Legend } from '../color/color_modes.js' */
/** @import { Layer } from '../user_sequences/live.js' */
/** @import { Context, Manifest, State, View } from '../page.js' */
/** @import { Frame } from '../types.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {legend: () => Legend | null, frame: () => Frame | null, openTable: () => void,
 *   openHeads: () => void}} context `legend` is that of the colours on the canvas, `frame` what is
 *   drawn
 * @returns {View & {focusSearch: () => void, focusUserSequences: () => void}}
 */
export function createControls(root, context) {
  const { facts } = context;
  const element = el('aside', { class: 'side', 'aria-label': 'Controls' });
  root.append(element);
  const summary = createSummary(element, context);
  const short = createHeadSummary(element, context, {
    scores: () => doings.reveal(),
    similar: () => similar.reveal(),
  });
  const inputBox = createInputBox(element, context);
  const search = createSearchBox(element, context);
  const color = createColorChoice(element, context);
  const lines = createLineOptions(element, context);
  const options = el('div', { class: 'side__part' });
  element.append(options);
  const map = createMapOptions(options, context);
  const filters = createFilters(options, context);
  const pairs = createPairs(element, context);
  const heads = el('div', { class: 'side__part' });
  element.append(heads);
  const scores = createScoreChoice(heads, context);
  const truth = el('div', { class: 'side__part' });
  element.append(truth);
  const nearness = createSection(truth, {
    name: 'nearness',
    title: '',
    help: 'How the map is to be read.',
  });
  const nearnessHelp = el('p', { class: 'side__help' });
  nearness.body.append(nearnessHelp);
  const fidelity = createFidelity(truth, context);
  const similar = createSimilarHeads(truth, { ...context, onFound: short.tellSimilar });
  const doing = el('div', { class: 'side__part' });
  element.append(doing);
  const doings = createOwnScores(doing, context);

  const parts = [
    inputBox,
    search,
    color,
    lines,
    map,
    filters,
    pairs,
    scores,
    doings,
    fidelity,
    similar,
    short, // last: it shows what the similar heads have found
  ];

  return {
    update(state) {
      summary.update(
        facts.description.value?.manifest ?? null,
        facts.tokens.value?.userLayer ?? null,
      );
      for (const part of parts) part.update(state);
      nearness.element.hidden = state.method === null;
      const { label, help } = mapLabels(shownMethod(state, facts.heads.value, state.at) ?? '');
      nearness.setTitle(`${label}: what nearness means`);
      setText(nearnessHelp, help);
    },
    focusSearch: search.focus,
    focusUserSequences: inputBox.focus,
    destroy() {
      for (const part of [summary, nearness, ...parts]) part.destroy();
      element.remove();
    },
  };
}

/**
 * What the colours tell, and their legend.
 *
 * @param {HTMLElement} root
 * @param {Context & {legend: () => Legend | null}} context
 * @returns {View}
 */
function createColorChoice(root, { actions, derived, legend: shownLegend }) {
  const color = el('select', { class: 'select', onChange: () => actions.setColor(color.value) });
  const element = el(
    'section',
    { class: 'side__part' },
    el('label', { class: 'field' }, el('span', { class: 'field__label' }, 'Colour'), color),
  );
  root.append(element);
  const legend = createLegend(element);
  /** @type {readonly ColorMode[] | null} */
  let shownModes = null;

  return {
    /** @param {State} state */
    update(state) {
      const modes = derived.modes();
      if (modes !== shownModes) {
        shownModes = modes;
        const columns = modes.filter(({ isColumn }) => isColumn).map(optionOf);
        color.replaceChildren(
          ...modes.filter(({ isColumn }) => !isColumn).map(optionOf),
          ...(columns.length > 0
            ? [el('optgroup', { label: 'Columns of the corpus' }, ...columns)]
            : []),
        );
      }
      const mode = derived.mode(state);
      color.disabled = !mode;
      if (mode) color.value = mode.name;
      setAttribute(color, 'title', mode?.help ?? null);
      legend.update(shownLegend());
    },
    destroy() {
      legend.destroy();
      element.remove();
    },
  };
}

/** @param {ColorMode} mode */
function optionOf({ name, label, help, isColumn, isHeadOnly }) {
  return el(
    'option',
    { ...(isColumn ? UNTRANSLATED : {}), value: name, title: help },
    isHeadOnly ? `${label}, once one is open` : label,
  );
}

/**
 * What the dataset is: model, corpus and counts.
 *
 * @param {HTMLElement} root
 * @param {Context & {openTable: () => void}} context
 */
function createSummary(root, { openTable, pane }) {
  const element = el('section', { class: 'about' });
  root.append(element);
  /** @type {Manifest | null} */
  let shown = null;
  /** @type {ReturnType<Context['pane']>} */
  let name = null;
  /** @type {Layer | null} */
  let userLayer = null;

  return {
    /** @param {Manifest | null} manifest @param {Layer | null} layer */
    update(manifest, layer) {
      if (manifest === shown && pane() === name && layer === userLayer) return;
      [shown, name, userLayer] = [manifest, pane(), layer];
      element.replaceChildren();
      if (!manifest) return;
      const { model, corpus } = manifest;
      element.append(
        el(
          'h2',
          { ...UNTRANSLATED, class: 'about__model', title: model.source },
          name && el('span', { class: 'pane__name' }, name),
          model.name,
        ),
        el(
          'p',
          { class: 'soft' },
          `${counted(manifest.n_layers, 'layer')} × ` +
            `${counted(manifest.n_heads, 'head')}` +
            (model.revision ? ` · revision ${model.revision.slice(0, 7)}` : ''),
        ),
        el(
          'p',
          { class: 'soft' },
          corpusText(corpus.name, null),
          ` · ${counted(manifest.n_sequences, sequenceWord(model.modality))}, ` +
            `${counted(manifest.n_tokens, 'token')}, ${count(2 * manifest.n_tokens)} points in ` +
            `each head${userLayer ? `; + ${counted(userLayer.n, 'token')} of yours` : ''}`,
        ),
      );
      const account = corpusAccount(corpus.account);
      if (account) element.append(account);
      const word = sequenceWord(model.modality);
      element.append(
        el(
          'button',
          {
            class: 'button button--small about__browse',
            type: 'button',
            title: `All ${word}s in a table, to filter, sort and open (key t)`,
            onClick: openTable,
          },
          `Browse ${word}s`,
        ),
      );
      if (manifest.grid.n_tokens < manifest.n_tokens) {
        element.append(
          el(
            'p',
            { class: 'field__note' },
            `The grid draws ${count(manifest.grid.n_tokens)} of the tokens; a head shows all ` +
              'of them.',
          ),
        );
      }
      if (manifest.bias_terms.length > 0) {
        element.append(
          el(
            'p',
            { class: 'field__note' },
            'Attention here also depends on what no map of queries and keys shows: ' +
              `${manifest.bias_terms.join(', ')}.`,
          ),
        );
      }
    },
    destroy: () => element.remove(),
  };
}
