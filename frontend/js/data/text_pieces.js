/** Texts of a corpus that are loaded by the piece, when one of them is read. */

/** @import { Column, Tokens } from '../page.js' */

/** A piece has the texts that begin in so many bytes. */
const PIECE_BYTES = 65_536;
/** Most pieces of one request. */
const MAX_PIECES = 32;
/** What stands in place of a text until it is there. */
export const COMING = '…';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A column of texts. `at()` loads the piece of a text that is not there yet.
 *
 * @implements {Column<string>}
 */
export class TextPieces {
  /** By the number of the piece. @type {Map<number, {bytes: Uint8Array, start: number}>} */
  #there = new Map();
  /** @type {Map<number, Promise<void>>} */
  #coming = new Map();
  #arrived = () => {};

  /**
   * @param {Int32Array} ends (text) the byte after each
   * @param {(first: number, last: number) => Promise<Uint8Array>} read the bytes of some texts
   */
  constructor(ends, read) {
    this.ends = ends;
    this.read = read;
    this.nPieces = ends.length === 0 ? 0 : this.#pieceOf(ends.length - 1) + 1;
  }

  get length() {
    return this.ends.length;
  }

  get pieces() {
    return this;
  }

  /** Number of pieces that are there. */
  get nThere() {
    return this.#there.size;
  }

  get isWhole() {
    return this.nThere === this.nPieces;
  }

  /** Call a function when a text has come that `at()` did not have. @param {() => void} arrived */
  listen(arrived) {
    this.#arrived = arrived;
  }

  /** @param {number} row */
  isThere(row) {
    return this.#there.has(this.#pieceOf(row));
  }

  /** @param {number} row */
  at(row) {
    const piece = this.#there.get(this.#pieceOf(row));
    if (piece)
      return DECODER.decode(
        piece.bytes.subarray(this.#startOf(row) - piece.start, this.ends[row] - piece.start),
      );
    // After a failure the next reader asks again.
    this.load(row, row + 1).then(
      () => this.#arrived(),
      () => {},
    );
    return COMING;
  }

  /** @param {number} start @param {number} end */
  slice(start, end) {
    return Array.from({ length: end - start }, (_, i) => this.at(start + i));
  }

  /**
   * Load the texts of some rows, as far as they are not there.
   *
   * @param {number} [first]
   * @param {number} [last] the row after them
   * @returns {Promise<unknown>}
   */
  load(first = 0, last = this.length) {
    if (first >= last) return Promise.resolve();
    const [low, high] = [this.#pieceOf(first), this.#pieceOf(last - 1)];
    for (let piece = low; piece <= high;) {
      let end = piece + 1;
      if (!this.#isKnown(piece)) {
        while (end <= high && end - piece < MAX_PIECES && !this.#isKnown(end)) end++;
        const coming = this.#loadPieces(piece, end);
        for (let one = piece; one < end; one++) this.#coming.set(one, coming);
      }
      piece = end;
    }
    return Promise.all([...this.#coming].flatMap(([n, one]) => (n < low || n > high ? [] : [one])));
  }

  /** @param {number} first @param {number} end */
  async #loadPieces(first, end) {
    const rows = [first, end].map((piece) => this.#rowFrom(piece * PIECE_BYTES));
    try {
      const isEmpty = rows[0] === rows[1]; // within a text that is longer than a piece
      const bytes = await (isEmpty ? new Uint8Array() : this.read(rows[0], rows[1]));
      const start = isEmpty ? 0 : this.#startOf(rows[0]);
      const nBytes = isEmpty ? 0 : this.ends[rows[1] - 1] - start;
      if (bytes.length !== nBytes)
        throw new Error(`The texts have ${bytes.length} bytes in place of ${nBytes}.`);
      for (let piece = first; piece < end; piece++) this.#there.set(piece, { bytes, start });
    } finally {
      for (let piece = first; piece < end; piece++) this.#coming.delete(piece);
    }
  }

  /** @param {number} piece */
  #isKnown(piece) {
    return this.#there.has(piece) || this.#coming.has(piece);
  }

  /** @param {number} row */
  #startOf(row) {
    return row === 0 ? 0 : this.ends[row - 1];
  }

  /** @param {number} row */
  #pieceOf(row) {
    return Math.floor(this.#startOf(row) / PIECE_BYTES);
  }

  /** The first row that begins at a byte or after it. @param {number} byte */
  #rowFrom(byte) {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#startOf(middle) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether a text can be read at once. @param {Column<string>} column @param {number} row */
export function isTextThere({ pieces }, row) {
  return !pieces || row >= pieces.length || pieces.isThere(row);
}

/** The texts of a corpus that come by the piece. @param {Pick<Tokens, 'sequences'>} tokens */
export function piecesOf({ sequences: { text, targetText } }) {
  return [text.pieces, targetText?.pieces].filter((one) => one !== undefined);
}

/**
 * Load all texts of a corpus.
 *
 * @param {Pick<Tokens, 'sequences'>} tokens
 * @returns {Promise<unknown> | null} null if they are there
 */
export function loadAllTexts(tokens) {
  const missing = piecesOf(tokens).filter(({ isWhole }) => !isWhole);
  return missing.length === 0 ? null : Promise.all(missing.map((one) => one.load()));
}
