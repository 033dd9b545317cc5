/**
 * All sentences or images in a table, to filter, sort and open; only the rows in sight are on the
 * page.
 */

import { partOf, spansOf } from '../compute/head_parts.js';
import { layersOf } from '../data/points.js';
import { formatHead, sequenceWord } from '../ui/labels.js';
import { countHeads } from '../compute/model_heads.js';
import { count, counted } from '../compute/number_text.js';
import { isCausalModel, openingToken } from '../data/opening_token.js';
import { createColumnMenu } from '../ui/column_menu.js';
import { createSlot } from '../data/slots.js';
import { hasVectors, NO_VECTORS } from '../data/stored_vectors.js';
import { piecesOf } from '../data/text_pieces.js';
import { createSequenceFrame } from './sequence_frame.js';
import { createSequenceList } from './sequence_list.js';
import { wordOf } from './sequence_table.js';

/** @import { Model } from '../compute/model_heads.js' */
/** @import { Context, HeadId, Slot, Tokens } from '../page.js' */

/** @typedef {Awaited<ReturnType<Context['api']['sequenceScores']>>} Answer */
/** @typedef {{answer: Answer, at: HeadId | null}} Attention */

/**
 * @param {HTMLElement} root
 * @param {Context & {showPanel: () => void}} context
 */
export function createSequenceDialog(root, { actions, api, facts, retry, showPanel, store }) {
  const columns = createColumnMenu('sequences', () => list.draw(false));
  const frame = createSequenceFrame({
    columns,
    filter: () => list.draw(true),
    save: () => list.save(),
    retry: () => (corpus() ? ask() : retry()),
    close: () => attention.drop(),
  });
  const { dialog } = frame;
  root.append(dialog);
  /** The corpus, once it is there. @returns {Tokens | null} */
  const corpus = () => facts.tokens.value;
  const scores = () => attention.value?.answer.scores ?? null;
  const list = createSequenceList(frame, {
    api,
    store,
    columns,
    corpus,
    layers: () => layersOf(facts),
    scores,
    hasVectors: () => hasVectors(facts),
    onOpen: open,
  });
  /** Of every sequence, in the open head or in all. @type {Slot<Attention>} */
  const attention = createSlot('the attention of all sequences', tell);
  /** Whose rows are shown. @type {Tokens | null} */
  let shown = null;
  let nShown = 0;

  /** A dialog opened before its corpus is there says so, and fills when it comes. */
  function update() {
    if (!dialog.open) return;
    const tokens = corpus();
    list.setHidden(!tokens);
    if (!tokens) return showWaiting();
    if (tokens === shown) return showTexts(tokens);
    const isFirst = shown === null;
    shown = tokens;
    nShown = nTextsThere(tokens);
    frame.setTitle(wordOf(tokens));
    frame.setPlaceholder(`Filter ${wordOf(tokens)}s and their columns …`);
    ask();
    if (isFirst) list.reveal();
  }

  /** Texts come by the piece. @param {Tokens} tokens */
  function showTexts(tokens) {
    if (nTextsThere(tokens) === nShown) return;
    nShown = nTextsThere(tokens);
    list.draw(false);
  }

  function showWaiting() {
    const isFailed = facts.tokens.status === 'failed';
    attention.drop();
    shown = null;
    const entry = facts.datasets.value?.find(({ id }) => id === store.get().dataset);
    const word = entry?.modality ? sequenceWord(entry.modality) : 'sequence';
    frame.setTitle(word);
    frame.say(isFailed ? `Could not load the ${word}s.` : `Loading the ${word}s …`, isFailed);
    frame.setFound('', false);
  }

  function ask() {
    const { at, dataset } = store.get();
    if (dataset === null) return;
    attention.drop();
    if (!hasVectors(facts)) {
      frame.say(NO_VECTORS);
      return list.draw(false);
    }
    attention.want(dataset, at ? formatHead(at, null) : 'all', async (signal) => ({
      at,
      answer: await api.sequenceScores(dataset, at, signal),
    }));
  }

  /** Say what the numbers are of, or why there are none. */
  function tell() {
    const tokens = corpus();
    if (!tokens || attention.status === 'idle') return;
    const model = facts.description.value?.manifest ?? null;
    frame.say(formatAttention(attention, model, tokens), attention.status === 'failed');
    list.draw(false);
  }

  /** @param {number} sequence */
  function open(sequence) {
    const tokens = corpus();
    if (!tokens) return;
    dialog.close();
    showPanel();
    const { at } = store.get();
    const isCausal = isCausalModel(facts.description.value?.manifest);
    const { length, nSource } = tokens.sequences;
    const part = at && partOf(layersOf(facts), at.layer);
    const { query } = spansOf(part, length[sequence], nSource?.[sequence] ?? 0);
    actions.select({ kind: 'query', token: openingToken(tokens, sequence, isCausal, query) });
  }

  return {
    open() {
      if (dialog.open || store.get().dataset === null) return;
      shown = null;
      dialog.showModal();
      update();
    },
    update,
    destroy() {
      attention.drop();
      list.destroy();
      dialog.remove();
    },
  };
}

/** @param {Tokens} tokens */
function nTextsThere(tokens) {
  return piecesOf(tokens).reduce((sum, { nThere }) => sum + nThere, 0);
}

/**
 * @param {Slot<Attention>} attention
 * @param {Model | null} model
 * @param {Tokens} tokens
 */
function formatAttention({ status, value, error }, model, tokens) {
  if (status === 'failed')
    return `Could not load the attention of the ${wordOf(tokens)}s. ${error?.message}`;
  if (value === null) return `Computing the attention of every ${wordOf(tokens)} …`;
  return formatAbout(value.answer, value.at, model, tokens);
}

/**
 * Whose attention the numbers are of, and over how many rows.
 *
 * @param {Answer} answer
 * @param {HeadId | null} at
 * @param {Model | null} model
 * @param {Tokens} tokens
 */
export function formatAbout({ scores, nSequences, nSequencesTotal }, at, model, tokens) {
  let nRows = 0;
  for (let i = 2; i < scores.length; i += 3) if (!Number.isNaN(scores[i])) nRows += scores[i];
  const whose = at
    ? formatHead(at, model?.layers)
    : `mean over all ${counted(model ? countHeads(model) : 0, 'head')}`;
  const word = wordOf(tokens);
  const part =
    nSequences < nSequencesTotal
      ? ` Computed for ${count(nSequences)} of ${counted(nSequencesTotal, word)}, evenly ` +
        'spread; others show –.'
      : '';
  return (
    `Keys for 90 % and normalised entropy: ${whose}; over ${counted(nRows, 'row')}, the ` +
    `queries that see at least two keys.${part}`
  );
}
