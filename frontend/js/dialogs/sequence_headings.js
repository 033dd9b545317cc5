/** The headings of the table of all sequences, which sort it. */

import { corpusText, el, setAttribute } from '../ui/dom.js';
import { columnClass } from './sequence_row.js';

/** @import { Column, Order } from './sequence_table.js' */

/** @param {(column: Column) => void} onSort */
export function createSequenceHeadings(onSort) {
  const element = el('tr', {});
  /** By the names of the columns. @type {Map<string, HTMLTableCellElement>} */
  let headings = new Map();
  /** @type {readonly Column[]} */
  let columns = [];

  /** @param {string} name */
  function sort(name) {
    const column = columns.find((one) => one.name === name);
    if (column) onSort(column);
  }

  return {
    element,
    /** @param {readonly Column[]} next @param {Order} order */
    update(next, order) {
      columns = next;
      if (next.length !== headings.size || next.some(({ name }) => !headings.has(name))) {
        headings = new Map(next.map((column) => [column.name, makeHeading(column, sort)]));
        element.replaceChildren(...headings.values());
      }
      const direction = order.isDescending ? 'descending' : 'ascending';
      for (const [name, heading] of headings)
        setAttribute(heading, 'aria-sort', name === order.name ? direction : null);
    },
  };
}

/** @param {Column} column @param {(name: string) => void} onSort */
function makeHeading(column, onSort) {
  const button = el(
    'button',
    {
      class: 'sequences__sort',
      type: 'button',
      title: `${column.help}. Click to sort.`,
      onClick: () => onSort(column.name),
    },
    corpusText(column.label, null),
  );
  return el('th', { scope: 'col', class: columnClass(column) }, button);
}
