/** Where the heads lie: the grid of all of them, or one alone; lengths in CSS pixels. */

import { cellsOfHeads, isUniform, layeredOrder, layerRows } from '../compute/model_heads.js';
import { TITLE_PX } from '../compute/title.js';
import { fitTransform, layoutGrid, layoutHead, zoomLimits } from '../compute/geometry.js';

/** @import { LayerRows, Model } from '../compute/model_heads.js' */
/** @import { HeadId } from '../page.js' */
/** @import { Cells, Transform } from '../types.js' */

/** Room for the numbers of heads (top) and layers (left), and for air (right, bottom). */
export const GRID_MARGIN = Object.freeze({ left: 44, top: 30, right: 16, bottom: 8 });
/** Width of the numbers of layers and height of those of heads. */
export const AXES = Object.freeze({ left: 40, top: 26 });

const GAP_PX = 4;
/**
 * Most width of a column against that of its map, and least width in any case, as titles need room.
 */
const MAX_SPREAD = 1.6;
const TITLE_WIDTH_PX = 92;
/** Air between the titles of two columns. */
export const TITLE_GAP_PX = 6;
const HEAD_MARGIN_PX = 12;
/**
 * The whole grid is shown if its maps are at least this large; otherwise it scrolls. Of a phone
 * more is asked, since small maps there leave half of the height empty.
 */
const WHOLE_PX = Object.freeze({ wide: 44, narrow: 64 });
/** Sides of the maps of a grid that scrolls. */
const SCROLLED_PX = Object.freeze({ min: 88, max: 176 });
/** Below this width a grid that scrolls is a list: one column, titles beside the maps. */
const LIST_BELOW_PX = 480;
const LIST = Object.freeze({ side: 120, gap: 12, margin: 12 });
/** Room for the scroll bar, and for the overview of all heads beside it. */
const SCROLL_BAR_PX = 12;
const OVERVIEW = Object.freeze({ maxShare: 0.12, maxSide: 10, padding: 8 });

/** Height of the line that names layers without heads, above each row if there are any. */
const NOTE_PX = 18;

/**
 * `slots` are the places of the grid, row by row; a cell lies in the slot that the order gives it:
 * cells by slot, -1 where a slot is empty, null if they have the same numbers. Cells without a slot
 * lie outside of the grid. `rows` are the layers of the rows and what is said between them; null if
 * heads are in another order. `view` is where the content is seen, beside axes, scroll bar and
 * overview. `title` is the height of the line above each map, and `note` that of the line above it
 * for layers without heads; 0: none.
 */
/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 */
/**
 * @typedef {{cells: Cells, slots: Cells, cellSize: number, size: {width: number, height: number},
 *   home: Transform, limits: {min: number, max: number}, pitch: {x: number, y: number}, titleWidth:
 *   number, title: number, note: number, nColumns: number, order: Int32Array | null,
 *   rows: LayerRows | null, view: Box | null, isScrolling: boolean, isList: boolean, overview:
 *   number}} Arrangement
 */

/**
 * The grid of all heads: whole where its maps are then large enough, or where that is asked for;
 * otherwise as wide as the room and scrolled like a page.
 *
 * @param {Model} model
 * @param {{width: number, height: number}} room
 * @param {Int32Array | null} [order] cells of heads in the order of their places; null: layer by
 *   layer
 * @param {boolean} [isFitted] whether all heads are to be seen at once, however small
 * @returns {Arrangement}
 */
export function arrangeGrid(model, room, order = null, isFitted = false) {
  const view = viewOf(room, GRID_MARGIN);
  const whole = inColumns(model, room, order, view, heightOf(view));
  const isNarrow = room.width < LIST_BELOW_PX;
  if (isFitted || whole.cellSize >= (isNarrow ? WHOLE_PX.narrow : WHOLE_PX.wide)) return whole;
  const overview = overviewWidth(model.n_heads, room.width);
  const scrolled = { ...GRID_MARGIN, right: overview + SCROLL_BAR_PX };
  if (isNarrow) return inList(model, room, order, scrolled, overview);
  const narrower = viewOf(room, scrolled);
  const least = model.n_heads * (SCROLLED_PX.min + GAP_PX) - GAP_PX;
  const { nRows, note } = rowsOf(model, order);
  const most = nRows * (SCROLLED_PX.max + TITLE_PX + note + GAP_PX);
  const wide = { ...narrower, right: narrower.left + Math.max(least, widthOf(narrower)) };
  return { ...inColumns(model, room, order, narrower, most, wide), isScrolling: true, overview };
}

/**
 * The rows of a grid.
 *
 * @param {Model} model
 * @param {Int32Array | null} sorted
 */
function rowsOf(model, sorted) {
  const rows = sorted ? null : layerRows(model);
  return {
    rows,
    nRows: rows ? rows.layers.length : Math.ceil((sorted?.length ?? 0) / model.n_heads),
    note: rows?.notes.some(Boolean) ? NOTE_PX : 0,
    order: sorted ?? layeredOrder(model),
  };
}

/**
 * @param {Model} model
 * @param {{width: number, height: number}} room
 * @param {Int32Array | null} sorted
 * @param {Box} view
 * @param {number} height that the maps may take
 * @param {Box} [reach] how wide they may lie
 * @returns {Arrangement}
 */
function inColumns(model, room, sorted, view, height, reach = view) {
  const { n_heads: nHeads } = model;
  const { rows, nRows, order, ...lines } = rowsOf(model, sorted);
  const width = widthOf(reach);
  const layout = layoutGrid({
    ...{ nLayers: nRows, nHeads, width, height, gap: GAP_PX, title: TITLE_PX },
    ...{ note: lines.note, hasLast: Boolean(rows?.notes.at(-1)) },
  });
  const { cells: slots, cellSize, title, note } = layout;
  const widest = nHeads > 1 ? (width - cellSize) / (nHeads - 1) : cellSize;
  const spread = Math.max(title > 0 ? TITLE_WIDTH_PX : 0, cellSize * MAX_SPREAD);
  const gap = Math.min(GAP_PX, 0.12 * cellSize);
  const pitch = {
    x: Math.max(cellSize + gap, Math.min(widest, width / nHeads, spread)),
    y: nRows > 1 ? slots.y[nHeads] - slots.y[0] : cellSize + title + note + gap,
  };
  const titleWidth =
    title > 0 ? Math.max(cellSize, Math.min(pitch.x - TITLE_GAP_PX, TITLE_WIDTH_PX)) : cellSize;
  for (let slot = 0; slot < slots.n; slot++)
    slots.x[slot] = (slot % nHeads) * pitch.x + (titleWidth - cellSize) / 2;
  const size = { width: (nHeads - 1) * pitch.x + titleWidth, height: layout.height };
  const wholeK = Math.min(1, widthOf(view) / size.width, heightOf(view) / size.height);
  const k = reach === view ? wholeK : 1;
  return {
    cells: order ? inOrder(slots, order, model) : slots,
    slots,
    cellSize,
    size,
    home: contained({ size, view }, { k, x: view.left, y: view.top }),
    limits: { min: wholeK, max: zoomLimits(size, room, cellSize).max },
    pitch,
    titleWidth,
    title,
    note,
    nColumns: nHeads,
    order,
    rows,
    view,
    isScrolling: false,
    isList: false,
    overview: 0,
  };
}

/**
 * One column of maps, with their titles beside them.
 *
 * @param {Model} model
 * @param {{width: number, height: number}} room
 * @param {Int32Array | null} sorted
 * @param {Box} margin
 * @param {number} overview
 * @returns {Arrangement}
 */
function inList(model, room, sorted, margin, overview) {
  const view = viewOf(room, { ...margin, left: LIST.margin, top: LIST.margin });
  const { side, gap } = LIST;
  const order = sorted ?? (isUniform(model) ? null : cellsOfHeads(model));
  const n = order ? order.length : model.n_layers * model.n_heads;
  const slots = {
    n,
    x: new Float32Array(n),
    y: Float32Array.from({ length: n }, (_, slot) => slot * (side + gap)),
    size: new Float32Array(n).fill(side),
  };
  const size = { width: widthOf(view), height: n * (side + gap) - gap };
  return {
    cells: order ? inOrder(slots, order, model) : slots,
    slots,
    cellSize: side,
    size,
    home: { k: 1, x: view.left, y: view.top },
    limits: { min: 1, max: zoomLimits(size, room, side).max },
    pitch: { x: size.width, y: side + gap },
    titleWidth: size.width,
    title: 0,
    note: 0,
    nColumns: 1,
    order,
    rows: null,
    view,
    isScrolling: true,
    isList: true,
    overview,
  };
}

/** @param {{width: number, height: number}} room @param {Box} margin @returns {Box} */
function viewOf({ width, height }, { left, top, right, bottom }) {
  return {
    left,
    top,
    right: Math.max(left + 80, width - right),
    bottom: Math.max(top + 80, height - bottom),
  };
}

/** @param {Box} box */
const widthOf = ({ left, right }) => right - left;

/** @param {Box} box */
const heightOf = ({ top, bottom }) => bottom - top;

/** Width of the overview of all heads. @param {number} nHeads @param {number} width of the room */
function overviewWidth(nHeads, width) {
  const most = OVERVIEW.maxShare * width - 2 * OVERVIEW.padding;
  const side = Math.min(OVERVIEW.maxSide, most / nHeads);
  return Math.ceil(nHeads * (side > 2 ? Math.floor(side) : side)) + 2 * OVERVIEW.padding;
}

/**
 * Keep content in its view: an axis that fits is centred (across) or begins at the top (down).
 *
 * @param {{size: {width: number, height: number}, view: Box}} content
 * @param {Transform} transform
 * @returns {Transform}
 */
export function contained({ size, view }, { k, x, y }) {
  const [width, height] = [size.width * k, size.height * k];
  return {
    k,
    x:
      width <= widthOf(view)
        ? view.left + (widthOf(view) - width) / 2
        : Math.min(view.left, Math.max(view.right - width, x)),
    y: height <= heightOf(view) ? view.top : Math.min(view.top, Math.max(view.bottom - height, y)),
  };
}

/**
 * The rows and columns of a grid that are in sight, in part at least.
 *
 * @param {Pick<Arrangement, 'pitch' | 'slots' | 'nColumns' | 'title'>} grid
 * @param {Transform} transform
 * @param {Box} view
 * @returns {{top: number, bottom: number, left: number, right: number}} the first, and the first
 *   beyond
 */
export function slotsInSight({ pitch, slots, nColumns }, { k, x, y }, view) {
  const nRows = slots.n / nColumns;
  /** @param {number} at @param {number} step @param {number} n */
  const index = (at, step, n) => Math.min(n, Math.max(0, at / step));
  return {
    top: Math.floor(index((view.top - y) / k, pitch.y, nRows)),
    bottom: Math.ceil(index((view.bottom - y) / k, pitch.y, nRows)),
    left: Math.floor(index((view.left - x) / k, pitch.x, nColumns)),
    right: Math.ceil(index((view.right - x) / k, pitch.x, nColumns)),
  };
}

/** Widths of a column from which title and number have room, in rem. */
const ROOM_FOR_TITLE = 3.2;
const ROOM_FOR_BOTH = 5.4;
/** Below this height of the line above a head there are no words at all, CSS pixels. */
const LEAST_TITLE_PX = 13;
/** Beside a map of a list words have room up to this zoom. */
const MOST_LIST_ZOOM = 1.5;

/**
 * The titles of a grid at a zoom: never higher than the room above the maps.
 *
 * @param {Pick<Arrangement, 'isList' | 'pitch' | 'title'>} grid
 * @param {number} k
 * @param {number} rem CSS pixels
 * @returns {{height: number, room: 'both' | 'one' | 'none'}} `height` in CSS pixels; `room` is for
 *   title and number, one of them, or neither
 */
export function titlesOf({ isList, pitch, title }, k, rem) {
  if (isList) return { height: 0, room: k <= MOST_LIST_ZOOM ? 'both' : 'none' };
  const [height, width] = [Math.min(1.5 * rem, title * k), pitch.x * k];
  if (height < LEAST_TITLE_PX || width < ROOM_FOR_TITLE * rem) return { height, room: 'none' };
  return { height, room: width < ROOM_FOR_BOTH * rem ? 'one' : 'both' };
}

/**
 * The cell with its title at a place of the map.
 *
 * @param {Pick<Arrangement, 'pitch' | 'slots' | 'nColumns' | 'title' | 'note' | 'titleWidth' |
 *   'cellSize' | 'order'>} grid
 * @param {Transform} transform
 * @param {{x: number, y: number}} place
 * @returns {number} index of the cell, or -1
 */
export function cellAtPlace(grid, { k, x, y }, place) {
  const { pitch, slots, nColumns, title, note, titleWidth, cellSize } = grid;
  const column = indexAt((place.x - x) / k, pitch.x, titleWidth, nColumns);
  const row = indexAt((place.y - y) / k - note, pitch.y, cellSize + title, slots.n / nColumns);
  if (column < 0 || row < 0) return -1;
  return cellInSlot(grid, row * nColumns + column);
}

/**
 * The cell in a slot; -1 if it is empty.
 *
 * @param {Pick<Arrangement, 'order'>} grid
 * @param {number} slot
 */
export function cellInSlot({ order }, slot) {
  return order ? (order[slot] ?? -1) : slot;
}

/** Gaps between cells belong to the nearer one, up to this width. */
const NEAR_PX = 8;

/**
 * Which of n lengths, each so far from the next, holds a place; -1: none.
 *
 * @param {number} at
 * @param {number} pitch
 * @param {number} length
 * @param {number} n
 */
function indexAt(at, pitch, length, n) {
  const reach = Math.min(NEAR_PX, pitch - length) / 2;
  const index = Math.floor((at + reach) / pitch);
  return index >= 0 && index < n && at - index * pitch <= length + reach ? index : -1;
}

/**
 * Transform of a grid at rest that has a cell in the middle, as far as it scrolls.
 *
 * @param {Pick<Arrangement, 'cells' | 'cellSize' | 'home' | 'size' | 'view'>} grid
 * @param {number} cell
 * @returns {Transform}
 */
export function centredOn({ cells, cellSize, home, size, view }, cell) {
  if (!view) return home;
  const { k } = home;
  return contained(
    { size, view },
    {
      k,
      x: (view.left + view.right) / 2 - (cells.x[cell] + cellSize / 2) * k,
      y: (view.top + view.bottom) / 2 - (cells.y[cell] + cellSize / 2) * k,
    },
  );
}

/** Where cells without a slot lie: out of sight at any zoom. */
const NOWHERE_PX = -1e6;

/** @param {Cells} slots @param {Int32Array} order @param {Model} model @returns {Cells} */
function inOrder(slots, order, model) {
  const n = model.n_layers * model.n_heads;
  const cells = {
    n,
    x: new Float32Array(n).fill(NOWHERE_PX),
    y: new Float32Array(n).fill(NOWHERE_PX),
    size: new Float32Array(n).fill(slots.size[0]),
  };
  for (const [slot, cell] of order.entries())
    if (cell >= 0) [cells.x[cell], cells.y[cell]] = [slots.x[slot], slots.y[slot]];
  return cells;
}

/**
 * The place some rows and columns from another, at the edge of the grid at most.
 *
 * @param {number} slot
 * @param {{down: number, right: number}} step
 * @param {{nRows: number, nColumns: number}} grid
 */
export function slotBeside(slot, { down, right }, { nRows, nColumns }) {
  const row = Math.min(nRows - 1, Math.max(0, Math.floor(slot / nColumns) + down));
  const column = Math.min(nColumns - 1, Math.max(0, (slot % nColumns) + right));
  return row * nColumns + column;
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
    title: 0,
    note: 0,
    nColumns: 1,
    order: null,
    rows: null,
    view: null,
    isScrolling: false,
    isList: false,
    overview: 0,
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
