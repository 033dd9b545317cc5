/**
 * A map laid out anew for the width of a figure: the same part of it, with points of a size that
 * suits it and as many words as have room.
 */

import {
  projectPoint,
  cellCoefficients,
  SPACE_SCALE,
  suitablePointSize,
} from '../compute/geometry.js';
import { FLAG } from '../compute/flag_bits.js';
import { TITLE_PX } from '../compute/title.js';
import { SPRITE_SCALE } from '../render/style.js';

/** @import { Arrangement } from '../map/arrangement.js' */
/** @import { Frame } from '../types.js' */
/** @import { Box } from './points.js' */

/** Around the points of a head, on the screen and on paper. */
export const PAD_PX = 12;
const PAPER_PAD_PX = 7;
/** Room for the numbers of layers and heads beside the grid, and for what they are. */
export const AXES_PX = Object.freeze({ left: 38, top: 36 });
/** Width of a column from which its number has room. */
export const ROOM_FOR_NUMBER = 40;
/** A map is no higher than this share of its width, nor than 150 mm of paper. */
const MOST_ASPECT = 1.2;
const MOST_HEIGHT_PX = 729;
const LEAST_ASPECT = 0.4;
/** Points of a head are at most this large before the reader's own factor. */
const MOST_POINT_PX = 6;
const GAP = Object.freeze({ most: 4, share: 0.12 });

/**
 * Where a map is drawn on paper. `box` is the part of the frame that is seen, `isCut` whether the
 * map goes on beyond it.
 *
 * @typedef {{frame: Frame, arrangement: Arrangement, box: Box, isCut: boolean}} PaperMap
 */

/**
 * @param {{frame: Frame, arrangement: Arrangement}} seen on the screen
 * @param {number | null} nHeads in a row of the grid; null: it is the map of one head
 * @param {number} widthPx
 * @param {number} sharpness
 * @returns {PaperMap}
 */
export function paperMap(seen, nHeads, widthPx, sharpness) {
  return nHeads === null
    ? paperHead(seen, widthPx, sharpness)
    : paperGrid(seen, nHeads, widthPx, sharpness);
}

/**
 * The points of a head that are in sight, as large as the width allows.
 *
 * @param {{frame: Frame, arrangement: Arrangement}} seen
 * @param {number} widthPx
 * @param {number} sharpness
 * @returns {PaperMap}
 */
function paperHead({ frame, arrangement }, widthPx, sharpness) {
  const { box, isCut } = pointsInSight(frame);
  const side = frame.cells.size[0];
  const dotSize = frame.pointSize / suitablePointSize(side * frame.transform.k, frame.nPoints);
  /** @param {number} k */
  const sizeAt = (k) =>
    dotSize * Math.min(MOST_POINT_PX, suitablePointSize(side * k, frame.nPoints));
  const most = Math.min(MOST_ASPECT * widthPx, MOST_HEIGHT_PX);
  const [wide, high] = [box.right - box.left, box.bottom - box.top];
  const reach = (frame.sprites ? SPRITE_SCALE : 1) * sizeAt(frame.transform.k * (widthPx / wide));
  const pad = PAPER_PAD_PX + reach;
  const scale = Math.min((widthPx - 2 * pad) / wide, (most - 2 * pad) / high);
  const { k, x, y } = frame.transform;
  const width = Math.round(wide * scale + 2 * pad);
  const height = Math.round(Math.max(high * scale + 2 * pad, LEAST_ASPECT * width));
  const top = (height - high * scale) / 2;
  return {
    arrangement,
    isCut,
    box: { left: 0, top: 0, right: width, bottom: height },
    frame: {
      ...frame,
      width,
      height,
      ratio: sharpness,
      pointSize: sizeAt(k * scale),
      transform: {
        k: k * scale,
        x: (x - box.left) * scale + pad,
        y: (y - box.top) * scale + top,
      },
    },
  };
}

/**
 * Around the points that are seen, and whether there are more of them beyond.
 *
 * @param {Frame} frame of one head
 */
function pointsInSight(frame) {
  const box = { left: frame.width, top: frame.height, right: 0, bottom: 0 };
  const coefficients = cellCoefficients(frame, 0);
  let isCut = false;
  for (let point = 0; point < frame.nPoints; point++) {
    if (frame.flags[point] & FLAG.hidden) continue;
    const [x, y] = projectPoint(frame, 0, point, coefficients);
    if (x < 0 || y < 0 || x > frame.width || y > frame.height) {
      isCut = true;
      continue;
    }
    [box.left, box.top] = [Math.min(box.left, x), Math.min(box.top, y)];
    [box.right, box.bottom] = [Math.max(box.right, x), Math.max(box.bottom, y)];
  }
  const isSmall = box.right - box.left < 1 && box.bottom - box.top < 1;
  const all = { left: 0, top: 0, right: frame.width, bottom: frame.height };
  return { box: isSmall || isCut ? all : box, isCut };
}

/**
 * The heads of the grid that are in sight, row by row over the whole width.
 *
 * @param {{frame: Frame, arrangement: Arrangement}} seen
 * @param {number} nHeads
 * @param {number} widthPx
 * @param {number} sharpness
 * @returns {PaperMap}
 */
function paperGrid({ frame, arrangement }, nHeads, widthPx, sharpness) {
  const { slots, isList, order } = arrangement;
  const nColumns = isList ? nHeads : arrangement.nColumns;
  const { columns, rows } = isList
    ? { columns: [0, nHeads], rows: [0, Math.ceil(slots.n / nHeads)] }
    : slotsSeen(arrangement, frame);
  const [nAcross, nDown] = [columns[1] - columns[0], rows[1] - rows[0]];
  // what is turned can lie beyond its cell
  const beyond = frame.dims === 3 ? (SPACE_SCALE * Math.sqrt(3) - 1) / 2 : 0;
  const size = sizesOf(widthPx - AXES_PX.left, nAcross, nDown, beyond);
  const { side, pitch, title } = size;
  const air = beyond * side;
  const placed = {
    n: slots.n,
    x: Float32Array.from({ length: slots.n }, (_, slot) => (slot % nColumns) * pitch.x),
    y: Float32Array.from(
      { length: slots.n },
      (_, slot) => Math.floor(slot / nColumns) * pitch.y + title,
    ),
    size: new Float32Array(slots.n).fill(side),
  };
  const { cells: seen } = arrangement;
  const cells = {
    n: seen.n,
    x: order ? seen.x.slice() : placed.x,
    y: order ? seen.y.slice() : placed.y,
    size: new Float32Array(seen.n).fill(side),
  };
  for (const [slot, cell] of order?.entries() ?? [])
    if (cell >= 0) [cells.x[cell], cells.y[cell]] = [placed.x[slot], placed.y[slot]];
  const width = Math.ceil((nAcross - 1) * pitch.x + side + 2 * air);
  const height = Math.ceil((nDown - 1) * pitch.y + title + side + 2 * air);
  const was = suitablePointSize(arrangement.cellSize * frame.transform.k, frame.nPoints);
  return {
    isCut: false,
    box: { left: 0, top: 0, right: width, bottom: height },
    arrangement: {
      ...{ ...arrangement, slots: placed, cells, cellSize: side, pitch, title, nColumns, note: 0 },
      ...{ titleWidth: side, isList: false, view: null },
    },
    frame: {
      ...frame,
      width,
      height,
      cells,
      ratio: sharpness,
      pointSize: (frame.pointSize / was) * suitablePointSize(side, frame.nPoints),
      transform: { k: 1, x: air - columns[0] * pitch.x, y: air - rows[0] * pitch.y },
    },
  };
}

/**
 * Sides of the maps: as wide as there is room, unless they would be too high.
 *
 * @param {number} widthPx
 * @param {number} nAcross
 * @param {number} nDown
 * @param {number} beyond what lies beyond a map at each side, as a share of it
 */
function sizesOf(widthPx, nAcross, nDown, beyond) {
  const wide = widthPx / (nAcross + 2 * beyond);
  const gap = Math.min(GAP.most, GAP.share * wide);
  /** @param {number} title */
  const sideWith = (title) =>
    Math.min(
      (widthPx - (nAcross - 1) * gap) / (nAcross + 2 * beyond),
      (MOST_HEIGHT_PX - nDown * title - (nDown - 1) * gap) / (nDown + 2 * beyond),
    );
  const titled = sideWith(TITLE_PX);
  const title = titled + gap >= ROOM_FOR_NUMBER ? TITLE_PX : 0;
  const side = title ? titled : sideWith(0);
  return { side, title, pitch: { x: side + gap, y: side + title + gap } };
}

/**
 * Rows and columns of the grid that are seen, those at the edge where half of their maps is.
 *
 * @param {Arrangement} arrangement
 * @param {Frame} frame
 * @returns {{rows: [number, number], columns: [number, number]}} the first, and the first beyond
 */
function slotsSeen({ slots, nColumns, view }, { transform: { k, x, y }, width, height }) {
  const { left, top, right, bottom } = view ?? { left: 0, top: 0, right: width, bottom: height };
  const half = slots.size[0] / 2;
  /**
   * @param {(i: number) => number} middle
   * @param {number} n
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]}
   */
  const range = (middle, n, low, high) => {
    const seen = Array.from({ length: n }, (_, i) => i).filter(
      (i) => middle(i) >= low && middle(i) <= high,
    );
    if (seen.length > 0) return [seen[0], seen[seen.length - 1] + 1];
    const beyond = Array.from({ length: n }, (_, i) => i).findIndex((i) => middle(i) > high);
    const nearest = Math.max(0, (beyond < 0 ? n : beyond) - 1);
    return [nearest, nearest + 1];
  };
  return {
    columns: range((i) => (slots.x[i] + half) * k + x, nColumns, left, right),
    rows: range((i) => (slots.y[i * nColumns] + half) * k + y, slots.n / nColumns, top, bottom),
  };
}
