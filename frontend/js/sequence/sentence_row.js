/**
 * One token in a column of a sequence: its text and weight as a button that selects it, and the
 * button that hides it.
 */

import { el, icon, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { capital } from '../ui/labels.js';

/** @import { Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { Spans } from '../compute/head_parts.js' */

const EYE =
  'M1.5 8S4 3.75 8 3.75 14.5 8 14.5 8 12 12.25 8 12.25 1.5 8 1.5 8zM8 6.25a1.75 1.75 0 1 1 0 ' +
  '3.5 1.75 1.75 0 0 1 0-3.5';
const CROSSED_EYE = `${EYE}M3 13.5 13 2.5`;

/** The key at position n is the sink. @typedef {{kind: Kind, position: number}} Place */
/**
 * `shown` is what the row looks like now.
 *
 * @typedef {{row: HTMLElement, button: HTMLElement, eye: HTMLElement, weight: HTMLElement, hidden:
 *   HTMLElement, kind: Kind, position: number, name: string, shown: string}} Row `hidden`: where
 *   screen readers are told that it is
 */
/** @typedef {{tokens: Tokens, start: number, n: number, spans: Spans}} Sequence */
/**
 * @typedef {object} RowWords
 * @property {(tokens: Tokens, token: number) => HTMLElement} makeText what stands in a row
 * @property {(tokens: Tokens, token: number) => string} nameOf
 */
/**
 * @typedef {{isSelected: boolean, isSource: boolean, isHidden: boolean, isStop: boolean, weight:
 *   string}} Look `isSource`: the other column tells its weights; `isStop`: Tab reaches it
 */

/**
 * @param {Place} place
 * @param {Sequence} sequence
 * @param {RowWords} words
 * @returns {Row}
 */
export function makeRow({ kind, position }, { tokens, start, n, spans }, { makeText, nameOf }) {
  const token = start + position;
  const isSink = position === n;
  const place = isSink
    ? ', key that stands for no token'
    : `, ${kind}, position ${tokens.position[token] + 1}`;
  const name = `${isSink ? 'sink' : nameOf(tokens, token).slice(0, 200)}${place}`;
  const text = isSink ? el('span', { class: 'sentence__token' }, 'sink') : makeText(tokens, token);
  const weight = el('span', { class: 'sentence__weight' });
  const hidden = el('span', {});
  const button = el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'sentence__button',
      type: 'button',
      tabindex: '-1',
      ...(!isSink && { 'aria-keyshortcuts': 'x' }),
      title: `${name}\nClick selects it${isSink ? '' : '; Alt-click or x hides it'}`,
    },
    ...(kind === 'query' ? [weight, text] : [text, weight]),
    el('span', { class: 'visually-hidden' }, place, hidden),
  );
  const eye = el('button', {
    ...UNTRANSLATED,
    class: 'sentence__eye',
    type: 'button',
    tabindex: '-1',
  });
  const row = el(
    'li',
    isSink
      ? { class: 'sentence__row sentence__row--sink' }
      : {
          class: 'sentence__row',
          'aria-posinset': String(position - spans[kind][0] + 1),
          'aria-setsize': String(spans[kind][1] - spans[kind][0]),
        },
    button,
    ...(isSink ? [] : [eye]),
  );
  return { row, button, eye, weight, hidden, kind, position, name, shown: '' };
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
  row.classList.toggle('is-source', look.isSource);
  markHidden(entry, look.isHidden);
  setAttribute(button, 'aria-pressed', String(look.isSelected));
  button.tabIndex = look.isStop ? 0 : -1;
  row.style.setProperty('--weight', look.weight || '0');
  setText(weight, look.weight);
}

/** @param {Row} entry @param {boolean} isHidden */
function markHidden({ row, eye, hidden, kind, name }, isHidden) {
  if (isHidden === row.classList.contains('is-hidden') && eye.firstChild) return;
  row.classList.toggle('is-hidden', isHidden);
  eye.replaceChildren(icon(isHidden ? CROSSED_EYE : EYE));
  const what = `${isHidden ? 'Show' : 'Hide'} ${name}`;
  const effect = kind === 'query' ? 'its row becomes zero' : 'its weight goes to the other keys';
  setAttribute(eye, 'aria-label', what);
  setAttribute(eye, 'title', `${what} (x)${isHidden ? '' : `\n${capital(effect)}`}`);
  setText(hidden, isHidden ? ', hidden' : '');
}
