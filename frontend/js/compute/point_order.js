/** Keyboard order of the points of a head: token by token, a query before its key. */

import { FLAG } from './flag_bits.js';

/** @import { Tokens } from '../page.js' */

/** Whether a point can be reached by keyboard. @typedef {(point: number) => boolean} Wanted */

/**
 * Drawn points; only search hits if there are any.
 *
 * @param {Uint8Array} flags (point): queries, then keys
 * @param {Uint8Array | null} hits (token)
 * @returns {Wanted}
 */
export function wantedPoints(flags, hits) {
  const nTokens = flags.length / 2;
  const isSearch = hits?.some((hit) => hit !== 0) ?? false;
  return (point) => !(flags[point] & FLAG.hidden) && (!isSearch || hits?.[point % nTokens] !== 0);
}

/**
 * The next wanted point; wraps around.
 *
 * @param {Pick<Tokens, 'n' | 'sequence'>} tokens
 * @param {Wanted} isWanted
 * @param {number} from a point, or -1 to begin
 * @param {1 | -1} step
 * @param {boolean} [isLeap] to a point of another sequence
 * @returns {number} a point, or -1 where none is wanted
 */
export function nextPoint({ n, sequence }, isWanted, from, step, isLeap = false) {
  const all = 2 * n;
  const start = from < 0 ? (step > 0 ? -1 : all) : placeOf(from, n);
  for (let walked = 1; walked <= all; walked++) {
    const point = pointAt((((start + step * walked) % all) + all) % all, n);
    if (isLeap && from >= 0 && sequence[point % n] === sequence[from % n]) continue;
    if (isWanted(point)) return point;
  }
  return from >= 0 && isWanted(from) ? from : -1;
}

/**
 * Index of a point among the wanted points, from 1, and their number.
 *
 * @param {number} n tokens
 * @param {Wanted} isWanted
 * @param {number} point
 */
export function countWalk(n, isWanted, point) {
  let [at, all] = [0, 0];
  for (let place = 0; place < 2 * n; place++) {
    if (!isWanted(pointAt(place, n))) continue;
    all++;
    if (place <= placeOf(point, n)) at++;
  }
  return { at, all };
}

/** @param {number} point @param {number} n */
function placeOf(point, n) {
  return point < n ? 2 * point : 2 * (point - n) + 1;
}

/** @param {number} place @param {number} n */
function pointAt(place, n) {
  return place % 2 === 0 ? place / 2 : n + (place - 1) / 2;
}
