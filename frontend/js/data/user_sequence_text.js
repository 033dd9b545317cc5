/** Text on the user's texts and images. */

import { listOf } from '../compute/columns.js';
import { addedTexts } from '../compute/word_boundaries.js';
import { counted } from '../compute/number_text.js';
import { nOutside, sequenceAt } from './user_layers.js';

/** @import { HeadId, Tokens } from '../page.js' */
/** @import { Layer, UserItem, UserSequence, Placed } from '../user_sequences/live.js' */

/** @param {UserItem['kind']} kind @param {number} number */
export function nameOf(kind, number) {
  return `your ${kind === 'image' ? 'image' : 'text'} ${number}`;
}

/** @param {Placed | undefined} placed */
export function formatPlaced(placed) {
  if (!placed) return 'not placed in this map yet';
  return placed === 'exact' ? 'placed exactly' : 'placed by nearest neighbours; map unchanged';
}

/**
 * Whose a token of the user is and how it was placed, as text; null for one of the
 * corpus.
 *
 * @param {Tokens} tokens
 * @param {number} token
 * @param {string | null} map that is shown
 */
export function formatUserToken({ userLayer }, token, map) {
  if (!userLayer || token < userLayer.firstToken) return null;
  const found = userLayer.sequences[sequenceAt(userLayer, token)];
  return found
    ? [
        found.item.name,
        ...(map === null ? [] : [formatPlaced(found.answer.places.get(map)?.placed)]),
      ].join(', ')
    : null;
}

/**
 * The name of a user sequence; null for one of the corpus.
 *
 * @param {Tokens} tokens
 * @param {number} sequence
 */
export function userSequenceName({ userLayer }, sequence) {
  return userLayer?.sequences[sequence - userLayer.firstSequence]?.item.name ?? null;
}

/**
 * The text of a sequence in a table, behind its name where it is the user's.
 *
 * @param {Tokens} tokens
 * @param {number} sequence
 */
export function sequenceName(tokens, sequence) {
  const [name, text] = [userSequenceName(tokens, sequence), tokens.sequences.text.at(sequence)];
  return name ? `${name}: ${text}` : text;
}

/** How many sequences a dataset has without those of the reader. @param {Tokens} tokens */
export function nCorpusSequences({ userLayer, sequences }) {
  return userLayer ? userLayer.firstSequence : sequences.length.length;
}

/** Tokens of the longest sequence of the corpus. @param {Tokens | null} tokens */
export function longestOf(tokens) {
  if (!tokens) return 0;
  return tokens.sequences.length
    .subarray(0, nCorpusSequences(tokens))
    .reduce((a, b) => Math.max(a, b), 0);
}

/**
 * Sequences of the corpus with at least n tokens: a mean by position is taken over these.
 *
 * @param {Tokens | null} tokens
 * @param {number} n
 */
export function nAtLeast(tokens, n) {
  if (!tokens) return 0;
  return tokens.sequences.length
    .subarray(0, nCorpusSequences(tokens))
    .reduce((sum, length) => sum + (length >= n ? 1 : 0), 0);
}

/**
 * The number of the user's sequences, such as "2 own sentences".
 *
 * @param {Layer | null | undefined} layer
 * @param {'text' | 'image' | 'image-text'} modality
 */
export function countUserSequences(layer, modality) {
  return layer
    ? counted(layer.sequences.length, modality === 'image' ? 'own image' : 'own sentence')
    : '';
}

/**
 * How a sequence was placed in the shown map, and how many of its points lie outside.
 *
 * @param {UserSequence} sequence
 * @param {string | null} map
 * @param {HeadId | null} at null: all heads
 */
export function formatPlace({ answer }, map, at) {
  const found = map === null ? undefined : answer.places.get(map);
  if (map === null || !found) return formatPlaced(undefined);
  const nCells = answer.nLayers * answer.nHeads;
  const n = at ? nOutside(answer, map, at.layer * answer.nHeads + at.head) : found.nOutside;
  const all = 2 * answer.n * (at ? 1 : nCells);
  const where = at ? 'the border of this map' : 'the borders of the maps';
  const placed = formatPlaced(found.placed);
  if (n === 0) return placed;
  return `${placed}; ${n} of ${counted(all, 'point')} beyond ${where}, drawn there`;
}

/**
 * The text of tokens that were edited one by one.
 *
 * @param {Pick<Tokens, 'text' | 'tokenType'>} tokens
 */
export function joinedTokens({ text, tokenType }) {
  return addedTexts(listOf(text).filter((_, i) => tokenType.at(i) === 'text'))
    .join('')
    .trim();
}
