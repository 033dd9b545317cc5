/**
 * Encoder, decoder and cross attention: names of the rows of the grid, and which of the two texts
 * the queries and keys of a head are of.
 */

/** @import { HeadId, Manifest, Selected, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** What a row is; null of models that have only one kind. @typedef {Part | null} PartOrNone */
/** @typedef {'encoder' | 'decoder' | 'cross'} Part */
/** A row of the grid: an entry of the manifest's `layers`. @typedef {{part?: Part}} Row */

const LETTERS = Object.freeze({ encoder: 'E', decoder: 'D', cross: 'X' });
const LABELS = Object.freeze({
  encoder: 'Encoder layer',
  decoder: 'Decoder layer',
  cross: 'Cross-attention layer',
});
/** Of which text the queries and keys are. */
const TEXTS = Object.freeze({
  encoder: { query: 'source', key: 'source' },
  decoder: { query: 'target', key: 'target' },
  cross: { query: 'target', key: 'source' },
});

/**
 * @param {readonly object[] | null | undefined} layers of the manifest
 * @param {number} layer
 * @returns {PartOrNone}
 */
export function partOf(layers, layer) {
  return /** @type {Row | undefined} */ (layers?.[layer])?.part ?? null;
}

/**
 * Whether the model has an encoder and a decoder.
 *
 * @param {readonly object[] | null | undefined} layers
 */
export function hasParts(layers) {
  return partOf(layers, 0) !== null;
}

/**
 * The number of a row among those of its part, from 0.
 *
 * @param {readonly object[] | null | undefined} layers
 * @param {number} layer
 */
function numberOf(layers, layer) {
  const part = partOf(layers, layer);
  if (!layers || part === null) return layer;
  return layers.slice(0, layer).filter((_, i) => partOf(layers, i) === part).length;
}

/**
 * The name of a row: "L3", of an encoder "E3", of a decoder "D3", of cross-attention "X3".
 *
 * @param {readonly object[] | null | undefined} layers
 * @param {number} layer
 */
export function rowName(layers, layer) {
  const part = partOf(layers, layer);
  return `${part ? LETTERS[part] : 'L'}${numberOf(layers, layer)}`;
}

/**
 * A row in words: "Layer 3", "Encoder layer 3".
 *
 * @param {readonly object[] | null | undefined} layers
 * @param {number} layer
 */
export function rowLabel(layers, layer) {
  const part = partOf(layers, layer);
  return `${part ? LABELS[part] : 'Layer'} ${numberOf(layers, layer)}`;
}

/**
 * The name of a row as a column of a table, with an encoder and a decoder; else none.
 *
 * @param {readonly object[]} layers
 * @param {number} layer
 * @returns {{row?: string}}
 */
export function rowColumn(layers, layer) {
  return hasParts(layers) ? { row: rowName(layers, layer) } : {};
}

/**
 * The row of a name; -1 if there is none.
 *
 * @param {readonly object[]} layers
 * @param {string} name such as "X3", in either case
 */
export function rowNamed(layers, name) {
  const wanted = name.toUpperCase();
  return layers.findIndex((_, layer) => rowName(layers, layer) === wanted);
}

/**
 * The rows of each part, such as "E0 to E5, D0 to D5 and X0 to X5".
 *
 * @param {readonly object[]} layers
 */
export function rowRanges(layers) {
  const parts = [...new Set(layers.map((_, layer) => partOf(layers, layer)))];
  const ranges = parts.map((part) => {
    const names = layers.flatMap((_, i) =>
      partOf(layers, i) === part ? [rowName(layers, i)] : [],
    );
    return names.length > 1 ? `${names[0]} to ${names[names.length - 1]}` : names[0];
  });
  return `${ranges.slice(0, -1).join(', ')} and ${ranges[ranges.length - 1]}`;
}

/**
 * Whether tokens of a text have a query or a key in heads of a part.
 *
 * @param {PartOrNone} part
 * @param {Kind} kind
 * @param {boolean} isTarget whether they are of the target text
 */
export function isOfPart(part, kind, isTarget) {
  return part === null || (TEXTS[part][kind] === 'target') === isTarget;
}

/**
 * What the columns of a sentence hold: "target query" and "source key" of a cross head.
 *
 * @param {PartOrNone} part
 * @returns {Record<Kind, string>}
 */
export function columnTitles(part) {
  if (part === null) return { query: 'query', key: 'key' };
  return { query: `${TEXTS[part].query} query`, key: `${TEXTS[part].key} key` };
}

/** From the first position to the one after the last. @typedef {readonly [number, number]} Span */
/** @typedef {{query: Span, key: Span}} Spans */

/**
 * The positions in a sequence that are queries, and those that are keys, in heads of a part.
 *
 * @param {PartOrNone} part
 * @param {number} n tokens of the sequence
 * @param {number} nSource of these in the source text, which come first
 * @returns {Spans}
 */
export function spansOf(part, n, nSource) {
  /** @param {Kind} kind @returns {Span} */
  const span = (kind) => {
    if (part === null) return [0, n];
    return TEXTS[part][kind] === 'target' ? [nSource, n] : [0, nSource];
  };
  return { query: span('query'), key: span('key') };
}

/** @param {Spans} one @param {Spans} other */
export function haveSameSpans(one, other) {
  return String([one.query, one.key]) === String([other.query, other.key]);
}

/**
 * The part of a pattern that a head has.
 *
 * @param {Float32Array} pattern (n, n)
 * @param {number} n
 * @param {Spans} spans
 * @returns {{width: number, height: number, values: Float32Array}} a row for each query
 */
export function cropped(pattern, n, { query, key }) {
  const [width, height] = [key[1] - key[0], query[1] - query[0]];
  if (width === n && height === n) return { width, height, values: pattern };
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (query[0] + row) * n;
    values.set(pattern.subarray(start + key[0], start + key[1]), row * width);
  }
  return { width, height, values };
}

/**
 * Which points each cell has: with an encoder and a decoder, heads have those of one text each.
 *
 * @param {Pick<Tokens, 'isTarget' | 'n'>} tokens
 * @param {Pick<Manifest, 'layers' | 'n_heads'>} manifest
 * @param {Int32Array | null} drawn tokens that are drawn; null: all
 * @param {HeadId | null} at the open head; null: all heads
 * @returns {Uint8Array | null} (cell, point); null: all have all
 */
export function presentPoints({ isTarget, n }, { layers, n_heads: nHeads }, drawn, at) {
  if (!isTarget || !hasParts(layers)) return null;
  const nDrawn = drawn?.length ?? n;
  /** @type {Map<PartOrNone, Uint8Array>} */
  const known = new Map();
  /** @param {PartOrNone} part */
  const pointsOf = (part) => {
    const points = new Uint8Array(2 * nDrawn);
    for (let i = 0; i < nDrawn; i++) {
      const isOfTarget = isTarget[drawn ? drawn[i] : i] === 1;
      points[i] = Number(isOfPart(part, 'query', isOfTarget));
      points[nDrawn + i] = Number(isOfPart(part, 'key', isOfTarget));
    }
    known.set(part, points);
    return points;
  };
  const rows = at ? [at.layer] : layers.keys();
  const nInRow = at ? 1 : nHeads;
  const present = new Uint8Array((at ? 1 : layers.length * nHeads) * 2 * nDrawn);
  let cell = 0;
  for (const layer of rows) {
    const part = partOf(layers, layer);
    const points = known.get(part) ?? pointsOf(part);
    for (let i = 0; i < nInRow; i++) present.set(points, 2 * nDrawn * cell++);
  }
  return present;
}

/**
 * Whether a point is one of a head.
 *
 * @param {Pick<Tokens, 'isTarget'>} tokens
 * @param {PartOrNone} part of the head
 * @param {Selected} point
 */
export function hasPoint({ isTarget }, part, { kind, token }) {
  return !isTarget || isOfPart(part, kind, isTarget[token] === 1);
}

/**
 * The first token of the text that a token is of, and the one after the last: of the source or the
 * target, or of the whole sequence.
 *
 * @param {Texts} tokens
 * @param {number} token
 * @returns {[first: number, end: number]}
 */
export function textAround(tokens, token) {
  const { isTarget, sequence, sequences } = tokens;
  const start = sequences.start[sequence[token]];
  const nSource = sequences.nSource?.[sequence[token]] ?? 0;
  const first = start + (isTarget?.[token] ? nSource : 0);
  return [first, first + textLength(tokens, token)];
}

/**
 * Number of tokens of the text that a token is of.
 *
 * @param {Omit<Texts, 'sequences'> & {sequences: Omit<Texts['sequences'], 'start'>}} tokens
 * @param {number} token
 */
export function textLength({ isTarget, sequence, sequences: { length, nSource } }, token) {
  const n = length[sequence[token]];
  if (!isTarget || !nSource) return n;
  return isTarget[token] ? n - nSource[sequence[token]] : nSource[sequence[token]];
}

/**
 * @typedef {object} Texts Of the tokens of a corpus.
 * @property {ArrayLike<number>} [isTarget]
 * @property {ArrayLike<number>} sequence
 * @property {{start: ArrayLike<number>, length: ArrayLike<number>, nSource?: ArrayLike<number>}}
 *   sequences
 */
