/** Query-key pairs marked as strong or weak, and the ranking of heads by how well they fit them. */

/** @import { HeadId, Pair, PairAnswer, Selected } from '../page.js' */

/** Maximum number of pairs; the server's limit. */
export const MAX_PAIRS = 20;

/**
 * Fit of a head to the marked pairs, 0 to 1, and its rank among all heads from 1; ties share a
 * rank.
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
 * Append a pair, or update it if it is already present.
 *
 * @param {readonly Pair[]} pairs
 * @param {Pair} pair
 * @returns {readonly Pair[]} the same array if nothing changes or there are too many
 */
export function withPair(pairs, pair) {
  const known = pairs.find((one) => isSamePair(one, pair));
  if (known?.isStrong === pair.isStrong || (!known && pairs.length >= MAX_PAIRS)) return pairs;
  return known ? pairs.map((one) => (one === known ? pair : one)) : [...pairs, pair];
}

/**
 * Serialise pairs for the address, such as "strong-12-40.weak-5-7".
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
 * @returns {Pair[] | null} null where it is malformed, has too many pairs or a duplicate
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
 * Query string for the server, such as "strong=12-40,3-9&weak=5-7".
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

/** Parse such a query string; strong pairs first. @param {URLSearchParams} params */
export function readPairQuery(params) {
  return [true, false].flatMap((isStrong) =>
    [...(params.get(isStrong ? 'strong' : 'weak') ?? '').matchAll(/(\d+)-(\d+)/g)].map(
      ([, query, key]) => ({ query: Number(query), key: Number(key), isStrong }),
    ),
  );
}

/**
 * Heads sorted by fit, best first; ties: earlier head first.
 *
 * @param {PairAnswer} answer
 */
export function rankedHeads({ heads }) {
  return heads.toSorted((a, b) => b.fit - a.fit || a.layer - b.layer || a.head - b.head);
}

/**
 * Fit of every head, for drawing and sorting.
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
 * The numbers of one pair in one head, or null if the answer or the head does not have it.
 *
 * @param {PairAnswer | null} answer
 * @param {HeadId | null} at
 * @param {Pick<Pair, 'query' | 'key'>} pair
 */
export function numbersOf(answer, at, pair) {
  const i = answer?.pairs.findIndex((one) => isSamePair(one, pair)) ?? -1;
  const head =
    at && answer?.heads.find(({ layer, head: number }) => layer === at.layer && number === at.head);
  const found = head?.pairs[i]; // a head may have no query or key of a token
  return found ? { ...found, isSameSequence: Boolean(answer?.pairs[i].is_same_sequence) } : null;
}

/** @typedef {NonNullable<ReturnType<typeof numbersOf>>} PairNumbers */
