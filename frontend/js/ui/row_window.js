/**
 * Which rows of a long list are on the page: those in sight with some around them, and those that
 * have to stay.
 */

/** Rows beyond both edges of what is seen, so that scrolling finds them there. */
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
    /** What is on the page, by position. @type {ReadonlyMap<number, Row>} */
    rows,
    /** Begin anew, without any row. @param {number} length */
    reset(length) {
      n = length;
      rows.clear();
      list.replaceChildren();
      list.style.setProperty('--rows', String(length));
    },
    /**
     * Make the rows that come into sight and remove those that left it.
     *
     * @param {number} top of what is seen, in rows
     * @param {number} bottom
     * @param {number} pinned a row that stays wherever one scrolls: the one that Tab reaches
     * @returns {boolean} whether other rows are there than before
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
 * The positions of the rows that are on the page, in order.
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
