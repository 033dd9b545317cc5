/**
 * Marked points as short text for addresses and undo: ranges of tokens, such as
 * "query-3-9.12.key-4".
 */

/** @import { Kind } from '../types.js' */

/** Maximum number of characters of marked points in an address; longer text is omitted. */
export const MAX_CHARACTERS = 1500;
const KINDS = /** @type {readonly Kind[]} */ (['query', 'key']);
const RUN = /^(?:(query|key)-)?(\d{1,9})(?:-(\d{1,9}))?$/;

/**
 * @param {Uint8Array} marked (point): queries, then keys
 * @returns {string} '' where none is marked
 */
export function writeMarked(marked) {
  const n = marked.length / 2;
  const parts = KINDS.flatMap((kind, i) => {
    const runs = runsOf(marked.subarray(i * n, (i + 1) * n));
    return runs.length > 0 ? [`${kind}-${runs.join('.')}`] : [];
  });
  return parts.join('.');
}

/** @param {Uint8Array} flags */
function runsOf(flags) {
  const runs = [];
  for (let first = flags.indexOf(1); first >= 0;) {
    const end = flags.indexOf(0, first);
    const last = (end < 0 ? flags.length : end) - 1;
    runs.push(first === last ? `${first}` : `${first}-${last}`);
    first = flags.indexOf(1, last + 1);
  }
  return runs;
}

/**
 * @param {string} words
 * @returns {{kind: Kind, first: number, last: number}[] | null} null where they say nothing
 */
export function readRuns(words) {
  /** @type {Kind | null} */
  let kind = null;
  const runs = [];
  for (const part of words.split('.')) {
    const found = RUN.exec(part);
    if (!found) return null;
    kind = /** @type {Kind | undefined} */ (found[1]) ?? kind;
    const [first, last] = [Number(found[2]), Number(found[3] ?? found[2])];
    if (kind === null || last < first) return null;
    runs.push({ kind, first, last });
  }
  return runs;
}

/**
 * @param {string} words
 * @param {number} nTokens
 * @returns {Uint8Array | null} (point); null where no point of these tokens is named
 */
export function readMarked(words, nTokens) {
  const runs = readRuns(words)?.filter(({ first }) => first < nTokens) ?? [];
  if (runs.length === 0) return null;
  const marked = new Uint8Array(2 * nTokens);
  for (const { kind, first, last } of runs) {
    const start = kind === 'query' ? 0 : nTokens;
    marked.fill(1, start + first, start + Math.min(last, nTokens - 1) + 1);
  }
  return marked;
}

/** The highest token, or -1. @param {string} words */
export function lastMarked(words) {
  return (readRuns(words) ?? []).reduce((most, { last }) => Math.max(most, last), -1);
}
