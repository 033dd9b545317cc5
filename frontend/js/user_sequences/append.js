/**
 * Arrays of the corpus with the user's sequences appended. Points keep their order: all queries,
 * then all keys.
 */

import { CodedColumn, extended, joinedColumns } from '../compute/columns.js';
import { LAST_STEP, startsOf } from '../data/user_layers.js';
/** @import { Column, Tokens } from '../page.js' */
/** @import { Layer } from './live.js' */

/** Placeholder coordinate of a point without a position; it is not drawn. */
const NOWHERE = 32768;

/**
 * The tokens of the corpus and of the layer.
 *
 * @param {Tokens} tokens
 * @param {Layer} layer
 * @returns {Tokens}
 */
export function appendTokens(tokens, layer) {
  const parts = layer.sequences.map(({ answer }) => answer.columns);
  const starts = startsOf(layer);
  const { sequences } = tokens;
  const all = [tokens, ...parts];
  const nSequences = sequences.length.length;
  return {
    n: tokens.n + layer.n,
    text: joinedColumns(all.map(({ text }) => text)),
    ...(all.some(({ surface }) => surface) ? { surface: joinedColumns(all.map(surfaceOf)) } : {}),
    ...(tokens.labelledPairs ? { labelledPairs: tokens.labelledPairs } : {}),
    ...(tokens.isMixed ? { isMixed: tokens.isMixed } : {}),
    tokenType: joinedColumns(all.map(({ tokenType }) => tokenType)),
    tokenId: joined(
      Int32Array,
      tokens.tokenId,
      parts.map(({ tokenId }) => tokenId),
    ),
    position: joined(
      Int32Array,
      tokens.position,
      parts.map(({ position }) => position),
    ),
    sequence: joined(
      Int32Array,
      tokens.sequence,
      parts.map(({ n }, i) => new Int32Array(n).fill(nSequences + i)),
    ),
    row: optional(Int32Array, tokens.row, parts, 'row'),
    column: optional(Int32Array, tokens.column, parts, 'column'),
    hue: optional(Float32Array, tokens.hue, parts, 'hue'),
    brightness: optional(Float32Array, tokens.brightness, parts, 'brightness'),
    sequences: {
      start: joined(Int32Array, sequences.start, [Int32Array.from(starts)]),
      length: joined(Int32Array, sequences.length, [Int32Array.from(parts, ({ n }) => n)]),
      text: extended(
        sequences.text,
        layer.sequences.map(({ item }) => item.text),
      ),
      columns: Object.fromEntries(
        Object.entries(sequences.columns).map(([name, values]) => [
          name,
          [...values, ...parts.map(() => null)],
        ]),
      ),
    },
    userLayer: layer,
  };
}

/**
 * The drawn tokens of the corpus, and all tokens of the layer.
 *
 * @param {Int32Array} drawn
 * @param {Layer} layer
 */
export function appendDrawn(drawn, { firstToken, n }) {
  return joined(Int32Array, drawn, [Int32Array.from({ length: n }, (_, i) => firstToken + i)]);
}

/**
 * Insert values of new points: in every cell new queries follow the queries, new keys the keys.
 *
 * @template {Uint8Array | Uint16Array | Float32Array} T
 * @param {T} values (cell, 2 * n, width)
 * @param {number} nCells
 * @param {number} width numbers a point
 * @param {number} nUserTokens new queries, and as many new keys
 * @param {(target: T, at: number, cell: number, part: 0 | 1) => void} fill writes the values of one
 *   kind and cell from `at` on
 * @returns {T} (cell, 2 * (n + nUserTokens), width)
 */
export function insertPoints(values, nCells, width, nUserTokens, fill) {
  const half = values.length / nCells / 2;
  const more = nUserTokens * width;
  const Values = /** @type {new (length: number) => T} */ (values.constructor);
  const grown = new Values(values.length + 2 * nCells * more);
  let at = 0;
  for (let cell = 0; cell < nCells; cell++) {
    for (const part of /** @type {const} */ ([0, 1])) {
      const from = (2 * cell + part) * half;
      grown.set(/** @type {any} */ (values.subarray(from, from + half)), at);
      at += half;
      fill(grown, at, cell, part);
      at += more;
    }
  }
  return grown;
}

/**
 * Positions of maps with those of the layer; points outside a map are moved to its border.
 *
 * @param {Uint16Array} positions (cell, 2 * n, dims)
 * @param {number} dims
 * @param {Layer} layer
 * @param {readonly {cell: number, map: string | null}[]} cells which head of the model and which of
 *   its maps each cell shows
 * @returns {{positions: Uint16Array, unplaced: number[]}} `unplaced` are the tokens without a
 *   position in one of the maps
 */
export function appendPositions(positions, dims, layer, cells) {
  const starts = startsOf(layer);
  const lost = layer.sequences.map(({ answer }) =>
    cells.some(({ map }) => map !== null && !answer.places.has(map)),
  );
  const grown = insertPoints(positions, cells.length, dims, layer.n, (target, at, index, part) => {
    const { cell, map } = cells[index];
    layer.sequences.forEach(({ answer: { n, places } }, i) => {
      const steps = map === null || lost[i] ? null : places.get(map)?.steps;
      const from = (2 * cell + part) * n * dims;
      const to = at + (starts[i] - layer.firstToken) * dims;
      for (let x = 0; x < n * dims; x++)
        target[to + x] = steps
          ? Math.min(LAST_STEP, Math.max(0, Math.round(steps[from + x])))
          : NOWHERE;
    });
  });
  const unplaced = layer.sequences.flatMap(({ answer: { n } }, i) =>
    lost[i] ? Array.from({ length: n }, (_, at) => starts[i] + at) : [],
  );
  return { positions: grown, unplaced };
}

/**
 * Rows of tokens with those of the layer.
 *
 * @template {Uint8Array | Float32Array} T
 * @param {T} rows (token, …)
 * @param {readonly T[]} more
 * @returns {T}
 */
export function appendRows(rows, more) {
  return joined(/** @type {new (length: number) => T} */ (rows.constructor), rows, more);
}

/**
 * @template {Uint8Array | Int32Array | Float32Array} T
 * @param {new (length: number) => T} Values
 * @param {T} first
 * @param {readonly T[]} more
 * @returns {T}
 */
function joined(Values, first, more) {
  const all = new Values(first.length + more.reduce((sum, { length }) => sum + length, 0));
  all.set(/** @type {any} */ (first));
  let at = first.length;
  for (const part of more) {
    all.set(/** @type {any} */ (part), at);
    at += part.length;
  }
  return all;
}

/**
 * The original text of unknown words; null for all tokens if none is unknown.
 *
 * @param {Tokens} tokens
 * @returns {Column<string | null>}
 */
function surfaceOf({ n, surface }) {
  return surface ?? new CodedColumn(new Int32Array(n), [null]);
}

/**
 * A column that only datasets of images have; -1 for a sequence without it.
 *
 * @template {Int32Array | Float32Array} T
 * @param {new (length: number) => T} Values
 * @param {T | null} first
 * @param {readonly Tokens[]} parts
 * @param {'row' | 'column' | 'hue' | 'brightness'} name
 * @returns {T | null}
 */
function optional(Values, first, parts, name) {
  if (!first) return null;
  return joined(
    Values,
    first,
    parts.map((part) => /** @type {T} */ (part[name] ?? new Values(part.n).fill(-1))),
  );
}
