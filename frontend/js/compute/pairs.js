/** Query-key pairs that one wishes strong or weak, and the heads ranked by how well they fit. */

/** @import { HeadId, Pair, PairAnswer, Selected } from '../page.js' */

/** Most pairs that are compared at once; the server takes no more. */
export const MAX_PAIRS = 20;

/**
 * How a head fits the wish: 0 to 1, and its place among all heads from 1 on, heads of the same fit
 * sharing one.
 *
 * @typedef {{fit: number, rank: number}} HeadFit
 */

/**
 * The pair of two points, or null where both are queries or both are keys.
 *
 * @param {Selected | null} one
 * @param {Selected | null} other
 */
export function pairOf(one, other) {
  if (!one || !other || one.kind === other.kind) return null;
  return one.kind === 'query'
    ? { query: one.token, key: other.token }
    : { query: other.token, key: one.token };
}

/** @param {Pick<Pair, 'query' | 'key'>} a @param {Pick<Pair, 'query' | 'key'>} b */
export function isSamePair(a, b) {
  return a.query === b.query && a.key === b.key;
}

/**
 * Return the pairs with this one at the end, or with another wish for it where it was there.
 *
 * @param {readonly Pair[]} pairs
 * @param {Pair} pair
 * @returns {readonly Pair[]} the same where it changes nothing or there are too many
 */
export function withPair(pairs, pair) {
  const known = pairs.find((one) => isSamePair(one, pair));
  if (known?.isStrong === pair.isStrong || (!known && pairs.length >= MAX_PAIRS)) return pairs;
  return known ? pairs.map((one) => (one === known ? pair : one)) : [...pairs, pair];
}

/**
 * The pairs as the address has them, such as "strong-12-40.weak-5-7".
 *
 * @param {readonly Pair[]} pairs
 */
export function writePairs(pairs) {
  return pairs
    .map(({ query, key, isStrong }) => `${isStrong ? 'strong' : 'weak'}-${query}-${key}`)
    .join('.');
}

/**
 * @param {string} text
 * @returns {Pair[] | null} null where it names no pairs, too many, or one twice
 */
export function readPairs(text) {
  const found = text.split('.').map((part) => /^(strong|weak)-(\d{1,9})-(\d{1,9})$/.exec(part));
  if (found.length > MAX_PAIRS || found.includes(null)) return null;
  const pairs = found.map((part) => ({
    query: Number(part?.[2]),
    key: Number(part?.[3]),
    isStrong: part?.[1] === 'strong',
  }));
  return pairs.some((pair, i) => pairs.findIndex((one) => isSamePair(one, pair)) < i)
    ? null
    : pairs;
}

/**
 * The question to the server, such as "strong=12-40,3-9&weak=5-7".
 *
 * @param {readonly Pair[]} pairs
 */
export function pairQuery(pairs) {
  return [true, false]
    .map((isStrong) => {
      const wished = pairs
        .filter((pair) => pair.isStrong === isStrong)
        .map(({ query, key }) => `${query}-${key}`);
      return wished.length > 0 ? `${isStrong ? 'strong' : 'weak'}=${wished.join(',')}` : '';
    })
    .filter(Boolean)
    .join('&');
}

/** The pairs of such a question, strong ones first. @param {URLSearchParams} params */
export function readPairQuery(params) {
  return [true, false].flatMap((isStrong) =>
    [...(params.get(isStrong ? 'strong' : 'weak') ?? '').matchAll(/(\d+)-(\d+)/g)].map(
      ([, query, key]) => ({ query: Number(query), key: Number(key), isStrong }),
    ),
  );
}

/**
 * Heads from the best fit to the worst; of the same fit the earlier first.
 *
 * @param {PairAnswer} answer
 */
export function rankedHeads({ heads }) {
  return heads.toSorted((a, b) => b.fit - a.fit || a.layer - b.layer || a.head - b.head);
}

/**
 * One number for each head, for whatever draws or sorts heads.
 *
 * @param {PairAnswer} answer
 * @returns {Map<string, HeadFit>} by "layer,head"
 */
export function fitsByHead(answer) {
  const ranked = rankedHeads(answer);
  const fits = ranked.map(({ fit }) => fit);
  return new Map(
    ranked.map(({ layer, head, fit }) => [
      `${layer},${head}`,
      { fit, rank: fits.indexOf(fit) + 1 },
    ]),
  );
}

/**
 * The numbers of one pair in one head, or null where the answer is about other pairs.
 *
 * @param {PairAnswer | null} answer
 * @param {HeadId | null} at
 * @param {Pick<Pair, 'query' | 'key'>} pair
 */
export function numbersOf(answer, at, pair) {
  const i = answer?.pairs.findIndex((one) => isSamePair(one, pair)) ?? -1;
  const head =
    at && answer?.heads.find(({ layer, head: number }) => layer === at.layer && number === at.head);
  return i >= 0 && head
    ? { ...head.pairs[i], isSameSequence: Boolean(answer?.pairs[i].is_same_sequence) }
    : null;
}

/** @typedef {NonNullable<ReturnType<typeof numbersOf>>} PairNumbers */
