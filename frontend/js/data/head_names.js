/** Names of heads, where a score is high enough for one. */

import { counted } from '../compute/number_text.js';
import { measureFacts } from './head_measures.js';

/** @import { Column } from './head_measure_columns.js' */

/**
 * @typedef {object} HeadName
 * @property {string} score on which the name rests
 * @property {string} label
 * @property {number} value of the score
 * @property {number} nRows of attention, over which it is the mean
 */

/**
 * The name of each head: that of its highest score which is at its threshold or above, over enough
 * rows; of equal scores the first.
 *
 * @param {readonly Column[]} columns scores
 * @returns {(HeadName | null)[]} (head)
 */
export function nameHeads(columns) {
  /** @type {(HeadName | null)[]} */
  const names = new Array(columns[0]?.values.length ?? 0).fill(null);
  for (const { name: score, values, nRows } of columns) {
    const rule = measureFacts(score).head_name;
    if (!rule) continue;
    for (const [head, value] of values.entries()) {
      if (!(value >= rule.threshold) || nRows[head] < rule.min_rows) continue;
      if (value > (names[head]?.value ?? -Infinity))
        names[head] = { score, label: rule.label, value, nRows: nRows[head] };
    }
  }
  return names;
}

/** A name and its score: "previous token 0.99". @param {HeadName} name */
export function formatHeadName({ label, value }) {
  return `${label} ${value.toFixed(2)}`;
}

/** Why a head has its name: score, rows and threshold. @param {HeadName} name */
export function explainHeadName({ score, value, nRows }) {
  const { label, head_name: rule } = measureFacts(score);
  return (
    `${label} ${value.toFixed(3)} (mean over ${counted(nRows, 'row')}). ` +
    `Heads with at least ${rule?.threshold.toFixed(2)} are named after it.`
  );
}
