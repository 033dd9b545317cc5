/**
 * Codecs between choices and the address. An invalid part reads as `undefined`; a default is
 * written as null.
 */

/** @import { Filters, HiddenToken, Locked, Selected } from '../page.js' */

/**
 * One part of an address, for a choice of type T.
 *
 * @template T
 * @typedef {object} Part
 * @property {(value: string, parts: URLSearchParams) => T | undefined} [read] parse the choice; a
 *   part without it is read together with one that it needs
 * @property {(value: T) => string | number | null | readonly string[]} write an array is written as
 *   repeated parts
 * @property {readonly string[]} [needs] parts; without any of them this one is invalid
 */

/** Maximum number of hidden tokens in an address. */
const MAX_HIDDEN = 500;
/** Limits of the zoom relative to the map at rest. */
const [MIN_ZOOM, MAX_ZOOM] = [0.1, 1000];
/** Maximum length of all texts in an address; servers and programs truncate longer addresses. */
export const MAX_TEXT = 2000;

const NUMBER = /^-?\d{1,9}(\.\d{1,9})?$/;

/** @param {any} value */
const asItIs = (value) => value;

/** Text that matches a pattern. @param {RegExp} pattern @returns {Part<any>} */
export const matching = (pattern) => ({
  read: (value) => (pattern.test(value) ? value : undefined),
  write: asItIs,
});

/** One of a few values. @param {...(string | number)} values @returns {Part<any>} */
export const oneOf = (...values) => ({
  read: (value) => values.find((one) => String(one) === value),
  write: asItIs,
});

/** A boolean: the word stands for `isOn`. @param {string} word @param {boolean} isOn */
export const word = (word, isOn) => ({
  read: (/** @type {string} */ value) => (value === word ? isOn : undefined),
  write: (/** @type {boolean} */ value) => (value === isOn ? word : null),
});

/** A boolean, of which both values have a word. @param {string} on @param {string} off */
export const eitherWord = (on, off) => ({
  read: (/** @type {string} */ value) => (value === on ? true : value === off ? false : undefined),
  write: (/** @type {boolean} */ value) => (value ? on : off),
});

/**
 * A number within a range, such as "0.05".
 *
 * @param {number} min
 * @param {number} max
 * @param {(value: string) => number | null} [read]
 * @returns {Part<any>}
 */
export const within = (min, max, read = readNumber) => ({
  read(value) {
    const number = read(value);
    return number !== null && number >= min && number <= max ? number : undefined;
  },
  write: asItIs,
});

/** @param {string} value @param {URLSearchParams} parts */
export function readHead(value, parts) {
  const layer = readCount(value);
  const head = readCount(parts.get('head') ?? '');
  return layer === null || head === null ? undefined : { layer, head };
}

/** @param {string} value @param {URLSearchParams} parts */
export function readCamera(value, parts) {
  const zoom = readSigned(value);
  const [x, y] = readPair(parts.get('center'));
  return zoom !== null && zoom >= MIN_ZOOM && zoom <= MAX_ZOOM && x !== null && y !== null
    ? { zoom, x, y }
    : undefined;
}

/** @param {string} value */
export function readTurn(value) {
  const [yaw, pitch] = readPair(value);
  return yaw !== null && pitch !== null && Math.abs(yaw) <= 180 && Math.abs(pitch) <= 90
    ? { yaw, pitch }
    : undefined;
}

/** Such as "key-41". @param {string} value @returns {Selected | undefined} */
export function readSelected(value) {
  const end = value.lastIndexOf('-');
  const [kind, token] = [value.slice(0, end), readCount(value.slice(end + 1))];
  return (kind === 'query' || kind === 'key') && token !== null ? { kind, token } : undefined;
}

/** @param {string} value */
export function readHidden(value) {
  const found = value.split('.').map((part) => /^(query|key)-(\d{1,6})$/.exec(part));
  if (found.length > MAX_HIDDEN || found.includes(null)) return undefined;
  return found.map(
    (part) => /** @type {HiddenToken} */ ({ kind: part?.[1], position: Number(part?.[2]) }),
  );
}

/**
 * One of the filters; reading any reads all, since they are one choice.
 *
 * @param {(value: string) => unknown} readOne null or undefined if invalid
 * @param {(filters: Filters) => string | number | null} write
 * @returns {Part<any>}
 */
export const filter = (readOne, write) => ({
  read: (value, parts) => ((readOne(value) ?? null) === null ? undefined : readFilters(parts)),
  write,
});

/** @param {string} value @returns {'query' | 'key' | null} */
export function readKind(value) {
  return value === 'query' || value === 'key' ? value : null;
}

/** @param {string} value @returns {'patch' | 'word' | null} */
export function readType(value) {
  return value === 'patch' || value === 'word' ? value : null;
}

/** @param {string} value */
export function readShare(value) {
  const share = readNumber(value);
  return share !== null && share <= 1 ? share : null;
}

/** @param {URLSearchParams} parts @returns {Filters} */
function readFilters(parts) {
  const text = (/** @type {string} */ name) => parts.get(name) ?? '';
  return {
    kind: readKind(text('kind')),
    type: readType(text('tokens')),
    position: readRange(text('positions')) ?? [0, 1],
    norm: readRange(text('norms')) ?? [0, 1],
    attention: readShare(text('attention')) ?? 0,
  };
}

/** @param {string} value @param {URLSearchParams} parts @returns {Locked | undefined} */
export function readLocked(value, parts) {
  const isKnown = value === 'A' || value === 'B' || value === 'AB';
  return isKnown && parts.has('compare.dataset') ? value : undefined;
}

/** Texts of the user, one part each. @param {string} _ @param {URLSearchParams} parts */
export function readTexts(_, parts) {
  const texts = parts.getAll('text');
  const isShort = texts.join('').length <= MAX_TEXT;
  return isShort && texts.every((text) => text.trim() !== '') ? texts : undefined;
}

/** An end of the range of a measure. @param {0 | 1} end */
export const endOfRange = (end) => ({
  needs: ['score', 'filter'],
  /** @param {string} value @param {URLSearchParams} parts @returns {any} */
  read: (value, parts) =>
    NUMBER.test(value)
      ? ['score-min', 'score-max']
          .map((name) => parts.get(name) ?? '')
          .map((text) => (NUMBER.test(text) ? Number(text) : null))
      : undefined,
  /** @param {readonly [number | null, number | null]} range */
  write: (range) => digits(range[end]),
});

/** A number as digits, never as 1e-7. @param {number | null} value */
function digits(value) {
  return value === null ? null : value.toFixed(9).replace(/\.?0+$/, '');
}

/** @param {readonly [number, number]} range */
export function formatRange([low, high]) {
  return low <= 0 && high >= 1 ? null : `${low}-${high}`;
}

/** Shares such as "0.25-1". @param {string} value @returns {[number, number] | null} */
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

/** Two numbers such as "-0.25_1.5". @param {string | null} value @returns {(number | null)[]} */
function readPair(value) {
  const all = (value ?? '').split('_');
  return all.length === 2 ? all.map(readSigned) : [null, null];
}

/** @param {number} x @param {number} y */
export function formatPair(x, y) {
  return `${plain(x)}_${plain(y)}`;
}

/** @param {string} value */
function readSigned(value) {
  return /^-?\d{1,4}(\.\d{1,8})?$/.test(value) ? Number(value) : null;
}

/** A number as digits, never as 1e-7. @param {number} value */
function plain(value) {
  return String(Number(value.toFixed(8))).includes('e') ? '0' : String(value);
}

/** A number such as "0.05". @param {string} value */
function readNumber(value) {
  return /^\d{1,4}(\.\d{1,4})?$/.test(value) ? Number(value) : null;
}

/** @param {string} value */
export function readCount(value) {
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}
