/** Two sequences side by side: which tokens share a row, and which are the same in both. */

import { commonTokens, rowsSideBySide } from '../compute/token_alignment.js';
import { lettersOf, markAtSameEnd } from './text_alignment.js';
import { placesOf } from './token_links.js';

/** @import { Tokens } from '../page.js' */

/** `words`: its tokens as they are compared; `text`: as it was written. */
/**
 * @typedef {{dataset: string | null, tokens: Tokens, sequence: number, words: readonly string[],
 *   text: string}} AlignedSequence
 */
/**
 * @typedef {object} Alignment
 * @property {Int32Array} rowsOfA row of each position
 * @property {Int32Array} rowsOfB
 * @property {number} n rows
 * @property {Int32Array} common of each position of A the same token of B, or -1
 */

/**
 * Tokens of two tokenizations of one text share a row where they begin with the same letter; they
 * are the same if they end with the same one. Otherwise tokens are the same if they are written
 * alike, in a longest common subsequence.
 *
 * @param {AlignedSequence} a
 * @param {AlignedSequence} b
 * @returns {Alignment}
 */
export function alignSequences(a, b) {
  const isSameText = a.dataset !== b.dataset && !a.tokens.row && !b.tokens.row && hasSameText(a, b);
  const { partners, common } = isSameText ? tokensOfOneText(a, b) : commonWords(a, b);
  const { own, other, n } = rowsSideBySide(partners, b.words.length);
  return { rowsOfA: own, rowsOfB: other, n, common };
}

/** @param {AlignedSequence} a @param {AlignedSequence} b */
function commonWords(a, b) {
  const common = commonTokens(a.words, b.words);
  return { partners: common, common };
}

/** @param {AlignedSequence} a @param {AlignedSequence} b */
function hasSameText(a, b) {
  const letters = [a, b].map(({ text }) => lettersOf(text));
  return letters[0] !== '' && letters[0] === letters[1];
}

/** @param {AlignedSequence} a @param {AlignedSequence} b */
function tokensOfOneText(a, b) {
  const [own, other] = [a, b].map(({ tokens, sequence }) => placesOf(tokens, sequence));
  const partners = new Int32Array(a.words.length).fill(-1);
  const common = partners.slice();
  let next = 0; // tokens of B before it have a partner, or none to come
  own.marks.forEach((isMark, i) => {
    const start = own.places[2 * i];
    let j = isMark ? (markAtSameEnd(i, own.marks, other.marks) ?? -1) : -1;
    if (!isMark && start >= 0) {
      j = next;
      while (j < b.words.length && other.places[2 * j] < start) j++;
      if (other.places[2 * j] !== start) j = -1;
    }
    if (j < next) return;
    partners[i] = j;
    const isSame = isMark
      ? a.words[i] === b.words[j]
      : own.places[2 * i + 1] === other.places[2 * j + 1] &&
        nBeginning(own.places, start) === nBeginning(other.places, start);
    if (isSame) common[i] = j;
    next = j + 1;
  });
  return { partners, common };
}

/** Number of tokens that begin with a letter: several if they are bytes of it. */
function nBeginning(/** @type {Int32Array} */ places, /** @type {number} */ start) {
  let n = 0;
  for (let at = 0; at < places.length; at += 2) n += Number(places[at] === start);
  return n;
}
