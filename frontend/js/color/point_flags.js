/** Which points stand out, step back or are not drawn. */

import { relativePosition } from './color_values.js';
import { rangeOf } from '../compute/ranges.js';
import { FLAG } from '../compute/flag_bits.js';

/** @import { Attention, Filters, Selected, Tokens } from '../page.js' */

/**
 * What is known of a point: its token, whether it is a query, and its number among the drawn
 * points.
 */
/** @typedef {(token: number, isQuery: boolean, point: number) => boolean} Test */

/**
 * Return which drawn points the filters leave out, or null where they leave out none.
 *
 * @param {object} known
 * @param {Tokens} known.tokens
 * @param {Int32Array | null} known.drawn tokens that are drawn, in order; null = all
 * @param {Filters} known.filters
 * @param {Float32Array | null} known.norms (point) of the open head; without them norms filter
 *   nothing
 * @param {Selected | null} known.selected
 * @param {Pick<Attention, 'n' | 'pattern'> | null} known.attention of the selected sequence;
 *   without it attention filters nothing
 * @returns {Uint8Array | null} (point)
 */
export function pointsOutside({ tokens, drawn, filters, norms, selected, attention }) {
  const tests = testsOf({ tokens, filters, norms, selected, attention });
  if (tests.length === 0) return null;
  const nDrawn = drawn ? drawn.length : tokens.n;
  const outside = new Uint8Array(2 * nDrawn);
  for (let point = 0; point < outside.length; point++) {
    const isQuery = point < nDrawn;
    const index = isQuery ? point : point - nDrawn;
    const token = drawn ? drawn[index] : index;
    if (!tests.every((isInside) => isInside(token, isQuery, point))) outside[point] = 1;
  }
  return outside;
}

/**
 * @param {Omit<Parameters<typeof pointsOutside>[0], 'drawn'>} known
 * @returns {Test[]}
 */
function testsOf({ tokens, filters, norms, selected, attention }) {
  const {
    kind,
    position: [first, last],
    norm,
    attention: minWeight,
  } = filters;
  /** @type {Test[]} */
  const tests = [];
  if (kind) tests.push((_token, isQuery) => (kind === 'query') === isQuery);
  if (first > 0 || last < 1) tests.push(placeTest(tokens, first, last));
  if (norms && (norm[0] > 0 || norm[1] < 1)) tests.push(normTest(norms, norm));
  if (selected && attention && minWeight > 0)
    tests.push(partnerTest(tokens, selected, attention, minWeight));
  return tests;
}

/** @param {Tokens} tokens @param {number} first @param {number} last @returns {Test} */
function placeTest(tokens, first, last) {
  return (token) => {
    const place = relativePosition(tokens, token);
    return place >= first && place <= last;
  };
}

/** @param {Float32Array} norms @param {readonly [number, number]} shares @returns {Test} */
function normTest(norms, [low, high]) {
  const [min, max] = rangeOf(norms);
  const [shortest, longest] = [
    min + low * (max - min),
    high < 1 ? min + high * (max - min) : Infinity,
  ];
  return (_token, _isQuery, point) => norms[point] >= shortest && norms[point] <= longest;
}

/**
 * The selected point, and what it attends to or is attended by with at least a weight.
 *
 * @param {Tokens} tokens
 * @param {Selected} selected
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {number} minWeight
 * @returns {Test}
 */
function partnerTest({ sequence, position }, selected, { n, pattern }, minWeight) {
  return (token, isQuery) => {
    if (sequence[token] !== sequence[selected.token]) return false;
    if ((selected.kind === 'query') === isQuery) return token === selected.token;
    const [query, key] = isQuery ? [token, selected.token] : [selected.token, token];
    return pattern[position[query] * n + position[key]] >= minWeight;
  };
}

/**
 * Return the flags of all drawn points: hits of the search, the selected sequence and marked points
 * stand out, the rest is dimmed; what is outside of the filters is hidden.
 *
 * @param {object} chosen
 * @param {Tokens} chosen.tokens
 * @param {Int32Array | null} chosen.drawn tokens that are drawn, in order; null = all
 * @param {Uint8Array | null} chosen.hits (token)
 * @param {Selected | null} chosen.selected
 * @param {Uint8Array | null} [chosen.marked] (point of the corpus)
 * @param {Uint8Array | null} [chosen.outside] (drawn point)
 * @param {readonly number[]} [chosen.unplaced] own tokens that have no place in the map: they are
 *   not drawn
 * @returns {Uint8Array} (point)
 */
export function pointFlags({
  tokens,
  drawn,
  hits,
  selected,
  marked = null,
  outside = null,
  unplaced = [],
}) {
  const nDrawn = drawn ? drawn.length : tokens.n;
  const flags = new Uint8Array(2 * nDrawn);
  const flagOf = hits || selected || marked ? flagReader(tokens, hits, selected, marked) : null;
  for (let point = 0; flagOf && point < flags.length; point++) {
    const index = point < nDrawn ? point : point - nDrawn;
    const token = drawn ? drawn[index] : index;
    flags[point] = flagOf(token, point < nDrawn ? token : tokens.n + token) || FLAG.dimmed;
  }
  if (tokens.own) markOwn(flags, tokens, tokens.own, hits, selected, new Set(unplaced));
  outside?.forEach((isOutside, point) => {
    if (isOutside) flags[point] |= FLAG.hidden;
  });
  return flags;
}

/**
 * The reader's own tokens are the last that are drawn. They stand out, and do not step back where
 * others are selected; a search asks for its hits alone.
 *
 * @param {Uint8Array} flags (drawn point)
 * @param {Tokens} tokens
 * @param {NonNullable<Tokens['own']>} own
 * @param {Uint8Array | null} hits
 * @param {Selected | null} selected
 * @param {ReadonlySet<number>} unplaced
 */
function markOwn(flags, { sequence }, own, hits, selected, unplaced) {
  const nDrawn = flags.length / 2;
  const chosen = selected ? sequence[selected.token] : -1;
  for (let i = 0; i < own.n; i++) {
    const token = own.firstToken + i;
    for (const point of [nDrawn - own.n + i, 2 * nDrawn - own.n + i]) {
      const isChosen = chosen < 0 ? !hits || hits[token] !== 0 : sequence[token] === chosen;
      if (isChosen) flags[point] = (flags[point] & ~FLAG.dimmed) | FLAG.own;
      else if (chosen >= 0) flags[point] = (flags[point] & ~FLAG.dimmed) | FLAG.hit;
      if (unplaced.has(token)) flags[point] |= FLAG.hidden;
    }
  }
}

/**
 * @param {Tokens} tokens
 * @param {Uint8Array | null} hits
 * @param {Selected | null} selected
 * @param {Uint8Array | null} marked
 * @returns {(token: number, point: number) => number} 0 where nothing is to be said of a point of
 *   the corpus
 */
function flagReader({ sequence }, hits, selected, marked) {
  const chosen = selected ? sequence[selected.token] : -1;
  return (token, point) =>
    (sequence[token] === chosen ? FLAG.selected : 0) |
    (hits?.[token] || marked?.[point] ? FLAG.hit : 0);
}
