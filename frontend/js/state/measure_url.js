/** What the address says of head scores: tint, order and range. */

/** @import { State } from '../page.js' */

/** Their names, in the order they are written. */
export const SCORE_NAMES = Object.freeze([
  'score',
  'order',
  'order-from',
  'filter',
  'score-min',
  'score-max',
]);

/** Names of scores and of measures. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const NUMBER = /^-?\d{1,9}(\.\d{1,9})?$/;

/** @type {Record<string, (value: string, parts: URLSearchParams) => Partial<State> | null>} */
export const SCORE_READERS = {
  score: (value) => (NAME.test(value) ? { score: value } : null),
  order: (value) => (NAME.test(value) ? { order: value } : null),
  'order-from': (value, parts) =>
    value === 'lowest' && parts.has('order') ? { isOrderRising: true } : null,
  filter: (value) => (NAME.test(value) ? { filterScore: value } : null),
  'score-min': readEnd,
  'score-max': readEnd,
};

/** @param {State} state */
export function scoreParts({ score, order, isOrderRising, filterScore, scoreRange }) {
  const [least, most] = (filterScore ?? score) === null ? [null, null] : scoreRange.map(digits);
  return {
    score,
    order,
    'order-from': order !== null && isOrderRising ? 'lowest' : null,
    filter: filterScore,
    'score-min': least,
    'score-max': most,
  };
}

/**
 * An end of a range says something only with the score that it is of.
 *
 * @param {string} value
 * @param {URLSearchParams} parts
 * @returns {Partial<State> | null}
 */
function readEnd(value, parts) {
  if (!NUMBER.test(value) || !(parts.has('score') || parts.has('filter'))) return null;
  const [least, most] = ['score-min', 'score-max']
    .map((name) => parts.get(name) ?? '')
    .map((text) => (NUMBER.test(text) ? Number(text) : null));
  return { scoreRange: [least, most] };
}

/** A number as digits, never as 1e-7. @param {number | null} value */
function digits(value) {
  return value === null ? null : value.toFixed(9).replace(/\.?0+$/, '');
}
