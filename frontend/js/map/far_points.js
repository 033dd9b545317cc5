/**
 * Points that lie outside of the part of a map that is shown at rest: marks at the borders, their
 * number, and a button to show all.
 */

import { createCleanup, el, setText } from '../ui/dom.js';
import { isAbsent } from '../compute/density.js';
import { lastOnly } from '../compute/memo.js';
import { farPoints } from '../compute/map_bounds.js';
import { cellCoefficients, cellVisibility } from '../compute/geometry.js';
import { framePen } from '../render/frame_pen.js';
import { inkOf } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { counted } from '../compute/number_text.js';

/** @import { Context } from '../page.js' */
/** @import { Frame } from '../types.js' */

/**
 * Places of marks in a box, from its middle, in halves of its sides.
 *
 * @typedef {{x: number, y: number}[]} Spots
 */

/** Places that are equal after rounding to this many steps have one mark. */
const STEPS = 40;
/** Length of a mark, CSS pixels: in a head, and in a cell of the grid. */
const LENGTH_PX = Object.freeze({ head: 9, grid: 5 });
const OPACITY = 0.7;
const HELP =
  'A few points far from all others are off-screen, so that they do not squeeze the rest into a ' +
  'corner. Marks at the border show where they are.';

/**
 * Marks around a box, given by its middle and its half sides.
 *
 * @typedef {{spots: Spots, box: {x: number, y: number, width: number, height: number}}} BoxMarks
 */

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
      title: 'Fit all points (Map options: Fit all points)',
      onClick: () => actions.choose({ isWhole: true }),
    },
    'Show all',
  );
  const element = el(
    'div',
    { class: 'far', role: 'group', 'aria-label': 'Off-screen outliers', hidden: true },
    words,
    all,
  );
  root.append(element);
  for (const type of ['mousedown', 'touchstart', 'pointerdown', 'pointermove', 'dblclick'])
    cleanup.listen(element, type, (event) => event.stopPropagation());
  const list = lastOnly(farPoints);
  const spots = lastOnly(spotsOfCells);

  /** @param {Frame} frame @param {Float32Array} windows @returns {string} their number */
  function drawGrid(frame, windows) {
    const { density, flags, nPoints, positions } = frame;
    const far = list(positions, windows, nPoints);
    const found = spots(far, flags, positions, windows, density);
    drawMarks(overlay, frame, cellMarks(frame, found), LENGTH_PX.grid);
    const nCells = found.filter(({ length }) => length > 0).length;
    return nCells > 0
      ? `${counted(nCells, 'head')} ${nCells === 1 ? 'has' : 'have'} off-screen outliers`
      : '';
  }

  /** @param {Frame} frame @param {Float32Array} windows @returns {string} */
  function drawHead(frame, windows) {
    const [width, height] = [frame.width / 2, frame.height / 2];
    const found = spotsOutside(frame, list(frame.positions, windows, frame.nPoints)[0]);
    const marks = { spots: atBorder(found), box: { x: width, y: height, width, height } };
    drawMarks(overlay, frame, [marks], LENGTH_PX.head);
    return found.length > 0 ? counted(found.length, 'off-screen outlier') : '';
  }

  return {
    /** Draw over what is on the overlay. @param {Frame | null} frame */
    draw(frame) {
      const windows = frame?.dims === 2 && !frame.from ? frame.windows : null;
      const draws = frame?.cells.n === 1 ? drawHead : drawGrid;
      const said = frame && windows ? draws(frame, windows) : '';
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
 * The marks of the cells that are in sight.
 *
 * @param {Frame} frame
 * @param {Spots[]} spots (cell)
 * @returns {BoxMarks[]}
 */
function cellMarks(frame, spots) {
  const { k, x, y } = frame.transform;
  return spots.flatMap((found, cell) => {
    if (found.length === 0 || cellVisibility(frame, cell) === 'outside') return [];
    const half = (frame.cells.size[cell] * k) / 2;
    const middle = [frame.cells.x[cell] * k + x + half, frame.cells.y[cell] * k + y + half];
    return [{ spots: found, box: { x: middle[0], y: middle[1], width: half, height: half } }];
  });
}

/**
 * Places of the points of a head that lie outside of the canvas.
 *
 * @param {Frame} frame
 * @param {number[]} far
 * @returns {Spots}
 */
function spotsOutside(frame, far) {
  const { flags, height, positions, width } = frame;
  const c = cellCoefficients(frame, 0);
  return far.flatMap((point) => {
    const [x, y] = [
      c[0] * positions[2 * point] + c[3] + c[12],
      c[5] * positions[2 * point + 1] + c[7] + c[13],
    ];
    const isOut = x < 0 || y < 0 || x > width || y > height;
    return isOut && !(flags[point] & FLAG.hidden)
      ? [{ x: (2 * x) / width - 1, y: (2 * y) / height - 1 }]
      : [];
  });
}

/**
 * @param {HTMLCanvasElement} overlay
 * @param {Frame} frame
 * @param {BoxMarks[]} marks
 * @param {number} length
 */
function drawMarks(overlay, frame, marks, length) {
  const pen = framePen(overlay, frame);
  if (!pen) return;
  pen.fillStyle = `rgb(${inkOf(frame).join(' ')} / ${OPACITY})`;
  for (const { spots, box } of marks) {
    pen.beginPath();
    for (const spot of spots) drawTriangle(pen, spot, box, length);
    pen.fill();
  }
}

/**
 * A triangle at the border of a box that points outwards.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {{x: number, y: number}} spot
 * @param {BoxMarks['box']} box
 * @param {number} length
 */
function drawTriangle(pen, spot, { x, y, width, height }, length) {
  const isSide = Math.abs(spot.x) >= Math.abs(spot.y);
  const [outX, outY] = isSide ? [Math.sign(spot.x), 0] : [0, Math.sign(spot.y)];
  // At a corner it stays inside as a whole.
  const [across, along] = [Math.max(0, width - length / 2), Math.max(0, height - length / 2)];
  const [tipX, tipY] = isSide
    ? [x + spot.x * width - outX, y + spot.y * along]
    : [x + spot.x * across, y + spot.y * height - outY];
  const [baseX, baseY, half] = [tipX - outX * length, tipY - outY * length, 0.5 * length];
  pen.moveTo(tipX, tipY);
  pen.lineTo(baseX + outY * half, baseY + outX * half);
  pen.lineTo(baseX - outY * half, baseY - outX * half);
}

/**
 * Places of the marks of each cell.
 *
 * @param {number[][]} far (cell) points
 * @param {Uint8Array} flags (point)
 * @param {Uint16Array} positions
 * @param {Float32Array} windows
 * @param {Uint8Array} density (cell, point)
 * @returns {Spots[]}
 */
function spotsOfCells(far, flags, positions, windows, density) {
  const nPoints = flags.length;
  return far.map((points, cell) => {
    const [x, y, side] = windows.subarray(3 * cell, 3 * cell + 3);
    return atBorder(
      points
        .filter(
          (point) => !(flags[point] & FLAG.hidden) && !isAbsent({ density, nPoints }, cell, point),
        )
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
 * The places of a box that are nearest to places outside of it, each once.
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
