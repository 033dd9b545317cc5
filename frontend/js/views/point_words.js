/** What the sheet beside a point says: token, kind, place, and the value of the colour mode. */

import { corpusText, el } from '../dom.js';
import { isOwnText, tokenWords, visibleText } from '../words.js';

/** @import { Selected, Tokens } from '../page.js' */

const LONGEST = 120;

/**
 * @param {Tokens} tokens
 * @param {Selected} point
 * @param {{label: string, value: string} | null} told by the colour mode
 */
export function pointParts(tokens, { kind, token }, told) {
  const words = tokenWords(tokens, token);
  const text = visibleText(words);
  const clipped = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const n = tokens.sequences.length[tokens.sequence[token]];
  return [
    el('p', { class: 'tooltip__title' }, isOwnText(tokens, token) ? corpusText(clipped) : clipped),
    el('p', {}, el('span', { class: kind }, kind), el('span', { class: 'soft' }, `, position ${tokens.position[token] + 1} of ${n}`)),
    ...(told && told.value !== '' ? [el('p', { class: 'soft' }, `${told.label}: ${told.value}`)] : []),
  ];
}
