/** Marked points by token, position, sequence and column, against the whole corpus. */

import { coded, codedList } from './columns.js';

/** @import { Tokens } from '../page.js' */

/** Maximum number of bins of positions, and of a column of numbers. */
const MAX_BINS = 24;
const NUMBER_BINS = 8;
/** Columns of numbers with more values than these are binned. */
const MAX_VALUES = 12;

/**
 * Points with something in common.
 *
 * @typedef {object} Group
 * @property {string} label
 * @property {number} nQueries marked
 * @property {number} nKeys marked
 * @property {number} n marked
 * @property {number} total points of the corpus, of both kinds
 * @property {number} lift share among the marked points / share in the corpus
 * @property {number} score signed log-likelihood, n · ln(lift): how distinctive it is
 */
/**
 * A way of grouping points.
 *
 * @typedef {object} Grouping
 * @property {string} name
 * @property {'token' | 'position' | 'sequence' | 'column'} of
 * @property {boolean} isOrdered whether groups are bins along an axis, in their order
 * @property {Int32Array} groupOf (token) index into `groups`; -1: none
 * @property {Group[]} groups
 */

/**
 * @param {Uint8Array} marked (point): queries, then keys
 * @param {Pick<Tokens, 'n' | 'text' | 'tokenType' | 'sequence' | 'position' | 'sequences'>} tokens
 * @returns {Grouping[]} those with a marked point
 */
export function groupMarked(marked, tokens) {
  /**
   * @param {Pick<Grouping, 'name' | 'of' | 'isOrdered'>} kind
   * @param {{labels: string[], groupOf: Int32Array}} classes
   */
  const grouping = (kind, { labels, groupOf }) => ({
    ...kind,
    groupOf,
    groups: countGroups(marked, groupOf, labels),
  });
  const { start, columns } = tokens.sequences;
  return [
    grouping({ name: 'Tokens', of: 'token', isOrdered: false }, byText(tokens)),
    grouping({ name: 'Positions', of: 'position', isOrdered: true }, positionBins(tokens)),
    grouping(
      { name: 'Sequences', of: 'sequence', isOrdered: false },
      { labels: Array.from(start, (_, sequence) => String(sequence)), groupOf: tokens.sequence },
    ),
    ...Object.entries(columns).flatMap(([name, values]) => {
      const found = columnClasses(values);
      if (!found) return [];
      const groupOf = Int32Array.from(tokens.sequence, (s) => found.groupOf[s] ?? -1);
      const kind = { name, of: /** @type {const} */ ('column'), isOrdered: found.isOrdered };
      return [grouping(kind, { ...found, groupOf })];
    }),
  ].filter(({ groups }) => groups.some((group) => group.n > 0));
}

/** @param {string} type */
function hasText(type) {
  return type === 'text' || type === 'special';
}

/**
 * Of marked points, those in one group.
 *
 * @param {Uint8Array} marked (point)
 * @param {Grouping} grouping
 * @param {number} group
 * @returns {Uint8Array} (point)
 */
export function markedInGroup(marked, { groupOf }, group) {
  const n = groupOf.length;
  return marked.map((flag, point) => (groupOf[point % n] === group ? flag : 0));
}

/**
 * The groups with most marked points, or the most distinctive ones.
 *
 * @param {Grouping} grouping
 * @param {'n' | 'score'} by
 * @returns {number[]} indices of groups with a marked point, highest first
 */
export function rankGroups({ groups }, by) {
  return groups
    .flatMap(({ n }, i) => (n > 0 ? [i] : []))
    .sort((a, b) => groups[b][by] - groups[a][by] || groups[b].n - groups[a].n);
}

/** @param {Uint8Array} marked @param {Int32Array} groupOf @param {string[]} labels */
function countGroups(marked, groupOf, labels) {
  const n = groupOf.length;
  const [queries, keys, totals] = [0, 1, 2].map(() => new Int32Array(labels.length));
  let nMarked = 0;
  for (let token = 0; token < n; token++) {
    nMarked += marked[token] + marked[n + token];
    const group = groupOf[token];
    if (group < 0) continue;
    totals[group] += 2;
    queries[group] += marked[token];
    keys[group] += marked[n + token];
  }
  return labels.map((label, group) => {
    const [nQueries, nKeys, total] = [queries[group], keys[group], totals[group]];
    const found = nQueries + nKeys;
    const lift = found === 0 ? 0 : found / nMarked / (total / (2 * n));
    const score = found === 0 ? 0 : found * Math.log(lift);
    return { label, nQueries, nKeys, n: found, total, lift, score };
  });
}

/**
 * Classes by label, in the order of their first members.
 *
 * @param {number} n
 * @param {(i: number) => string | null} labelOf null: in no class
 */
function labelled(n, labelOf) {
  /** @type {Map<string, number>} */
  const known = new Map();
  const groupOf = Int32Array.from({ length: n }, (_, i) => {
    const label = labelOf(i);
    if (label === null) return -1;
    const group = known.get(label) ?? known.size;
    known.set(label, group);
    return group;
  });
  return { labels: [...known.keys()], groupOf };
}

/**
 * Tokens by their text.
 *
 * @param {Pick<Tokens, 'text' | 'tokenType'>} tokens
 */
function byText({ text, tokenType }) {
  const { codes, values } = coded(text);
  const texts = codedList(values);
  const groupOf = Int32Array.from(codes, (code, token) =>
    hasText(tokenType.at(token)) ? texts.codes[code] : -1,
  );
  return { labels: [...texts.values], groupOf };
}

/** Positions from 1 in bins of equal width. @param {Pick<Tokens, 'position'>} tokens */
function positionBins({ position }) {
  const nPositions = position.reduce((most, at) => Math.max(most, at), 0) + 1;
  const width = Math.ceil(nPositions / MAX_BINS);
  const labels = Array.from({ length: Math.ceil(nPositions / width) }, (_, bin) => {
    const [first, last] = [bin * width + 1, Math.min(nPositions, (bin + 1) * width)];
    return first === last ? `${first}` : `${first}–${last}`;
  });
  return { labels, groupOf: position.map((at) => Math.floor(at / width)) };
}

/**
 * Values of a column as classes, or in bins if they are many numbers; null if each sequence has
 * another value, or all have one.
 *
 * @param {readonly unknown[]} values (sequence)
 */
function columnClasses(values) {
  const texts = values.map((value) => String(value ?? ''));
  const distinct = new Set(texts.filter((text) => text !== ''));
  if (distinct.size === 0 || (distinct.size === 1 && !texts.includes(''))) return null;
  const numbers = [...distinct].map(Number);
  if (distinct.size > MAX_VALUES && numbers.every(Number.isFinite))
    return numberBins(texts, Math.min(...numbers), Math.max(...numbers));
  if (distinct.size === texts.length) return null;
  const classes = labelled(texts.length, (i) => (texts[i] === '' ? null : texts[i]));
  return { ...classes, isOrdered: false };
}

/** @param {string[]} texts @param {number} low @param {number} high */
function numberBins(texts, low, high) {
  const width = (high - low) / NUMBER_BINS;
  const ends = Array.from({ length: NUMBER_BINS + 1 }, (_, i) =>
    String(Number((low + i * width).toPrecision(3))),
  );
  const groupOf = Int32Array.from(texts, (text) =>
    text === '' ? -1 : Math.min(NUMBER_BINS - 1, Math.floor((Number(text) - low) / width)),
  );
  return { labels: ends.slice(1).map((end, i) => `${ends[i]}–${end}`), groupOf, isOrdered: true };
}
