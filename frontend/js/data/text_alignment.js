/**
 * Alignment of two tokenizations of one text: which tokens cover the same letters. Both are located
 * in the letters of the text without spaces, case and accents, which tokenizers treat differently.
 */

import { charactersOf, continuedIn } from '../compute/characters.js';

/** A byte that is not part of a character, as datasets write it. */
const BYTE = /<0x[0-9A-F]{2}>/;
const PIECE_MARK = '##';
/** Normalised forms of tokens, cached since vocabularies recur. @type {Map<string, string[]>} */
const knownForms = new Map();
const MAX_FORMS = 100_000;
/** How far beyond the end of a token the next one is searched, letters. */
const REACH = 80;
/** Spaces, control characters, zero-width marks, and combining accents. */
const IGNORED = /[\s\p{Cc}\p{Cf}\p{Mn}]/gu;

/**
 * First letter and end of each token in the text, -1 for a token that is not found; (token, 2).
 *
 * @typedef {Int32Array} Places
 */

/**
 * The normalised letters by which texts are compared.
 *
 * @param {string} text
 */
export function lettersOf(text) {
  if (/^[ -~]*$/.test(text)) return text.toLowerCase().replaceAll(' ', '');
  return text.toLowerCase().normalize('NFKD').replace(IGNORED, '').replaceAll('ς', 'σ');
}

/**
 * Say where each token stands in the letters of its text. Parts of a character all stand where it
 * does; tokens that say nothing of the text, such as an unknown word, get what lies between their
 * neighbours.
 *
 * @param {string} text
 * @param {readonly (string | null)[]} tokens null: not of the text, such as a mark of its beginning
 * @returns {Places}
 */
export function placeTokens(text, tokens) {
  const { letters, ends } = wordsOf(text);
  const places = new Int32Array(2 * tokens.length).fill(-1);
  /** @type {number[]} */
  let pending = [];
  let cursor = 0;
  tokens.forEach((token, i) => {
    const forms = token === null ? [] : formsOf(token);
    if (forms.length === 0) return;
    const begun = token === null || pending.length > 0 ? '' : lettersOf(continuedIn(token));
    const from = Math.max(0, cursor - begun.length);
    const found = BYTE.test(token ?? '') ? null : find(letters, forms, from);
    if (!found) {
      pending.push(i);
      return;
    }
    setPlaces(places, pending, cursor, found.start);
    setPlaces(places, [i], found.start, found.end);
    pending = [];
    cursor = found.end;
  });
  setPlaces(places, pending, cursor, ends[cursor] ?? cursor);
  return places;
}

/**
 * The letters of a text, and of each the end of the word it stands in.
 *
 * @param {string} text
 */
function wordsOf(text) {
  const words = text.split(/\s+/).map(lettersOf);
  const letters = words.join('');
  const ends = new Int32Array(letters.length);
  let end = 0;
  for (const word of words) ends.fill(end + word.length, end, (end += word.length));
  return { letters, ends };
}

/** Ways to read a token: as it stands, and as a piece of a word. @param {string} token */
function formsOf(token) {
  let forms = knownForms.get(token);
  if (forms) return forms;
  const isPiece = token.startsWith(PIECE_MARK) && token.length > PIECE_MARK.length;
  const written = [charactersOf(token), ...(isPiece ? [token.slice(PIECE_MARK.length)] : [])];
  forms = written.map(lettersOf).filter((form) => form !== '');
  if (knownForms.size >= MAX_FORMS) knownForms.clear();
  knownForms.set(token, forms);
  return forms;
}

/** The letters of a token as a piece of its text. @param {string} token */
export function lettersOfToken(token) {
  return formsOf(token).at(-1) ?? '';
}

/**
 * Number of letters before each position of a text, and in all of it.
 *
 * @param {string} text
 * @returns {Int32Array} (UTF-16 unit + 1)
 */
export function lettersBefore(text) {
  const before = new Int32Array(text.length + 1);
  let n = 0;
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0;
    const isAscii = code < 0x7f;
    const sign = isAscii ? '' : String.fromCodePoint(code);
    for (const end = at + (code > 0xffff ? 2 : 1); at < end; at++) before[at] = n;
    n += isAscii ? Number(code > 0x20) : lettersOf(sign).length;
  }
  before[text.length] = n;
  return before;
}

/**
 * @param {string} letters
 * @param {readonly string[]} forms
 * @param {number} cursor
 */
function find(letters, forms, cursor) {
  const here = forms.find((form) => letters.startsWith(form, cursor));
  if (here !== undefined) return { start: cursor, end: cursor + here.length };
  for (const form of forms) {
    const start = letters.slice(cursor, cursor + REACH + form.length).indexOf(form);
    if (start >= 0) return { start: cursor + start, end: cursor + start + form.length };
  }
  return null;
}

/**
 * @param {Places} places
 * @param {readonly number[]} tokens
 * @param {number} start
 * @param {number} end
 */
function setPlaces(places, tokens, start, end) {
  if (start < end) for (const i of tokens) places.set([start, end], 2 * i);
}

/**
 * The tokens of the other tokenization in the same span: the smallest span around the token that
 * begins and ends at token boundaries of both.
 *
 * @param {number} token
 * @param {Places} own
 * @param {Places} other of the same text
 * @returns {number[]} the one that shares most letters with the token first, then the rest in order
 */
export function tokensOfSameText(token, own, other) {
  const [first, end] = [own[2 * token], own[2 * token + 1]];
  if (first < 0) return [];
  let span = { start: first, end };
  for (;;) {
    const wider = reachOf(own, reachOf(other, span));
    if (wider.start === span.start && wider.end === span.end) break;
    span = wider;
  }
  const found = [];
  for (let i = 0; 2 * i < other.length; i++) if (overlap(other, i, span) > 0) found.push(i);
  const shares = found.map((i) => overlap(other, i, { start: first, end }));
  const best = found[shares.indexOf(Math.max(...shares))];
  return found.length === 0 ? [] : [best, ...found.filter((i) => i !== best)];
}

/**
 * The span extended to the boundaries of all tokens that overlap it.
 *
 * @param {Places} places
 * @param {{start: number, end: number}} span
 */
function reachOf(places, span) {
  let { start, end } = span;
  for (let i = 0; 2 * i < places.length; i++) {
    if (overlap(places, i, span) <= 0) continue;
    start = Math.min(start, places[2 * i]);
    end = Math.max(end, places[2 * i + 1]);
  }
  return { start, end };
}

/**
 * Number of letters of a span that a token covers; zero or negative if they do not overlap.
 *
 * @param {Places} places
 * @param {number} i
 * @param {{start: number, end: number}} span
 */
function overlap(places, i, { start, end }) {
  return places[2 * i] < 0 ? 0 : Math.min(end, places[2 * i + 1]) - Math.max(start, places[2 * i]);
}

/**
 * The corresponding special token of the other sequence, counted from the same end: leading ones
 * from the start, trailing ones from the end. Special tokens inside the text have none.
 *
 * @param {number} token position in its own sequence
 * @param {readonly boolean[]} own whether each position is a special token
 * @param {readonly boolean[]} other
 * @returns {number | null}
 */
export function markAtSameEnd(token, own, other) {
  if (token < leading(own)) return token < leading(other) ? token : null;
  const fromEnd = own.length - 1 - token;
  const isLast = fromEnd < leading([...own].reverse()) && fromEnd < leading([...other].reverse());
  return isLast ? other.length - 1 - fromEnd : null;
}

/** @param {readonly boolean[]} marks */
function leading(marks) {
  const first = marks.indexOf(false);
  return first < 0 ? marks.length : first;
}
