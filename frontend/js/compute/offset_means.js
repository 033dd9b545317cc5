/** The mean weight by offset: how far the key is behind (−) or ahead (+) of the query. */

import { hiddenPositions } from './hidden_tokens.js';

/** @import { HiddenToken } from '../page.js' */

/** Larger offsets share one bar at each end. */
const REACH = 6;

/**
 * @typedef {{from: number, to: number, label: string}} Span Offsets of one bar, both ends included.
 */

/**
 * Return the offsets of each bar: one per offset up to `reach`, and one for all beyond.
 *
 * @param {number} n positions
 * @param {boolean} isCausal no key is ahead of its query
 * @param {number} [reach]
 * @returns {Span[]}
 */
export function offsetSpans(n, isCausal, reach = REACH) {
  const maxOffset = n - 1;
  const near = Math.min(reach, maxOffset);
  const spans = Array.from({ length: (isCausal ? near : 2 * near) + 1 }, (_, i) => ({
    from: i - near,
    to: i - near,
    label: signed(i - near),
  }));
  if (maxOffset > reach) {
    spans.unshift({ from: -maxOffset, to: -reach - 1, label: `≤ ${signed(-reach - 1)}` });
    if (!isCausal) spans.push({ from: reach + 1, to: maxOffset, label: `≥ ${signed(reach + 1)}` });
  }
  return spans;
}

/**
 * Return the mean weight of all pairs of each span; pairs with a hidden token are left out.
 *
 * @param {{n: number, pattern: Float32Array}} attention
 * @param {readonly Span[]} spans
 * @param {readonly HiddenToken[]} [hidden]
 * @returns {number[]} NaN where a span has no pair
 */
export function meanByOffset({ n, pattern }, spans, hidden = []) {
  const isHidden = hiddenPositions(n, hidden);
  const sums = new Float64Array(2 * n - 1);
  const pairs = new Int32Array(2 * n - 1);
  for (let query = 0; query < n; query++) {
    if (isHidden.query[query]) continue;
    for (let key = 0; key < n; key++) {
      if (isHidden.key[key]) continue;
      sums[key - query + n - 1] += pattern[query * n + key];
      pairs[key - query + n - 1]++;
    }
  }
  return spans.map(({ from, to }) => {
    let [sum, count] = [0, 0];
    for (let offset = from; offset <= to; offset++) {
      sum += sums[offset + n - 1];
      count += pairs[offset + n - 1];
    }
    return count > 0 ? sum / count : NaN;
  });
}

/** Describe an offset. @param {Span} span */
export function formatOffset({ from, to }) {
  if (from !== to)
    return from < 0
      ? `${-to} or more tokens before the query`
      : `${from} or more tokens after the query`;
  if (from === 0) return 'the query’s own token';
  if (from === -1) return 'the token before the query';
  if (from === 1) return 'the token after the query';
  return from < 0 ? `${-from} tokens before the query` : `${from} tokens after the query`;
}

/** @param {number} offset */
function signed(offset) {
  return offset < 0 ? `−${-offset}` : offset > 0 ? `+${offset}` : '0';
}
