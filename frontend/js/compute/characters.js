/**
 * Labels of tokens that hold only some bytes of a character: the character with the range of its
 * bytes and their number, such as “你 1⁄3”, “ 你 1–2⁄3”, “你 3⁄3 + 好 1⁄3”. The server writes the same
 * format (core/characters.py).
 */

const PART = /^( *)(.) ([1-4])(?:–([1-4]))?⁄([2-4])$/su;
const JOINT = ' + ';

/**
 * Whole characters (`first` is 0), or part of one character: its first and last byte, from 1, and
 * the number of its bytes.
 *
 * @typedef {{text: string, first: number, last: number, of: number}} Piece
 */

/** @param {string} text @returns {Piece} */
const whole = (text) => ({ text, first: 0, last: 0, of: 0 });

/**
 * Split the label of a token into its pieces.
 *
 * @param {string} token as it is written
 * @returns {Piece[]}
 */
export function piecesOf(token) {
  if (!token.includes('⁄')) return [whole(token)];
  /** @type {Piece[]} */
  const pieces = [];
  for (const text of token.split(JOINT)) {
    const found = partsOf(text, pieces.length === 0);
    const last = pieces.at(-1);
    if (found) pieces.push(...found);
    else if (last?.first === 0) last.text += JOINT + text;
    else pieces.push(whole(text));
  }
  return pieces.some(({ first }) => first > 0) ? pieces : [whole(token)];
}

/**
 * Bytes of a character, with spaces before them where they are the first of a token.
 *
 * @param {string} text
 * @param {boolean} isFirst
 */
function partsOf(text, isFirst) {
  const [, lead, character, one, other = one, n] = PART.exec(text) ?? [];
  if (character === undefined || (lead !== '' && !isFirst)) return null;
  const [first, last, of] = [one, other, n].map(Number);
  const isPart = of === nBytes(character) && first <= last && last <= of && last - first + 1 < of;
  if (!isPart) return null;
  const part = { text: character, first, last, of };
  return lead === '' ? [part] : [whole(lead), part];
}

/** Number of UTF-8 bytes. @param {string} character */
function nBytes(character) {
  const point = character.codePointAt(0) ?? 0;
  return 1 + Number(point > 0x7f) + Number(point > 0x7ff) + Number(point > 0xffff);
}

/**
 * Apply `show` to the characters of a token; spaces before a part are preserved.
 *
 * @param {string} token
 * @param {(text: string) => string} show
 */
export function withShown(token, show) {
  const pieces = piecesOf(token);
  if (pieces.length === 1 && pieces[0].first === 0) return show(token);
  const lead = pieces[0].first === 0 && !/[^ ]/.test(pieces[0].text) ? pieces[0].text : '';
  const shown = pieces.slice(lead === '' ? 0 : 1).map(({ text, first, last, of }) => {
    const bytes = first === last ? first : `${first}–${last}`;
    return first === 0 ? show(text) : `${show(text)} ${bytes}⁄${of}`;
  });
  return lead + shown.join(JOINT);
}

/** The characters that a token contains in whole or in part. @param {string} token */
export function charactersOf(token) {
  return token.includes('⁄')
    ? piecesOf(token)
        .map(({ text }) => text)
        .join('')
    : token;
}

/**
 * The character begun in the previous token and continued in this one, or ''.
 *
 * @param {string} token
 */
export function continuedIn(token) {
  if (!token.includes('⁄')) return '';
  const [{ text, first }] = piecesOf(token);
  return first > 1 ? text : '';
}

/** The character that the next token continues, or ''. @param {string} token */
export function begunIn(token) {
  const { text, last, of } = piecesOf(token).at(-1) ?? whole('');
  return last < of ? text : '';
}

/**
 * Whether a token holds only continuation bytes of a character begun in an earlier token.
 *
 * @param {string} token
 */
export function isFurtherPart(token) {
  const continued = continuedIn(token);
  return continued !== '' && charactersOf(token) === continued;
}
