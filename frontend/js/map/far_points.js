/**
 * Points that lie outside of what is shown at rest: marks at the borders, words that say so, and a
 * way to see all.
 */

import { createCleanup, el, setText } from '../ui/dom.js';
import { lastOnly } from '../compute/memo.js';
import { farPoints } from '../compute/map_bounds.js';
import { cellCoefficients, cellVisibility } from '../compute/geometry.js';
import { inkOf } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { count, counted } from '../compute/number_text.js';

/** @import { Context } from '../page.js' */
/** @import { Frame } from '../types.js' */

/**
 * Where marks lie in a square or a room, from its middle, in halves of its sides.
 *
 * @typedef {{x: number, y: number}[]} Spots
 */

/** Marks at one place are one. */
const STEPS = 40;
/** Length of a mark, CSS pixels: in a head, and in a cell of the grid. */
const LENGTH_PX = Object.freeze({ head: 9, grid: 5 });
const OPACITY = 0.7;
const HELP =
  'A few points lie far from all others, which would be squeezed into a corner with them. ' +
  'Marks at the border say where they are.';

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions'> & {overlay: HTMLCanvasElement}} context
 */
export function createFarPoints(root, { actions, overlay }) {
  const cleanup = createCleanup();
  const words = el('span', { title: HELP });
  const all = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Fit all points; “Fit all points” among the map options takes it back',
      onClick: () => actions.choose({ isWhole: true }),
    },
    'Show all',
  );
  const element = el(
    'div',
    { class: 'far', role: 'group', 'aria-label': 'Points outside', hidden: true },
    words,
    all,
  );
  root.append(element);
  for (const type of ['mousedown', 'touchstart', 'pointerdown', 'pointermove', 'dblclick'])
    cleanup.listen(element, type, (event) => event.stopPropagation());
  const list = lastOnly(farPoints);
  const spots = lastOnly(spotsOfCells);

  /** @param {Frame} frame @returns {string} What is said of it. */
  function drawGrid(frame) {
    const {
      cells,
      flags,
      nPoints,
      positions,
      transform: { k, x, y },
      windows,
    } = frame;
    if (!windows) return '';
    const found = spots(list(positions, windows, nPoints), flags, positions, windows, nPoints);
    const pen = penOf(frame);
    for (let cell = 0; pen && cell < cells.n; cell++) {
      if (found[cell].length === 0 || cellVisibility(frame, cell) === 'outside') continue;
      const half = (cells.size[cell] * k) / 2;
      drawMarks(
        pen,
        found[cell],
        {
          x: cells.x[cell] * k + x + half,
          y: cells.y[cell] * k + y + half,
          width: half,
          height: half,
        },
        LENGTH_PX.grid,
      );
    }
    const nCells = found.filter(({ length }) => length > 0).length;
    return nCells > 0
      ? `${count(nCells)} of ${counted(cells.n, 'head')} ${nCells === 1 ? 'has' : 'have'} ` +
          'points outside'
      : '';
  }

  /** @param {Frame} frame @returns {string} */
  function drawHead(frame) {
    const { flags, height, nPoints, positions, width, windows } = frame;
    if (!windows) return '';
    const c = cellCoefficients(frame, 0);
    const found = list(positions, windows, nPoints)[0].flatMap((point) => {
      const [x, y] = [
        c[0] * positions[2 * point] + c[3] + c[12],
        c[5] * positions[2 * point + 1] + c[7] + c[13],
      ];
      const isOut = x < 0 || y < 0 || x > width || y > height;
      return isOut && !(flags[point] & FLAG.hidden)
        ? [{ x: (2 * x) / width - 1, y: (2 * y) / height - 1 }]
        : [];
    });
    const pen = penOf(frame);
    if (pen)
      drawMarks(
        pen,
        atBorder(found),
        { x: width / 2, y: height / 2, width: width / 2, height: height / 2 },
        LENGTH_PX.head,
      );
    return found.length > 0
      ? `${counted(found.length, 'point')} ${found.length === 1 ? 'lies' : 'lie'} outside`
      : '';
  }

  /**
   * The pen of the overlay, which has its size only once it has drawn lines.
   *
   * @param {Frame} frame
   */
  function penOf(frame) {
    const { height, ratio, width } = frame;
    const pen = overlay.getContext('2d');
    const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * ratio)));
    if (overlay.width !== columns) overlay.width = columns;
    if (overlay.height !== rows) overlay.height = rows;
    pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (pen) pen.fillStyle = `rgb(${inkOf(frame).join(' ')} / ${OPACITY})`;
    return pen;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Spots} marks
   * @param {{x: number, y: number, width: number, height: number}} box middle and half sides
   * @param {number} length
   */
  function drawMarks(pen, marks, { x, y, width, height }, length) {
    pen.beginPath();
    for (const spot of marks) {
      // A triangle that points outwards.
      const isSide = Math.abs(spot.x) >= Math.abs(spot.y);
      const [outX, outY] = isSide ? [Math.sign(spot.x), 0] : [0, Math.sign(spot.y)];
      // At a corner the whole of it stays inside.
      const [across, along] = [Math.max(0, width - length / 2), Math.max(0, height - length / 2)];
      const [tipX, tipY] = isSide
        ? [x + spot.x * width - outX, y + spot.y * along]
        : [x + spot.x * across, y + spot.y * height - outY];
      const [baseX, baseY, half] = [tipX - outX * length, tipY - outY * length, 0.5 * length];
      pen.moveTo(tipX, tipY);
      pen.lineTo(baseX + outY * half, baseY + outX * half);
      pen.lineTo(baseX - outY * half, baseY - outX * half);
    }
    pen.fill();
  }

  return {
    /** Draw over what is on the overlay. @param {Frame | null} frame */
    draw(frame) {
      const isShown = frame !== null && Boolean(frame.windows) && frame.dims === 2 && !frame.from;
      const said = isShown ? (frame.cells.n === 1 ? drawHead(frame) : drawGrid(frame)) : '';
      setText(words, said);
      if (element.hidden !== (said === '')) element.hidden = said === '';
    },
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/**
 * Where the far points of each cell are marked at its border.
 *
 * @param {number[][]} far (cell) points
 * @param {Uint8Array} flags (point)
 * @param {Uint16Array} positions
 * @param {Float32Array} windows
 * @param {number} nPoints
 * @returns {Spots[]}
 */
function spotsOfCells(far, flags, positions, windows, nPoints) {
  return far.map((points, cell) => {
    const [x, y, side] = windows.subarray(3 * cell, 3 * cell + 3);
    return atBorder(
      points
        .filter((point) => !(flags[point] & FLAG.hidden))
        .map((point) => {
          const at = 2 * (cell * nPoints + point);
          return {
            x: (2 * (positions[at] / 65535 - x)) / side,
            y: (-2 * (positions[at + 1] / 65535 - y)) / side,
          };
        }),
    );
  });
}

/**
 * Places at the border of a box, each once, nearest to places outside of it.
 *
 * @param {Spots} places from the middle, in halves of the sides
 * @returns {Spots}
 */
export function atBorder(places) {
  /** @type {Map<string, {x: number, y: number}>} */
  const found = new Map();
  for (const place of places) {
    const spot = { x: clamp(place.x), y: clamp(place.y) };
    const key = `${Math.round(spot.x * STEPS)} ${Math.round(spot.y * STEPS)}`;
    if (!found.has(key)) found.set(key, spot);
  }
  return [...found.values()];
}

/** @param {number} share */
function clamp(share) {
  return Math.min(1, Math.max(-1, share));
}
