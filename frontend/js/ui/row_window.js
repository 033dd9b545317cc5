/**
 * Virtual scrolling: only the visible rows of a long list, a margin around them and a pinned row
 * are in the DOM.
 */

/** Rows rendered beyond both edges of the viewport. */
const MARGIN = 12;

/**
 * @template {{row: HTMLElement}} Row
 * @param {HTMLElement} list as high as all of its rows; its styles place a row by `--row`
 * @param {(position: number) => Row} makeRow
 */
export function createRowWindow(list, makeRow) {
  /** @type {Map<number, Row>} */
  const rows = new Map();
  let n = 0;

  return {
    /** Rendered rows, by position. @type {ReadonlyMap<number, Row>} */
    rows,
    /** Remove all rows. @param {number} length */
    reset(length) {
      n = length;
      rows.clear();
      list.replaceChildren();
      list.style.setProperty('--rows', String(length));
    },
    /**
     * Create the rows that entered the viewport and remove those that left it.
     *
     * @param {number} top of the viewport, in rows
     * @param {number} bottom
     * @param {number} pinned a row that is always rendered: the one with the tab stop
     * @returns {boolean} whether the rendered rows changed
     */
    show(top, bottom, pinned) {
      const wanted = windowOf(n, top, bottom, pinned);
      const gone = [...rows.keys()].filter((position) => !wanted.includes(position));
      for (const position of gone) {
        rows.get(position)?.row.remove();
        rows.delete(position);
      }
      let isOther = gone.length > 0;
      wanted.forEach((position, i) => {
        if (rows.has(position)) return;
        const made = makeRow(position);
        made.row.style.setProperty('--row', String(position));
        rows.set(position, made);
        list.insertBefore(made.row, list.children[i] ?? null);
        isOther = true;
      });
      return isOther;
    },
  };
}

/**
 * The positions of the rendered rows, in order.
 *
 * @param {number} n
 * @param {number} top
 * @param {number} bottom
 * @param {number} pinned
 */
export function windowOf(n, top, bottom, pinned) {
  const first = Math.min(n, Math.max(0, Math.floor(top) - MARGIN));
  const last = Math.min(n, Math.max(first, Math.ceil(bottom) + MARGIN));
  const positions = Array.from({ length: last - first }, (_, i) => first + i);
  if (pinned >= 0 && pinned < first) positions.unshift(pinned);
  if (pinned >= last && pinned < n) positions.push(pinned);
  return positions;
}

/**
 * The rows that are in sight, with some to both sides.
 *
 * @param {number} nRows
 * @param {number} rowHeight
 * @param {number} top how far the table is scrolled
 * @param {number} height of what is seen
 * @param {number} [spare]
 * @returns {{first: number, last: number}} the last is not among them
 */
export function rowWindow(nRows, rowHeight, top, height, spare = 8) {
  const first = Math.max(0, Math.min(nRows, Math.floor(top / rowHeight)) - spare);
  return { first, last: Math.min(nRows, Math.ceil((top + height) / rowHeight) + spare) };
}
