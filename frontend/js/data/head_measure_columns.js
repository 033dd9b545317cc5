/**
 * Numbers of all heads side by side: their range, order, ranks and distribution. Pure arithmetic on
 * typed arrays.
 */

import { valueAt } from '../compute/histogram.js';
import { cellsOfHeads, hasHead, headMask, isUniform } from '../compute/model_heads.js';
import { rangeOf } from '../compute/ranges.js';
import { isFidelity, measureFacts, NO_SUCH_SCORE, NOT_COMPUTED } from './head_measures.js';
import { fidelityIn } from './points.js';

/** @import { HeadFacts, Manifest } from '../page.js' */
/** @import { Range } from '../compute/histogram.js' */
/** @import { Model } from '../compute/model_heads.js' */
/** @import { HeadFit } from '../compute/pairs.js' */

/**
 * @typedef {object} Column One number of every head, layer by layer.
 * @property {string} name
 * @property {Float64Array} values (head) NaN if undefined
 * @property {Int32Array} nRows (head) number of attention rows that were averaged; `NOT_COMPUTED`
 *   or `NO_SUCH_SCORE` if there are none
 * @property {Range} range of the values; [0, 0] without values
 * @property {number} nKnown heads that have a value
 * @property {Int32Array} heads cells that have a head
 * @property {Int32Array} ranks (head) 1 for the highest, equal values share the best; 0 where there
 *   is no value
 */

/**
 * @param {string} name of a score or a measure of a map
 * @param {ReadonlyMap<string, HeadFacts>} heads by "layer,head"
 * @param {Model & Pick<Manifest, 'scores'>} model
 * @param {string | null} map whose measures are meant
 * @returns {Column}
 */
export function makeColumn(name, heads, model, map) {
  const { n_heads: nHeads, scores } = model;
  const n = model.n_layers * nHeads;
  const values = new Float64Array(n).fill(NaN);
  const nRows = new Int32Array(n).fill(
    isFidelity(name) || scores.includes(name) ? NOT_COMPUTED : NO_SUCH_SCORE,
  );
  for (const facts of heads.values()) {
    if (!hasHead(model, facts)) continue;
    const i = facts.layer * nHeads + facts.head;
    const score = facts.scores[name];
    const value = isFidelity(name) ? fidelityIn(facts, map)?.[name] : score?.value;
    if (typeof value === 'number') values[i] = value;
    if (score && !isFidelity(name)) nRows[i] = score.n_rows;
  }
  return columnOf(name, values, nRows, cellsOfHeads(model));
}

/**
 * The column of every head's fit to the marked pairs.
 *
 * @param {string} name
 * @param {ReadonlyMap<string, HeadFit>} fits by "layer,head"
 * @param {Model} model
 * @returns {Column}
 */
export function fitColumn(name, fits, model) {
  const { n_layers: nLayers, n_heads: nHeads } = model;
  const values = Float64Array.from(
    { length: nLayers * nHeads },
    (_, i) => fits.get(`${Math.floor(i / nHeads)},${i % nHeads}`)?.fit ?? NaN,
  );
  const nRows = new Int32Array(values.length).fill(NOT_COMPUTED);
  return columnOf(name, values, nRows, cellsOfHeads(model));
}

/**
 * @param {string} name
 * @param {Float64Array} values NaN where there is none
 * @param {Int32Array} nRows
 * @param {Int32Array} heads cells that have a head
 * @returns {Column}
 */
export function columnOf(name, values, nRows, heads = Int32Array.from(values.keys())) {
  const ranks = ranksOf(values);
  const [low, high] = rangeOf(values);
  return {
    name,
    values,
    nRows,
    range: measureFacts(name).scale === 'log' && low > 0 ? [low, high, true] : [low, high],
    nKnown: values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : 1), 0),
    ranks,
    heads,
  };
}

/**
 * Sort the heads by value: highest or lowest first, ties by layer and head, undefined values
 * last.
 *
 * @param {Float64Array} values NaN where there is none
 * @param {boolean} isRising
 * @returns {Int32Array} heads
 */
export function orderOf(values, isRising) {
  const sign = isRising ? 1 : -1;
  return Int32Array.from(values.keys()).sort((a, b) => {
    const [one, other] = [values[a], values[b]];
    if (Number.isNaN(one) || Number.isNaN(other))
      return Number(Number.isNaN(one)) - Number(Number.isNaN(other)) || a - b;
    return sign * (one - other) || a - b;
  });
}

/**
 * The heads of a model sorted by value.
 *
 * @param {Model} model
 * @param {Float64Array} values of its cells
 * @param {boolean} isRising
 * @returns {Int32Array} cells that have a head
 */
export function sortedHeads(model, values, isRising) {
  const order = orderOf(values, isRising);
  if (isUniform(model)) return order;
  const mask = headMask(model);
  return order.filter((cell) => mask[cell] === 1);
}

/**
 * The position of each cell in an order; -1 where it has none.
 *
 * @param {Int32Array} order cells; -1 where a position is empty
 * @param {number} nCells
 */
export function slotsOf(order, nCells = order.length) {
  const slots = new Int32Array(nCells).fill(-1);
  order.forEach((cell, slot) => {
    if (cell >= 0) slots[cell] = slot;
  });
  return slots;
}

/**
 * @param {Float64Array} values NaN where there is none
 * @returns {Int32Array} 1 for the highest; equal values share a rank; 0 for none
 */
export function ranksOf(values) {
  const ranks = new Int32Array(values.length);
  const order = orderOf(values, false);
  for (let slot = 0; slot < order.length; slot++) {
    const value = values[order[slot]];
    if (Number.isNaN(value)) break;
    const isEqual = slot > 0 && values[order[slot - 1]] === value;
    ranks[order[slot]] = isEqual ? ranks[order[slot - 1]] : slot + 1;
  }
  return ranks;
}

/**
 * The columns in which a head ranks highest, best rank first.
 *
 * @param {readonly Column[]} columns
 * @param {number} head
 * @param {number} max
 */
export function bestPlaces(columns, head, max) {
  const places = columns
    .filter(({ values }) => !Number.isNaN(values[head] ?? NaN))
    .map(({ name, ranks, nKnown }) => ({ name, rank: ranks[head], nKnown }));
  return places.sort((a, b) => a.rank / a.nKnown - b.rank / b.nKnown).slice(0, max);
}

/**
 * Two shares of a range as rounded values; an end that excludes nothing is open (null).
 *
 * @param {Range} range
 * @param {readonly [number, number]} shares
 * @returns {[number | null, number | null]}
 */
export function rangeAt(range, [low, high]) {
  const digits = Math.min(9, Math.max(0, 3 - Math.floor(Math.log10(range[1] - range[0] || 1))));
  /** @param {number} share */
  const rounded = (share) => Number(valueAt(share, range).toFixed(digits));
  return [low <= 0 ? null : rounded(low), high >= 1 ? null : rounded(high)];
}

/**
 * Which heads lie within a range, both ends included; an undefined value lies outside.
 *
 * @param {Float64Array} values NaN where there is none
 * @param {readonly [number | null, number | null]} range null: open at that end
 * @returns {{inside: Uint8Array, n: number}}
 */
export function headsWithin(values, [min, max]) {
  const [least, most] = [min ?? -Infinity, max ?? Infinity];
  const inside = new Uint8Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= least && values[i] <= most)) continue;
    inside[i] = 1;
    n++;
  }
  return { inside, n };
}

/**
 * Format a value with digits that suit its size; "–" if undefined.
 *
 * @param {number} value NaN: none
 * @param {number} [digits] behind the point of a number below ten
 */
export function formatMeasureValue(value, digits = 2) {
  if (Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  return value
    .toFixed(size >= 1000 ? 0 : size >= 10 ? 1 : digits)
    .replace(/^-(0(\.0*)?)$/, '$1')
    .replace('-', '−');
}
