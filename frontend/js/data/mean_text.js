/** Text on which sequences a mean of attention was taken over. */

import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { count, counted } from '../compute/number_text.js';
import { sequenceWord } from '../ui/labels.js';
import { longestOf, nAtLeast, nCorpusSequences } from './user_sequence_text.js';

/** @import { Means } from '../sequence/all_heads.js' */
/** @import { Tokens } from '../page.js' */
/** @import { Shown } from '../sequence/panel.js' */

/** From how many sequences on a mean is shown without being asked for. */
export const MANY = 5;

/**
 * Which sentences a mean by position was taken over.
 *
 * @param {{nSequences: number, nLongEnough: number}} mean
 * @param {number} nAll sentences of the corpus
 * @param {number} n positions
 */
export function formatOver({ nSequences, nLongEnough }, nAll, n) {
  const sampled = nSequences < nLongEnough ? `, some of the ${count(nLongEnough)}` : '';
  const all = counted(nAll, 'sentence');
  return `over ${count(nSequences)} of ${all}${sampled} with ≥ ${counted(n, 'token')}`;
}

/**
 * Whether means by position say something: not where positions of sequences are of different texts,
 * or of a patch in one and of a word in another.
 *
 * @param {Pick<Tokens, 'isTarget' | 'isMixed'>} tokens
 */
export function hasMeans(tokens) {
  return !tokens.isTarget && !tokens.isMixed;
}

/**
 * Which sequences the mean was taken over, or why there is none.
 *
 * @param {Pick<Shown, 'mean' | 'n' | 'tokens'>} shown
 * @param {boolean} isFailed
 */
export function formatMean({ mean, n, tokens }, isFailed) {
  const noun = sequenceWord(tokens.row === null ? 'text' : 'image');
  const [nAll, nLongEnough] = [nCorpusSequences(tokens), nAtLeast(tokens, n)];
  if (tokens.isTarget) return 'No mean by position: sentences have two texts of their own lengths.';
  if (tokens.isMixed) return 'No mean by position: texts beside images differ.';
  if (n > MAX_AGGREGATED)
    return `No mean: this ${noun} has ${count(n)} positions, more than ${count(MAX_AGGREGATED)}.`;
  if (nLongEnough === 0)
    return (
      `No mean: no ${noun} of the corpus is as long; the longest has ` +
      `${counted(longestOf(tokens), 'token')}.`
    );
  if (nLongEnough === 1)
    return nAll === 1
      ? `No mean: the corpus has one ${noun}.`
      : `No mean: only 1 of ${counted(nAll, noun)} has ≥ ${counted(n, 'token')}.`;
  if (!mean) return isFailed ? 'The mean could not be loaded.' : 'Loading the mean …';
  // All images have the same positions.
  return noun === 'image'
    ? `Mean over ${count(mean.nSequences)} of ${counted(mean.nLongEnough, noun)}.`
    : `By position, ${formatOver(mean, nAll, n)}.`;
}

/**
 * @param {Pick<Means, 'n' | 'nSequences' | 'nLongEnough'>} means
 * @param {number} n positions
 * @param {import('../page.js').Tokens} tokens
 */
export function formatAllHeads(means, n, tokens) {
  const coarse = means.n < n ? ` The ${count(n)} positions are drawn as ${means.n} blocks.` : '';
  const over = formatOver(means, nCorpusSequences(tokens), n);
  return (
    `O${over.slice(1)}.${coarse} Rows are queries, columns are keys; every head has its own ` +
    'scale.'
  );
}
