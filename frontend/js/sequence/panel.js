/**
 * The panel at the right: the sentence or the image of the selected point, and all images to choose
 * from.
 */

import { corpusText, el, ICONS, icon, setAttribute, setText } from '../ui/dom.js';
import { formatHead, isOwnText, sequenceWord, formatTitle, formatToken } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { nCorpusSequences, ownName } from '../data/user_sequence_text.js';
import { createImageStrip } from './image_strip.js';
import { createImageView } from './image.js';
import { createSentenceView } from './sentence.js';

/** @import { Aggregate, Attention, Context, Manifest, Selected, State } from '../page.js' */
/** @import { Tokens, View } from '../page.js' */

/** A view of one sequence under one head. */
/**
 * @typedef {{element: HTMLElement, update: (shown: Shown) => void, destroy: () => void}}
 *   SequenceView
 */
/**
 * @typedef {object} Shown
 * @property {State} state
 * @property {Selected} selected
 * @property {Tokens} tokens
 * @property {number} sequence
 * @property {number} start first token of the sequence
 * @property {number} n
 * @property {Attention | null} attention without hidden tokens; null while it is not there
 * @property {Aggregate | null} mean of the positions, weighed and hidden in the same way
 * @property {boolean} isCausal whether the layer only looks back
 */

/**
 * @param {HTMLElement} root
 * @param {Context & {switchPane: () => void}} context
 * @returns {View}
 */
export function createPanel(root, context) {
  const { actions, facts } = context;
  const badge = el('span', { class: 'pane__name', hidden: true });
  const words = el('span', {});
  const title = el('h2', {}, badge, words);
  const which = el('p', { class: 'soft' });
  const chosen = el('p', { class: 'panel__chosen' });
  const mark = el('button', {
    class: 'button button--small panel__mark',
    type: 'button',
    onClick: markSequence,
  });
  const about = el('div', { class: 'panel__about' }, chosen, mark);
  const wait = el('p', { class: 'panel__wait soft' });
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Clear the selection (Esc)',
      onClick: actions.clearSelection,
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Clear the selection'),
  );
  const body = el('div', { class: 'panel__body' });
  const paneLabel = el('span', {});
  const other = el('button', {
    class: 'button button--small',
    type: 'button',
    onClick: context.switchPane,
  });
  const whose = el('div', { class: 'panel__pane', hidden: true }, paneLabel, other);
  const element = el(
    'aside',
    { class: 'panel', 'aria-label': 'Sentence or image' },
    whose,
    el('div', { class: 'panel__head' }, el('div', { class: 'panel__title' }, title, which), close),
    about,
    wait,
  );
  root.append(element);
  const strip = createImageStrip(element, context);
  element.append(body);
  /** @type {{modality: string, view: SequenceView} | null} */
  let inside = null;

  function markSequence() {
    const { selected } = context.store.get();
    const sequence = facts.tokens.value?.sequence;
    if (selected && sequence)
      actions.markTokens((token) => sequence[token] === sequence[selected.token]);
  }

  /** @param {'text' | 'image'} modality */
  function viewFor(modality) {
    if (inside?.modality !== modality) {
      inside?.view.destroy();
      inside = {
        modality,
        view:
          modality === 'image' ? createImageView(body, context) : createSentenceView(body, context),
      };
    }
    return inside.view;
  }

  /**
   * Of two panes, say whose sentence or image is shown.
   *
   * @param {State} state
   * @param {'A' | 'B' | null} pane
   */
  function updatePane({ at, dataset }, pane) {
    badge.hidden = whose.hidden = pane === null;
    setText(badge, pane ?? '');
    if (pane === null) return;
    const next = pane === 'A' ? 'B' : 'A';
    setText(
      paneLabel,
      `Pane ${pane} · ${[dataset, at && formatTitle(at)].filter(Boolean).join(' · ')}`,
    );
    setText(other, `Show pane ${next}`);
    setAttribute(
      other,
      'title',
      `Controls and panel are about pane ${pane}; this turns them to pane ${next} (key o)`,
    );
  }

  /**
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Manifest} manifest
   */
  function updateHead(state, tokens, { model: { modality } }) {
    const { selected } = state;
    const n = nCorpusSequences(tokens);
    const pane = context.pane();
    updatePane(state, pane);
    setText(words, modality === 'text' ? 'Sentence' : selected ? 'Image' : 'Images');
    const head = state.at ? formatHead(state.at) : 'no head is open';
    const own = selected && ownName(tokens, tokens.sequence[selected.token]);
    setText(
      which,
      selected
        ? `${own ?? `${count(tokens.sequence[selected.token] + 1)} of ${count(n)}`} · ${head}`
        : `${counted(n, 'image')}; click one to select it`,
    );
    close.hidden = about.hidden = !selected;
    setText(mark, `Mark the ${sequenceWord(modality)}`);
    setAttribute(
      mark,
      'title',
      `Mark all queries and keys of this ${sequenceWord(modality)}, to count and save them`,
    );
    if (selected) chosen.replaceChildren(...formatChosen(tokens, selected));
    setText(wait, 'Open a head to see its attention.');
    wait.hidden = !selected || state.at !== null;
  }

  return {
    update(state) {
      const { selected } = state;
      const tokens = facts.tokens.value;
      const manifest = facts.description.value?.manifest;
      const isImages = manifest?.model.modality === 'image';
      element.hidden = !tokens || !manifest || (selected ? selected.token >= tokens.n : !isImages);
      if (!tokens || !manifest || element.hidden) return;
      element.classList.toggle('panel--images', !selected);
      updateHead(state, tokens, manifest);
      strip.update(isImages ? { state, tokens } : null);
      body.hidden = !selected;
      if (selected)
        viewFor(manifest.model.modality).update(
          shownOf(context, state, selected, tokens, manifest),
        );
    },
    destroy() {
      inside?.view.destroy();
      strip.destroy();
      element.remove();
    },
  };
}

/**
 * @param {Context} context
 * @param {State} state
 * @param {Selected} selected
 * @param {Tokens} tokens
 * @param {Manifest} manifest
 * @returns {Shown}
 */
function shownOf({ derived }, state, selected, tokens, manifest) {
  const sequence = tokens.sequence[selected.token];
  return {
    state,
    selected,
    tokens,
    sequence,
    start: tokens.sequences.start[sequence],
    n: tokens.sequences.length[sequence],
    attention: derived.attention(state),
    mean: derived.aggregate(state),
    isCausal: state.at !== null && Boolean(manifest.layers[state.at.layer]?.is_causal),
  };
}

/**
 * @param {Tokens} tokens
 * @param {Selected} selected
 */
function formatChosen(tokens, { kind, token }) {
  const words = formatToken(tokens, token);
  const n = tokens.sequences.length[tokens.sequence[token]];
  return [
    isOwnText(tokens, token)
      ? corpusText(words, 'corpus panel__token')
      : el('span', { class: 'panel__token' }, words),
    el('span', { class: kind }, ` ${kind}`),
    el('span', { class: 'soft' }, `, position ${tokens.position[token] + 1} of ${n}`),
  ];
}
