/**
 * One token in a column of a sequence: its text, its weight, and the buttons that hide and select
 * it.
 */

import { el, icon, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';

/** @import { Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */

const SELECT_ICON = 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3M8 7a1 1 0 1 1 0 2a1 1 0 0 1 0-2';

/** @typedef {{kind: Kind, position: number}} Place */
/**
 * `shown` is what the row looks like now.
 *
 * @typedef {{row: HTMLElement, button: HTMLElement, weight: HTMLElement, shown: string}} Row
 */
/** @typedef {{tokens: Tokens, start: number, n: number}} Sequence */
/**
 * @typedef {object} RowWords
 * @property {(tokens: Tokens, token: number) => HTMLElement} makeText what stands in a row
 * @property {(tokens: Tokens, token: number) => string} nameOf
 */
/**
 * @typedef {{isSelected: boolean, isAlone: boolean, isHidden: boolean, isStop: boolean, weight:
 *   string}} Look `isStop`: Tab reaches it
 */

/**
 * @param {Place} place
 * @param {Sequence} sequence
 * @param {RowWords} words
 * @returns {Row}
 */
export function makeRow({ kind, position }, { tokens, start, n }, { makeText, nameOf }) {
  const token = start + position;
  const name = `${nameOf(tokens, token).slice(0, 200)}, ${kind}, position ${position + 1}`;
  const text = makeText(tokens, token);
  const weight = el('span', { class: 'sentence__weight' });
  const effect = kind === 'query' ? 'its row becomes zero' : 'its weight goes to the other keys';
  const button = el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'sentence__button',
      type: 'button',
      tabindex: '-1',
      'aria-label': `Hide ${name}`,
      title:
        `${name}\nClick or Space hides it: ${effect}.\nThe ring at its edge, or Enter, ` +
        'selects it.',
    },
    ...(kind === 'query' ? [weight, text] : [text, weight]),
  );
  const select = el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'sentence__select',
      type: 'button',
      tabindex: '-1',
      'aria-label': `Select ${name}`,
      title: 'Select this token in the map (Enter)',
    },
    icon(SELECT_ICON),
  );
  const row = el(
    'li',
    { class: 'sentence__row', 'aria-posinset': String(position + 1), 'aria-setsize': String(n) },
    button,
    select,
  );
  return { row, button, weight, shown: '' };
}

/**
 * Give a row its look; one that has it is not touched.
 *
 * @param {Row} entry
 * @param {Look} look
 */
export function markRow(entry, look) {
  const wanted = Object.values(look).join(' ');
  if (entry.shown === wanted) return;
  entry.shown = wanted;
  const { row, button, weight } = entry;
  row.classList.toggle('is-selected', look.isSelected);
  row.classList.toggle('is-alone', look.isAlone);
  row.classList.toggle('is-hidden', look.isHidden);
  setAttribute(button, 'aria-pressed', String(look.isHidden));
  button.tabIndex = look.isStop ? 0 : -1;
  row.style.setProperty('--weight', look.weight || '0');
  setText(weight, look.weight);
}
