/** The search: what is typed stays as it was typed, and what it found stands below it. */

import { el, icon, ICONS, setAttribute, setText, VERBATIM_FIELD } from '../ui/dom.js';
import { completed, suggest } from '../data/search.js';
import { sequenceWord } from '../ui/labels.js';
import { counted } from '../compute/number_text.js';
import { createSuggestions } from '../ui/suggestions.js';

/** @import { Derived } from '../data/derived.js' */
/** @import { Context, SearchMode, View } from '../page.js' */

/** @type {Record<SearchMode, {label: string, help: string}>} */
const MODES = {
  whole: {
    label: 'Whole token',
    help: 'Whole tokens, or all tokens of a word or character. Separate terms by commas.',
  },
  prefix: {
    label: 'Begins with',
    help: 'Tokens and words that begin with the term. Separate terms by commas.',
  },
  substring: {
    label: 'Contains',
    help: 'Tokens and words that contain the term. Separate terms by commas.',
  },
  regex: {
    label: 'Regular expression',
    help: 'A regular expression such as ^un.*ed$, for single tokens.',
  },
};

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {focus: () => void}}
 */
export function createSearchBox(root, { actions, derived, facts, store }) {
  const input = makeInput(typed);
  const modes = makeModes((searchMode) => actions.choose({ searchMode }));
  const clear = makeClear(() => {
    actions.setSearch('');
    input.focus();
  });
  const box = el('div', { class: 'search__box' }, icon(ICONS.search), input, clear);
  const found = createFound(markHits);
  const problem = el('p', { class: 'search__problem', role: 'alert' });
  const label = el(
    'label',
    { for: 'search-input', title: 'In all heads at once (key /)' },
    'Search',
  );
  const element = el(
    'div',
    { class: 'search', role: 'search' },
    el('div', { class: 'field__label' }, label, modes),
    box,
    found.element,
    problem,
  );
  root.append(element);
  const suggestions = createSuggestions(box, input, (word) =>
    actions.setSearch(completed(input.value, word)),
  );

  function typed() {
    actions.setSearch(input.value);
    const words = derived.words();
    suggestions.show(words ? suggest(words, input.value, store.get().searchMode) : []);
  }

  function markHits() {
    const hits = derived.hits(store.get())?.hits;
    if (hits) actions.markTokens((token) => hits[token] !== 0);
  }

  return {
    update(state) {
      if (input.value !== state.search) input.value = state.search;
      modes.value = state.searchMode;
      setAttribute(modes, 'title', MODES[state.searchMode].help);
      clear.hidden = state.search === '';
      const hits = derived.hits(state);
      const modality = facts.description.value?.manifest?.model.modality ?? 'text';
      found.update(hits, modality);
      setText(problem, hits?.problem ?? '');
      setAttribute(input, 'aria-invalid', hits?.problem && hits.nHits === 0 ? 'true' : null);
      input.placeholder = placeholder(state.searchMode, modality);
    },
    focus() {
      input.focus();
      input.select();
    },
    destroy() {
      suggestions.destroy();
      element.remove();
    },
  };
}

/** @param {() => void} onInput */
function makeInput(onInput) {
  return el('input', {
    class: 'input search__input',
    id: 'search-input',
    type: 'search',
    ...VERBATIM_FIELD,
    maxlength: '200',
    'aria-describedby': 'search-result',
    onInput,
    title:
      'In all heads at once (key /). Separate terms by commas; quote a term that contains one.',
  });
}

/** @param {(mode: SearchMode) => void} onPick */
function makeModes(onPick) {
  const modes = el(
    'select',
    {
      class: 'select search__mode',
      'aria-label': 'Match',
      onChange: () => onPick(/** @type {SearchMode} */ (modes.value)),
    },
    ...Object.entries(MODES).map(([value, { label }]) => el('option', { value }, label)),
  );
  return modes;
}

/** @param {() => void} onClick */
function makeClear(onClick) {
  return el(
    'button',
    { class: 'search__clear', type: 'button', title: 'Clear the search', onClick },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Clear the search'),
  );
}

/** How much is found, and a button that marks it. @param {() => void} onMark */
function createFound(onMark) {
  const nTokens = el('span', { class: 'search__count' });
  const where = el('span', { class: 'search__where' });
  const mark = el(
    'button',
    {
      class: 'button button--small search__mark',
      type: 'button',
      title: 'Mark all hits to count and save them',
      onClick: onMark,
    },
    'Mark hits',
  );
  const result = el(
    'p',
    { class: 'search__result soft', id: 'search-result', role: 'status' },
    nTokens,
    where,
  );

  return {
    element: el('div', { class: 'search__foot' }, result, mark),
    /**
     * @param {ReturnType<Derived['hits']>} found
     * @param {'text' | 'image' | 'image-text'} modality
     */
    update(found, modality) {
      const n = found?.nHits ?? 0;
      setText(nTokens, found ? counted(n, 'token') : '');
      const inSequences =
        n > 0 ? ` in ${counted(found?.nSequences ?? 0, sequenceWord(modality))}` : '';
      setText(where, inSequences + (found?.isSearching ? ', searching …' : ''));
      mark.hidden = n === 0;
    },
  };
}

/** @param {SearchMode} mode @param {'text' | 'image' | 'image-text'} modality */
function placeholder(mode, modality) {
  if (mode === 'regex') return 'such as ^un.*ed$';
  return modality === 'image' ? 'label, label, …' : 'token, token, …';
}
