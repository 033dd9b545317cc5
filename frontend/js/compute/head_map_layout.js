/** Layout of dots and labels on the map of heads: pure functions, in CSS pixels. */

import { spreadOrder } from './spread.js';

/**
 * @typedef {object} Places
 * @property {Float32Array} x CSS pixels from the left of the room.
 * @property {Float32Array} y From its top.
 * @property {number} scale CSS pixels for a distance of 1, the same on both axes.
 */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */
/**
 * A name with its upper left corner, and whether it covers a dot.
 *
 * @typedef {{head: number, left: number, top: number, isOver: boolean}} PlacedName
 */

/** Gap between a dot and its name. */
const GAP_PX = 3;
const RING_PX = 6;
const [MIN_RADIUS_PX, MAX_RADIUS_PX, SHARE_OF_SPACING] = [1.5, 5.5, 0.35];
/** Names that are tried, spread over the heads: more have no room. */
const MAX_TRIED = 600;
const BUCKET_PX = 24;

/**
 * Fit the map into a rectangle with one scale for both axes, which preserves distances.
 *
 * @param {readonly {x: number, y: number}[]} heads
 * @param {{width: number, height: number}} room
 * @param {number} margin CSS pixels kept free on each side
 * @returns {Places}
 */
export function fitHeads(heads, { width, height }, margin) {
  const [left, right] = rangeOf(heads.map(({ x }) => x));
  const [low, high] = rangeOf(heads.map(({ y }) => y));
  const room = [Math.max(1, width - 2 * margin), Math.max(1, height - 2 * margin)];
  const fitting = [
    [right - left, room[0]],
    [high - low, room[1]],
  ]
    .filter(([extent]) => extent > 0)
    .map(([extent, free]) => free / extent);
  const scale = fitting.length > 0 ? Math.min(...fitting) : 1;
  return {
    x: Float32Array.from(heads, ({ x }) => width / 2 + (x - (left + right) / 2) * scale),
    y: Float32Array.from(heads, ({ y }) => height / 2 - (y - (low + high) / 2) * scale),
    scale,
  };
}

/**
 * Radius of dots, smaller where there are many.
 *
 * @param {number} n
 * @param {{width: number, height: number}} room
 */
export function dotRadius(n, { width, height }) {
  const spacing = Math.sqrt((width * height) / Math.max(1, n));
  return Math.min(MAX_RADIUS_PX, Math.max(MIN_RADIUS_PX, SHARE_OF_SPACING * spacing));
}

/**
 * Place names beside dots without overlaps; names without room are left out. The first ones may
 * cover dots of other heads, but no name.
 *
 * @param {Places} places
 * @param {object} size
 * @param {(head: number) => number} size.widthOf width of a name
 * @param {number} size.height of a name
 * @param {number} size.reach from the middle of a dot to its edge
 * @param {{width: number, height: number}} room
 * @param {readonly number[]} first heads whose names are placed before the others, farther out for
 *   the rings around them
 * @returns {PlacedName[]}
 */
export function placeNames({ x, y }, { widthOf, height, reach }, room, first) {
  const n = x.length;
  const covered = dotIndex({ x, y }, reach);
  /** @type {(PlacedName & Box)[]} */
  const placed = [];
  const others = spreadOrder(n).subarray(0, MAX_TRIED);
  for (const head of new Set([...first, ...others])) {
    const boxes = corners(head).filter(isClearOfNames);
    const free = boxes.find((box) => !covered(box));
    const found = free ?? (first.includes(head) ? boxes[0] : undefined);
    if (found) placed.push({ ...found, head, isOver: !free });
  }
  return placed;

  /** @param {number} head */
  function corners(head) {
    const ring = first.includes(head) ? RING_PX : 0;
    const [width, distance] = [widthOf(head), reach + GAP_PX + ring];
    const beside = [
      [x[head] + distance, y[head] - height / 2],
      [x[head] - distance - width, y[head] - height / 2],
      [x[head] - width / 2, y[head] - distance - height],
      [x[head] - width / 2, y[head] + distance],
    ];
    return beside
      .map(([left, top]) => ({ left, top, right: left + width, bottom: top + height }))
      .filter(
        ({ left, top, right, bottom }) =>
          left >= 0 && top >= 0 && right <= room.width && bottom <= room.height,
      );
  }

  /** @param {Box} box */
  function isClearOfNames(box) {
    return placed.every(
      (other) =>
        box.left >= other.right ||
        other.left >= box.right ||
        box.top >= other.bottom ||
        other.top >= box.bottom,
    );
  }
}

/**
 * Whether a box covers part of a dot. Dots are in buckets, since thousands of them are asked for
 * hundreds of boxes.
 *
 * @param {Pick<Places, 'x' | 'y'>} places
 * @param {number} reach
 * @returns {(box: Box) => boolean}
 */
function dotIndex({ x, y }, reach) {
  /** @type {Map<number, number[]>} */
  const buckets = new Map();
  /** @param {number} at */
  const bucket = (at) => Math.floor(at / BUCKET_PX);
  /** @param {number} column @param {number} row */
  const keyOf = (column, row) => column * 65536 + row;
  for (let head = 0; head < x.length; head++) {
    const key = keyOf(bucket(x[head]), bucket(y[head]));
    const heads = buckets.get(key);
    if (heads) heads.push(head);
    else buckets.set(key, [head]);
  }
  return ({ left, top, right, bottom }) => {
    for (let column = bucket(left - reach); column <= bucket(right + reach); column++)
      for (let row = bucket(top - reach); row <= bucket(bottom + reach); row++)
        for (const head of buckets.get(keyOf(column, row)) ?? [])
          if (
            x[head] + reach > left &&
            x[head] - reach < right &&
            y[head] + reach > top &&
            y[head] - reach < bottom
          )
            return true;
    return false;
  };
}

/**
 * Hit test: the nearest head within `reach` of a place, or -1.
 *
 * @param {Places} places
 * @param {{x: number, y: number}} place
 * @param {number} reach
 */
export function headNear({ x, y }, place, reach) {
  let [best, minDistance] = [-1, reach];
  for (let head = 0; head < x.length; head++) {
    const distance = Math.hypot(x[head] - place.x, y[head] - place.y);
    if (distance < minDistance) [best, minDistance] = [head, distance];
  }
  return best;
}

/** Direction of an arrow key. @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * The nearest head in the direction of an arrow key, within 45° of it.
 *
 * @param {Places} places
 * @param {number} from
 * @param {string} key
 * @returns {number | null} null for other keys; `from` if there is none in that direction
 */
export function headTowards({ x, y }, from, key) {
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  let [best, minDistance] = [from, Infinity];
  for (let head = 0; head < x.length; head++) {
    const [right, down] = [x[head] - x[from], y[head] - y[from]];
    const along = right * direction[0] + down * direction[1];
    const beside = Math.abs(right * direction[1]) + Math.abs(down * direction[0]);
    if (along <= 0 || beside > along) continue;
    const distance = Math.hypot(along, 2 * beside);
    if (distance < minDistance) [best, minDistance] = [head, distance];
  }
  return best;
}

/** @param {readonly number[]} values @returns {[number, number]} */
function rangeOf(values) {
  return values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
