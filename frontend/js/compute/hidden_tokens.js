/** Filters on a pattern: hidden tokens removed, weights of one token, and its strongest links. */

/** @import { Attention, HiddenToken } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** Maximum number of positions in a mean pattern of the server. */
export const MAX_AGGREGATED = 1024;
/** Weights below this are not written. */
export const WRITTEN_WEIGHT = 0.01;

/**
 * Return which positions are hidden, as queries and as keys.
 *
 * @param {number} n
 * @param {readonly HiddenToken[]} hidden positions from n on are ignored
 * @returns {{query: Uint8Array, key: Uint8Array}} (position)
 */
export function hiddenPositions(n, hidden) {
  const isHidden = { query: new Uint8Array(n), key: new Uint8Array(n) };
  for (const { kind, position } of hidden) if (position < n) isHidden[kind][position] = 1;
  return isHidden;
}

/**
 * Return a pattern without its hidden tokens: the row of a query and the column of a key are zero,
 * and every other row keeps its sum. Each row is computed from the whole pattern, so that the order
 * of hiding does not matter.
 *
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {readonly HiddenToken[]} hidden
 * @returns {Float32Array} the same array where nothing is hidden
 */
export function withoutHidden({ n, pattern }, hidden) {
  if (hidden.length === 0) return pattern;
  const isHidden = hiddenPositions(n, hidden);
  const shown = new Float32Array(n * n);
  for (let query = 0; query < n; query++) {
    if (isHidden.query[query]) continue;
    let [total, visible] = [0, 0];
    for (let key = 0; key < n; key++) {
      total += pattern[query * n + key];
      if (!isHidden.key[key]) visible += pattern[query * n + key];
    }
    const share = visible > 0 ? total / visible : 0;
    for (let key = 0; key < n; key++)
      if (!isHidden.key[key]) shown[query * n + key] = pattern[query * n + key] * share;
  }
  return shown;
}

/**
 * The weights of a sink without hidden queries; it keeps its weight where keys are hidden.
 *
 * @param {Float32Array} sinks of each query
 * @param {readonly HiddenToken[]} hidden
 */
export function sinksWithoutHidden(sinks, hidden) {
  const isHidden = hiddenPositions(sinks.length, hidden).query;
  return sinks.map((weight, query) => (isHidden[query] ? 0 : weight));
}

/**
 * Toggle hidden tokens. The result is sorted, so that it does not depend on history.
 *
 * @param {readonly HiddenToken[]} hidden
 * @param {readonly HiddenToken[]} turned
 * @param {boolean} [isHidden] hide or show all of them instead of toggling each
 * @returns {HiddenToken[]}
 */
export function toggleHidden(hidden, turned, isHidden) {
  const names = new Set(hidden.map(nameOf));
  for (const token of turned) {
    const name = nameOf(token);
    if (isHidden ?? !names.has(name)) names.add(name);
    else names.delete(name);
  }
  return [...names]
    .sort((a, b) => a - b)
    .map((name) => ({
      kind: name % 2 ? /** @type {const} */ ('key') : /** @type {const} */ ('query'),
      position: name >> 1,
    }));
}

/** Sort key of a hidden token, in the order of positions. @param {HiddenToken} token */
function nameOf({ kind, position }) {
  return 2 * position + (kind === 'key' ? 1 : 0);
}

/**
 * The weight between a token and the token of the other kind at a position. The key at position n
 * is the sink.
 *
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'>} attention
 * @param {{kind: Kind, position: number}} place
 * @param {number} other
 */
export function weightBetween({ n, pattern, sinks }, { kind, position }, other) {
  const [query, key] = kind === 'query' ? [position, other] : [other, position];
  return key === n ? (sinks?.[query] ?? 0) : pattern[query * n + key];
}

/**
 * Return the strongest links of a pattern: for each query at most `k` keys with at least
 * `threshold`.
 *
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {number} [k]
 * @param {number} [threshold]
 * @param {{kind: Kind, position: number} | null} [alone] only the links of this query, or the k
 *   strongest of this key
 * @returns {{query: number, key: number, weight: number}[]} positions in the sequence, strongest of
 *   a query first
 */
export function strongestLinks({ n, pattern }, k = 2, threshold = 0.05, alone = null) {
  if (alone?.kind === 'key') {
    const column = Array.from({ length: n }, (_, query) => ({
      query,
      key: alone.position,
      weight: pattern[query * n + alone.position],
    }));
    return column
      .filter(({ weight }) => weight > 0 && weight >= threshold)
      .sort((a, b) => b.weight - a.weight || a.query - b.query)
      .slice(0, k);
  }
  const links = [];
  for (let query = 0; query < n; query++) {
    if (alone && alone.position !== query) continue;
    const row = pattern.subarray(query * n, (query + 1) * n);
    const order = [...row.keys()]
      .filter((key) => row[key] > 0 && row[key] >= threshold)
      .sort((a, b) => row[b] - row[a] || a - b);
    for (const key of order.slice(0, k)) links.push({ query, key, weight: row[key] });
  }
  return links;
}
