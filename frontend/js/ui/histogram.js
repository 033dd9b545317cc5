/** Histogram of a measure over all heads, with a mark at the open head. */

import { binOf, histogramOf, shareOf } from '../compute/histogram.js';

/** @import { Column } from '../data/head_measure_columns.js' */

const SVG = 'http://www.w3.org/2000/svg';
const BINS = 24;
/** Height of the chart in SVG units; a bin is one unit wide. */
const MAX_HEIGHT = 16;
/** Minimum height of a bar that is not empty. */
const MIN_HEIGHT = 1;

/**
 * @param {Element} root
 * @param {string} className
 */
export function createHistogram(root, className) {
  const outside = shape('path', 'histogram__bars histogram__bars--outside');
  const inside = shape('path', 'histogram__bars');
  const mark = shape('line', 'histogram__mark');
  const svg = shape('svg', `histogram ${className}`);
  svg.setAttribute('viewBox', `0 0 ${BINS} ${MAX_HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(outside, inside, mark);
  root.append(svg);

  return {
    element: svg,
    /**
     * @param {Column} column
     * @param {object} [shown]
     * @param {number} [shown.head] head to mark; -1 for none
     * @param {readonly [number | null, number | null]} [shown.range] bars outside are pale
     */
    update(column, { head = -1, range = [null, null] } = {}) {
      const counts = histogramOf(column.values, column.range, BINS);
      const [first, last] = [
        range[0] === null ? 0 : binOf(range[0], column.range, BINS),
        range[1] === null ? BINS - 1 : binOf(range[1], column.range, BINS),
      ];
      inside.setAttribute(
        'd',
        barsPath(counts, (bin) => bin >= first && bin <= last),
      );
      outside.setAttribute(
        'd',
        barsPath(counts, (bin) => bin < first || bin > last),
      );
      const value = head < 0 ? NaN : column.values[head];
      mark.toggleAttribute('hidden', Number.isNaN(value));
      const x = String(shareOf(Number.isNaN(value) ? 0 : value, column.range) * BINS);
      for (const [name, at] of [
        ['x1', x],
        ['x2', x],
        ['y1', '0'],
        ['y2', String(MAX_HEIGHT)],
      ])
        mark.setAttribute(name, at);
    },
  };
}

/** @param {Int32Array} counts @param {(bin: number) => boolean} isDrawn */
function barsPath(counts, isDrawn) {
  const maxCount = Math.max(1, ...counts);
  return [...counts]
    .flatMap((count, bin) => {
      if (count === 0 || !isDrawn(bin)) return [];
      const height = Math.max(MIN_HEIGHT, (MAX_HEIGHT * count) / maxCount);
      return [`M${bin} ${MAX_HEIGHT}V${(MAX_HEIGHT - height).toFixed(2)}h0.9V${MAX_HEIGHT}z`];
    })
    .join('');
}

/** @param {string} tag @param {string} className */
function shape(tag, className) {
  const element = document.createElementNS(SVG, tag);
  element.setAttribute('class', className);
  return element;
}
