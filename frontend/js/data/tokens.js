/** Tokens and sequences of a corpus, and those of the response to a text or image of the user. */

import { CodedColumn, startsOf, TextColumn } from '../compute/columns.js';
import { TextPieces } from './text_pieces.js';
import { asType } from './transport.js';

/** @import { LabelledPairs, Tokens, Vocabulary } from '../page.js' */
/** @import { Transport } from './transport.js' */

/**
 * Load the tokens and sequences of a dataset. No string or object is made for a token. Sentences
 * come by the piece when they are read; names of images, which are small beside their patches, at
 * once.
 *
 * @param {Pick<Transport, 'array' | 'json'>} transport
 * @param {string} base address of the dataset
 * @param {AbortSignal} signal
 * @param {string} [version] of a complete dataset, whose texts are read even after a newer one
 * @returns {Promise<Tokens>}
 */
export async function loadTokens({ array, json }, base, signal, version) {
  /** @type {Vocabulary} */
  const vocabulary = await json(`${base}/tokens/vocabulary`, signal);
  const isText = !vocabulary.columns.includes('tokens/row');
  const hasColumns = vocabulary.columns.includes('sequences/code');
  const [values, ...loaded] = await Promise.all([
    hasColumns ? json(`${base}/sequences/columns`, signal) : { values: {} },
    ...[...vocabulary.columns, ...(isText ? [] : ['sequences/text'])].map(
      async (name) => /** @type {const} */ ([name, await array(`${base}/${name}`, signal)]),
    ),
  ]);
  const { signal: kept } = new AbortController();
  /** @param {string} name @param {number} first @param {number} last */
  const readTexts = async (name, first, last) => {
    const exact = version === undefined ? '' : `&v=${version}`;
    const address = `${base}/${name}?start=${first}&stop=${last}${exact}`;
    return asType(Uint8Array, await array(address, kept));
  };
  return assembled(vocabulary, new Map(loaded), values.values, readTexts);
}

/**
 * @param {Vocabulary} vocabulary
 * @param {Map<string, Awaited<ReturnType<Transport['array']>>>} arrays by their addresses
 * @param {Record<string, unknown[]>} columnValues
 * @param {(name: string, first: number, last: number) => Promise<Uint8Array>} readTexts
 * @returns {Tokens}
 */
function assembled(vocabulary, arrays, columnValues, readTexts) {
  /** @param {string} name */
  const ints = (name) => asType(Int32Array, known(arrays, name));
  /** @param {string} name */
  const optionalInts = (name) => (arrays.has(name) ? ints(name) : null);
  /** @param {string} name */
  const optionalFloats = (name) =>
    arrays.has(name) ? asType(Float32Array, known(arrays, name)) : null;
  /** @param {string} name */
  const texts = (name) =>
    arrays.has(name)
      ? new TextColumn(asType(Uint8Array, known(arrays, name)), ints(`${name}_end`))
      : new TextPieces(ints(`${name}_end`), (first, last) => readTexts(name, first, last));
  const codes = ints('tokens/code');
  const length = ints('sequences/length');
  const tokenId = Int32Array.from(vocabulary.token_id);
  const pairs = optionalInts('tokens/pairs');
  return tokensOf({
    text: new CodedColumn(codes, vocabulary.text),
    surface: vocabulary.surface && new CodedColumn(codes, vocabulary.surface),
    tokenId: codes.map((code) => tokenId[code]),
    tokenType: new CodedColumn(codes, vocabulary.token_type),
    isMixed: arrays.has('tokens/row') && vocabulary.token_type.includes('text'),
    row: optionalInts('tokens/row'),
    column: optionalInts('tokens/column'),
    hue: optionalFloats('tokens/hue'),
    brightness: optionalFloats('tokens/brightness'),
    length,
    nSource: optionalInts('sequences/n_source'),
    texts: texts('sequences/text'),
    targetText: arrays.has('sequences/target_text_end')
      ? texts('sequences/target_text')
      : undefined,
    columns: columnsOf(optionalInts('sequences/code'), columnValues, length.length),
    labelledPairs: pairs && pairsOf(pairs, vocabulary.pair_name ?? []),
  });
}

/**
 * Tokens from their columns, with what follows from the lengths of the sequences.
 *
 * @param {object} parts
 * @param {Tokens['text']} parts.text
 * @param {Tokens['surface']} [parts.surface]
 * @param {Int32Array} parts.tokenId
 * @param {Tokens['tokenType']} parts.tokenType
 * @param {boolean} parts.isMixed
 * @param {Int32Array | null} parts.row
 * @param {Int32Array | null} parts.column
 * @param {Float32Array | null} parts.hue
 * @param {Float32Array | null} parts.brightness
 * @param {Int32Array} parts.length
 * @param {Int32Array | null} parts.nSource
 * @param {Tokens['text']} parts.texts
 * @param {Tokens['text']} [parts.targetText]
 * @param {Record<string, unknown[]>} parts.columns
 * @param {LabelledPairs | null} parts.labelledPairs
 * @returns {Tokens}
 */
function tokensOf(parts) {
  const { text, surface, tokenId, tokenType, isMixed, row, column, hue, brightness } = parts;
  const { length, nSource, texts, targetText, columns, labelledPairs } = parts;
  return {
    n: text.length,
    text,
    ...(surface ? { surface } : {}),
    ...(labelledPairs ? { labelledPairs } : {}),
    ...(isMixed ? { isMixed } : {}),
    tokenId,
    tokenType,
    ...spansOf(length, nSource, text.length),
    row,
    column,
    hue,
    brightness,
    sequences: {
      start: startsOf(length),
      length,
      text: texts,
      ...(nSource ? { nSource, targetText } : {}),
      columns,
    },
  };
}

/**
 * @template T
 * @param {Map<string, T>} arrays
 * @param {string} name
 * @returns {T}
 */
function known(arrays, name) {
  const found = arrays.get(name);
  if (found === undefined) throw new Error(`The server has no ${name}.`);
  return found;
}

/**
 * Sequence of each token, position in its text, and whether that is a target text.
 *
 * @param {Int32Array} length
 * @param {Int32Array | null} nSource
 * @param {number} n
 */
function spansOf(length, nSource, n) {
  const [sequence, position] = [new Int32Array(n), new Int32Array(n)];
  const isTarget = new Uint8Array(nSource ? n : 0);
  let token = 0;
  for (let i = 0; i < length.length; i++) {
    const split = nSource ? nSource[i] : length[i];
    for (let at = 0; at < length[i]; at++, token++) {
      sequence[token] = i;
      position[token] = at < split ? at : at - split;
      if (at >= split) isTarget[token] = 1;
    }
  }
  return { sequence, position, ...(nSource ? { isTarget } : {}) };
}

/** @param {Int32Array} pairs (pair, 3) @param {string[]} names @returns {LabelledPairs} */
function pairsOf(pairs, names) {
  const n = pairs.length / 3;
  /** @param {number} part */
  const part = (part) => Int32Array.from({ length: n }, (_, pair) => pairs[3 * pair + part]);
  return { first: part(0), second: part(1), name: Array.from(part(2), (code) => names[code]) };
}

/**
 * Further columns of the sequences by their names.
 *
 * @param {Int32Array | null} codes (column, sequence)
 * @param {Record<string, unknown[]>} values
 * @param {number} n sequences
 * @returns {Record<string, unknown[]>}
 */
function columnsOf(codes, values, n) {
  return Object.fromEntries(
    Object.entries(values).map(([name, distinct], i) => [
      name,
      Array.from(codes?.subarray(i * n, (i + 1) * n) ?? [], (code) => distinct[code]),
    ]),
  );
}

/**
 * Tokens from columns as JSON, such as those of the response to a text of the user.
 *
 * @param {Record<string, any>} columns
 * @returns {Tokens}
 */
export function readTokens(columns) {
  const { sequences, pairs } = columns;
  /** @param {number | null} value */
  const known = (value) => value ?? -1;
  /** @param {string} name */
  const ints = (name) => (columns[name] ? Int32Array.from(columns[name], known) : null);
  /** @param {string} name */
  const floats = (name) => (columns[name] ? Float32Array.from(columns[name], known) : null);
  return tokensOf({
    text: columns.text,
    surface: columns.surface,
    tokenId: Int32Array.from(columns.token_id),
    tokenType: columns.token_type,
    isMixed: Boolean(columns.row) && columns.token_type.includes('text'),
    row: ints('row'),
    column: ints('column'),
    hue: floats('hue'),
    brightness: floats('brightness'),
    length: Int32Array.from(sequences.length),
    nSource: sequences.n_source ? Int32Array.from(sequences.n_source) : null,
    texts: sequences.text,
    targetText: sequences.target_text,
    columns: sequences.columns ?? {},
    labelledPairs: pairs && {
      first: Int32Array.from(pairs.first),
      second: Int32Array.from(pairs.second),
      name: pairs.name,
    },
  });
}
