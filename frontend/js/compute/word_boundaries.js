/** Word boundaries in any script, and the text that tokens add up to. */

import { charactersOf, continuedIn, piecesOf } from './characters.js';

const PIECE_MARK = '##';
/** Scripts without spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese. */
const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar'];
const SIGNS = `${SCRIPTS.map((script) => `\\p{sc=${script}}`).join('')}ー`;
const UNSPACED = new RegExp(`[${SIGNS}]`, 'u');
const RUNS = new RegExp(`[${SIGNS}]+|[^${SIGNS}]+`, 'gu');
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu;
const OF_WORD = /[\p{L}\p{M}\p{N}]/u;

/** Segments scripts without spaces; without Intl.Segmenter each character is a word. */
const dictionary = 'Segmenter' in Intl ? new Intl.Segmenter('und', { granularity: 'word' }) : null;

/**
 * The words of a text, in order.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function wordsIn(text) {
  const words = text.match(WORD) ?? [];
  return words.flatMap((word) => (UNSPACED.test(word) ? dividedWord(word) : [word]));
}

/**
 * Only runs of such scripts are segmented: the time for other texts would be quadratic.
 *
 * @param {string} word
 */
function dividedWord(word) {
  return (word.match(RUNS) ?? []).flatMap((run) => {
    if (!UNSPACED.test(run)) return [run];
    return dictionary ? Array.from(dictionary.segment(run), ({ segment }) => segment) : [...run];
  });
}

/**
 * Whether an index of a text is a word boundary; always true within scripts without spaces.
 *
 * @param {string} text
 * @param {number} at
 */
export function isBetweenWords(text, at) {
  const [before] = /.$/su.exec(text.slice(Math.max(0, at - 2), at)) ?? [''];
  const after = at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : '';
  if (/\p{M}/u.test(after)) return false;
  const isInside = OF_WORD.test(before) && OF_WORD.test(after);
  return !isInside || UNSPACED.test(before) || UNSPACED.test(after);
}

/**
 * The text that each of some consecutive tokens adds, with the space before it; '' where a token
 * only continues a character begun in the previous one.
 *
 * @param {readonly string[]} tokens
 * @returns {string[]}
 */
export function addedTexts(tokens) {
  const isSpaced = tokens.some(bringsItsSpaces);
  let before = '';
  return tokens.map((token) => {
    const isPiece = token.startsWith(PIECE_MARK) && token.length > PIECE_MARK.length;
    const characters = charactersOf(token).slice(continuedIn(token).length);
    const own = isPiece ? token.slice(PIECE_MARK.length) : characters;
    const isRun = UNSPACED.test(before) && UNSPACED.test(own);
    const isApart = !isSpaced && !isPiece && before !== '' && !isRun;
    before = own.slice(-2) || before;
    return `${isApart ? ' ' : ''}${own}`;
  });
}

/** Whether the token's vocabulary marks spaces within tokens. @param {string} token */
function bringsItsSpaces(token) {
  return token.startsWith(' ') || piecesOf(token).some(({ first }) => first > 0);
}
