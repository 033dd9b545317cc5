/** Marked points as a table for other programs. */

import { csvText } from '../compute/csv.js';
import { sequenceName } from '../data/user_sequence_text.js';
import { chosenMap } from '../data/points.js';
import { headFileName } from '../ui/labels.js';

/** @import { Layers } from '../ui/labels.js' */
/** @import { HeadId, State, Tokens } from '../page.js' */
/** @import { Dims, Kind } from '../types.js' */

const FULL = 65535;

/**
 * @typedef {object} Subject What the points are of.
 * @property {string} dataset
 * @property {string} model
 * @property {State} state
 * @property {HeadId | null} at the head whose map the coordinates are of
 */
/**
 * Positions count from 1, as on the page; layers and heads from 0.
 *
 * @typedef {{kind: Kind, token: string, surface?: string, position: number, sequence: string,
 *   coordinates: number[] | null}} Row
 */

/** @param {Uint8Array} marked (point of the corpus) @param {number} nTokens */
export function countMarked(marked, nTokens) {
  const counts = { query: 0, key: 0 };
  for (let point = 0; point < marked.length; point++)
    if (marked[point]) counts[point < nTokens ? 'query' : 'key']++;
  return counts;
}

/**
 * @param {Uint8Array} marked (point of the corpus)
 * @param {Tokens} tokens
 * @param {(point: number) => number[] | null} placeOf coordinates of a point, where they are known
 * @returns {Row[]}
 */
export function markedRows(marked, tokens, placeOf) {
  const rows = [];
  for (let point = 0; point < marked.length; point++) {
    if (!marked[point]) continue;
    const isQuery = point < tokens.n;
    const token = isQuery ? point : point - tokens.n;
    /** @type {Kind} */
    const kind = isQuery ? 'query' : 'key';
    rows.push({
      kind,
      token: nameOf(tokens, token),
      ...surfaceOf(tokens, token),
      position: tokens.position[token] + 1,
      sequence: sequenceName(tokens, tokens.sequence[token]),
      coordinates: placeOf(point),
    });
  }
  return rows;
}

/**
 * The original text of unknown words: a column of the table if the corpus has some.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function surfaceOf({ surface }, token) {
  return surface ? { surface: surface.at(token) ?? '' } : {};
}

/**
 * A token as text, a patch as row and column.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
function nameOf(tokens, token) {
  return tokens.tokenType.at(token) === 'patch'
    ? `row ${tokens.row?.[token]}, column ${tokens.column?.[token]}`
    : tokens.text.at(token);
}

/**
 * Return a function from a point of the corpus to its position in a map, 0..1 along each axis.
 *
 * @param {{positions: Uint16Array, nPoints: number, dims: Dims}} map
 * @param {number} cell
 * @param {(point: number) => number} drawnAt index among the drawn points, or -1
 * @returns {(point: number) => number[] | null}
 */
export function placesIn({ positions, nPoints, dims }, cell, drawnAt) {
  return (point) => {
    const index = drawnAt(point);
    if (index < 0) return null;
    const start = (cell * nPoints + index) * dims;
    return Array.from(
      positions.subarray(start, start + dims),
      (value) => Math.round((1e5 * value) / FULL) / 1e5,
    );
  };
}

/** @param {Subject} subject @param {Row[]} rows */
export function toCsv({ dataset, model, state, at }, rows) {
  const axes = axesOf(state.dims);
  const hasUnknown = rows.some(({ surface }) => surface !== undefined);
  const unknown = hasUnknown ? /** @type {const} */ (['surface']) : [];
  const head = [
    'dataset',
    'model',
    'method',
    'dims',
    'layer',
    'head',
    'kind',
    'token',
    ...unknown,
    'position',
    'sequence',
    ...axes,
  ];
  const same = [dataset, model, state.method ?? '', state.dims, at?.layer ?? '', at?.head ?? ''];
  const lines = rows.map((row) => [
    ...same,
    row.kind,
    row.token,
    ...unknown.map((name) => row[name] ?? ''),
    row.position,
    row.sequence,
    ...axes.map((_, axis) => row.coordinates?.[axis] ?? ''),
  ]);
  return csvText([head, ...lines]);
}

/** @param {Subject} subject @param {Row[]} rows */
export function toJson({ dataset, model, state, at }, rows) {
  const axes = axesOf(state.dims);
  const points = rows.map(({ coordinates, ...row }) => ({
    ...row,
    ...Object.fromEntries(axes.map((axis, i) => [axis, coordinates?.[i] ?? null])),
  }));
  const { method, dims } = state;
  const { layer, head } = at ?? { layer: null, head: null };
  return `${JSON.stringify({ dataset, model, method, dims, layer, head, points }, null, 1)}\n`;
}

/** @param {Dims} dims */
function axesOf(dims) {
  return ['x', 'y', 'z'].slice(0, dims);
}

/**
 * A name for the file.
 *
 * @param {Subject} subject
 * @param {string} ending
 * @param {Layers} [layers]
 */
export function fileName({ dataset, state, at }, ending, layers = null) {
  return [dataset, chosenMap(state), at && headFileName(at, layers), `marked.${ending}`]
    .filter(Boolean)
    .join('-')
    .replace(/[^\w.@-]+/g, '_');
}
