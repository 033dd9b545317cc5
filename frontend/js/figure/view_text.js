/** Caption sentences about the view: selection, search, filters and weighting of attention. */

import {
  countUserSequences,
  nCorpusSequences,
  userSequenceName,
} from '../data/user_sequence_text.js';
import { filteredBy } from '../data/head_measure_state.js';
import { PAIR_FIT } from '../data/head_measures.js';
import { MIN_STRONGEST } from '../render/image_links.js';
import { pairLine } from '../data/pair_text.js';
import { isOwnText, sequenceWord, formatToken } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';

/** @import { Context, Manifest, Selected, State, Tokens } from '../page.js' */

/**
 * The pairs, where heads are tinted, sorted or stepped back by their fit.
 *
 * @param {State} state
 * @param {Tokens} tokens
 */
export function pairSentences(state, tokens) {
  if (
    ![state.score, state.order, filteredBy(state)].includes(PAIR_FIT) ||
    state.pairs.some(({ query, key }) => Math.max(query, key) >= tokens.n)
  )
    return [];
  return [
    `Pairs: ${state.pairs.map((pair) => `\u2068${pairLine(tokens, pair)}\u2069`).join('; ')}.`,
  ];
}

/**
 * What stands out or is left out, in sentences.
 *
 * @param {State} state
 * @param {Tokens} tokens
 * @param {Manifest} manifest
 * @param {Context['derived']} derived
 */
export function formatShown(state, tokens, manifest, derived) {
  const { camera, marked, search, selected } = state;
  const parts = [];
  if (tokens.userLayer)
    parts.push(
      `With ${countUserSequences(tokens.userLayer, manifest.model.modality)} ` +
        `(${counted(tokens.userLayer.n, 'token')}), larger and with a ring.`,
    );
  if (selected && selected.token < tokens.n)
    parts.push(`Selected: ${formatSelected(state, tokens, manifest)}.`);
  if (selected && state.at && state.hasLines)
    parts.push(
      `Lines: ${formatLines(state, selected)}, from a weight of ${state.lineThreshold} on.`,
    );
  if (search.trim() !== '')
    parts.push(
      `Search: \u2068${search.trim()}\u2069, ${counted(derived.hits(state)?.nHits ?? 0, 'token')}.`,
    );
  if (marked !== '') parts.push('Marked points stand out.');
  return [
    ...parts,
    ...formatFilter(state),
    ...formatAttention(state),
    ...(camera ? [`Zoom ${camera.zoom}.`] : []),
  ];
}

/** Whose lines are drawn. @param {State} state @param {Selected} selected */
function formatLines({ isLineAlone, lineCount }, { kind }) {
  const other = kind === 'query' ? 'key' : 'query';
  const others = kind === 'query' ? 'keys' : 'queries';
  const own = counted(lineCount, `strongest ${other}`, `strongest ${others}`);
  return isLineAlone
    ? `the ${own} of the selected ${kind}`
    : `the ${counted(lineCount, 'strongest key', 'strongest keys')} of each query`;
}

/** What the filters leave. @param {State} state */
function formatFilter({ at, filters: { kind, type, position, norm, attention }, selected }) {
  /** @param {readonly [number, number]} range */
  const between = ([low, high]) => `${Math.round(100 * low)}–${Math.round(100 * high)} %`;
  const filters = [];
  if (kind !== null) filters.push(kind === 'query' ? 'queries' : 'keys');
  if (type !== null) filters.push(type === 'patch' ? 'patches' : 'words');
  if (position[0] > 0 || position[1] < 1) filters.push(`positions ${between(position)}`);
  if (at && (norm[0] > 0 || norm[1] < 1)) filters.push(`norms ${between(norm)} of the range`);
  if (at && selected && attention > 0)
    filters.push(`attention with the selected point from ${attention} on`);
  return filters.length > 0 ? [`Only: ${filters.join(', ')}.`] : [];
}

/** @param {State} state */
export function formatAttention({ hidden, weight }) {
  const by = {
    none: [],
    value: ['Attention weighed by ‖v‖.'],
    output: ['Attention weighed by ‖v·W_O‖.'],
  }[weight];
  return hidden.length > 0 ? [...by, `${counted(hidden.length, 'token')} hidden.`] : by;
}

/** @param {State} state @param {Tokens} tokens @param {Manifest} manifest */
export function formatSelected({ selected }, tokens, { model }) {
  if (!selected) return '';
  const { kind, token } = selected;
  const text = isOwnText(tokens, token)
    ? `“\u2068${formatToken(tokens, token).replaceAll(' ', '\u00a0')}\u2069”`
    : formatToken(tokens, token);
  const sequence = tokens.sequence[token];
  const ofCorpus = `${count(sequence + 1)} of ${count(nCorpusSequences(tokens))}`;
  const where = userSequenceName(tokens, sequence) ?? `${sequenceWord(model.modality)} ${ofCorpus}`;
  const ofText = tokens.isTarget ? ` of the ${tokens.isTarget[token] ? 'target' : 'source'}` : '';
  return `${kind} ${text} at position ${tokens.position[token] + 1}${ofText} of ${where}`;
}

/** @param {State} state */
export function formatImage({ imageLinks, imageThreshold, isImageMean, selected }) {
  const mean = isImageMean ? ', mean over images' : '';
  const each =
    selected?.kind === 'query'
      ? 'the strongest key of every query'
      : 'the strongest query of every key';
  if (imageLinks === 'heat')
    return selected?.kind === 'query'
      ? `Heat: attention that the selected query pays to each key${mean}.`
      : `Heat: attention that the selected key receives from each query${mean}.`;
  const own = 'those of the selected patch stand out';
  return imageLinks === 'all'
    ? `Connections from a weight of ${imageThreshold} on${mean}; ${own}.`
    : `Connections: ${each}, from a weight of ${MIN_STRONGEST} on${mean}; ${own}.`;
}
