/**
 * Columns of tokens and sequences that hold no string per row: codes of distinct values, and texts
 * as UTF-8 bytes.
 */

/** @import { Column } from '../page.js' */

/**
 * A column of codes of distinct values.
 *
 * @template T
 * @implements {Column<T>}
 */
export class CodedColumn {
  /**
   * @param {Int32Array} codes (row) index into `values`
   * @param {readonly T[]} values may occur twice
   */
  constructor(codes, values) {
    this.codes = codes;
    this.values = values;
  }

  get length() {
    return this.codes.length;
  }

  /** @param {number} row */
  at(row) {
    return this.values[this.codes[row]];
  }

  /** @param {number} start @param {number} end */
  slice(start, end) {
    return Array.from(this.codes.subarray(start, end), (code) => this.values[code]);
  }
}

/**
 * Texts as UTF-8 bytes, of which one is decoded when it is asked for.
 *
 * @implements {Column<string>}
 */
export class TextColumn {
  /**
   * @param {Uint8Array} bytes of all texts, one after the other
   * @param {Int32Array} ends (text) the byte after each
   */
  constructor(bytes, ends) {
    this.bytes = bytes;
    this.ends = ends;
  }

  get length() {
    return this.ends.length;
  }

  /** @param {number} row */
  at(row) {
    return DECODER.decode(this.bytes.subarray(this.ends[row - 1] ?? 0, this.ends[row]));
  }

  /** @param {number} start @param {number} end */
  slice(start, end) {
    return Array.from({ length: end - start }, (_, i) => this.at(start + i));
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A column as codes.
 *
 * @template T
 * @param {Column<T>} column
 * @returns {CodedColumn<T>}
 */
export function coded(column) {
  if (column instanceof CodedColumn) return column;
  const codes = new Int32Array(column.length);
  /** @type {Map<T, number>} */
  const codeOf = new Map();
  for (let row = 0; row < column.length; row++) {
    const value = /** @type {T} */ (column.at(row));
    const code = codeOf.get(value) ?? codeOf.size;
    codeOf.set(value, code);
    codes[row] = code;
  }
  return new CodedColumn(codes, [...codeOf.keys()]);
}

/** A list as codes. @template T @param {readonly T[]} values @returns {CodedColumn<T>} */
export function codedList(values) {
  return coded(/** @type {Column<T>} */ (/** @type {unknown} */ (values)));
}

/**
 * The distinct values of a column, how often each occurs, and the first row that has it.
 *
 * @template T
 * @param {Column<T>} column
 * @returns {{value: T, n: number, row: number}[]}
 */
export function countedValues(column) {
  const { codes, values } = coded(column);
  const [counts, rows] = [new Int32Array(values.length), new Int32Array(values.length)];
  for (let row = codes.length - 1; row >= 0; row--) {
    counts[codes[row]]++;
    rows[codes[row]] = row;
  }
  return values.map((value, code) => ({ value, n: counts[code], row: rows[code] }));
}

/** All values of a column. @template T @param {Column<T>} column @returns {T[]} */
export function listOf(column) {
  return column.slice(0, column.length);
}

/**
 * Columns one after the other.
 *
 * @template T
 * @param {readonly Column<T>[]} columns
 * @returns {Column<T>}
 */
export function joinedColumns(columns) {
  const parts = columns.map(coded);
  const codes = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  /** @type {T[]} */
  const values = [];
  let row = 0;
  for (const part of parts) {
    for (const code of part.codes) codes[row++] = values.length + code;
    for (const value of part.values) values.push(value);
  }
  return new CodedColumn(codes, values);
}

/**
 * A column with further rows.
 *
 * @template T
 * @param {Column<T>} column
 * @param {readonly T[]} more
 * @returns {Column<T>}
 */
export function extended(column, more) {
  const n = column.length;
  /** @param {number} row */
  const at = (row) => /** @type {T} */ (row < n ? column.at(row) : more[row - n]);
  return {
    length: n + more.length,
    at,
    slice: (start, end) => Array.from({ length: end - start }, (_, i) => at(start + i)),
    ...(column.pieces ? { pieces: column.pieces } : {}),
  };
}

/** First token of each sequence. @param {Int32Array} length @returns {Int32Array} */
export function startsOf(length) {
  let next = 0;
  return length.map((n) => (next += n) - n);
}
