/** Where the heads lie: the grid of all of them, or one alone; lengths in CSS pixels. */

import { fitTransform, layoutGrid, layoutHead, zoomLimits } from './geometry.js';

/** @import { Manifest } from './page.js' */
/** @import { Cells, Transform } from './types.js' */

/** Room for the numbers of heads (top) and layers (left), and for air (right, bottom). */
export const GRID_MARGIN = Object.freeze({ left: 44, top: 30, right: 16, bottom: 8 });
/** Height of the line with title and fidelity above each head. */
export const TITLE_PX = 18;
const GAP_PX = 4;
/** How much wider than a map its column may get, and how wide in any case, so that titles have room. */
const MAX_SPREAD = 1.6;
const TITLE_WIDTH_PX = 84;
/** Air between the titles of two columns. */
export const TITLE_GAP_PX = 6;
const HEAD_MARGIN_PX = 12;

/** @typedef {{cells: Cells, cellSize: number, size: {width: number, height: number}, home: Transform, limits: {min: number, max: number}, pitch: {x: number, y: number}, titleWidth: number}} Arrangement */

/**
 * @param {Pick<Manifest, 'n_layers' | 'n_heads'>} model
 * @param {{width: number, height: number}} room
 * @returns {Arrangement}
 */
export function arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, room) {
  const width = Math.max(80, room.width - GRID_MARGIN.left - GRID_MARGIN.right);
  const height = Math.max(80, room.height - GRID_MARGIN.top - GRID_MARGIN.bottom);
  const { cells, cellSize, height: used } = layoutGrid({ nLayers, nHeads, width, height, gap: GAP_PX, title: TITLE_PX });
  const widest = nHeads > 1 ? (width - cellSize) / (nHeads - 1) : cellSize;
  const pitch = { x: Math.max(cellSize + GAP_PX, Math.min(widest, width / nHeads, Math.max(TITLE_WIDTH_PX, cellSize * MAX_SPREAD))), y: cellSize + TITLE_PX + GAP_PX };
  const titleWidth = Math.max(cellSize, Math.min(pitch.x - TITLE_GAP_PX, TITLE_WIDTH_PX));
  for (let cell = 0; cell < cells.n; cell++) cells.x[cell] = (cell % nHeads) * pitch.x + (titleWidth - cellSize) / 2;
  const size = { width: (nHeads - 1) * pitch.x + titleWidth, height: used };
  const k = Math.min(1, width / size.width, height / size.height);
  const home = { k, x: GRID_MARGIN.left + (width - k * size.width) / 2, y: GRID_MARGIN.top + Math.max(0, (height - k * size.height) / 2) };
  return { cells, cellSize, size, home, limits: zoomLimits(size, room, cellSize), pitch, titleWidth };
}

/**
 * @param {{width: number, height: number}} room
 * @returns {Arrangement}
 */
export function arrangeHead(room) {
  const { cells, cellSize, width, height } = layoutHead({ ...room, margin: HEAD_MARGIN_PX });
  const size = { width, height };
  return { cells, cellSize, size, home: fitTransform(size, room, HEAD_MARGIN_PX), limits: { min: 0.5, max: 60 }, pitch: { x: cellSize, y: cellSize }, titleWidth: cellSize };
}
