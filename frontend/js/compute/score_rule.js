/** How the scores of a head follow from its queries and keys, and which keys a query sees. */

/** @import { Attention, Manifest } from '../page.js' */

/**
 * The rule of one head. Scores are softcap · tanh(scaling · q·k / softcap) + bias, or without a
 * soft cap scaling · q·k + bias; the softmax is over the visible keys and over the sink, if there
 * is one.
 *
 * @typedef {object} Rule
 * @property {number} scaling
 * @property {boolean} is_causal
 * @property {number | null} max_distance of a sliding window
 * @property {number} [max_ahead] how far keys after the query may be, if that is another limit
 * @property {number} [chunk] positions of a chunk; keys of other chunks are hidden
 * @property {number[]} [block] first position and the one after the last of those that see each
 *   other although the layer is causal
 * @property {import('./head_parts.js').Part} [part]
 * @property {number} [softcap]
 * @property {Bias} [bias]
 * @property {number} [sink] score of the sink
 */
/**
 * A bias at every offset from `first` on; constant beyond.
 *
 * @typedef {{first: number, values: Float64Array}} Bias
 */

/**
 * @param {Manifest['layers'][number]} layer
 * @param {number} head
 * @returns {Rule}
 */
export function ruleOfHead({ bias, sinks, ...shared }, head) {
  return {
    ...shared,
    ...(bias && { bias: biasOf(bias.offsets, bias.values[head]) }),
    ...(sinks && { sink: sinks[head] }),
  };
}

/**
 * @param {number[]} offsets increasing
 * @param {number[]} values linear between two offsets
 * @returns {Bias}
 */
function biasOf(offsets, values) {
  const first = offsets[0];
  const all = new Float64Array(offsets[offsets.length - 1] - first + 1);
  offsets.forEach((offset, i) => {
    const before = i > 0 ? offsets[i - 1] : offset - 1;
    const step = i > 0 ? (values[i] - values[i - 1]) / (offset - before) : 0;
    for (let at = before + 1; at <= offset; at++)
      all[at - first] = at === offset ? values[i] : values[i - 1] + step * (at - before);
  });
  return { first, values: all };
}

/**
 * The score of a query and a key.
 *
 * @param {Rule} rule
 * @param {number} product q·k
 * @param {number} offset position of the key minus that of the query
 */
export function scoreOf({ scaling, softcap, bias }, product, offset) {
  let score = scaling * product;
  if (softcap !== undefined) score = softcap * Math.tanh(score / softcap);
  if (bias === undefined) return score;
  const at = Math.min(Math.max(offset - bias.first, 0), bias.values.length - 1);
  return score + bias.values[at];
}

/** Whether no query sees a key after it. @param {Mask} rule */
export function hidesLaterKeys({ is_causal: isCausal, block, part }) {
  return isCausal && !block && part !== 'cross';
}

/**
 * @typedef {Pick<Rule, 'is_causal' | 'max_distance' | 'max_ahead' | 'chunk' | 'block' |
 *   'part'>} Mask
 */

/**
 * First and last position of the keys that a query sees.
 *
 * @param {Mask} rule
 * @param {number} query its position in its text
 * @param {number} n keys of the text, or of the source for a cross head
 * @returns {[first: number, last: number]}
 */
export function visibleSpan(rule, query, n) {
  const { is_causal: isCausal, max_distance: maxDistance, max_ahead: maxAhead } = rule;
  const { chunk, block } = rule;
  const reach = maxDistance ?? Infinity;
  const first = Math.max(0, query - reach);
  const isInBlock = block && block[0] <= query && query < block[1];
  const end = isInBlock ? block[1] - 1 : isCausal ? query : query + (maxAhead ?? reach);
  const last = Math.min(n - 1, end);
  if (chunk === undefined) return [first, last];
  const start = query - (query % chunk);
  return [Math.max(first, start), Math.min(last, start + chunk - 1)];
}

/**
 * The weight of the sink: what the row of a pattern leaves.
 *
 * @param {Float32Array} row
 */
export function sinkWeight(row) {
  return Math.max(0, 1 - row.reduce((sum, weight) => sum + weight, 0));
}

/**
 * Attention with the weight of the sink for each query, if its layer has one. Weighed by values
 * there is none: a sink has no value.
 *
 * @template {Pick<Attention, 'at' | 'n' | 'pattern' | 'weight'>} T
 * @param {T} attention whose rows leave nothing but the sink's weight
 * @param {Manifest | null | undefined} manifest
 * @returns {T & {sinks?: Float32Array}}
 */
export function withSinks(attention, manifest) {
  const { at, n, pattern, weight } = attention;
  if (!manifest?.layers[at.layer]?.sinks || weight !== 'none') return attention;
  const sinks = Float32Array.from({ length: n }, (_, query) =>
    sinkWeight(pattern.subarray(query * n, (query + 1) * n)),
  );
  return { ...attention, sinks };
}
