/**
 * Sparsity and entropy of the attention of every sequence, for an exported site without a server.
 */

import { attentionPattern } from './attention.js';
import { counts, headOf, LONGEST, NotThereError, tokensOf } from './head_attention.js';
import { headsOf } from './model_heads.js';
import { sinkWeight, visibleSpan } from './score_rule.js';

/** @import { HeadId } from '../page.js' */
/** @import { Computed, Site } from './head_attention.js' */
/** @import { Rule } from './score_rule.js' */

/** Maximum number of weights computed for one answer, over all heads; the server allows more. */
const MAX_WEIGHTS = 1 << 22;
const SHARE = 0.9 - 1e-6;

/**
 * Keys for 90 %, entropy and rows of every sequence, of one head or as the mean over all.
 *
 * @param {Site} site
 * @returns {Promise<Computed>}
 */
export async function sequenceScores(site) {
  const { lengths, manifest, params } = site;
  if (params.has('layer') !== params.has('head'))
    throw new NotThereError('give both layer and head, or neither for all heads');
  const heads = params.has('layer')
    ? [{ layer: Number(params.get('layer')), head: Number(params.get('head')) }]
    : headsOf(manifest);
  const chosen = chosenSequences(site, heads.length);
  const values = new Float32Array(3 * lengths.length).fill(NaN);
  const sums = new Float64Array(4 * lengths.length); // two means, rows, heads
  for (const at of heads) await addHead(site, at, chosen, sums);
  for (const sequence of chosen) {
    for (let part = 0; part < 2; part++)
      values[3 * sequence + part] = sums[4 * sequence + part] / sums[4 * sequence + 3];
    values[3 * sequence + 2] = sums[4 * sequence + 2];
  }
  return {
    dtype: 'float32',
    shape: [lengths.length, 3],
    values,
    headers: counts(chosen.length, lengths.length),
  };
}

/**
 * Add the means of one head to those of every sequence.
 *
 * @param {Site} site
 * @param {HeadId} at
 * @param {number[]} chosen
 * @param {Float64Array} sums
 */
async function addHead(site, at, chosen, sums) {
  const head = await headOf(site, at);
  const { queries, keys, rule } = head;
  for (const sequence of chosen) {
    const spans = tokensOf(site, head, sequence);
    const [nQueries, n] = [spans.query, spans.key].map(([first, end]) => end - first);
    const pattern = await attentionPattern(
      ...[queries, keys, spans.query[0], nQueries, n, rule, site.pause, spans.key[0]],
    );
    const [nKeys, entropy, nRows] = meanSpread(pattern, n, rule);
    if (nRows === 0) continue; // a head without a row that has a choice has no mean
    sums[4 * sequence] += nKeys;
    sums[4 * sequence + 1] += entropy;
    sums[4 * sequence + 2] += nRows;
    sums[4 * sequence + 3]++;
  }
}

/**
 * Mean keys for 90 % and mean entropy over the rows of a pattern with more than one visible key,
 * and the number of these rows. A sink is a visible key.
 *
 * @param {Float32Array} pattern (query, key)
 * @param {number} n keys
 * @param {Rule} rule
 * @returns {[nKeys: number, entropy: number, nRows: number]}
 */
export function meanSpread(pattern, n, rule) {
  let [nKeys, entropy, nRows] = [0, 0, 0];
  for (let query = 0; query < pattern.length / n; query++) {
    const row = pattern.subarray(query * n, (query + 1) * n);
    const [first, last] = visibleSpan(rule, query, n);
    const found =
      rule.sink === undefined
        ? spreadOf(row, last - first + 1)
        : spreadOf(Float32Array.of(...row, sinkWeight(row)), last - first + 2);
    if (!found) continue;
    nKeys += found.nKeys;
    entropy += found.entropy;
    nRows++;
  }
  return [nKeys / nRows, entropy / nRows, nRows];
}

/**
 * Number of keys that hold 90 % of a row's weight, and its normalised entropy; null if only one key
 * is visible.
 *
 * @param {Float32Array} row
 * @param {number} nVisible
 */
export function spreadOf(row, nVisible) {
  if (nVisible < 2) return null;
  const sorted = row.toSorted();
  let [sum, nKeys, entropy] = [0, 0, 0];
  while (sum < SHARE && nKeys < sorted.length) sum += sorted[sorted.length - 1 - nKeys++];
  for (const weight of row) if (weight > 0) entropy -= weight * Math.log(weight);
  return { nKeys, entropy: entropy / Math.log(nVisible) };
}

/**
 * Which sequences are computed: all with vectors, or every n-th.
 *
 * @param {Site} site
 * @param {number} nHeads
 */
function chosenSequences({ hasVectors, lengths }, nHeads) {
  const short = Array.from(lengths, (_, sequence) => sequence).filter(
    (sequence) => hasVectors[sequence] && lengths[sequence] <= LONGEST,
  );
  const nWeights = nHeads * short.reduce((sum, sequence) => sum + lengths[sequence] ** 2, 0);
  const step = Math.max(1, Math.ceil(nWeights / MAX_WEIGHTS));
  return short.filter((sequence) => sequence % step === 0);
}
