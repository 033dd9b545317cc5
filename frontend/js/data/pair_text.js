/** Text on query-key pairs and their scores. */

import { corpusText, el } from '../ui/dom.js';
import { isWord, sequenceWord, formatToken } from '../ui/labels.js';
import { count } from '../compute/number_text.js';
import { clipped } from '../ui/labels.js';

/** @import { Pair, PairAnswer, Tokens } from '../page.js' */
/** @import { PairNumbers } from '../compute/pairs.js' */

const LONGEST = 24;

/** What is asked of a pair. */
export const PAIR_LABELS = Object.freeze({ strong: 'should attend', weak: 'should not attend' });

/** A fit with as many digits as tell heads apart. @param {number} fit */
export function formatFit(fit) {
  return fit.toFixed(3);
}

/**
 * A short name of a token: its text, or the position of its patch.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function formatBrief(tokens, token) {
  const label = clipped(formatToken(tokens, token), LONGEST);
  if (isWord(tokens, token)) return label.trim() || label;
  const isPatch = tokens.tokenType.at(token) === 'patch';
  const place = isPatch ? `(${tokens.row?.[token]}, ${tokens.column?.[token]})` : label;
  return `image ${tokens.sequence[token] + 1} ${place}`;
}

/**
 * A pair as elements, each token in the colour of its kind.
 *
 * @param {Tokens} tokens
 * @param {Pair} pair
 */
export function pairParts(tokens, { query, key }) {
  /** @param {number} token @param {'query' | 'key'} kind */
  const part = (token, kind) =>
    isWord(tokens, token)
      ? corpusText(formatBrief(tokens, token), `corpus pairs__token ${kind}`)
      : el('span', { class: `pairs__token ${kind}` }, formatBrief(tokens, token));
  return [
    part(query, 'query'),
    el('span', { class: 'pairs__arrow soft', 'aria-hidden': 'true' }, '→'),
    el('span', { class: 'visually-hidden' }, ' to '),
    part(key, 'key'),
  ];
}

/** A pair at length, as plain text. @param {Tokens} tokens @param {Pair} pair */
export function pairTitle(tokens, { query, key }) {
  const word = sequenceWord(tokens.row === null ? 'text' : 'image');
  /** @param {number} token */
  const place = (token) =>
    `${clipped(formatToken(tokens, token), 80)} (${word} ${tokens.sequence[token] + 1}, ` +
    `position ${tokens.position[token] + 1})`;
  return `query ${place(query)}\nkey ${place(key)}`;
}

/** A pair in one line, as plain text. @param {Tokens} tokens @param {Pair} pair */
export function pairLine(tokens, { query, key, isStrong }) {
  return (
    `${formatBrief(tokens, query)} to ${formatBrief(tokens, key)}, ` +
    PAIR_LABELS[isStrong ? 'strong' : 'weak']
  );
}

/**
 * The score of one pair in one head, as text.
 *
 * @param {PairNumbers} numbers
 * @param {Pick<PairAnswer, 'n_keys'>} answer
 * @param {'text' | 'image' | 'image-text'} modality
 */
export function formatNumber({ rank, weight, isSameSequence }, { n_keys: nKeys }, modality) {
  const unseen = isSameSequence
    ? 'not visible to this query'
    : `in another ${sequenceWord(modality)}`;
  return (
    `rank ${count(rank)} of ${count(nKeys)} · ` +
    `${weight === null ? unseen : `weight ${weight.toFixed(3)}`}`
  );
}

/** The same, abbreviated. @param {{rank: number, weight: number | null} | null} numbers */
export function shortNumbers(numbers) {
  if (!numbers) return '–';
  const { rank, weight } = numbers;
  return `#${count(rank)} ${weight === null ? '–' : weight.toFixed(2)}`;
}
