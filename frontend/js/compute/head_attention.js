/** API answers that depend on queries and keys, computed for an exported site without a server. */

import { MAX_AGGREGATED } from './hidden_tokens.js';
import { attentionPattern, coarse, longSequences, strongestRows, weighKeys } from './attention.js';
import { isOfPart, spansOf } from './head_parts.js';
import { headsOf, whyMissing } from './model_heads.js';
import { hidesLaterKeys, ruleOfHead } from './score_rule.js';

/** @import { HeadId, Manifest, Weight } from '../page.js' */
/** @import { Pause, Rows } from './attention.js' */
/** @import { Rule } from './score_rule.js' */
/** @import { Kind } from '../types.js' */
/** @import { Vectors } from '../site/vectors.js' */

/**
 * Maximum number of scores computed for one mean, or for the means of all heads; the server allows
 * more.
 */
const MAX_SCORES = 1 << 22;
const MAX_SCORES_OF_ALL = 1 << 24;
const MAX_WEIGHTS = 1 << 24;
const MAX_NUMBERS_OF_ALL = 1 << 20;
export const LONGEST = 4096;
const COARSE_SIDE = 32;
const DEFAULT_PARTNERS = 10;
const NORM_COLUMN = { none: -1, value: 2, output: 3 };

/**
 * Inputs of a computation.
 *
 * @typedef {{manifest: Manifest, lengths: Int32Array, starts: Int32Array, nSource: Int32Array |
 *   null, hasVectors: Uint8Array, vectors: Vectors, params: URLSearchParams, signal: AbortSignal,
 *   pause: Pause}} Site
 *   `nSource`: tokens of the source texts, with an encoder and a decoder; `hasVectors`: whether the
 *   queries and keys of each sequence are stored, 0 or 1
 */
/**
 * @typedef {{dtype: string, shape: number[], values: Float32Array, headers?: Record<string,
 *   string>}} Computed
 */

/** A request for something that does not exist (404). */
export class NotThereError extends Error {
  code = 'not_exported';
}

/**
 * The pattern of one sequence.
 *
 * @param {Site} site
 * @param {HeadId} at
 * @param {number} sequence
 * @returns {Promise<Computed>}
 */
export async function attention(site, at, sequence) {
  const n = site.lengths[sequence];
  if (n === undefined)
    throw new NotThereError(`sequence ${sequence} is outside 0..${site.lengths.length - 1}`);
  if (n > LONGEST)
    throw new NotThereError(
      `sequence ${sequence} has ${n} tokens; attention is shown up to ${LONGEST}`,
    );
  requireVectors(site, sequence);
  const head = await headOf(site, at);
  const values = await wholePattern(site, head, sequence);
  return { dtype: 'float32', shape: [n, n], values };
}

/**
 * The mean pattern by position over all sequences of sufficient length.
 *
 * @param {Site} site
 * @param {HeadId} at
 * @returns {Promise<Computed>}
 */
export async function aggregate(site, at) {
  const length = lengthOf(site);
  const { chosen, nFound } = storedSequences(site, length, MAX_SCORES);
  const values = await meanOf(site, await headOf(site, at), length, chosen);
  return {
    dtype: 'float32',
    shape: [length, length],
    values,
    headers: counts(chosen.length, nFound),
  };
}

/**
 * The mean patterns of all heads, downsampled to at most 32 × 32.
 *
 * @param {Site} site
 * @returns {Promise<Computed>}
 */
export async function aggregates(site) {
  const { n_layers: nLayers, n_heads: nHeads } = site.manifest;
  const heads = headsOf(site.manifest);
  const length = lengthOf(site);
  const { chosen, nFound } = storedSequences(site, length, MAX_SCORES_OF_ALL / heads.length);
  const side = Math.min(length, COARSE_SIDE);
  const values = new Float32Array(nLayers * nHeads * side * side);
  for (const at of heads) {
    const mean = await meanOf(site, await headOf(site, at), length, chosen);
    const cell = at.layer * nHeads + at.head;
    values.set(coarse(mean, length, COARSE_SIDE).blocks, cell * side * side);
  }
  return {
    dtype: 'float32',
    shape: [nLayers, nHeads, side, side],
    values,
    headers: counts(chosen.length, nFound),
  };
}

/**
 * One sequence in every head: its patterns, or what one of its points has of them.
 *
 * @param {Site} site
 * @param {number} sequence
 * @returns {Promise<Computed>}
 */
export async function sequencePatterns(site, sequence) {
  const { n_layers: nLayers, n_heads: nHeads } = site.manifest;
  const heads = headsOf(site.manifest);
  const n = site.lengths[sequence];
  const position = site.params.get('position');
  const most = Math.floor(Math.sqrt(MAX_SCORES_OF_ALL / heads.length));
  if (n === undefined || n > most)
    throw new NotThereError(
      `sequence ${sequence} has ${n ?? 0} tokens; the attention of all ${heads.length} heads ` +
        `at once is shown up to ${most}; open a head`,
    );
  requireVectors(site, sequence);
  const kind = site.params.get('kind') === 'key' ? 'key' : 'query';
  const part = partOf(heads.length, n, position === null ? null : [kind, Number(position)]);
  const values = new Float32Array(nLayers * nHeads * part.size);
  for (const at of heads) {
    const head = await headOf(site, at);
    const pattern = await wholePattern(site, head, sequence);
    values.set(part.of(pattern), (at.layer * nHeads + at.head) * part.size);
  }
  return { dtype: 'float32', shape: [nLayers, nHeads, ...part.shape], values };
}

/**
 * What is shown of a pattern where all heads are: blocks, a row or a column.
 *
 * @param {number} nHeads of all layers
 * @param {number} n
 * @param {[kind: 'query' | 'key', position: number] | null} point
 */
export function partOf(nHeads, n, point) {
  const side = Math.min(n, Math.floor(Math.sqrt(MAX_NUMBERS_OF_ALL / nHeads)));
  return {
    side: point ? n : side,
    size: point ? n : side * side,
    shape: point ? [n] : [side, side],
    /** @param {Float32Array} pattern (n, n) */
    of(pattern) {
      if (!point) return coarse(pattern, n, side).blocks;
      const [kind, position] = point;
      return kind === 'query'
        ? pattern.subarray(position * n, (position + 1) * n)
        : Float32Array.from({ length: n }, (_, query) => pattern[query * n + position]);
    },
  };
}

/**
 * For each token, the largest weight in its query's row, and the sum of its key's column over the
 * number of queries per key.
 *
 * @param {Site} site
 * @param {HeadId} at
 * @returns {Promise<Computed>}
 */
export async function tokenScores(site, at) {
  const { lengths, manifest } = site;
  const head = await headOf(site, at);
  const values = new Float32Array(2 * manifest.n_tokens).fill(NaN);
  let [nUsed, nWeights] = [0, 0];
  for (let sequence = 0; sequence < lengths.length; sequence++) {
    if (!site.hasVectors[sequence]) continue;
    const n = lengths[sequence];
    nWeights += n * n;
    if (n > LONGEST || nWeights > MAX_WEIGHTS) continue;
    const { queries, keys, rule } = head;
    const { query, key } = tokensOf(site, head, sequence);
    const [nQueries, nKeys] = [query[1] - query[0], key[1] - key[0]];
    const pattern = await attentionPattern(
      ...[queries, keys, query[0], nQueries, nKeys, rule, site.pause, key[0]],
    );
    const sums = new Float32Array(nKeys);
    for (let row = 0; row < nQueries; row++) {
      const weights = pattern.subarray(row * nKeys, (row + 1) * nKeys);
      values[2 * (query[0] + row)] = weights.reduce((most, weight) => Math.max(most, weight), 0);
      for (let i = 0; i < nKeys; i++) sums[i] += weights[i];
    }
    for (let i = 0; i < nKeys; i++) values[2 * (key[0] + i) + 1] = (sums[i] * nKeys) / nQueries;
    nUsed++;
  }
  return {
    dtype: 'float32',
    shape: [manifest.n_tokens, 2],
    values,
    headers: counts(nUsed, lengths.length),
  };
}

/**
 * The strongest partners of a point over the whole corpus.
 *
 * @param {Site} site
 * @param {HeadId} at
 * @param {number} point
 */
export async function partners(site, at, point) {
  const n = site.manifest.n_tokens;
  if (point >= 2 * n) throw new NotThereError(`point ${point} is outside 0..${2 * n - 1}`);
  const { queries, keys, rule } = await headOf(site, at);
  const kind = point < n ? 'query' : 'key';
  const { isThere, isStored } = existingPoints(site, rule);
  if (!isStored(point % n)) throw notStored(site.manifest, `token ${point % n}`);
  if (!isThere(kind, point % n))
    throw new NotThereError(`this head has no ${kind} of token ${point % n}`);
  const [own, others] = kind === 'query' ? [queries, keys] : [keys, queries];
  const k = Number(site.params.get('k') ?? DEFAULT_PARTNERS);
  return {
    partners: await strongestRows(
      ...[own, point % n, others, n, rule.scaling, k, site.pause],
      (other) => isStored(other) && isThere(kind === 'query' ? 'key' : 'query', other),
    ),
  };
}

/**
 * Which tokens have a query and which a key in a head, and of which these are stored.
 *
 * @param {Site} site
 * @param {Rule} rule
 */
export function existingPoints({ hasVectors, lengths, manifest, nSource, starts }, { part }) {
  const isStored = new Uint8Array(manifest.n_tokens);
  hasVectors.forEach((has, i) => isStored.fill(has, starts[i], starts[i] + lengths[i]));
  const isTarget = new Uint8Array(nSource ? manifest.n_tokens : 0);
  nSource?.forEach((n, i) => isTarget.fill(1, starts[i] + n, starts[i] + lengths[i]));
  return {
    /** @param {Kind} kind @param {number} token */
    isThere: (kind, token) => isOfPart(part ?? null, kind, isTarget[token] === 1),
    /** @param {number} token */
    isStored: (token) => isStored[token] === 1,
  };
}

/** @typedef {{at: HeadId, queries: Rows, keys: Rows, rule: Rule}} Head */

/** @param {Site} site @param {HeadId} at @returns {Promise<Head>} */
export async function headOf({ manifest, vectors, signal }, at) {
  const missing = whyMissing(manifest, at);
  if (missing !== null) throw new NotThereError(missing);
  if (manifest.keep_vectors.choice === 'none') throw notStored(manifest, 'attention');
  const layer = manifest.layers[at.layer];
  const [queries, keys] = await Promise.all([
    vectors.of(manifest, at, 'queries', signal),
    vectors.of(manifest, at, 'keys', signal),
  ]);
  return { at, queries, keys, rule: ruleOfHead(layer, at.head) };
}

/**
 * @param {Site} site
 * @param {Head} head
 * @param {number} start
 * @param {number} nQueries
 * @param {number} nKeys
 * @param {number} [firstKey]
 */
async function patternOf(
  { manifest, vectors, params, signal, pause },
  { at, queries, keys, rule },
  start,
  nQueries,
  nKeys,
  firstKey = start,
) {
  const pattern = await attentionPattern(
    ...[queries, keys, start, nQueries, nKeys, rule, pause, firstKey],
  );
  const column = NORM_COLUMN[/** @type {Weight} */ (params.get('weight') ?? 'none')];
  if (column >= 0) {
    const { values, width } = await vectors.of(manifest, at, 'norms', signal);
    weighKeys(pattern, nKeys, (key) => values[(firstKey + key) * width + column]);
  }
  return pattern;
}

/**
 * The tokens of a sequence that are queries, and those that are keys, of a head.
 *
 * @param {Site} site
 * @param {Head} head
 * @param {number} sequence
 */
export function tokensOf({ lengths, nSource, starts }, { rule }, sequence) {
  const [start, n] = [starts[sequence], lengths[sequence]];
  const spans = spansOf(rule.part ?? null, n, nSource?.[sequence] ?? n);
  /** @param {readonly [number, number]} span @returns {[first: number, end: number]} */
  const shifted = ([first, end]) => [start + first, start + end];
  return { query: shifted(spans.query), key: shifted(spans.key) };
}

/**
 * The pattern of all tokens of a sequence, 0 where the head has no query or key.
 *
 * @param {Site} site
 * @param {Head} head
 * @param {number} sequence
 */
async function wholePattern(site, head, sequence) {
  const [start, n] = [site.starts[sequence], site.lengths[sequence]];
  const { query, key } = tokensOf(site, head, sequence);
  const [nQueries, nKeys] = [query[1] - query[0], key[1] - key[0]];
  const pattern = await patternOf(site, head, query[0], nQueries, nKeys, key[0]);
  if (pattern.length === n * n) return pattern;
  const whole = new Float32Array(n * n);
  for (let row = 0; row < nQueries; row++)
    whole.set(
      pattern.subarray(row * nKeys, (row + 1) * nKeys),
      (query[0] - start + row) * n + key[0] - start,
    );
  return whole;
}

/** @param {Site} site @param {Head} head @param {number} length @param {number[]} chosen */
async function meanOf(site, head, length, chosen) {
  const total = new Float64Array(length * length);
  for (const sequence of chosen) {
    // In a causal pattern, the first rows do not depend on later keys.
    const { query, key } = tokensOf(site, head, sequence);
    const nKeys = hidesLaterKeys(head.rule) ? length : key[1] - key[0];
    const pattern = await patternOf(site, head, query[0], length, nKeys, key[0]);
    for (let query = 0; query < length; query++)
      for (let key = 0; key < length; key++)
        total[query * length + key] += pattern[query * nKeys + key];
  }
  return Float32Array.from(total, (sum) => sum / chosen.length);
}

/**
 * Sequences of sufficient length with stored vectors, and how many are long enough.
 *
 * @param {Site} site
 * @param {number} length
 * @param {number} mostScores
 */
function storedSequences(site, length, mostScores) {
  const lengths = textLengths(site);
  const stored = lengths.map((n, i) => (site.hasVectors[i] ? n : 0));
  const { chosen } = longSequences(stored, length, mostScores);
  if (chosen.length === 0)
    throw notStored(site.manifest, `mean attention over ${length} positions`);
  return { chosen, nFound: longSequences(lengths, length, mostScores).nFound };
}

/** @param {Site} site @param {number} sequence */
function requireVectors({ hasVectors, manifest }, sequence) {
  if (!hasVectors[sequence]) throw notStored(manifest, `the attention of sequence ${sequence}`);
}

/** @param {Manifest} manifest @param {string} what the subject of the message */
export function notStored({ id, keep_vectors: kept, n_sequences: nSequences }, what) {
  const stored =
    kept.choice === 'none'
      ? 'no queries and keys'
      : `queries and keys of ${kept.n_sequences} of ${nSequences} sequences`;
  const error = new NotThereError(
    `${what} cannot be shown: ${id} was built with --keep-vectors ${kept.choice} and stores ` +
      stored,
  );
  error.code = 'vectors_not_stored';
  return error;
}

/** Tokens of each sequence; of two texts, of the shorter one. @param {Site} site */
function textLengths({ lengths, nSource }) {
  return nSource ? lengths.map((n, i) => Math.min(nSource[i], n - nSource[i])) : lengths;
}

/** @param {Site} site */
function lengthOf(site) {
  const [length, lengths] = [Number(site.params.get('length')), textLengths(site)];
  if (!(length >= 1 && length <= MAX_AGGREGATED))
    throw new NotThereError(`length is outside 1..${MAX_AGGREGATED}`);
  const longest = Math.max(...lengths);
  if (length > longest)
    throw new NotThereError(`no sequence has ${length} tokens; the longest has ${longest}`);
  return length;
}

/** @param {number} nUsed @param {number} nFound */
export function counts(nUsed, nFound) {
  return { 'X-Sequences': String(nUsed), 'X-Sequences-Total': String(nFound) };
}
