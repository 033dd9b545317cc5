/** Layout of dots and labels on the map of heads: pure functions, in CSS pixels. */

import { spreadOrder } from './spread.js';

/**
 * @typedef {object} Places
 * @property {Float32Array} x CSS pixels from the left of the room.
 * @property {Float32Array} y From its top.
 * @property {number} scale CSS pixels for a distance of 1, the same on both axes.
 */
/**
 * A name with its upper left corner.
 *
 * @typedef {{head: number, left: number, top: number}} PlacedName
 */

/** Gap between a dot and its name. */
const GAP_PX = 3;
const RING_PX = 6;

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
 * Place names beside dots without overlaps; names without room are left out.
 *
 * @param {Places} places
 * @param {object} size
 * @param {readonly number[]} size.widths of every name
 * @param {number} size.height of a name
 * @param {number} size.reach from the middle of a dot to its edge
 * @param {{width: number, height: number}} room
 * @param {number} first head whose name is placed before the others, farther out for the ring
 *   around it; or -1
 * @returns {PlacedName[]}
 */
export function placeNames({ x, y }, { widths, height, reach }, room, first) {
  const n = x.length;
  /** @type {(PlacedName & {right: number, bottom: number})[]} */
  const placed = [];
  const order = [
    ...(first >= 0 && first < n ? [first] : []),
    ...Array.from(spreadOrder(n)).filter((head) => head !== first),
  ];
  for (const head of order) {
    const found = corners(head).find(isFree);
    if (found) placed.push(found);
  }
  return placed.map(({ head, left, top }) => ({ head, left, top }));

  /** @param {number} head */
  function corners(head) {
    const [width, distance] = [widths[head], reach + GAP_PX + (head === first ? RING_PX : 0)];
    const beside = [
      [x[head] + distance, y[head] - height / 2],
      [x[head] - distance - width, y[head] - height / 2],
      [x[head] - width / 2, y[head] - distance - height],
      [x[head] - width / 2, y[head] + distance],
    ];
    return beside.map(([left, top]) => ({
      head,
      left,
      top,
      right: left + width,
      bottom: top + height,
    }));
  }

  /** @param {PlacedName & {right: number, bottom: number}} box */
  function isFree(box) {
    if (box.left < 0 || box.top < 0 || box.right > room.width || box.bottom > room.height)
      return false;
    if (
      placed.some(
        (other) =>
          box.left < other.right &&
          other.left < box.right &&
          box.top < other.bottom &&
          other.top < box.bottom,
      )
    )
      return false;
    for (let head = 0; head < n; head++) {
      if (
        x[head] + reach > box.left &&
        x[head] - reach < box.right &&
        y[head] + reach > box.top &&
        y[head] - reach < box.bottom
      )
        return false;
    }
    return true;
  }
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
