/** Text on which sequences a mean of attention was taken over. */

import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { count, counted } from '../compute/number_text.js';
import { nCorpusSequences } from './user_sequence_text.js';

/** @import { Means } from '../sequence/all_heads.js' */
/** @import { Shown } from '../sequence/panel.js' */

/**
 * Which sentences a mean by position was taken over.
 *
 * @param {{nSequences: number, nLongEnough: number}} mean
 * @param {number} nAll sentences of the corpus
 * @param {number} n positions
 */
export function formatOver({ nSequences, nLongEnough }, nAll, n) {
  const sampled =
    nSequences < nLongEnough
      ? `, taken evenly from the ${count(nLongEnough)} with`
      : ': those with';
  return (
    `over ${count(nSequences)} of ${counted(nAll, 'sentence')}${sampled} at least ` +
    `${counted(n, 'token')}`
  );
}

/**
 * Which sequences the mean was taken over, or why there is none.
 *
 * @param {Pick<Shown, 'mean' | 'n'>} shown
 * @param {boolean} isFailed
 * @param {number} nAll sentences of the corpus
 * @param {string} [noun] what the corpus is made of
 * @param {number} [longest] tokens of the longest sentence of the corpus
 */
export function formatMean({ mean, n }, isFailed, nAll, noun = 'sentence', longest = Infinity) {
  if (n > MAX_AGGREGATED)
    return (
      `The mean is taken of up to ${count(MAX_AGGREGATED)} positions; this ${noun} has ` +
      `${count(n)}.`
    );
  if (n > longest)
    return (
      'No sentence of the corpus is as long as this one; the longest has ' +
      `${counted(longest, 'token')}.`
    );
  if (!mean) return isFailed ? 'The mean could not be loaded.' : 'Loading the mean …';
  // All images have the same positions.
  if (noun === 'image')
    return `Mean over ${count(mean.nSequences)} of ${counted(mean.nLongEnough, noun)}.`;
  return `By position, ${formatOver(mean, nAll, n)}.`;
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
