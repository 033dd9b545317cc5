/**
 * The tokens of a sequence that often draw attention without meaning much: class token, separators,
 * registers, first.
 */

/** @import { Tokens } from '../page.js' */

/** What these tokens are called by the models that have them. */
const CLASS_WORDS = /^(\[CLS\]|<cls>|<s>)$/i;
const SEPARATOR_WORDS = /^(\[SEP\]|<sep>|<\/s>|<eos>|<\|endoftext\|>|<\|end_of_text\|>)$/i;

/** @typedef {{name: string, label: string, help: string, positions: number[]}} TokenGroup */

/**
 * Return the groups of such tokens that a sequence has; the first token only where it is no class
 * token.
 *
 * @param {Tokens} tokens
 * @param {number} start first token of the sequence
 * @param {number} n
 * @param {boolean} isCausal a model that looks back only has no class token at its start
 * @param {number} [firstKey] position of the first key
 * @returns {TokenGroup[]}
 */
export function specialGroups(tokens, start, n, isCausal, firstKey = 0) {
  const isImage = tokens.row !== null && !tokens.isMixed;
  /** @param {(position: number, token: number) => boolean} isOne */
  const where = (isOne) =>
    Array.from({ length: n }, (_, i) => i).filter((i) => isOne(i, start + i));
  /** @param {number} token @param {RegExp} words */
  const isSpecial = (token, words) =>
    tokens.tokenType.at(token) === 'special' && words.test(tokens.text.at(token));
  const classes = where(
    (i, token) =>
      tokens.tokenType.at(token) === 'class' ||
      (i === firstKey && !isCausal && isSpecial(token, CLASS_WORDS)),
  );
  const isFirstOwn = !isImage && n > 0 && !classes.includes(firstKey);
  return [
    {
      name: 'class',
      label: 'class token',
      help: 'Take the class token out, as query and as key',
      positions: classes,
    },
    {
      name: 'separator',
      label: 'separators',
      help: 'Take the separators out, as queries and as keys',
      positions: where((i, token) => i > 0 && isSpecial(token, SEPARATOR_WORDS)),
    },
    {
      name: 'register',
      label: 'registers',
      help: 'Take the registers out, as queries and as keys',
      positions: where((_, token) => tokens.tokenType.at(token) === 'register'),
    },
    {
      name: 'first',
      label: 'first token',
      help: 'Take the first token out, as query and as key; many heads rest on it',
      positions: isFirstOwn ? [firstKey] : [],
    },
  ].filter(({ positions }) => positions.length > 0);
}

/**
 * The positions as queries and as keys, to be hidden or shown.
 *
 * @param {readonly number[]} positions
 * @returns {import('../page.js').HiddenToken[]}
 */
export function asBothKinds(positions) {
  return positions.flatMap((position) => [
    { kind: /** @type {const} */ ('query'), position },
    { kind: /** @type {const} */ ('key'), position },
  ]);
}
