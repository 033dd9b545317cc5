/**
 * Examples: cards above the map at the start, and in the help. Each opens a prepared view and tells
 * in two sentences what to see there.
 */

import { EXAMPLES } from '../data/examples.js';
import { el, iconButton, ICONS, setText } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';

/** @import { Context, DatasetEntry, State } from '../page.js' */
/** @import { Example, Material } from '../data/examples.js' */

const HIDDEN = 'examples';

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {string} query of the address: over a view that someone was sent to there are no cards
 */
export function createStartCards(root, context, query) {
  const { actions, notify } = context;
  const cards = el('div', { class: 'start__cards' });
  const title = el('h2', { class: 'start__title' });
  const text = el('p', { class: 'start__text', role: 'status' });
  const others = el(
    'button',
    { class: 'button button--small', type: 'button', onClick: showCards },
    'More examples',
  );
  const close = iconButton(ICONS.close, 'Hide examples', {
    title: 'Hide the examples; they are also in the help (key ?)',
    onClick: hide,
  });
  const told = el('div', { class: 'start__told' }, title, text, others);
  const element = el('section', { class: 'start', 'aria-label': 'Examples' }, cards, told, close);
  root.append(element);
  let isHidden = query !== '' || recall(HIDDEN) === 'hidden';
  /** The example whose view is shown. @type {{at: State['at'], dataset: string} | null} */
  let shown = null;
  let shownCards = '';
  let request = new AbortController();

  function showCards() {
    shown = null;
    isHidden = false;
    settle();
    cards.querySelector('button')?.focus();
  }

  function hide() {
    if (!shown) remember(HIDDEN, 'hidden');
    isHidden = true;
    shown = null;
    settle();
  }

  function settle() {
    told.hidden = shown === null;
    cards.hidden = shown !== null;
    element.hidden = (isHidden && !shown) || (shown === null && cards.childElementCount === 0);
  }

  /**
   * Open an example in the shown dataset, or in the first other one that has it; the latest wins.
   *
   * @param {Example} example
   */
  async function open(example) {
    request.abort();
    request = new AbortController();
    const { signal } = request;
    try {
      for (const entry of candidates(context, example)) {
        const material = await materialOf(context, entry, signal);
        if (signal.aborted) return;
        const prepared = material && example.prepare(material);
        if (!prepared) continue;
        const { choices } = prepared;
        shown = { dataset: entry.id, at: choices.at ?? null };
        setText(title, example.title);
        setText(text, prepared.text);
        actions.openExample(entry.id, choices);
        return settle();
      }
      notify(`No dataset here has an example of “${example.title}”.`);
    } catch {
      if (!signal.aborted) notify(`Could not load the example “${example.title}”.`);
    }
  }

  settle();

  /** The examples that some dataset can show. */
  function offered() {
    return EXAMPLES.filter((example) => candidates(context, example).length > 0);
  }

  return {
    offered,
    open,
    /** @param {State} state */
    update(state) {
      const examples = offered();
      const key = examples.map(({ name }) => name).join(' ');
      if (key !== shownCards) {
        shownCards = key;
        cards.replaceChildren(...examples.map((example) => makeCard(example, open)));
      }
      const isElsewhere =
        shown !== null &&
        (state.dataset !== shown.dataset || JSON.stringify(state.at) !== JSON.stringify(shown.at));
      if (isElsewhere) shown = null;
      settle();
    },
  };
}

/** @typedef {ReturnType<typeof createStartCards>} StartCards */

/** @param {Example} example @param {(example: Example) => void} onOpen */
export function makeCard(example, onOpen) {
  return el(
    'button',
    { class: 'start__card', type: 'button', onClick: () => onOpen(example) },
    el('span', { class: 'start__name' }, example.title),
    ' ',
    el('span', { class: 'start__about soft' }, example.about),
  );
}

/**
 * Complete datasets of the kind that an example needs, the shown one first.
 *
 * @param {Pick<Context, 'facts' | 'store'>} context
 * @param {Example} example
 * @returns {DatasetEntry[]}
 */
function candidates({ facts, store }, { modality }) {
  const { dataset } = store.get();
  return (facts.datasets.value ?? [])
    .filter(
      (entry) => entry.state === 'complete' && (modality ?? entry.modality) === entry.modality,
    )
    .sort((a, b) => Number(b.id === dataset) - Number(a.id === dataset));
}

/**
 * @param {Pick<Context, 'api' | 'facts'>} context
 * @param {DatasetEntry} entry
 * @param {AbortSignal} signal
 * @returns {Promise<Material | null>}
 */
async function materialOf({ api, facts }, { id }, signal) {
  const manifest = facts.description.value?.manifest;
  const [heads, tokens] = [facts.heads.value, facts.tokens.value];
  if (manifest?.id === id && heads && tokens) return { manifest, heads, tokens };
  const [description, otherHeads, otherTokens] = await Promise.all([
    api.description(id, signal),
    api.heads(id, signal),
    api.tokens(id, signal),
  ]);
  return (
    description.manifest && {
      manifest: description.manifest,
      heads: otherHeads,
      tokens: otherTokens,
    }
  );
}
