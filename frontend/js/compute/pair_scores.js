/**
 * Scores of marked pairs in every head, for an exported site: the same numbers as the server's
 * `heads/pairs`.
 */

import { readPairQuery } from './pairs.js';
import { dot } from './attention.js';
import { existingPoints, headOf, notStored, NotThereError, tokensOf } from './head_attention.js';
import { headsOf } from './model_heads.js';
import { scoreOf, visibleSpan } from './score_rule.js';

/** @import { PairAnswer, PairScore } from '../page.js' */
/** @import { Head, Site } from './head_attention.js' */

/** Scores closer than this share of ‖q‖·‖k‖ count as equal, as on the server. */
const ROUNDING = 8 * 2 ** -23;

/** @typedef {{query: number, key: number, isStrong: boolean}} Pair */

/** @param {Site} site @returns {Promise<PairAnswer>} */
export async function pairs(site) {
  const { n_tokens: nTokens } = site.manifest;
  const wished = readPairQuery(site.params);
  if (wished.length === 0) throw new NotThereError('0 pairs are given in strong and weak');
  if (wished.some(({ query, key }) => Math.max(query, key) >= nTokens))
    throw new NotThereError(`a token is outside 0..${nTokens - 1}`);
  const sequences = wished.map(({ query, key }) => [
    sequenceOf(site, query),
    sequenceOf(site, key),
  ]);
  const without = sequences.findIndex((pair) => !pair.every((one) => site.hasVectors[one]));
  if (without >= 0)
    throw notStored(site.manifest, `the pair ${wished[without].query}-${wished[without].key}`);
  const heads = [];
  for (const at of headsOf(site.manifest)) {
    const head = await headOf(site, at);
    const { isThere, isStored } = existingPoints(site, head.rule);
    const keys = Uint32Array.from({ length: nTokens }, (_, token) => token).filter(
      (token) => isStored(token) && isThere('key', token),
    );
    const found = [];
    for (const [i, pair] of wished.entries()) {
      const isOne = isThere('query', pair.query) && isThere('key', pair.key);
      const weight = isOne ? weightOf(site, head, pair, sequences[i]) : null;
      found.push(isOne ? { ...placeOf(head, pair, keys), weight } : null);
      await site.pause();
    }
    const fits = found.flatMap((one, i) =>
      one ? [wished[i].isStrong ? one.percentile : 1 - one.percentile] : [],
    );
    if (fits.length === 0) continue;
    const fit = fits.reduce((sum, each) => sum + each, 0) / fits.length;
    heads.push({ ...at, fit: rounded(fit), pairs: /** @type {PairScore[]} */ (found) });
  }
  const listed = wished.map(({ query, key, isStrong }, i) => ({
    query,
    key,
    wish: isStrong ? /** @type {const} */ ('strong') : /** @type {const} */ ('weak'),
    is_same_sequence: sequences[i][0] === sequences[i][1],
  }));
  const { n_tokens: nKeys } = site.manifest.keep_vectors;
  return { pairs: listed, n_keys: nKeys, n_keys_total: nTokens, heads };
}

/**
 * The score of a pair and its rank among all keys of the head for its query.
 *
 * @param {Head} head
 * @param {Pair} pair
 * @param {Uint32Array} others tokens that have keys
 */
function placeOf({ queries, keys, rule }, { query, key }, others) {
  const score = rule.scaling * dot(queries, query, keys, key);
  const band =
    ROUNDING *
    rule.scaling *
    Math.sqrt(dot(queries, query, queries, query) * dot(keys, key, keys, key));
  let [nAbove, nBelow] = [0, 0];
  for (const other of others) {
    const found = rule.scaling * dot(queries, query, keys, other);
    if (found > score + band) nAbove++;
    else if (found < score - band) nBelow++;
  }
  return {
    score: rounded(score),
    percentile: rounded((others.length - nAbove + nBelow) / (2 * others.length)),
    rank: nAbove + 1,
  };
}

/**
 * The weight of a pair in the pattern of its sequence, or null where the key is masked.
 *
 * @param {Site} site
 * @param {Head} head
 * @param {Pair} pair
 * @param {number[]} sequences of its query and of its key
 */
function weightOf(site, head, { query, key }, [sequence, other]) {
  const { queries, keys, rule } = head;
  const spans = tokensOf(site, head, sequence);
  const [firstQuery, start] = [spans.query[0], spans.key[0]];
  const [first, last] = visibleSpan(rule, query - firstQuery, spans.key[1] - start);
  if (sequence !== other || key < start + first || key > start + last) return null;
  const score = (/** @type {number} */ token) =>
    scoreOf(rule, dot(queries, query, keys, token), token - start - (query - firstQuery));
  const own = score(key);
  let total = rule.sink === undefined ? 0 : Math.exp(rule.sink - own);
  for (let seen = first; seen <= last; seen++) total += Math.exp(score(start + seen) - own);
  return rounded(1 / total);
}

/** @param {Site} site @param {number} token */
function sequenceOf({ starts }, token) {
  let sequence = starts.length - 1;
  while (starts[sequence] > token) sequence--;
  return sequence;
}

/** @param {number} value */
function rounded(value) {
  return Math.round(1e7 * value) / 1e7;
}
