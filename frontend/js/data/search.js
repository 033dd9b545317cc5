/** Search in tokens and texts: whole words, prefixes, substrings, or regular expressions. */

import { charactersOf, isFurtherPart } from '../compute/characters.js';
import { coded } from '../compute/columns.js';
import { hasPoint } from '../compute/head_parts.js';
import { compilePattern, PatternError } from './regex.js';
import { createTextSearch } from './text_search.js';

/** @import { SearchMode, Tokens } from '../page.js' */
/** @import { PartOrNone } from '../compute/head_parts.js' */
/** @import { TextSearch } from './text_search.js' */

/**
 * The search index: every distinct word with its count, and the word of each token, -1 for a token
 * without one. The word of a token that is a part of a character is that character, counted once.
 * `texts` serves terms that span several tokens.
 *
 * @typedef {object} SearchIndex
 * @property {Map<string, number>} ids
 * @property {string[]} words
 * @property {Int32Array} counts (word)
 * @property {Int32Array} wordOf (token)
 * @property {ArrayLike<number>} sequence (token)
 * @property {TextSearch} texts
 */
/**
 * @typedef {object} Found
 * @property {Uint8Array} hits (token) Number of the term that found it, from 1.
 * @property {number} nHits
 * @property {number} nSequences Sequences in which something was found.
 * @property {string[]} terms
 * @property {boolean} isUsable Whether what was typed can be looked for.
 * @property {string} problem Why not all was looked at, in words; empty if all was.
 * @property {number} nTexts Texts that were looked at for terms of several tokens.
 * @property {boolean} isSearching Whether further texts are to be looked at.
 */

/**
 * A regular expression is tested on at most this many words, the most frequent ones, and for at
 * most this time.
 */
export const MAX_WORDS = 50_000;
const MAX_MS = 80;
/** Longer texts are truncated to this length before they are compared. */
const MAX_SIGNS = 100;
const BETWEEN_LOOKS = 64;
/** Maximum number of terms, which are numbered in one byte. */
const MAX_TERMS = 200;

/**
 * Return the words of a corpus. Patches are found by the label or name of their image.
 *
 * @param {Tokens} tokens
 * @returns {SearchIndex}
 */
export function indexWords(tokens) {
  /** @type {Map<string, number>} */
  const ids = new Map();
  const { codes, values } = coded(tokens.text);
  const idOfCode = values.map((text) => idOf(ids, normalise(charactersOf(text))));
  const isCounted = values.map((text) => !isFurtherPart(text));
  const hasPatches = coded(tokens.tokenType).values.includes('patch');
  const idOfImage = hasPatches
    ? Array.from({ length: tokens.sequences.text.length }, (_, sequence) =>
        idOf(ids, normalise(wordOfImage(tokens, sequence))),
      )
    : [];
  const wordOf = new Int32Array(tokens.n);
  const counts = new Int32Array(ids.size);
  for (let token = 0; token < tokens.n; token++) {
    const isPatch = hasPatches && tokens.tokenType.at(token) === 'patch';
    const id = isPatch ? idOfImage[tokens.sequence[token]] : idOfCode[codes[token]];
    wordOf[token] = id;
    if (id >= 0 && isCounted[codes[token]]) counts[id]++;
  }
  const texts = createTextSearch(tokens, composed);
  return { ids, words: [...ids.keys()], counts, wordOf, sequence: tokens.sequence, texts };
}

/**
 * Return which tokens match, whatever their case and the spaces around them. But for a regular
 * expression, which looks at single tokens, what spreads over several tokens marks all of them.
 *
 * @param {SearchIndex} index
 * @param {string} typed terms with commas between them; in a regular expression a comma is a comma
 * @param {SearchMode} [mode]
 * @param {number} [maxMs] for the texts
 * @returns {Found | null} null if nothing was typed
 */
export function findTokens(index, typed, mode = 'whole', maxMs = Infinity) {
  const terms =
    mode === 'regex' ? [typed.normalize('NFC').trim()].filter(Boolean) : termsOf(typed, index);
  if (terms.length === 0) return null;
  // 0: not found; else the number of the first term that matches the word
  const termOf = new Uint8Array(index.words.length);
  const { problem, isUsable } = matchTerms(mode, index, terms, termOf);
  const hits = new Uint8Array(index.wordOf.length);
  const { wordOf } = index;
  for (let token = 0; token < hits.length; token++)
    hits[token] = wordOf[token] < 0 ? 0 : termOf[wordOf[token]];
  const found = { terms, isUsable, problem, ...countHits(index, hits), nTexts: index.texts.n };
  if (mode === 'regex') return { ...found, isSearching: false };
  const nTexts = index.texts.mark(terms, mode, hits, 0, maxMs);
  return { ...found, ...countHits(index, hits), nTexts, isSearching: nTexts < index.texts.n };
}

/**
 * What was found among the tokens that have a query or a key in heads of a part.
 *
 * @param {Found} found
 * @param {Pick<Tokens, 'isTarget' | 'sequence'>} tokens
 * @param {PartOrNone} part
 * @returns {Found}
 */
export function findInPart(found, tokens, part) {
  const hits = found.hits.map((hit, token) =>
    hasPoint(tokens, part, { kind: 'query', token }) ||
    hasPoint(tokens, part, { kind: 'key', token })
      ? hit
      : 0,
  );
  return { ...found, ...countHits(tokens, hits) };
}

/**
 * @param {SearchMode} mode
 * @param {SearchIndex} index
 * @param {string[]} terms
 * @param {Uint8Array} termOf
 */
function matchTerms(mode, index, terms, termOf) {
  try {
    return { problem: MATCHERS[mode](index, terms, termOf), isUsable: true };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { problem: `Not a usable expression: ${error.message}.`, isUsable: false };
  }
}

/**
 * Search modes; each fills `termOf` and returns a message if it did not test all words.
 *
 * @type {Record<SearchMode, (index: SearchIndex, terms: string[], termOf: Uint8Array) => string>}
 */
const MATCHERS = {
  whole({ ids }, terms, termOf) {
    terms.forEach((term, i) => {
      const id = ids.get(term);
      if (id !== undefined) termOf[id] = i + 1;
    });
    return '';
  },
  prefix: (index, terms, termOf) =>
    compareAll(index, terms, termOf, (word, term) => word.startsWith(term)),
  substring: (index, terms, termOf) =>
    compareAll(index, terms, termOf, (word, term) => word.includes(term)),
  regex: (index, [source], termOf) => testWords(compilePattern(source), index, termOf),
};

/**
 * @param {SearchIndex} index
 * @param {string[]} terms
 * @param {Uint8Array} termOf
 * @param {(word: string, term: string) => boolean} fits
 */
function compareAll({ words }, terms, termOf, fits) {
  words.forEach((word, id) => {
    termOf[id] = terms.findIndex((term) => fits(word, term)) + 1;
  });
  return '';
}

/**
 * @param {(text: string) => boolean} isIn
 * @param {SearchIndex} index
 * @param {Uint8Array} termOf
 */
function testWords(isIn, { words }, termOf) {
  const end = performance.now() + MAX_MS;
  const n = Math.min(MAX_WORDS, words.length);
  for (let id = 0; id < n; id++) {
    if (isIn(words[id].slice(0, MAX_SIGNS))) termOf[id] = 1;
    if (id % BETWEEN_LOOKS === BETWEEN_LOOKS - 1 && performance.now() > end)
      return partly(id + 1, words.length);
  }
  return n < words.length ? partly(n, words.length) : '';
}

/** @param {number} n @param {number} all */
function partly(n, all) {
  return `Only the first ${n} of ${all} different words were compared.`;
}

/** @param {Pick<SearchIndex, 'sequence'>} index @param {Uint8Array} hits */
export function countHits({ sequence }, hits) {
  let [nHits, nSequences, last] = [0, 0, -1];
  for (let token = 0; token < hits.length; token++) {
    if (hits[token] === 0) continue;
    nHits++;
    if (sequence[token] !== last) nSequences++; // the tokens of a sequence are adjacent
    last = sequence[token];
  }
  return { hits, nHits, nSequences };
}

/**
 * The terms of a query: parts between commas, or in double quotes. A query that is itself a word is
 * one term.
 *
 * @param {string} typed
 * @param {Pick<SearchIndex, 'ids'>} index
 * @returns {string[]}
 */
export function termsOf(typed, { ids }) {
  const whole = normalise(typed);
  if (whole === '' || ids.has(whole)) return whole === '' ? [] : [whole];
  const bare = splitTerms(typed).map((part) => /^\s*"(.+)"\s*$/su.exec(part)?.[1] ?? part);
  const parts = bare.map((part) => normalise(charactersOf(part)));
  return [...new Set(parts.filter((part) => part !== ''))].slice(0, MAX_TERMS);
}

/** Parts between commas that do not stand in quotes. @param {string} typed */
function splitTerms(typed) {
  return typed.match(/(?:"[^"]*"|[^,])+/gu) ?? [];
}

/**
 * Suggestions for a term, from tokens and texts: words that begin with it, then words that contain
 * it, the most frequent first.
 *
 * @param {SearchIndex} index
 * @param {string} typed all of the box; its last term counts
 * @param {SearchMode} mode
 * @param {number} [n]
 * @returns {{word: string, count: number}[]}
 */
export function suggest({ ids, words, counts, texts }, typed, mode, n = 8) {
  const term = mode === 'regex' ? '' : normalise(lastTerm(typed).replace(/^\s*"/, ''));
  if (term === '') return [];
  /** @type {{word: string, count: number, isToken: boolean, isBegun: boolean}[]} */
  const found = [];
  /** @param {string} word @param {number} count @param {boolean} isToken */
  const take = (word, count, isToken) => {
    const at = word.indexOf(term);
    if (at >= 0) found.push({ word, count, isToken, isBegun: at === 0 });
  };
  words.forEach((word, id) => take(word, counts[id], true));
  for (const [word, count] of texts.words()) if (!ids.has(word)) take(word, count, false);
  found.sort((a, b) => Number(b.isBegun) - Number(a.isBegun) || b.count - a.count);
  const offered = [];
  for (const { word, count, isToken } of found) {
    if (offered.length === n) break;
    if (isToken || texts.has(word)) offered.push({ word, count });
  }
  return offered.length === 1 && offered[0].word === term ? [] : offered;
}

/**
 * The query with its last term replaced.
 *
 * @param {string} typed
 * @param {string} word
 */
export function completed(typed, word) {
  const start = typed.slice(0, typed.length - lastTerm(typed).length);
  const gap = start === '' || start.endsWith(' ') ? '' : ' ';
  return `${start}${gap}${word.includes(',') ? `"${word}"` : word}`;
}

/** @param {string} typed */
function lastTerm(typed) {
  let [start, isQuoted] = [0, false];
  for (let at = 0; at < typed.length; at++) {
    if (typed[at] === '"') isQuoted = !isQuoted;
    else if (typed[at] === ',' && !isQuoted) start = at + 1;
  }
  return typed.slice(start);
}

/** @param {string} text */
function normalise(text) {
  return composed(text).trim();
}

/** @param {string} text */
function composed(text) {
  return text.normalize('NFC').toLowerCase();
}

/**
 * @param {Map<string, number>} ids
 * @param {string} word
 */
function idOf(ids, word) {
  if (word === '') return -1;
  const known = ids.get(word);
  if (known !== undefined) return known;
  ids.set(word, ids.size);
  return ids.size - 1;
}

/**
 * What the patches of an image are found by.
 *
 * @param {Tokens} tokens
 * @param {number} sequence
 */
function wordOfImage({ isMixed, sequences }, sequence) {
  const name = isMixed ? '' : sequences.text.at(sequence); // else it is what is asked
  return String(sequences.columns.label?.[sequence] ?? name ?? '');
}
