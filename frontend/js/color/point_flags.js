/** Which points are highlighted, dimmed or hidden. */

import { relativePosition } from './color_values.js';
import { rangeOf } from '../compute/ranges.js';
import { FLAG } from '../compute/flag_bits.js';

/** @import { Attention, Filters, Selected, Tokens } from '../page.js' */

/** Test of a point by its token, kind and index among the drawn points. */
/** @typedef {(token: number, isQuery: boolean, point: number) => boolean} Test */

/**
 * Return which drawn points the filters exclude, or null if they exclude none.
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
    type,
    position: [first, last],
    norm,
    attention: minWeight,
  } = filters;
  /** @type {Test[]} */
  const tests = [];
  if (kind) tests.push((_token, isQuery) => (kind === 'query') === isQuery);
  if (type && tokens.isMixed)
    tests.push((token) => (tokens.tokenType.at(token) === 'patch') === (type === 'patch'));
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
 * Accept the selected point and its attention partners of at least `minWeight`.
 *
 * @param {Tokens} tokens
 * @param {Selected} selected
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {number} minWeight
 * @returns {Test}
 */
function partnerTest({ sequence, sequences }, selected, { n, pattern }, minWeight) {
  const start = sequences.start[sequence[selected.token]];
  return (token, isQuery) => {
    if (sequence[token] !== sequence[selected.token]) return false;
    if ((selected.kind === 'query') === isQuery) return token === selected.token;
    const [query, key] = isQuery ? [token, selected.token] : [selected.token, token];
    return pattern[(query - start) * n + key - start] >= minWeight;
  };
}

/**
 * Return the flags of all drawn points: search hits, the selected sequence and marked points are
 * highlighted and the rest dimmed; points excluded by the filters are hidden.
 *
 * @param {object} chosen
 * @param {Tokens} chosen.tokens
 * @param {Int32Array | null} chosen.drawn tokens that are drawn, in order; null = all
 * @param {Uint8Array | null} chosen.hits (token)
 * @param {Selected | null} chosen.selected
 * @param {Uint8Array | null} [chosen.marked] (point of the corpus)
 * @param {Uint8Array | null} [chosen.outside] (drawn point)
 * @param {readonly number[]} [chosen.unplaced] user tokens without a position in the map: they are
 *   hidden
 * @param {Uint8Array | null} [chosen.present] (drawn point) which points the open head has; null:
 *   all
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
  present = null,
}) {
  const nDrawn = drawn ? drawn.length : tokens.n;
  const flags = new Uint8Array(2 * nDrawn);
  const flagOf = hits || selected || marked ? flagReader(tokens, hits, selected, marked) : null;
  for (let point = 0; flagOf && point < flags.length; point++) {
    const index = point < nDrawn ? point : point - nDrawn;
    const token = drawn ? drawn[index] : index;
    flags[point] = flagOf(token, point < nDrawn ? token : tokens.n + token) || FLAG.dimmed;
  }
  if (tokens.userLayer)
    markUserTokens(flags, tokens, tokens.userLayer, hits, selected, new Set(unplaced));
  hide(flags, outside, present);
  return flags;
}

/**
 * Hide points that are outside of the filters, or that the open head does not have.
 *
 * @param {Uint8Array} flags (drawn point) changed
 * @param {Uint8Array | null} outside
 * @param {Uint8Array | null} present
 */
function hide(flags, outside, present) {
  if (!outside && !present) return;
  for (let point = 0; point < flags.length; point++)
    if (outside?.[point] || present?.[point] === 0) flags[point] |= FLAG.hidden;
}

/**
 * Flag the user's tokens, which come last. They are highlighted and not dimmed by a selection, but
 * by a search.
 *
 * @param {Uint8Array} flags (drawn point)
 * @param {Tokens} tokens
 * @param {NonNullable<Tokens['userLayer']>} userLayer
 * @param {Uint8Array | null} hits
 * @param {Selected | null} selected
 * @param {ReadonlySet<number>} unplaced
 */
function markUserTokens(flags, { sequence }, userLayer, hits, selected, unplaced) {
  const nDrawn = flags.length / 2;
  const chosen = selected ? sequence[selected.token] : -1;
  for (let i = 0; i < userLayer.n; i++) {
    const token = userLayer.firstToken + i;
    for (const point of [nDrawn - userLayer.n + i, 2 * nDrawn - userLayer.n + i]) {
      const isChosen = chosen < 0 ? !hits || hits[token] !== 0 : sequence[token] === chosen;
      if (isChosen) flags[point] = (flags[point] & ~FLAG.dimmed) | FLAG.user;
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
 * @returns {(token: number, point: number) => number} 0 for a point of the corpus without flags
 */
function flagReader({ sequence }, hits, selected, marked) {
  const chosen = selected ? sequence[selected.token] : -1;
  return (token, point) =>
    (sequence[token] === chosen ? FLAG.selected : 0) |
    (hits?.[token] || marked?.[point] ? FLAG.hit : 0);
}
