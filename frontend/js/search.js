/** Exact search of whole tokens in the whole corpus. */

/** @import { Tokens } from './page.js' */

/**
 * What can be found: every distinct word, and which word each token is. -1 is a token without words.
 *
 * @typedef {{ids: Map<string, number>, wordOf: Int32Array}} SearchIndex
 */

/**
 * Return the words of a corpus. Patches have none of their own and are found by the label or name of their image.
 *
 * @param {Tokens} tokens
 * @returns {SearchIndex}
 */
export function indexWords(tokens) {
  /** @type {Map<string, number>} */
  const ids = new Map();
  /** @type {Map<string, number>} */
  const rawIds = new Map();
  const wordOf = new Int32Array(tokens.n);
  for (let token = 0; token < tokens.n; token++) {
    const raw = wordsOf(tokens, token);
    let id = rawIds.get(raw);
    if (id === undefined) {
      id = idOf(ids, normalise(raw));
      rawIds.set(raw, id);
    }
    wordOf[token] = id;
  }
  return { ids, wordOf };
}

/**
 * Return which tokens match: the whole token, whatever its case and the spaces around it.
 *
 * @param {SearchIndex} index
 * @param {string} typed
 * @returns {{hits: Uint8Array, nHits: number} | null} null if nothing was typed
 */
export function findTokens({ ids, wordOf }, typed) {
  const word = normalise(typed);
  if (word === '') return null;
  const wanted = ids.get(word);
  const hits = new Uint8Array(wordOf.length);
  let nHits = 0;
  if (wanted !== undefined) {
    for (let token = 0; token < hits.length; token++) {
      if (wordOf[token] === wanted) {
        hits[token] = 1;
        nHits++;
      }
    }
  }
  return { hits, nHits };
}

/** @param {string} text */
function normalise(text) {
  return text.normalize('NFC').trim().toLowerCase();
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
 * @param {Tokens} tokens
 * @param {number} token
 */
function wordsOf(tokens, token) {
  if (tokens.tokenType[token] !== 'patch') return tokens.text[token];
  const sequence = tokens.sequence[token];
  return String(tokens.sequences.columns.label?.[sequence] ?? tokens.sequences.text[sequence] ?? '');
}
