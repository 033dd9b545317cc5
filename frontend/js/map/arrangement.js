/** Where the heads lie: the grid of all of them, or one alone; lengths in CSS pixels. */

import { TITLE_PX } from '../compute/title.js';
import { fitTransform, layoutGrid, layoutHead, zoomLimits } from '../compute/geometry.js';

/** @import { HeadId, Manifest } from '../page.js' */
/** @import { Cells, Transform } from '../types.js' */

/** Room for the numbers of heads (top) and layers (left), and for air (right, bottom). */
export const GRID_MARGIN = Object.freeze({ left: 44, top: 30, right: 16, bottom: 8 });

const GAP_PX = 4;
/**
 * Most width of a column against that of its map, and least width in any case, as titles need room.
 */
const MAX_SPREAD = 1.6;
const TITLE_WIDTH_PX = 84;
/** Air between the titles of two columns. */
export const TITLE_GAP_PX = 6;
const HEAD_MARGIN_PX = 12;

/**
 * `slots` are the places of the grid, row by row; a cell lies in the slot that the order gives its
 * head.
 */
/**
 * @typedef {{cells: Cells, slots: Cells, cellSize: number, size: {width: number, height: number},
 *   home: Transform, limits: {min: number, max: number}, pitch: {x: number, y: number}, titleWidth:
 *   number}} Arrangement
 */

/**
 * @param {Pick<Manifest, 'n_layers' | 'n_heads'>} model
 * @param {{width: number, height: number}} room
 * @param {Int32Array | null} [order] heads in the order of their places; null: layer by layer
 * @returns {Arrangement}
 */
export function arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, room, order = null) {
  const width = Math.max(80, room.width - GRID_MARGIN.left - GRID_MARGIN.right);
  const height = Math.max(80, room.height - GRID_MARGIN.top - GRID_MARGIN.bottom);
  const {
    cells: slots,
    cellSize,
    height: used,
  } = layoutGrid({ nLayers, nHeads, width, height, gap: GAP_PX, title: TITLE_PX });
  const widest = nHeads > 1 ? (width - cellSize) / (nHeads - 1) : cellSize;
  const pitch = {
    x: Math.max(
      cellSize + GAP_PX,
      Math.min(widest, width / nHeads, Math.max(TITLE_WIDTH_PX, cellSize * MAX_SPREAD)),
    ),
    y: cellSize + TITLE_PX + GAP_PX,
  };
  const titleWidth = Math.max(cellSize, Math.min(pitch.x - TITLE_GAP_PX, TITLE_WIDTH_PX));
  for (let slot = 0; slot < slots.n; slot++)
    slots.x[slot] = (slot % nHeads) * pitch.x + (titleWidth - cellSize) / 2;
  const size = { width: (nHeads - 1) * pitch.x + titleWidth, height: used };
  const k = Math.min(1, width / size.width, height / size.height);
  const home = {
    k,
    x: GRID_MARGIN.left + (width - k * size.width) / 2,
    y: GRID_MARGIN.top + Math.max(0, (height - k * size.height) / 2),
  };
  return {
    cells: order ? inOrder(slots, order) : slots,
    slots,
    cellSize,
    size,
    home,
    limits: zoomLimits(size, room, cellSize),
    pitch,
    titleWidth,
  };
}

/** @param {Cells} slots @param {Int32Array} order @returns {Cells} */
function inOrder(slots, order) {
  const cells = {
    n: slots.n,
    x: new Float32Array(slots.n),
    y: new Float32Array(slots.n),
    size: slots.size,
  };
  for (const [slot, cell] of order.entries())
    [cells.x[cell], cells.y[cell]] = [slots.x[slot], slots.y[slot]];
  return cells;
}

/**
 * The place beside another in a grid of rows, or -1 at its edge.
 *
 * @param {number} slot
 * @param {'up' | 'down' | 'left' | 'right'} direction
 * @param {Pick<Manifest, 'n_layers' | 'n_heads'>} model
 */
export function besideSlot(slot, direction, { n_layers: nRows, n_heads: nColumns }) {
  const [down, right] = { up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] }[direction];
  const [row, column] = [Math.floor(slot / nColumns) + down, (slot % nColumns) + right];
  return row < 0 || row >= nRows || column < 0 || column >= nColumns ? -1 : row * nColumns + column;
}

/** The head of a cell. @param {number} cell @param {number} nHeads of a layer */
export function headOf(cell, nHeads) {
  return { layer: Math.floor(cell / nHeads), head: cell % nHeads };
}

/** The cell of a head. @param {HeadId} at @param {number} nHeads of a layer */
export function cellOf({ layer, head }, nHeads) {
  return layer * nHeads + head;
}

/**
 * @param {{width: number, height: number}} room
 * @returns {Arrangement}
 */
export function arrangeHead(room) {
  const { cells, cellSize, width, height } = layoutHead({ ...room, margin: HEAD_MARGIN_PX });
  const size = { width, height };
  return {
    cells,
    slots: cells,
    cellSize,
    size,
    home: fitTransform(size, room, HEAD_MARGIN_PX),
    limits: { min: 0.5, max: 60 },
    pitch: { x: cellSize, y: cellSize },
    titleWidth: cellSize,
  };
}

/**
 * Shares of the shorter side of the room: a head of the grid is opened from the first on, an open
 * head is left below the second.
 */
const OPENED_SHARE = 0.9;
const LEFT_SHARE = 0.6;

/**
 * The head that zooming into the grid opens: the one nearest to a place, once it fills the room.
 *
 * @param {Pick<Arrangement, 'cells' | 'cellSize'>} grid
 * @param {Transform} transform
 * @param {{width: number, height: number}} room
 * @param {{x: number, y: number}} place
 * @returns {number} index of the cell, or -1
 */
export function openedCell({ cells, cellSize }, transform, room, place) {
  if (cellSize * transform.k < OPENED_SHARE * Math.min(room.width, room.height)) return -1;
  const [x, y] = [(place.x - transform.x) / transform.k, (place.y - transform.y) / transform.k];
  let [best, least] = [-1, Infinity];
  for (let cell = 0; cell < cells.n; cell++) {
    const half = cells.size[cell] / 2;
    const distance = Math.max(
      Math.abs(x - cells.x[cell] - half),
      Math.abs(y - cells.y[cell] - half),
    );
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}

/**
 * Whether zooming out leaves a head. It is then clearly smaller than one that would be opened, so
 * that the two do not alternate.
 *
 * @param {Pick<Arrangement, 'home'>} head
 * @param {Transform} transform
 */
export function isLeft({ home }, transform) {
  return transform.k < LEFT_SHARE * home.k;
}

/**
 * Transform of a head that puts it where its cell of the grid lies.
 *
 * @param {Pick<Arrangement, 'cells'>} grid
 * @param {number} cell
 * @param {Transform} transform of the grid
 * @param {Pick<Arrangement, 'cellSize'>} head
 * @returns {Transform}
 */
export function headInPlace({ cells }, cell, { k, x, y }, { cellSize }) {
  return {
    k: (cells.size[cell] * k) / cellSize,
    x: cells.x[cell] * k + x,
    y: cells.y[cell] * k + y,
  };
}

/**
 * Transform of the grid that puts one of its cells where the open head lies: the reverse.
 *
 * @param {Pick<Arrangement, 'cells'>} grid
 * @param {number} cell
 * @param {Transform} transform of the head
 * @param {Pick<Arrangement, 'cellSize'>} head
 * @returns {Transform}
 */
export function gridInPlace({ cells }, cell, { k, x, y }, { cellSize }) {
  const grown = (cellSize * k) / cells.size[cell];
  return { k: grown, x: x - cells.x[cell] * grown, y: y - cells.y[cell] * grown };
}
