/** The texts of a point: its label and its tooltip. */

import { capital } from '../ui/labels.js';
import { clipped } from '../ui/labels.js';
import { textAround } from '../compute/head_parts.js';
import { continuedIn, piecesOf } from '../compute/characters.js';
import { corpusText, el, UNTRANSLATED } from '../ui/dom.js';
import { userSequenceName } from '../data/user_sequence_text.js';
import { addedTexts } from '../compute/word_boundaries.js';
import {
  isOwnText,
  isWord,
  formatPosition,
  formatTokenName,
  visibleText,
  formatToken,
} from '../ui/labels.js';

/** @import { Selected, Tokens } from '../page.js' */

const LONGEST = 120;
const LONGEST_LABEL = 24;
/** Characters of a sentence that are shown around a token. */
const LONGEST_SENTENCE = 160;
/** Most tokens that one character is split into. */
const MAX_PARTS = 4;
/** Right-to-left letters, which need an isolate after a number. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * The label of a point. In a selected sequence it has the position, too.
 *
 * @param {Tokens} tokens
 * @param {number} token
 * @param {boolean} isSelected whether its sequence is selected
 */
export function formatLabel(tokens, token, isSelected) {
  if (isWord(tokens, token)) {
    const text = clipped(formatToken(tokens, token), LONGEST_LABEL);
    return isSelected
      ? `${tokens.position[token] + 1}:${RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text}`
      : text;
  }
  const label = tokens.sequences.columns.label?.[tokens.sequence[token]];
  const isPatch = tokens.tokenType.at(token) === 'patch';
  if (label === undefined || label === null || label === '')
    return isPatch
      ? `row ${tokens.row?.[token]}, column ${tokens.column?.[token]}`
      : formatTokenName(tokens, token);
  const words = clipped(visibleText(String(label)), LONGEST_LABEL);
  if (!isSelected) return words;
  const place = isPatch
    ? `${tokens.row?.[token]}, ${tokens.column?.[token]}`
    : formatTokenName(tokens, token);
  return `${words} (${place})`;
}

/**
 * The text around a token, joined from the tokens, since only they say where the token stands.
 *
 * @param {Tokens} tokens
 * @param {number} token
 * @param {number} [longest]
 * @returns {{before: string, own: string, after: string}}
 */
export function surroundings(tokens, token, longest = LONGEST_SENTENCE) {
  const { text } = tokens;
  const [first, end] = wordsAround(tokens, token);
  const from = Math.max(first, token - MAX_PARTS * longest);
  const added = addedTexts(text.slice(from, Math.min(end, token + MAX_PARTS * longest)));
  // A part of a character is shown as the whole of it, which an earlier part has added.
  const begun = continuedIn(text.at(token));
  const own = clipped(begun + added[token - from], longest);
  let [before, after, owed] = ['', '', begun.length];
  let [left, right] = [token - 1, token + 1];
  const isMore = () => left >= from || right - from < added.length;
  while (before.length + own.length + after.length < longest && isMore()) {
    if (left >= from) {
      const piece = added[left-- - from];
      before = piece.slice(0, piece.length - Math.min(owed, piece.length)) + before;
      owed -= Math.min(owed, piece.length);
    }
    if (right - from < added.length) after += added[right++ - from];
  }
  return {
    before: `${left >= first ? '…' : ''}${before}`,
    own,
    after: `${after}${right < end ? '…' : ''}`,
  };
}

/**
 * The tokens of a text around one, up to the patches of an image.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
function wordsAround(tokens, token) {
  let [first, end] = textAround(tokens, token);
  if (!tokens.isMixed) return [first, end];
  const isPatch = (/** @type {number} */ one) => tokens.tokenType.at(one) === 'patch';
  for (let before = token - 1; before >= first; before--) if (isPatch(before)) first = before + 1;
  for (let after = token + 1; after < end; after++) if (isPatch(after)) end = after;
  return [first, end];
}

/**
 * A point in one line, for screen readers.
 *
 * @param {Tokens} tokens
 * @param {Selected} point
 */
export function formatPoint(tokens, { kind, token }) {
  const name = userSequenceName(tokens, tokens.sequence[token]);
  return (
    `${clipped(formatToken(tokens, token), LONGEST)}, ${kind}, ` +
    `${formatPosition(tokens, token)}${name ? ` of ${name}` : ''}`
  );
}

/**
 * The tooltip of a point.
 *
 * @param {Tokens} tokens
 * @param {Selected} point
 * @param {object} parts
 * @param {HTMLElement | null} parts.attention in its own sequence
 * @param {{label: string, value: string} | null} parts.colorValue by the colour mode
 * @param {HTMLElement | null} parts.image of its patch
 * @param {string | null} parts.userText for a token of the user: whose it is and how it was placed
 */
export function pointParts(tokens, { kind, token }, { attention, colorValue, image, userText }) {
  const text = clipped(formatToken(tokens, token), LONGEST);
  return [
    el('p', { class: 'tooltip__title' }, isOwnText(tokens, token) ? corpusText(text) : text),
    ...bytesParts(tokens.text.at(token)),
    el(
      'p',
      {},
      el('span', { class: kind }, kind),
      el('span', { class: 'soft' }, `, ${formatPosition(tokens, token)}`),
    ),
    attention,
    image ?? sentencePart(tokens, token, kind),
    ...(userText === null ? [] : [el('p', { class: 'tooltip__user-sequence' }, capital(userText))]),
    ...(colorValue && colorValue.value !== ''
      ? [el('p', { class: 'soft' }, corpusText(`${colorValue.label}: ${colorValue.value}`, null))]
      : []),
  ];
}

/** The bytes of characters that a token holds a part of. @param {string} token */
function bytesParts(token) {
  return piecesOf(token)
    .filter(({ first }) => first > 0)
    .map(({ text, first, last, of }) => {
      const bytes = first === last ? `byte ${first}` : `bytes ${first} to ${last}`;
      return el('p', { class: 'soft' }, `${bytes} of the ${of} of `, corpusText(visibleText(text)));
    });
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 * @param {string} kind
 */
function sentencePart(tokens, token, kind) {
  const { before, own, after } = surroundings(tokens, token);
  const bare = own.trimStart();
  return el(
    'p',
    { class: 'tooltip__sentence' },
    el(
      'bdi',
      { ...UNTRANSLATED, lang: '' },
      spelled(before),
      own.slice(0, own.length - bare.length),
      el('mark', { class: `tooltip__token ${kind}` }, spelled(bare)),
      spelled(after),
    ),
  );
}

/** A sentence with its control characters as visible signs. @param {string} text */
function spelled(text) {
  return text === '' ? '' : text.replaceAll('\n', '⏎').replaceAll('\r', '␍').replaceAll('\t', '⇥');
}

/**
 * The image of a patch with the patch framed, its name and its label.
 *
 * @param {Tokens} tokens
 * @param {Selected} point
 * @param {string} url of the image
 * @param {{n_rows: number, n_columns: number, image_width_px: number, image_height_px: number}}
 *   grid
 */
export function imagePart(tokens, { kind, token }, url, grid) {
  const sequence = tokens.sequence[token];
  const label = tokens.sequences.columns.label?.[sequence];
  const image = el('img', {
    class: 'tooltip__image',
    src: url,
    alt: '',
    width: String(grid.image_width_px),
    height: String(grid.image_height_px),
  });
  const patch = el('span', {
    class: `tooltip__patch tooltip__patch--${kind}`,
    hidden: tokens.tokenType.at(token) !== 'patch',
  });
  const [row, column] = [tokens.row?.[token] ?? 0, tokens.column?.[token] ?? 0];
  patch.style.top = `${(100 * row) / grid.n_rows}%`;
  patch.style.left = `${(100 * column) / grid.n_columns}%`;
  patch.style.width = `${100 / grid.n_columns}%`;
  patch.style.height = `${100 / grid.n_rows}%`;
  return el(
    'div',
    { class: 'tooltip__picture' },
    el('span', { class: 'tooltip__frame' }, image, patch),
    el(
      'span',
      {},
      corpusText(clipped(tokens.sequences.text.at(sequence), LONGEST), null),
      ...(label === undefined || label === null
        ? []
        : [el('br'), corpusText(clipped(String(label), LONGEST), 'soft')]),
    ),
  );
}
