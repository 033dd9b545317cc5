/**
 * Attention computed from queries and keys in the browser: for an exported site, which has no
 * server, and for sequences of the user.
 */

import { blockMeans } from './block_means.js';
import { scoreOf, visibleSpan } from './score_rule.js';

/** @import { Rule } from './score_rule.js' */

/** Vectors row by row. @typedef {{values: Float32Array, width: number}} Rows */
/**
 * Awaited between rows, so that a long computation does not block the page.
 *
 * @typedef {() => Promise<void>} Pause
 */

/**
 * The pattern of the first queries of a sequence: the softmax of their scores over visible keys.
 *
 * @param {Rows} queries
 * @param {Rows} keys
 * @param {number} start token of the first query
 * @param {number} nQueries
 * @param {number} nKeys
 * @param {Rule} rule
 * @param {Pause} pause
 * @param {number} [firstKey] token of the first key
 * @returns {Promise<Float32Array>} [query_pos, key_pos] row by row; hidden keys are 0
 */
export async function attentionPattern(
  queries,
  keys,
  start,
  nQueries,
  nKeys,
  rule,
  pause,
  firstKey = start,
) {
  const pattern = new Float32Array(nQueries * nKeys);
  for (let query = 0; query < nQueries; query++) {
    fillRow(pattern, queries, keys, [start, firstKey], query, nKeys, rule);
    await pause();
  }
  return pattern;
}

/**
 * The pattern of a sequence that is short enough to be computed synchronously.
 *
 * @param {Rows} queries of this sequence alone, like the keys
 * @param {Rows} keys
 * @param {number} n
 * @param {Rule} rule
 * @returns {Float32Array} [query_pos, key_pos] row by row; hidden keys are 0
 */
export function patternNow(queries, keys, n, rule) {
  const pattern = new Float32Array(n * n);
  for (let query = 0; query < n; query++) fillRow(pattern, queries, keys, [0, 0], query, n, rule);
  return pattern;
}

/**
 * @param {Float32Array} pattern
 * @param {Rows} queries
 * @param {Rows} keys
 * @param {[query: number, key: number]} first tokens of the first query and key
 * @param {number} query
 * @param {number} nKeys
 * @param {Rule} rule
 */
function fillRow(pattern, queries, keys, [firstQuery, firstKey], query, nKeys, rule) {
  softmaxRow(
    pattern,
    query * nKeys,
    visibleSpan(rule, query, nKeys),
    (key) => scoreOf(rule, dot(queries, firstQuery + query, keys, firstKey + key), key - query),
    rule.sink ?? -Infinity,
  );
}

/**
 * @param {Float32Array} pattern
 * @param {number} row
 * @param {[first: number, last: number]} span
 * @param {(key: number) => number} score
 * @param {number} sink its score
 */
function softmaxRow(pattern, row, [first, last], score, sink) {
  let largest = sink;
  for (let key = first; key <= last; key++) {
    const found = score(key);
    pattern[row + key] = found;
    if (found > largest) largest = found;
  }
  let total = Math.exp(sink - largest);
  for (let key = first; key <= last; key++)
    total += pattern[row + key] = Math.exp(pattern[row + key] - largest);
  for (let key = first; key <= last; key++) pattern[row + key] /= total;
}

/**
 * @param {Rows} a
 * @param {number} i
 * @param {Rows} b
 * @param {number} j
 * @returns {number} product of row i of a and row j of b
 */
export function dot(a, i, b, j) {
  const { values: u, width } = a;
  const { values: v } = b;
  let sum = 0;
  for (let x = i * width, y = j * width, end = x + width; x < end; x++, y++) sum += u[x] * v[y];
  return sum;
}

/**
 * Multiply every weight by the norm of its key and normalise rows with a positive sum to 1.
 *
 * @param {Float32Array} pattern [query, key], changed
 * @param {number} nKeys
 * @param {(key: number) => number} normOf
 */
export function weighKeys(pattern, nKeys, normOf) {
  for (let row = 0; row < pattern.length; row += nKeys) {
    let total = 0;
    for (let key = 0; key < nKeys; key++) total += pattern[row + key] *= normOf(key);
    if (total > 0) for (let key = 0; key < nKeys; key++) pattern[row + key] /= total;
  }
}

/**
 * The rows with the largest dot products with one vector, largest first; ties: earlier row first.
 *
 * @param {Rows} own
 * @param {number} i
 * @param {Rows} others
 * @param {number} nOthers
 * @param {number} scaling
 * @param {number} k
 * @param {Pause} pause
 * @param {(other: number) => boolean} [isThere] which rows are compared
 * @returns {Promise<{token: number, score: number}[]>}
 */
export async function strongestRows(
  own,
  i,
  others,
  nOthers,
  scaling,
  k,
  pause,
  isThere = () => true,
) {
  const scores = new Float32Array(nOthers);
  for (let other = 0; other < nOthers; other++) {
    scores[other] = scaling * dot(own, i, others, other);
    if (other % 256 === 255) await pause();
  }
  const order = Uint32Array.from(scores, (_, other) => other)
    .filter(isThere)
    .sort((a, b) => scores[b] - scores[a] || a - b);
  return Array.from(order.subarray(0, k), (token) => ({ token, score: scores[token] }));
}

/**
 * Indices of the sequences to average over: all that are long enough, or an evenly spaced subset
 * within the budget of `maxScores` scores.
 *
 * @param {ArrayLike<number>} lengths
 * @param {number} length
 * @param {number} maxScores
 * @returns {{chosen: number[], nFound: number}}
 */
export function longSequences(lengths, length, maxScores) {
  const found = Array.from(lengths, (_, sequence) => sequence).filter(
    (sequence) => lengths[sequence] >= length,
  );
  const mean =
    found.reduce((sum, sequence) => sum + lengths[sequence], 0) / Math.max(1, found.length);
  const maxSequences = Math.max(1, Math.trunc(maxScores / (length * mean)));
  if (found.length <= maxSequences) return { chosen: found, nFound: found.length };
  const step = maxSequences > 1 ? (found.length - 1) / (maxSequences - 1) : 0;
  return {
    chosen: Array.from(
      { length: maxSequences },
      (_, i) =>
        found[i === maxSequences - 1 && maxSequences > 1 ? found.length - 1 : Math.trunc(i * step)],
    ),
    nFound: found.length,
  };
}

/**
 * Downsample a pattern to block means, at most `maxSide` blocks per side.
 *
 * @param {Float32Array} pattern (n, n)
 * @param {number} n
 * @param {number} maxSide
 */
export function coarse(pattern, n, maxSide) {
  const { width, values } = blockMeans({ width: n, height: n, values: pattern }, maxSide);
  return { side: width, blocks: values };
}
