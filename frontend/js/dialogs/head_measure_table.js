/** All heads with all their numbers as a table for other programs. */

import { csvText } from '../compute/csv.js';
import { rowColumn } from '../compute/head_parts.js';
import { hasRows } from '../data/head_measures.js';

/** @import { Column } from '../data/head_measure_columns.js' */

/**
 * A row for each head: every number in full, beside every score the rows of attention it rests on.
 *
 * @param {{dataset: string, model: string, map: string | null, nHeads: number, layers?: readonly
 *   object[]}} subject `nHeads` in a layer
 * @param {readonly Column[]} columns
 * @param {Int32Array | null} order heads in the order of the rows; null: layer by layer
 */
export function headsCsv({ dataset, model, map, nHeads, layers = [] }, columns, order) {
  const names = columns.flatMap(({ name }) => (hasRows(name) ? [name, `${name}_n_rows`] : [name]));
  const heads = order ?? columns[0]?.values.keys() ?? [];
  const lines = Array.from(heads, (head) => [
    dataset,
    model,
    map ?? '',
    Math.floor(head / nHeads),
    head % nHeads,
    ...Object.values(rowColumn(layers, Math.floor(head / nHeads))),
    ...columns.flatMap((column) => cellsOf(column, head)),
  ]);
  const named = Object.keys(rowColumn(layers, 0));
  const titles = ['dataset', 'model', 'map', 'layer', 'head', ...named, ...names];
  return csvText([titles, ...lines]);
}

/**
 * The same rows for a file that holds more than a table: null where there is no number.
 *
 * @param {number} nHeads in a layer
 * @param {readonly Column[]} columns
 * @param {Int32Array} order
 * @param {readonly object[]} [layers]
 * @returns {Record<string, number | string | null>[]}
 */
export function headRows(nHeads, columns, order, layers = []) {
  return Array.from(order, (head) => {
    const numbers = columns.flatMap(({ name, values, nRows }) => {
      const value = Number.isNaN(values[head]) ? null : values[head];
      return hasRows(name)
        ? [
            [name, value],
            [`${name}_n_rows`, nRows[head] < 0 ? null : nRows[head]],
          ]
        : [[name, value]];
    });
    return {
      layer: Math.floor(head / nHeads),
      head: head % nHeads,
      ...rowColumn(layers, Math.floor(head / nHeads)),
      ...Object.fromEntries(numbers),
    };
  });
}

/** @param {Column} column @param {number} head @returns {(number | string)[]} */
function cellsOf({ name, values, nRows }, head) {
  const value = Number.isNaN(values[head]) ? '' : values[head];
  return hasRows(name) ? [value, nRows[head] < 0 ? '' : nRows[head]] : [value];
}
