/** Attention of the heads in a sequence of the user, from its queries and keys. */

import { patternNow, weighKeys } from '../compute/attention.js';
import { ruleOfHead } from '../compute/score_rule.js';

/** @import { HeadId, Manifest, Weight } from '../page.js' */
/** @import { Answer } from './live.js' */

const NORMS = 4;
const NORM_COLUMN = { none: -1, value: 2, output: 3 };

/**
 * The pattern of a head.
 *
 * @param {Answer} answer
 * @param {HeadId} at
 * @param {Manifest['layers'][number]} layerRule
 * @param {Weight} [weight]
 * @returns {Float32Array} [query_pos, key_pos] row by row
 */
export function patternOf(answer, { layer, head }, layerRule, weight = 'none') {
  const { dHead, keys, n, nHeads, nKeyHeads, queries } = answer;
  const own = { n_heads: nHeads, n_key_heads: nKeyHeads, ...layerRule };
  const keyHead = Math.floor((head * own.n_key_heads) / own.n_heads);
  const pattern = patternNow(
    rowsOf(queries, layer * nHeads + head, n, dHead),
    rowsOf(keys, layer * nKeyHeads + keyHead, n, dHead),
    n,
    ruleOfHead(layerRule, head),
  );
  const column = NORM_COLUMN[weight];
  if (column >= 0)
    weighKeys(pattern, n, (key) => normsOf(answer, { layer, head })[NORMS * key + column]);
  return pattern;
}

/** Norms of the tokens in a head, (token, 4). @param {Answer} answer @param {HeadId} at */
export function normsOf({ n, nHeads, norms }, { layer, head }) {
  const start = (layer * nHeads + head) * n * NORMS;
  return norms.subarray(start, start + n * NORMS);
}

/**
 * For each token the largest weight of its query and the sum of its key's column.
 *
 * @param {Float32Array} pattern (n, n)
 * @param {number} n
 */
export function scoresOf(pattern, n) {
  const scores = new Float32Array(2 * n);
  for (let token = 0; token < n; token++) {
    for (let other = 0; other < n; other++) {
      scores[2 * token] = Math.max(scores[2 * token], pattern[token * n + other]);
      scores[2 * token + 1] += pattern[other * n + token];
    }
  }
  return scores;
}

/**
 * The strongest partners of a point over the whole corpus.
 *
 * @param {Answer} answer
 * @param {HeadId} at
 * @param {number} point queries first
 * @param {number} k
 */
export function partnersOf(
  { n, nHeads, nPartners, partnerScores, partnerTokens },
  { layer, head },
  point,
  k,
) {
  const start = ((layer * nHeads + head) * 2 * n + point) * nPartners;
  return Array.from({ length: Math.min(k, nPartners) }, (_, i) => ({
    token: partnerTokens[start + i],
    score: partnerScores[start + i],
  })).filter(({ token }) => token >= 0);
}

/** @param {Float32Array} values @param {number} block @param {number} n @param {number} width */
function rowsOf(values, block, n, width) {
  return { values: values.subarray(block * n * width, (block + 1) * n * width), width };
}
