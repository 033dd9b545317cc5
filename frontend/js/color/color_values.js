/** Values of tokens for colour modes: positions, lengths, counts and named classes. */

import { textLength } from '../compute/head_parts.js';
import { charactersOf } from '../compute/characters.js';
import { coded, CodedColumn, codedList } from '../compute/columns.js';

/** @typedef {import('./color_modes.js').ColorContext} ColorContext */
/** @typedef {import('./color_modes.js').TokenColumns} TokenColumns */

/**
 * Tokens in classes.
 * @typedef {object} Classes
 * @property {Float32Array} values (token) Index of the class; labels.length = other; NaN = none.
 * @property {string[]} labels At most MAX_CLASSES.
 * @property {string | null} other Label of the remaining classes, if any.
 */

/** @type {import('../page.js').Column<string>} */
const NOTHING = new CodedColumn(new Int32Array(0), []);

/** Maximum number of distinguishable colours. */
export const MAX_CLASSES = 10;

/**
 * Columns never change, so values derived from them are cached per tokens object.
 *
 * @type {WeakMap<object, Map<string, unknown>>}
 */
const cache = new WeakMap();

/**
 * @template R
 * @param {TokenColumns} tokens
 * @param {string} name
 * @param {() => R} compute
 * @returns {R}
 */
export function cached(tokens, name, compute) {
  let known = cache.get(tokens);
  if (!known) cache.set(tokens, (known = new Map()));
  if (!known.has(name)) known.set(name, compute());
  return /** @type {R} */ (known.get(name));
}

/**
 * Array.from is many times slower than a loop.
 *
 * @param {number} n
 * @param {(token: number) => number} valueOf
 * @returns {Float32Array}
 */
function each(n, valueOf) {
  const values = new Float32Array(n);
  for (let token = 0; token < n; token++) values[token] = valueOf(token);
  return values;
}

/**
 * 0 for the first token of a sequence, 1 for the last.
 *
 * @param {Pick<TokenColumns, 'isTarget' | 'position' | 'sequence' | 'sequences'>} tokens
 * @param {number} token
 */
export function relativePosition(tokens, token) {
  return tokens.position[token] / Math.max(1, textLength(tokens, token) - 1);
}

/** @param {ColorContext} context @returns {Float32Array} */
export function relativePositions({ tokens }) {
  return each(tokens.position.length, (token) =>
    isPatchBesideWords(tokens, token) ? NaN : relativePosition(tokens, token),
  );
}

/**
 * Whether a token is a patch among words: position and frequency say nothing of it.
 *
 * @param {TokenColumns} tokens
 * @param {number} token
 */
function isPatchBesideWords({ isMixed, tokenType }, token) {
  return isMixed === true && tokenType?.at(token) === 'patch';
}

/**
 * Patch, word or special token.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function tokenTypes({ tokens: { tokenType = NOTHING } }) {
  const { codes, values } = coded(tokenType);
  const classes = values.map((type) => (['patch', 'text'].indexOf(type) + 3) % 3);
  return {
    values: each(codes.length, (token) => classes[codes[token]]),
    labels: ['patch', 'word', 'special token'],
    other: null,
  };
}

/**
 * Position modulo 5.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function positionsModulo5({ tokens: { position } }) {
  return {
    values: each(position.length, (token) => position[token] % 5),
    labels: ['0', '1', '2', '3', '4'],
    other: null,
  };
}

/**
 * How often the same token occurs in the corpus.
 *
 * @param {ColorContext} context
 * @returns {Float32Array}
 */
export function tokenCounts({ tokens }) {
  const { tokenId } = tokens;
  let largest = 0;
  for (let token = 0; token < tokenId.length; token++) largest = Math.max(largest, tokenId[token]);
  const counts = new Int32Array(largest + 1);
  for (let token = 0; token < tokenId.length; token++) counts[tokenId[token]]++;
  return each(tokenId.length, (token) =>
    isPatchBesideWords(tokens, token) ? NaN : counts[tokenId[token]],
  );
}

/**
 * Sequence number, from 1.
 *
 * @param {ColorContext} context
 * @returns {Float32Array}
 */
export function sequenceNumbers({ tokens: { sequence } }) {
  return each(sequence.length, (token) => sequence[token] + 1);
}

/** Tokens in the sequence of each token. @param {ColorContext} context @returns {Float32Array} */
export function sequenceLengths({ tokens: { sequence, sequences } }) {
  return each(sequence.length, (token) => sequences.length[sequence[token]]);
}

/**
 * Characters of each token, without the marks of its tokenizer.
 *
 * @param {ColorContext} context
 * @returns {Float32Array}
 */
export function tokenLengths({ tokens }) {
  const { textOf, texts } = textsOf(tokens);
  const lengths = texts.map((text) => [...bareText(text)].length);
  return each(textOf.length, (token) => lengths[textOf[token]] ?? NaN);
}

/**
 * 0: special tokens or only punctuation and symbols; 1: all others.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function punctuation({ tokens }) {
  const { textOf, texts } = textsOf(tokens);
  const isWord = texts.map((text) => (text.replace(/[\p{P}\p{S}\s]/gu, '') === '' ? 0 : 1));
  return {
    values: each(textOf.length, (token) => isWord[textOf[token]] ?? 0),
    labels: ['punctuation or special'],
    other: 'rest',
  };
}

/**
 * The first letter of each token; digits are one class.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function firstLetters({ tokens }) {
  const { textOf, texts } = textsOf(tokens);
  return classesOf(textOf, texts.map(firstLetter));
}

/** @param {string} text */
function firstLetter(text) {
  const [sign] = text.normalize('NFC').match(/[\p{L}\p{N}]/u) ?? [];
  if (sign === undefined) return null;
  return /\p{N}/u.test(sign) ? '0–9' : [...sign.toLowerCase()][0];
}

/**
 * Search hits, one class per term.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function searchTerms({ tokens, found }) {
  const n = tokens.position.length;
  const labels = (found?.terms ?? []).slice(0, MAX_CLASSES);
  const values = new Float32Array(n).fill(labels.length);
  for (let token = 0; found && token < n; token++)
    if (found.hits[token]) values[token] = Math.min(found.hits[token] - 1, labels.length);
  return { values, labels, other: found ? 'rest' : 'no search' };
}

/**
 * A column of the corpus: numbers if every value is numeric, else classes.
 * @param {ColorContext} context
 * @param {string} name
 * @returns {Classes | Float32Array} (token)
 */
export function columnOf({ tokens }, name) {
  const { columns = {} } = tokens.sequences;
  const column = Object.hasOwn(columns, name) ? columns[name] : [];
  const texts = Array.from(column, valueText);
  const present = texts.filter((word) => word !== null);
  const { sequence } = tokens;
  if (present.length === 0 || !present.every(isNumber)) return classesOf(sequence, texts);
  const numbers = texts.map((word) => (word === null ? NaN : Number(word)));
  return each(sequence.length, (token) => numbers[sequence[token]] ?? NaN);
}

/** @param {unknown} value @returns {string | null} */
function valueText(value) {
  if (value === null || value === undefined) return null;
  const text = String(value).trim();
  return text === '' ? null : text;
}

/** @param {string} word */
function isNumber(word) {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word) && Number.isFinite(Number(word));
}

/**
 * The most frequent texts become classes, in alphabetical order.
 * @param {ArrayLike<number>} groupOf (token) Tokens of a group have the same text; -1 = none.
 * @param {readonly (string | null)[]} texts (group)
 * @returns {Classes}
 */
function classesOf(groupOf, texts) {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const sizes = new Int32Array(texts.length);
  for (let token = 0; token < groupOf.length; token++)
    if (groupOf[token] >= 0) sizes[groupOf[token]]++;
  /** @type {Map<string, number>} */
  const counts = new Map();
  texts.forEach((word, group) => {
    if (word !== null && sizes[group] > 0) counts.set(word, (counts.get(word) ?? 0) + sizes[group]);
  });
  const frequent = [...counts]
    .sort((a, b) => b[1] - a[1] || compare(a[0], b[0]))
    .slice(0, MAX_CLASSES);
  const labels = frequent.map(([word]) => word).sort(compare);
  const numberOf = new Map(labels.map((word, i) => [word, i]));
  const classOf = texts.map((word) =>
    word === null ? NaN : (numberOf.get(word) ?? labels.length),
  );
  return {
    values: each(groupOf.length, (token) => classOf[groupOf[token]] ?? NaN),
    labels,
    other: counts.size > labels.length ? 'other' : null,
  };
}

/**
 * The different texts of the tokens that have one of their own, and which each has; special tokens
 * have none. Parts of a character count as that character.
 * @param {TokenColumns} tokens
 * @returns {{textOf: Int32Array, texts: readonly string[]}}
 */
function textsOf(tokens) {
  return cached(tokens, 'texts of tokens', () => {
    const { text = NOTHING, tokenType, position } = tokens;
    const { codes, values } = coded(text);
    const characters = codedList(values.map(charactersOf));
    const textOf = new Int32Array(position.length).fill(-1);
    for (let token = 0; token < textOf.length; token++)
      if (tokenType?.at(token) === 'text') textOf[token] = characters.codes[codes[token]];
    return { textOf, texts: characters.values };
  });
}

/** @param {string} text */
function bareText(text) {
  return text.trim().replace(/^(##|▁|Ġ)(?=.)/u, '');
}

/**
 * The name of the first labelled pair that a token is of; tokens of none have no value.
 *
 * @param {ColorContext} context
 * @returns {Classes}
 */
export function pairNames({ tokens: { labelledPairs, position } }) {
  const pairOf = new Int32Array(position.length).fill(-1);
  const { first, second, name } = labelledPairs ?? { first: [], second: [], name: [] };
  for (let pair = name.length - 1; pair >= 0; pair--)
    pairOf[first[pair]] = pairOf[second[pair]] = pair;
  return classesOf(
    pairOf,
    name.map((text) => text || 'labelled pair'),
  );
}

/** @param {ArrayLike<number> | null | undefined} column @returns {Float32Array} */
export function orNaN(column) {
  return column
    ? each(column.length, (token) => (column[token] < 0 ? NaN : column[token]))
    : new Float32Array(0);
}
