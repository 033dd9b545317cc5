/**
 * Layout, zoom and projection: pure functions shared by both renderers, the picker, the overlay and
 * the page. All lengths are CSS pixels. Maps are drawn with y upwards.
 */

import { windowOf } from './map_bounds.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Cells} Cells */
/** @typedef {import('../types.d.ts').Transform} Transform */
/** @typedef {import('../types.d.ts').Orbit} Orbit */

/** Padding of a cell as a share of its side, so that marks do not cross its border. */
export const INSET = 0.04;
/** Strength of the perspective: how much a point half a side nearer grows. */
export const PERSPECTIVE = 0.3;
/** Size of a 3-D map within its cell; a turned map needs more room than a flat one. */
export const SPACE_SCALE = 0.86;
/** Largest distance of a rotated point from the centre of its cell, in sides of the cell. */
export const SPACE_REACH = 1;
/** Default orientation of a 3-D map: slightly from the right and from above. */
export const DEFAULT_ORBIT = Object.freeze({ yaw: 0.55, pitch: 0.35 });

const FULL = 65535;
const MIN_TITLED_ROOM = 44;
const MAX_PITCH = Math.PI / 2;

/**
 * Place one square cell per head: rows are layers, columns are heads. With many heads the gaps
 * shrink and the titles are dropped, so that any model fits.
 * @param {{nLayers: number, nHeads: number, width: number, height: number, gap?: number, title?:
 *   number, note?: number, hasLast?: boolean}} options Viewport in CSS pixels; `gap` between cells;
 *   `title` is the height kept free above each cell, `note` above each row, and with `hasLast`
 *   below the last one too.
 * @returns {{cells: Cells, cellSize: number, width: number, height: number, title: number, note:
 *   number}} Cell (layer, head) has the index layer · nHeads + head; width and height are those of
 *   the whole grid, which starts at (0, 0).
 */
export function layoutGrid(options) {
  const { nLayers, nHeads, width, height, gap = 6, title = 12, note = 0 } = options;
  requireCount('nLayers', nLayers);
  requireCount('nHeads', nHeads);
  const room = Math.min(width / nHeads, height / nLayers);
  const space = Math.min(gap, 0.12 * room);
  const [titleHeight, noteHeight] = room < MIN_TITLED_ROOM ? [0, 0] : [title, note];
  const last = options.hasLast ? noteHeight : 0;
  const above = titleHeight + noteHeight;
  const fitWide = (width - space * (nHeads - 1)) / nHeads;
  const fitHigh = (height - last - space * (nLayers - 1)) / nLayers - above;
  const exact = Math.max(4, Math.min(fitWide, fitHigh));
  const cellSize = exact > 24 ? Math.floor(exact) : exact;
  const n = nLayers * nHeads;
  const cells = {
    n,
    x: new Float32Array(n),
    y: new Float32Array(n),
    size: new Float32Array(n).fill(cellSize),
  };
  for (let cell = 0; cell < n; cell++) {
    cells.x[cell] = (cell % nHeads) * (cellSize + space);
    cells.y[cell] = Math.floor(cell / nHeads) * (cellSize + above + space) + above;
  }
  return {
    cells,
    cellSize,
    width: nHeads * (cellSize + space) - space,
    height: nLayers * (cellSize + above + space) - space + last,
    title: titleHeight,
    note: noteHeight,
  };
}

/**
 * Place a single head as large as the viewport allows.
 * @param {{width: number, height: number, margin?: number}} options
 * @returns {{cells: Cells, cellSize: number, width: number, height: number, title: number}}
 */
export function layoutHead({ width, height, margin = 0 }) {
  const side = Math.max(8, Math.min(width, height) - 2 * margin);
  const cells = {
    n: 1,
    x: new Float32Array(1),
    y: new Float32Array(1),
    size: new Float32Array([side]),
  };
  return { cells, cellSize: side, width: side, height: side, title: 0 };
}

/**
 * The transform that fits and centres content in a viewport, with a scale of at most `maxScale`.
 * @param {{width: number, height: number}} content
 * @param {{width: number, height: number}} viewport
 * @param {number} [margin]
 * @param {number} [maxScale]
 * @returns {Transform}
 */
export function fitTransform(content, viewport, margin = 0, maxScale = 1) {
  const k = Math.min(
    maxScale,
    (viewport.width - 2 * margin) / content.width,
    (viewport.height - 2 * margin) / content.height,
  );
  return {
    k,
    x: (viewport.width - k * content.width) / 2,
    y: (viewport.height - k * content.height) / 2,
  };
}

/**
 * Zoom limits: out to half of the fitting scale, in until one cell is eight times the viewport.
 * @param {{width: number, height: number}} content
 * @param {{width: number, height: number}} viewport
 * @param {number} cellSize
 * @returns {{min: number, max: number}}
 */
export function zoomLimits(content, viewport, cellSize) {
  const fit = fitTransform(content, viewport, 0, Infinity).k;
  const fill = Math.min(viewport.width, viewport.height) / cellSize;
  return { min: Math.min(1, fit) / 2, max: Math.max(1, fill) * 8 };
}

/**
 * Zoom by a factor about a fixed point on the screen.
 * @param {Transform} transform
 * @param {number} factor
 * @param {number} x
 * @param {number} y
 * @param {{min: number, max: number}} limits
 * @returns {Transform}
 */
export function zoomAt(transform, factor, x, y, limits) {
  const k = Math.min(limits.max, Math.max(limits.min, transform.k * factor));
  const grown = k / transform.k;
  return { k, x: x - (x - transform.x) * grown, y: y - (y - transform.y) * grown };
}

/**
 * Keep at least `keep` pixels of the content inside the viewport.
 * @param {Transform} transform
 * @param {{width: number, height: number}} content
 * @param {{width: number, height: number}} viewport
 * @param {number} [keep]
 * @returns {Transform}
 */
export function clampTransform(transform, content, viewport, keep = 80) {
  const { k } = transform;
  return {
    k,
    x: Math.min(viewport.width - keep, Math.max(keep - k * content.width, transform.x)),
    y: Math.min(viewport.height - keep, Math.max(keep - k * content.height, transform.y)),
  };
}

/**
 * @param {Transform} transform
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]} Screen position of a world position.
 */
export function toScreen(transform, x, y) {
  return [transform.k * x + transform.x, transform.k * y + transform.y];
}

/**
 * @param {Transform} transform
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]} World position of a screen position.
 */
export function toWorld(transform, x, y) {
  return [(x - transform.x) / transform.k, (y - transform.y) / transform.k];
}

/**
 * @param {Cells} cells
 * @param {Transform} transform
 * @param {number} x
 * @param {number} y
 * @returns {number} Index of the cell under a screen position, or -1.
 */
export function cellAt(cells, transform, x, y) {
  const [worldX, worldY] = toWorld(transform, x, y);
  for (let cell = 0; cell < cells.n; cell++) {
    const right = worldX - cells.x[cell];
    const down = worldY - cells.y[cell];
    if (right >= 0 && down >= 0 && right < cells.size[cell] && down < cells.size[cell]) return cell;
  }
  return -1;
}

/**
 * The cell that is zoomed in on: it contains the centre of the viewport and fills `share` of its
 * shorter side.
 * @param {Cells} cells
 * @param {Transform} transform
 * @param {{width: number, height: number}} viewport
 * @param {number} [share]
 * @returns {number} Index of the cell, or -1.
 */
export function zoomedCell(cells, transform, viewport, share = 0.8) {
  const cell = cellAt(cells, transform, viewport.width / 2, viewport.height / 2);
  if (cell < 0) return -1;
  return cells.size[cell] * transform.k >= share * Math.min(viewport.width, viewport.height)
    ? cell
    : -1;
}

/**
 * Rotate the view by a mouse movement; pitch is clamped at the poles.
 * @param {Orbit} orbit
 * @param {number} dx
 * @param {number} dy
 * @param {number} [radiansPerPixel]
 * @returns {Orbit}
 */
export function turnOrbit(orbit, dx, dy, radiansPerPixel = 0.008) {
  const pitch = orbit.pitch + dy * radiansPerPixel;
  return {
    yaw: orbit.yaw + dx * radiansPerPixel,
    pitch: Math.min(MAX_PITCH, Math.max(-MAX_PITCH, pitch)),
  };
}

/**
 * Rotation of a map: yaw about the upright axis, then pitch about the axis across the screen.
 * @param {Orbit} orbit
 * @returns {Float64Array} Nine numbers, row by row: right, up, away from the viewer.
 */
export function orbitMatrix({ yaw, pitch }) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return Float64Array.of(cy, 0, sy, -sp * sy, cp, sp * cy, -cp * sy, -sp, cp * cy);
}

/**
 * Coefficients of the projection of a cell's stored coordinates (0..65535) to the screen: x = c[12]
 * + X·f, y = c[13] + Y·f, where X, Y and the depth Z are rows of c applied to (u, v, w, 1) and f =
 * 1 / (1 + PERSPECTIVE · Z). A flat map has Z = 0.
 * @param {Frame} frame
 * @param {number} cell
 * @param {Float64Array} [out] 14 numbers, to write into.
 * @returns {Float64Array}
 */
export function cellCoefficients(frame, cell, out = new Float64Array(14)) {
  const { k, x, y } = frame.transform;
  const side = frame.cells.size[cell] * k;
  out[12] = frame.cells.x[cell] * k + x + side / 2;
  out[13] = frame.cells.y[cell] * k + y + side / 2;
  const drawn = side * (1 - 2 * INSET);
  if (frame.dims === 2) {
    const [middleX, middleY, share] = windowOf(frame, cell);
    const scale = drawn / share;
    out.set([
      scale / FULL,
      0,
      0,
      -scale * middleX,
      0,
      -scale / FULL,
      0,
      scale * middleY,
      0,
      0,
      0,
      0,
    ]);
    return out;
  }
  const turn = orbitMatrix(frame.orbit);
  for (let row = 0; row < 3; row++) {
    const scale = row === 0 ? drawn * SPACE_SCALE : row === 1 ? -drawn * SPACE_SCALE : 1;
    let sum = 0;
    for (let axis = 0; axis < 3; axis++) {
      out[4 * row + axis] = (scale * turn[3 * row + axis]) / FULL;
      sum += turn[3 * row + axis];
    }
    out[4 * row + 3] = (-scale * sum) / 2;
  }
  return out;
}

/**
 * Screen position and depth of one point.
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} point
 * @param {Float64Array} [coefficients] Of this cell, to reuse for many points.
 * @returns {[number, number, number]} x, y in CSS pixels; depth, positive away from the viewer.
 */
export function projectPoint(frame, cell, point, coefficients = cellCoefficients(frame, cell)) {
  const { dims, positions, from, blend } = frame;
  const start = (cell * frame.nPoints + point) * dims;
  const at = [0, 0, 0];
  for (let axis = 0; axis < dims; axis++) {
    const end = positions[start + axis];
    at[axis] = from ? from[start + axis] + (end - from[start + axis]) * blend : end;
  }
  return projectPlace(coefficients, at);
}

/**
 * Screen position and depth of a place in the coordinates of positions.
 * @param {Float64Array} c Coefficients of a cell.
 * @param {ArrayLike<number>} at Two or three coordinates.
 * @returns {[number, number, number]} x, y in CSS pixels; depth, positive away from the viewer.
 */
export function projectPlace(c, at) {
  const [u, v, w] = [at[0], at[1], at[2] ?? 0];
  const right = c[0] * u + c[1] * v + c[2] * w + c[3];
  const down = c[4] * u + c[5] * v + c[6] * w + c[7];
  const depth = c[8] * u + c[9] * v + c[10] * w + c[11];
  const grown = 1 / (1 + PERSPECTIVE * depth);
  return [c[12] + right * grown, c[13] + down * grown, depth];
}

/**
 * Visibility of a cell in the viewport, with a margin for marks and, in 3-D, for rotated points.
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} [margin] Half a mark, in CSS pixels.
 * @returns {'outside' | 'partly' | 'inside'}
 */
export function cellVisibility(frame, cell, margin = 0) {
  const { k, x, y } = frame.transform;
  const side = frame.cells.size[cell] * k;
  const reach = (frame.dims === 3 ? SPACE_REACH * side : side / 2) + margin;
  const middleX = frame.cells.x[cell] * k + x + side / 2;
  const middleY = frame.cells.y[cell] * k + y + side / 2;
  if (middleX + reach < 0 || middleY + reach < 0) return 'outside';
  if (middleX - reach > frame.width || middleY - reach > frame.height) return 'outside';
  const isInside =
    middleX - reach >= 0 &&
    middleY - reach >= 0 &&
    middleX + reach <= frame.width &&
    middleY + reach <= frame.height;
  return isInside ? 'inside' : 'partly';
}

/**
 * A mark size suited to the density of a cell: about 1 px in the grid, up to 9 px in a sparse head.
 * @param {number} cellSide Side of the cell on the screen, CSS pixels.
 * @param {number} nPoints
 * @returns {number} Diameter in CSS pixels.
 */
export function suitablePointSize(cellSide, nPoints) {
  return Math.min(9, Math.max(1, (0.72 * cellSide) / Math.sqrt(Math.max(1, nPoints))));
}

/** @param {string} name @param {number} count */
function requireCount(name, count) {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`${name} must be a whole number from 1, is ${count}`);
}
