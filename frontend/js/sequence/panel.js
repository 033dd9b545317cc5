/**
 * The panel at the right: the sentence or the image of the selected point, and all images to choose
 * from.
 */

import {
  corpusText,
  el,
  iconButton,
  ICONS,
  setAttribute,
  setText,
  UNTRANSLATED,
} from '../ui/dom.js';
import {
  formatHead,
  formatPosition,
  isOwnText,
  sequenceWord,
  formatTitle,
  formatToken,
  sentence,
} from '../ui/labels.js';
import { partOf, spansOf } from '../compute/head_parts.js';
import { count, counted } from '../compute/number_text.js';
import { hidesLaterKeys } from '../compute/score_rule.js';
import { nCorpusSequences, userSequenceName } from '../data/user_sequence_text.js';
import { hasMeans } from '../data/mean_text.js';
import { NO_VECTORS, storesVectors } from '../data/stored_vectors.js';
import { isNotStored } from '../data/transport.js';
import { answerLine } from '../data/attention_text.js';
import { lastOnly } from '../compute/memo.js';
import { createImageStrip } from './image_strip.js';
import { createPanelWidth } from './panel_size.js';
import { createImageView } from './image.js';
import { createSentenceView } from './sentence.js';
import { createSentenceHeads } from './sentence_heads.js';

/** @import { Aggregate, Attention, Context, Manifest, PaneName } from '../page.js' */
/** @import { Selected, State, Tokens, View } from '../page.js' */
/** @import { PartOrNone, Spans } from '../compute/head_parts.js' */

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
 * @property {boolean} hasVectors whether the dataset has queries and keys, at least of a sample
 * @property {boolean} isCausal whether the layer only looks back
 * @property {PartOrNone} part of the open head
 * @property {Spans} spans positions of its queries and keys
 */

/**
 * @param {HTMLElement} root
 * @param {Context & {switchPane: () => void}} context
 * @returns {View}
 */
export function createPanel(root, context) {
  const { facts } = context;
  const element = el('aside', { class: 'panel', 'aria-label': 'Sentence or image' });
  root.append(element);
  const width = createPanelWidth(element);
  const pane = createPaneLine(context);
  const heading = createHeading(context);
  const about = createSelectedToken(context);
  const wait = el('p', { class: 'panel__wait soft' }, 'Open a head to see its attention.');
  const missing = el('p', { class: 'panel__missing', role: 'status', hidden: true });
  element.append(pane.element, heading.element, about.element, missing, wait);
  const heads = createSentenceHeads(element, context);
  const strip = createImageStrip(element, context);
  const body = el('div', { class: 'panel__body' });
  element.append(body);
  /** @type {{modality: string, view: SequenceView} | null} */
  let inside = null;

  /** @param {Manifest['model']['modality']} modality */
  function viewFor(modality) {
    if (inside?.modality === modality) return inside.view;
    inside?.view.destroy();
    const create = modality === 'text' ? createSentenceView : createImageView;
    inside = { modality, view: create(body, context) };
    return inside.view;
  }

  /**
   * Tell of the selected token.
   *
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Shown | null} shown
   */
  function tell(state, tokens, shown) {
    const { error } = facts.attention;
    const notStored = error && isNotStored(error) ? sentence(error.message) : '';
    const reason = shown && (shown.hasVectors ? formatMissing(shown) || notStored : NO_VECTORS);
    setText(missing, reason ?? '');
    missing.hidden = missing.textContent === '';
    about.update(state, tokens, !missing.hidden);
  }

  return {
    update(state) {
      const { selected } = state;
      const tokens = facts.tokens.value;
      const manifest = facts.description.value?.manifest;
      const isImages = Boolean(manifest) && manifest?.model.modality !== 'text';
      element.hidden = !tokens || !manifest || (selected ? selected.token >= tokens.n : !isImages);
      if (!tokens || !manifest || element.hidden) return;
      element.classList.toggle('panel--images', !selected);
      pane.update(state, context.pane(), manifest.layers);
      heading.update(state, tokens, context.pane(), manifest.layers);
      const shown = selected && shownOf(context, state, selected, tokens, manifest);
      tell(state, tokens, shown);
      const waiting = shown && withoutHead(shown);
      heads.update(waiting);
      wait.hidden = !waiting || heads.isThere;
      strip.update(isImages ? { state, tokens } : null);
      body.hidden = !selected;
      if (shown) viewFor(manifest.model.modality).update(shown);
    },
    destroy() {
      inside?.view.destroy();
      heads.destroy();
      strip.destroy();
      width.destroy();
      element.remove();
    },
  };
}

/** Of two panes, whose sentence or image is shown. @param {{switchPane: () => void}} context */
function createPaneLine({ switchPane }) {
  const label = el('span', {});
  const other = el('button', {
    class: 'button button--small',
    type: 'button',
    onClick: switchPane,
  });
  const element = el('div', { class: 'panel__pane', hidden: true }, label, other);

  return {
    element,
    /**
     * @param {State} state
     * @param {PaneName | null} pane null where there is one
     * @param {Manifest['layers']} layers
     */
    update({ at, dataset }, pane, layers) {
      element.hidden = pane === null;
      if (pane === null) return;
      const next = pane === 'A' ? 'B' : 'A';
      const place = [dataset, at && formatTitle(at, layers)].filter(Boolean).join(' · ');
      setText(label, `Pane ${pane} · ${place}`);
      setText(other, `Switch to pane ${next}`);
      setAttribute(
        other,
        'title',
        `Controls and panel show pane ${pane}; switch to pane ${next} (key o)`,
      );
    },
  };
}

/** Which sentence or image of how many, and under which head. @param {Context} context */
function createHeading({ actions }) {
  const badge = el('span', { class: 'pane__name', hidden: true });
  const words = el('span', {});
  const which = el('p', { class: 'soft' });
  const close = iconButton(ICONS.close, 'Clear the selection', {
    title: 'Clear the selection (Esc)',
    onClick: actions.clearSelection,
  });
  const title = el('div', { class: 'panel__title' }, el('h2', {}, badge, words), which);

  return {
    element: el('div', { class: 'panel__head' }, title, close),
    /**
     * @param {State} state
     * @param {Tokens} tokens
     * @param {PaneName | null} pane
     * @param {Manifest['layers']} layers
     */
    update({ at, selected }, tokens, pane, layers) {
      badge.hidden = pane === null;
      setText(badge, pane ?? '');
      const n = nCorpusSequences(tokens);
      setText(words, tokens.row === null ? 'Sentence' : selected ? 'Image' : 'Images');
      close.hidden = !selected;
      if (!selected) return setText(which, `${counted(n, 'image')}; click one to select it`);
      const sequence = tokens.sequence[selected.token];
      const name = userSequenceName(tokens, sequence) ?? `${count(sequence + 1)} of ${count(n)}`;
      setText(which, `${name} · ${at ? formatHead(at, layers) : 'no head is open'}`);
    },
  };
}

/** The selected token, what marks its sequence, and its attention. @param {Context} context */
function createSelectedToken({ actions, derived, facts, store }) {
  const chosen = el('p', { class: 'panel__chosen' });
  const answer = el('p', { ...UNTRANSLATED, class: 'panel__answer' });
  const mark = el('button', {
    class: 'button button--small panel__mark',
    type: 'button',
    onClick: markSequence,
  });
  const element = el('div', { class: 'panel__about' }, chosen, mark, answer);
  const say = lastOnly(
    (
      /** @type {Tokens} */ tokens,
      /** @type {Attention | Aggregate | null} */ attention,
      /** @type {Selected} */ selected,
    ) => answer.replaceChildren(...answerLine(tokens, attention, selected)),
  );

  function markSequence() {
    const { selected } = store.get();
    const sequence = facts.tokens.value?.sequence;
    if (selected && sequence)
      actions.markTokens((token) => sequence[token] === sequence[selected.token]);
  }

  return {
    element,
    /** @param {State} state @param {Tokens} tokens @param {boolean} isMissing in the open head */
    update(state, tokens, isMissing) {
      const { selected } = state;
      element.hidden = !selected;
      if (!selected) return;
      const word = sequenceWord(tokens.row === null ? 'text' : 'image');
      setText(mark, `Mark ${word}`);
      setAttribute(
        mark,
        'title',
        `Mark all queries and keys of this ${word}, to count and save them`,
      );
      chosen.replaceChildren(...formatChosen(tokens, selected));
      answer.hidden = state.at === null || isMissing;
      const isMean = tokens.row !== null && state.isImageMean && hasMeans(tokens);
      say(tokens, isMean ? derived.aggregate(state) : derived.attention(state), selected);
      setAttribute(answer, 'title', answer.textContent);
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
  const n = tokens.sequences.length[sequence];
  const rule = state.at && manifest.layers[state.at.layer];
  const part = state.at && partOf(manifest.layers, state.at.layer);
  return {
    state,
    selected,
    tokens,
    sequence,
    start: tokens.sequences.start[sequence],
    n,
    attention: derived.attention(state),
    mean: derived.aggregate(state),
    hasVectors: storesVectors(manifest),
    isCausal: Boolean(rule && hidesLaterKeys(rule)),
    part,
    spans: spansOf(part, n, tokens.sequences.nSource?.[sequence] ?? n),
  };
}

/** The sequence if its attention waits for a head. @param {Shown} shown */
function withoutHead(shown) {
  return shown.state.at === null && shown.hasVectors ? shown : null;
}

/**
 * Why the selected token has no attention in the open head; '' if it has.
 *
 * @param {Shown} shown
 */
function formatMissing({ part, selected, start, spans, tokens }) {
  const position = selected.token - start;
  const [first, end] = spans[selected.kind];
  if (part === null || (position >= first && position < end)) return '';
  const [own, has] = tokens.isTarget?.[selected.token]
    ? ['target', 'source']
    : ['source', 'target'];
  return `This token is of the ${own} text; ${part} heads have only those of the ${has} text.`;
}

/**
 * @param {Tokens} tokens
 * @param {Selected} selected
 */
function formatChosen(tokens, { kind, token }) {
  const words = formatToken(tokens, token);
  return [
    isOwnText(tokens, token)
      ? corpusText(words, 'corpus panel__token')
      : el('span', { class: 'panel__token' }, words),
    el('span', { class: kind }, ` ${kind}`),
    el('span', { class: 'soft' }, `, ${formatPosition(tokens, token)}`),
  ];
}
