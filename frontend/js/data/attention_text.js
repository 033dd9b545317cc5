/** What one token attends to in its sequence, or what attends to it, as text. */

import { strongestLinks, WRITTEN_WEIGHT } from '../compute/hidden_tokens.js';
import { corpusText, el } from '../ui/dom.js';
import { clipped, formatToken, formatTokenName, isOwnText } from '../ui/labels.js';

/** @import { Attention, Selected, Tokens } from '../page.js' */

/** Tokens that are named. */
const N_NAMED = 3;
/** Characters of a token that are shown. */
const LONGEST = 32;

/**
 * The strongest tokens of the other kind, strongest first: those with a weight that can be written,
 * or the strongest alone; none where all weights are 0.
 *
 * @param {Pick<Attention, 'n' | 'pattern'>} attention of the token's sequence
 * @param {Selected} point
 * @param {number} start first token of the sequence
 * @param {number} [k]
 * @returns {{token: number, weight: number}[]}
 */
export function strongestInSequence(attention, { kind, token }, start, k = N_NAMED) {
  const place = { kind, position: token - start };
  const links = strongestLinks(attention, k, 0, place);
  const written = links.filter(({ weight }) => weight >= WRITTEN_WEIGHT);
  return (written.length > 0 ? written : links.slice(0, 1)).map(({ query, key, weight }) => ({
    token: start + (kind === 'query' ? key : query),
    weight,
  }));
}

/**
 * The strongest tokens with their weights: "to 1.00, the 0.03".
 *
 * @param {Tokens} tokens
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'>} attention of the token's sequence
 * @param {Selected} point
 * @returns {(Node | string)[]}
 */
export function answerParts(tokens, attention, point) {
  const start = tokens.sequences.start[tokens.sequence[point.token]];
  const found = withSink(attention, point, start);
  if (found.length === 0) return ['no visible token'];
  return found.flatMap(({ token, weight }, i) => [
    i > 0 ? ', ' : '',
    token === null ? el('i', {}, 'sink') : nameIn(tokens, token, start, attention.n),
    `\u00a0${formatWeight(weight)}`,
  ]);
}

/**
 * The strongest tokens, and the sink where it is one of the strongest keys of a query.
 *
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'>} attention
 * @param {Selected} point
 * @param {number} start
 * @returns {{token: number | null, weight: number}[]} null: the sink
 */
function withSink(attention, point, start) {
  const found = strongestInSequence(attention, point, start);
  const weight = point.kind === 'query' ? attention.sinks?.[point.token - start] : undefined;
  if (weight === undefined || weight < WRITTEN_WEIGHT) return found;
  return [...found, { token: null, weight }].sort((a, b) => b.weight - a.weight).slice(0, N_NAMED);
}

/**
 * One line that answers a selection: "thursday → to 1.00, the 0.03" of a query, with the arrow the
 * other way of a key.
 *
 * @param {Tokens} tokens
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'> | null} attention of its sequence; null while
 *   it loads
 * @param {Selected} point
 * @returns {(Node | string)[]}
 */
export function answerLine(tokens, attention, point) {
  return [
    el('b', { class: point.kind }, tokenName(tokens, point.token)),
    point.kind === 'query' ? ' → ' : ' ← ',
    ...(attention ? answerParts(tokens, attention, point) : ['…']),
  ];
}

/**
 * The name of a token, with its position where the sequence has its text more than once.
 *
 * @param {Tokens} tokens
 * @param {number} token
 * @param {number} start
 * @param {number} n
 */
function nameIn(tokens, token, start, n) {
  const name = tokenName(tokens, token);
  const texts = tokens.text.slice(start, start + n);
  const at = token - start;
  const isTwice =
    isOwnText(tokens, token) &&
    (texts.indexOf(texts[at]) !== at || texts.lastIndexOf(texts[at]) !== at);
  return isTwice ? el('span', {}, name, ` (${tokens.position[token] + 1})`) : name;
}

/** @param {Tokens} tokens @param {number} token */
function tokenName(tokens, token) {
  return isOwnText(tokens, token)
    ? corpusText(clipped(formatToken(tokens, token), LONGEST))
    : el('span', {}, placeName(tokens, token));
}

/** As in the labels of the map. @param {Tokens} tokens @param {number} token */
function placeName(tokens, token) {
  return tokens.tokenType.at(token) === 'patch'
    ? `(${tokens.row?.[token]}, ${tokens.column?.[token]})`
    : formatTokenName(tokens, token);
}

/**
 * The name of a token without text; a patch by its row and column.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function shortName(tokens, token) {
  return formatTokenName(tokens, token).replace('patch, ', '');
}

/** @param {number} weight */
export function formatWeight(weight) {
  return weight >= WRITTEN_WEIGHT ? weight.toFixed(2) : '< 0.01';
}
