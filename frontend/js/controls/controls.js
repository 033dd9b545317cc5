/** The controls at the left, in three tabs: what the map shows, the heads, and finding things. */

import { corpusText, el, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { formatModelSize, sequenceWord } from '../ui/labels.js';
import { countAbsent } from '../compute/model_heads.js';
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
import { createInfo } from '../ui/popover.js';
import { createSimilarHeads } from './similar_heads.js';
import { NO_VECTORS, storesVectors } from '../data/stored_vectors.js';
import { createTabs } from '../ui/tabs.js';

/** @import { ColorMode, Legend } from '../color/color_modes.js' */
/** @import { Layer } from '../user_sequences/live.js' */
/** @import { Context, Manifest, State, View } from '../page.js' */
/** @import { Frame } from '../types.js' */

const TABS = /** @type {const} */ ([
  { name: 'view', label: 'View', title: 'Colours, lines and points of the map, and its fidelity' },
  { name: 'head', label: 'Head', title: 'Scores of the heads, and of the open head' },
  { name: 'find', label: 'Find', title: 'Tokens, sentences of your own, heads by pairs (key /)' },
]);

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
  const tabs = createTabs(element, { name: 'controls', label: 'Controls', tabs: TABS });
  const { view, head, find } = tabs.parts;

  const color = createColorChoice(view, context);
  const lines = createLineOptions(view, context);
  const options = makePart(view);
  const map = createMapOptions(options, context);
  const filters = createFilters(options, context);
  const fidelity = createFidelity(makePart(view), context);

  const short = createHeadSummary(head, context, {
    scores: () => own.reveal(),
    similar: () => similar.reveal(),
  });
  const scores = createScoreChoice(makePart(head), context);
  const own = createOwnScores(makePart(head), context);
  const similar = createSimilarHeads(makePart(head), { ...context, onFound: short.tellSimilar });

  const search = createSearchBox(find, context);
  const inputBox = createInputBox(find, context);
  const pairs = createPairs(find, context);
  const browse = createBrowseButton(find, context);

  const parts = [
    search,
    inputBox,
    color,
    lines,
    map,
    filters,
    pairs,
    scores,
    own,
    fidelity,
    similar,
    browse,
    short, // last: it shows what the similar heads have found
  ];
  /** @type {State | null} */
  let last = null;

  return {
    update(state) {
      const tab = tabOf(state, last);
      if (tab && !element.contains(document.activeElement)) tabs.show(tab);
      last = state;
      summary.update(
        facts.description.value?.manifest ?? null,
        facts.tokens.value?.userLayer ?? null,
      );
      for (const part of parts) part.update(state);
    },
    focusSearch() {
      tabs.show('find');
      search.focus();
    },
    focusUserSequences() {
      tabs.show('find');
      inputBox.focus();
    },
    destroy() {
      for (const part of [summary, ...parts]) part.destroy();
      element.remove();
    },
  };
}

/** @param {HTMLElement} root */
function makePart(root) {
  const part = el('div', { class: 'side__part' });
  root.append(part);
  return part;
}

/**
 * The tab that has what just came into use, by an address, a key or another part of the page.
 *
 * @param {State} state
 * @param {State | null} last null at first
 * @returns {typeof TABS[number]['name'] | null}
 */
function tabOf(state, last) {
  if (state.search !== '' && !last?.search) return 'find';
  if (state.pairs.length > (last?.pairs.length ?? 0)) return 'find';
  const isNew = /** @type {const} */ (['score', 'order', 'filterScore', 'similarWith']).some(
    (name) => state[name] !== null && (last?.[name] ?? null) === null,
  );
  return isNew ? 'head' : null;
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
      for (const { name, label, isHeadOnly } of modes) {
        const option = isHeadOnly && color.querySelector(`option[value="${name}"]`);
        if (option) setText(option, state.at ? label : `${label} (open a head first)`);
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
function optionOf({ name, label, help, isColumn }) {
  return el('option', { ...(isColumn ? UNTRANSLATED : {}), value: name, title: help }, label);
}

/**
 * Opens the table of all sequences.
 *
 * @param {HTMLElement} root
 * @param {Context & {openTable: () => void}} context
 * @returns {View}
 */
function createBrowseButton(root, { facts, openTable }) {
  const label = el('span', {});
  const element = el('button', { class: 'button', type: 'button', onClick: openTable }, label);
  root.append(element);
  return {
    update() {
      const { model } = facts.description.value?.manifest ?? {};
      element.hidden = !model;
      if (!model) return;
      const word = sequenceWord(model.modality);
      setText(label, `Browse ${word}s`);
      setAttribute(element, 'title', `All ${word}s in a table, to filter, sort and open (key t)`);
    },
    destroy: () => element.remove(),
  };
}

/**
 * The dataset in one line; behind an ⓘ its model, corpus and counts.
 *
 * @param {HTMLElement} root
 * @param {Context} context
 */
function createSummary(root, { pane }) {
  const name = el('h2', { ...UNTRANSLATED, class: 'about__model' });
  const size = el('span', { class: 'about__size soft' });
  const info = createInfo('this dataset');
  const notes = el('div', { class: 'about__notes' });
  const line = el('div', { class: 'about__line' }, name, size, info.element);
  const element = el('section', { class: 'about', hidden: true }, line, notes);
  root.append(element);
  /** @type {unknown[]} */
  let shown = [];

  return {
    /** @param {Manifest | null} manifest @param {Layer | null} userLayer */
    update(manifest, userLayer) {
      const next = [manifest, pane(), userLayer];
      if (next.every((part, i) => part === shown[i])) return;
      shown = next;
      element.hidden = manifest === null;
      if (!manifest) return;
      const badge = pane();
      name.replaceChildren(
        ...(badge ? [el('span', { class: 'pane__name' }, badge)] : []),
        manifest.model.name,
      );
      setText(size, formatModelSize(manifest));
      info.words.replaceChildren(...aboutDataset(manifest, userLayer));
      notes.replaceChildren(...limitsOf(manifest));
    },
    destroy: () => element.remove(),
  };
}

/** @param {[reason: string, n: number]} absent */
function formatAbsent([reason, n]) {
  return `${counted(n, 'layer')}: ${reason}`;
}

/** @param {Manifest} manifest @param {Layer | null} userLayer */
function aboutDataset(manifest, userLayer) {
  const { model, corpus } = manifest;
  const account = corpusAccount(corpus.account);
  const rows = /** @type {const} */ ([
    ['Model', corpusText(model.source, null)],
    ['Revision', model.revision?.slice(0, 7)],
    ['Heads', formatModelSize(manifest, true)],
    ['Without heads', [...countAbsent(manifest)].map(formatAbsent).join('; ')],
    ['Corpus', corpusText(corpus.name, null)],
    [
      'Size',
      `${counted(manifest.n_sequences, sequenceWord(model.modality))}, ` +
        `${counted(manifest.n_tokens, 'token')}, ${count(2 * manifest.n_tokens)} points in each ` +
        `head${userLayer ? `; + ${counted(userLayer.n, 'token')} of yours` : ''}`,
    ],
  ]);
  const terms = rows.flatMap(([label, value]) =>
    value ? [el('dt', {}, label), el('dd', {}, value)] : [],
  );
  return [el('dl', { class: 'info__terms' }, ...terms), ...(account ? [account] : [])];
}

/**
 * What the maps of a dataset leave out.
 *
 * @param {Manifest} manifest
 * @returns {HTMLElement[]}
 */
function limitsOf(manifest) {
  const { bias_terms: terms, grid, keep_vectors: kept, model } = manifest;
  const { n_sequences: nSequences, n_tokens: nTokens } = manifest;
  const limits = [];
  if (!storesVectors(manifest)) limits.push(el('p', {}, NO_VECTORS));
  else if (kept.n_tokens < nTokens)
    limits.push(
      el(
        'p',
        {},
        `Queries and keys of ${count(kept.n_sequences)} of ` +
          `${counted(nSequences, sequenceWord(model.modality))} are stored: only these have ` +
          'attention, and means, strongest partners and typed texts rest on them.',
      ),
    );
  if (grid.n_tokens < nTokens)
    limits.push(
      el(
        'p',
        {},
        `The grid draws ${count(grid.n_tokens)} of ${count(nTokens)} tokens; ` +
          'an open head shows all.',
      ),
    );
  if (terms.length > 0)
    limits.push(
      el(
        'p',
        {},
        'Attention also depends on terms that no map shows: ',
        corpusText(terms.join(', ')),
        '.',
      ),
    );
  return limits;
}
