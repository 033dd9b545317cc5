/** Search in the texts, for words that span several tokens. */

import { lettersBefore, lettersOf, lettersOfToken } from './text_alignment.js';
import { begunIn, continuedIn } from '../compute/characters.js';
import { coded } from '../compute/columns.js';
import { isTextThere } from './text_pieces.js';
import { placesOf } from './token_links.js';
import { isBetweenWords, wordsIn } from '../compute/word_boundaries.js';
import { isOwnText } from '../ui/labels.js';

/** @import { Column, SearchMode, Tokens } from '../page.js' */

/**
 * The positions of the tokens of a text in its letters.
 *
 * @typedef {ReturnType<typeof placesOf> & {before: Int32Array}} Placed
 */
/**
 * The tokens that overlap the letters from `low` to `high`, and where they end.
 *
 * @typedef {{first: number, last: number, low: number, high: number, end: number}} Touched
 */

const BETWEEN_LOOKS = 16;
/** Time that words of texts are counted for, and then looked for, at each suggestion. */
const MAX_MS_OF_WORDS = 15;
const LOADED_AT_ONCE = 10_000;
/** In the label of a part of a character. */
const PART_MARK = '⁄';

/**
 * The searchable texts of a corpus.
 *
 * @param {Tokens} tokens of images there are no texts
 * @param {(text: string) => string} normalise
 */
export function createTextSearch(tokens, normalise) {
  const isText = tokens.n > 0 && isOwnText(tokens, 0);
  const column = tokens.sequences.text;
  const n = isText ? column.length : 0;
  /** As they are searched. @type {string[]} */
  const texts = [];
  /** @type {Map<number, Placed>} */
  const placed = new Map();
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** The text in which a word was counted first. @type {Map<string, number>} */
  const firstOf = new Map();
  let nCounted = 0;
  /** @type {ReturnType<typeof distinctTokens> | undefined} */
  let distinct;

  /** Of a text that is there. @param {number} sequence */
  const textOf = (sequence) => (texts[sequence] ??= normalise(column.at(sequence)));

  /** @param {number} sequence @returns {Placed} */
  function placesIn(sequence) {
    const known = placed.get(sequence);
    if (known) return known;
    const found = { ...placesOf(tokens, sequence), before: lettersBefore(textOf(sequence)) };
    placed.set(sequence, found);
    return found;
  }

  /**
   * The letters of the tokens of a sequence, and where each token ends; null unless they are the
   * letters of its text, or with parts of characters.
   *
   * @param {number} sequence
   */
  function lettersOfTokens(sequence) {
    const { start, length } = tokens.sequences;
    /** @type {number[]} */
    const ends = [];
    let joined = '';
    for (let token = start[sequence]; ends.length < length[sequence]; token++) {
      if (tokens.tokenType.at(token) === 'text') {
        const written = tokens.surface?.at(token) ?? tokens.text.at(token);
        if (written.includes(PART_MARK)) return null;
        joined += lettersOfToken(written);
      }
      ends.push(joined.length);
    }
    return lettersOf(textOf(sequence)).startsWith(joined) ? { joined, ends } : null;
  }

  /**
   * Whether single tokens say where a term stands in a text: each occurrence lies in one that is
   * found, or cannot be.
   *
   * @param {number} sequence
   * @param {string} letters of the term
   * @param {SearchMode} mode
   * @param {(token: number) => boolean} isHit
   */
  function isFoundByTokens(sequence, letters, mode, isHit) {
    const found = letters === '' ? null : lettersOfTokens(sequence);
    if (!found) return false;
    const { joined, ends } = found;
    let i = 0;
    for (let at = joined.indexOf(letters); at >= 0; at = joined.indexOf(letters, at + 1)) {
      while (ends[i] <= at) i++;
      const end = at + letters.length;
      if (end > ends[i]) return false;
      const begins = at === (ends[i - 1] ?? 0);
      const isAsked = mode === 'substring' || (begins && (mode === 'prefix' || end === ends[i]));
      if (isAsked && !isHit(tokens.sequences.start[sequence] + i)) return false;
    }
    return true;
  }

  /**
   * How often a term is in each distinct token; -1 if that does not settle where a text has it,
   * since it is in the token without being found there, or the token may differ from the text. Null
   * if tokens are not codes of what is written.
   *
   * @param {string} term
   * @param {string} letters of the term
   * @param {SearchMode} mode
   * @param {Uint8Array} hits by single tokens so far
   * @param {number} number of the term, from 1
   * @returns {Int16Array | null} (code)
   */
  function countInTokens(term, letters, mode, hits, number) {
    distinct ??= distinctTokens(tokens, normalise);
    if (!distinct || letters === '') return null;
    return Int16Array.from(distinct, (token) => {
      if (token === 'special') return 0;
      if (token === 'unclear') return -1;
      const own = token.letters;
      for (let at = own.indexOf(letters); at >= 0; at = own.indexOf(letters, at + 1)) {
        const [begins, ends] = [at === 0, at + letters.length === own.length];
        const isAsked = mode === 'substring' || (begins && (mode === 'prefix' || ends));
        const hit = hits[token.first];
        if (isAsked && !(hit > 0 && hit <= number)) return -1;
      }
      return countIn(token.text, term);
    });
  }

  /**
   * Whether each occurrence of a term in a text lies in one token.
   *
   * @param {number} sequence
   * @param {string} term
   * @param {Int16Array} counts of the term in each distinct token
   */
  function isInTokens(sequence, term, counts) {
    const { codes } = coded(tokens.text);
    const { start, length } = tokens.sequences;
    let n = -countIn(textOf(sequence), term);
    for (let token = start[sequence]; token < start[sequence] + length[sequence]; token++) {
      if (counts[codes[token]] < 0) return false;
      n += counts[codes[token]];
    }
    return n >= 0;
  }

  /**
   * The tokens that overlap occurrences of a term in a text: first and last of each occurrence.
   *
   * @param {number} sequence
   * @param {string} term
   * @param {SearchMode} mode
   */
  function* find(sequence, term, mode) {
    const text = textOf(sequence);
    /** @type {Placed | null} */
    let places = null;
    let from = 0;
    for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
      const isWord = isWordIn(text, at, term, mode);
      // A character with several tokens may lie inside a word.
      if (!isWord && !(mode === 'whole' && isOne(term))) continue;
      places ??= placesIn(sequence);
      const touched = touchedBy(places, at, term, from, tokens.text);
      if (!touched) continue;
      from = touched.first;
      if (!isWord && touched.first === touched.last) continue;
      if (!isCovered(places, mode, touched, tokens.text)) continue;
      yield { first: places.start + touched.first, last: places.start + touched.last };
    }
  }

  return {
    n,
    /**
     * Mark the tokens that overlap occurrences of each term, in texts that are there, for a time.
     *
     * @param {readonly string[]} terms
     * @param {SearchMode} mode
     * @param {Uint8Array} hits (token) number of the first term that found it, from 1
     * @param {number} first text to be looked at
     * @param {number} maxMs
     * @returns {number} the first text that was not looked at
     */
    mark(terms, mode, hits, first, maxMs) {
      const end = performance.now() + maxMs;
      const letters = terms.map(lettersOf);
      const counts = letters.map((own, i) => countInTokens(terms[i], own, mode, hits, i + 1));
      for (let sequence = first; sequence < n; sequence++) {
        const isLook = sequence % BETWEEN_LOOKS === BETWEEN_LOOKS - 1;
        if (isLook && performance.now() > end) return sequence;
        if (!isTextThere(column, sequence)) return sequence;
        const text = textOf(sequence);
        terms.forEach((term, i) => {
          const inTokens = counts[i];
          if (!text.includes(term) || (inTokens && isInTokens(sequence, term, inTokens))) return;
          const isHit = (/** @type {number} */ token) => hits[token] > 0 && hits[token] <= i + 1;
          if (isFoundByTokens(sequence, letters[i], mode, isHit)) return;
          for (const { first, last } of find(sequence, term, mode)) {
            for (let token = first; token <= last; token++) {
              if (hits[token] === 0 || hits[token] > i + 1) hits[token] = i + 1;
            }
          }
        });
      }
      return n;
    },
    /** Load the next texts, and begin with those after them. @param {number} first */
    async load(first) {
      /** @param {number} from */
      const load = (from) =>
        column.pieces?.load(from, Math.min(column.pieces.length, from + LOADED_AT_ONCE));
      const next = load(first);
      load(first + LOADED_AT_ONCE)?.catch(() => {}); // it is asked for again
      await next;
    },
    /**
     * Whether a word has tokens in a text that is there; a text may be longer than its tokens.
     *
     * @param {string} word
     */
    has(word) {
      const end = performance.now() + MAX_MS_OF_WORDS;
      const isIn = (/** @type {number} */ sequence) =>
        isTextThere(column, sequence) && !find(sequence, word, 'whole').next().done;
      for (let sequence = firstOf.get(word) ?? 0; sequence < n; sequence++) {
        if (isIn(sequence)) return true;
        if (sequence % BETWEEN_LOOKS === 0 && performance.now() > end) return false;
      }
      return false;
    },
    /** How often each word occurs in the texts; in large corpora, those looked at so far. */
    words() {
      const end = performance.now() + MAX_MS_OF_WORDS;
      for (; nCounted < n && isTextThere(column, nCounted); nCounted++) {
        if (nCounted % BETWEEN_LOOKS === 0 && performance.now() > end) break;
        for (const word of wordsIn(textOf(nCounted))) {
          const count = counts.get(word) ?? 0;
          if (count === 0) firstOf.set(word, nCounted);
          counts.set(word, count + 1);
        }
      }
      return counts;
    },
  };
}

/** @typedef {ReturnType<typeof createTextSearch>} TextSearch */

/**
 * The distinct tokens of a corpus as they stand in a text, in letters and as text, and where the
 * first is. Null if types and texts of tokens have other codes.
 *
 * @param {Tokens} tokens
 * @param {(text: string) => string} normalise
 */
function distinctTokens({ surface, text, tokenType }, normalise) {
  const [{ codes, values }, types] = [coded(text), coded(tokenType)];
  const written = surface && coded(surface);
  if (types.codes !== codes || (written && written.codes !== codes)) return null;
  const first = new Int32Array(values.length);
  for (let token = codes.length - 1; token >= 0; token--) first[codes[token]] = token;
  return values.map((value, code) => {
    if (types.values[code] !== 'text') return 'special';
    const own = written?.values[code] ?? value;
    if (own.includes(PART_MARK) || /\S\s+\S/u.test(own)) return 'unclear';
    const plain = normalise(own).replace(/^##/u, '').trim();
    const letters = /^[!-~]*$/u.test(plain) ? plain : lettersOfToken(own);
    return { text: plain, letters, first: first[code] };
  });
}

/** @param {string} text @param {string} term */
function countIn(text, term) {
  let n = 0;
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) n++;
  return n;
}

/** @param {string} term */
function isOne(term) {
  return term.length <= 2 && [...term].length === 1;
}

/**
 * Whether an occurrence begins and ends at word boundaries, as far as the mode requires it.
 *
 * @param {string} text
 * @param {number} at
 * @param {string} term
 * @param {SearchMode} mode
 */
function isWordIn(text, at, term, mode) {
  if (mode === 'substring') return true;
  return isBetweenWords(text, at) && (mode === 'prefix' || isBetweenWords(text, at + term.length));
}

/**
 * @param {Placed} placed
 * @param {number} at
 * @param {string} term
 * @param {number} from a token before which none is touched
 * @param {Column<string>} written
 * @returns {Touched | null}
 */
function touchedBy({ before, marks, places, start }, at, term, from, written) {
  const [low, high] = [before[at], before[at + term.length]];
  const n = places.length / 2;
  let first = from;
  while (first < n && (places[2 * first] < 0 || places[2 * first + 1] <= low)) first++;
  if (low === high || first === n || places[2 * first] >= high) return null;
  const touched = { first, last: first, low, high, end: 0 };
  for (let i = first; i < n && places[2 * i] < high; i++) {
    if (places[2 * i] < 0) continue;
    touched.last = i;
    touched.end = Math.max(touched.end, places[2 * i + 1]);
  }
  // Marks and joiners are no letters; those at the end of the term belong to it.
  if (lettersOf([...term].at(-1) ?? '') === '') {
    /** @param {number} i */
    const isMark = (i) => places[2 * i] < 0 && !marks[i] && written.at(start + i).trim() !== '';
    for (let i = touched.last + 1; i < n && isMark(i); i++) touched.last = i;
  }
  return touched;
}

/**
 * Whether the overlapping tokens contain the term and, if the mode requires it, nothing else; parts
 * of adjacent characters do not count.
 *
 * @param {Placed} placed
 * @param {SearchMode} mode
 * @param {Touched} touched
 * @param {Column<string>} written
 */
function isCovered({ start, places }, mode, { first, last, low, high, end }, written) {
  const before = low - places[2 * first];
  if (end < high || before < 0) return false;
  if (mode === 'substring') return true;
  const begun = lettersOf(continuedIn(written.at(start + first))).length;
  if (before > 0 && before !== begun) return false;
  const left = lettersOf(begunIn(written.at(start + last))).length;
  return mode === 'prefix' || end === high || end - high === left;
}
