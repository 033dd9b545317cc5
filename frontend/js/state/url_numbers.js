/** Numbers as an address has them. */

/** @import { State } from '../page.js' */

/** @param {readonly [number, number]} range */
export function formatRange([low, high]) {
  return low <= 0 && high >= 1 ? null : `${low}-${high}`;
}

/** @param {string} value @returns {[number, number] | null} */
export function readRange(value) {
  const [low, high, more] = value.split('-').map(readNumber);
  return more === undefined &&
    low !== null &&
    high !== undefined &&
    high !== null &&
    low <= high &&
    high <= 1
    ? [low, high]
    : null;
}

/**
 * @param {number | null} value
 * @param {number} least
 * @param {number} most
 * @param {(value: number) => Partial<State>} then
 */
export function within(value, least, most, then) {
  return value !== null && value >= least && value <= most ? then(value) : null;
}

/** Two numbers such as "-0.25_1.5". @param {string | null} value @returns {(number | null)[]} */
export function readPair(value) {
  const all = (value ?? '').split('_');
  return all.length === 2 ? all.map(readSigned) : [null, null];
}

/** @param {string} value */
export function readSigned(value) {
  return /^-?\d{1,4}(\.\d{1,8})?$/.test(value) ? Number(value) : null;
}

/** A number as digits, never as 1e-7. @param {number} value */
export function plain(value) {
  return String(Number(value.toFixed(8))).includes('e') ? '0' : String(value);
}

/** A number such as "0.05". @param {string} value */
export function readNumber(value) {
  return /^\d{1,4}(\.\d{1,4})?$/.test(value) ? Number(value) : null;
}

/** @param {string} value */
export function readCount(value) {
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}
