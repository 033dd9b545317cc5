/** The headings of the table of heads: they sort it, and show how each number is distributed. */

import { formatMeasureValue } from '../data/head_measure_columns.js';
import { isFidelity, measureFacts } from '../data/head_measures.js';
import { el, setAttribute, setText } from '../ui/dom.js';
import { createHistogram } from '../ui/histogram.js';

/** @import { Column } from '../data/head_measure_columns.js' */

/**
 * What is sorted by: a number, or the layers where the name is empty.
 *
 * @typedef {{name: string, isRising: boolean}} Sorting
 */

/** @param {(name: string) => void} onSort */
export function createHeadings(onSort) {
  const corner = el(
    'th',
    { scope: 'col', class: 'head-table__corner' },
    sortButton('Head', () => onSort('')),
  );
  const element = el('tr', {});
  /** @type {ReturnType<typeof makeHeading>[]} */
  let headings = [];

  return {
    element,
    /**
     * @param {readonly Column[]} columns
     * @param {number} open the head that is marked; -1 for none
     */
    update(columns, open) {
      const isSame =
        element.childElementCount === columns.length + 1 &&
        columns.every(({ name }, i) => name === headings[i].name);
      if (!isSame) {
        headings = columns.map(({ name }) => makeHeading(name, onSort));
        element.replaceChildren(corner, ...headings.map((heading) => heading.element));
      }
      columns.forEach((column, i) => headings[i].update(column, open));
    },
    /** @param {Sorting} sorting */
    mark({ name, isRising }) {
      const direction = isRising ? 'ascending' : 'descending';
      for (const each of [{ name: '', element: corner }, ...headings])
        setAttribute(each.element, 'aria-sort', each.name === name ? direction : 'none');
    },
  };
}

/** @param {string} name @param {(name: string) => void} onSort */
function makeHeading(name, onSort) {
  const { label, help, formula, source } = measureFacts(name);
  const element = el(
    'th',
    {
      scope: 'col',
      title: `${help}${formula ? ` ${formula}.` : ''}${source ? ` Source: ${source}.` : ''}`,
      class: isFidelity(name) ? 'is-fidelity' : null,
    },
    sortButton(label, () => onSort(name)),
  );
  const histogram = createHistogram(element, 'head-table__histogram');
  const range = el('span', { class: 'head-table__range soft' });
  element.append(range);
  /** @type {{column: Column | null, open: number}} */
  let shown = { column: null, open: -1 };
  return {
    name,
    element,
    /** @param {Column} column @param {number} open */
    update(column, open) {
      if (column === shown.column && open === shown.open) return;
      shown = { column, open };
      histogram.update(column, { head: open });
      const [low, high] = column.range;
      const ends = `${formatMeasureValue(low)} – ${formatMeasureValue(high)}`;
      setText(range, column.nKnown === 0 ? 'none' : ends);
    },
  };
}

/** @param {string} label @param {() => void} onClick */
function sortButton(label, onClick) {
  return el(
    'button',
    { class: 'head-table__sort', type: 'button', onClick },
    el('span', {}, label),
  );
}
