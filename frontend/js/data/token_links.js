/**
 * Corresponding tokens of two datasets: the same token, the same word, or the same place of an
 * image.
 */

import { listOf } from '../compute/columns.js';
import { markAtSameEnd, placeTokens, tokensOfSameText } from './text_alignment.js';
import { counted } from '../compute/number_text.js';

/** @import { Manifest, PatchGrid, Tokens } from '../page.js' */

/** Number of cached alignments of sequences; hovering returns to the same few. */
const MAX_CACHED = 64;

/**
 * `name` is equal for equal datasets.
 *
 * @typedef {{name: string, manifest: Manifest, tokens: Tokens}} Side
 */
/**
 * The link of two datasets; `words` describes it, `partners` gives the tokens of the other side,
 * best first.
 *
 * @typedef {{kind: 'token' | 'word' | 'place' | 'none', label: string, partners: (token: number,
 *   isFirst: boolean) => number[]}} Link
 */

/**
 * @param {Side} first
 * @param {Side} second
 * @returns {Link}
 */
export function createLink(first, second) {
  if (first.name === second.name)
    return {
      kind: 'token',
      label: 'the same dataset, linked by token',
      partners: (token) => [token],
    };
  const modality = first.manifest.model.modality;
  if (modality !== second.manifest.model.modality) return unlinked('a text and an image dataset');
  // Where the image is in a sequence depends on the model and on the text.
  if (first.tokens.isTarget || second.tokens.isTarget)
    return unlinked('sentences of two texts in two datasets');
  if (first.tokens.isMixed) return unlinked('images with texts of two datasets');
  if (modality === 'image' && first.manifest.corpus.sha256 !== second.manifest.corpus.sha256)
    return unlinked('different images');
  const texts = [first, second].map(({ tokens }) => listOf(tokens.sequences.text));
  const matches = matchSequences(texts[0], texts[1]);
  const n = matches.reduce((sum, match) => sum + (match < 0 ? 0 : 1), 0);
  if (n === 0) return unlinked(modality === 'text' ? 'different sentences' : 'different images');
  const back = new Int32Array(texts[1].length).fill(-1);
  matches.forEach((match, sequence) => {
    if (match >= 0) back[match] = sequence;
  });
  const sides = [
    { ...first, matches },
    { ...second, matches: back },
  ];
  const [kind, shared] =
    modality === 'text'
      ? /** @type {const} */ (['word', 'sentence'])
      : /** @type {const} */ (['place', 'image']);
  const find = kind === 'word' ? createWordFinder() : partnersByPlace;
  return {
    kind,
    label:
      `${counted(n, shared)} in both, linked by ` +
      `${kind === 'word' ? 'the words' : 'the place in the image'}`,
    partners(token, isFirst) {
      const [own, other] = isFirst ? sides : [sides[1], sides[0]];
      const sequence = own.matches[own.tokens.sequence[token]];
      return sequence < 0 ? [] : find(own, token, other, sequence);
    },
  };
}

/** @param {string} why @returns {Link} */
function unlinked(why) {
  return { kind: 'none', label: `${why}, linked by the search only`, partners: () => [] };
}

/**
 * The sequence of the other side with the same text, or -1; repeated texts are matched in order.
 *
 * @param {readonly string[]} texts
 * @param {readonly string[]} others
 */
export function matchSequences(texts, others) {
  /** @type {Map<string, number[]>} */
  const waiting = new Map();
  for (let i = others.length - 1; i >= 0; i--) {
    const all = waiting.get(others[i]);
    if (all) all.push(i);
    else waiting.set(others[i], [i]);
  }
  return Int32Array.from(texts, (text) => waiting.get(text)?.pop() ?? -1);
}

/** @typedef {(own: Side, token: number, other: Side, sequence: number) => number[]} Finder */

/** @returns {Finder} */
function createWordFinder() {
  /** @type {Map<string, ReturnType<typeof placesOf>>} */
  const cache = new Map();

  /** @param {Side} side @param {number} sequence */
  function placed(side, sequence) {
    const key = `${side.name} ${sequence}`;
    const found = cache.get(key) ?? placesOf(side.tokens, sequence);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, found);
    return found;
  }

  return (own, token, other, sequence) => {
    const [here, there] = [placed(own, own.tokens.sequence[token]), placed(other, sequence)];
    const at = token - here.start;
    if (!here.marks[at])
      return tokensOfSameText(at, here.places, there.places).map((i) => there.start + i);
    const mark = markAtSameEnd(at, here.marks, there.marks);
    return mark === null ? [] : [there.start + mark];
  };
}

/**
 * The positions of the tokens of a sequence in the letters of its text.
 *
 * @param {Pick<Tokens, 'sequences' | 'surface' | 'text' | 'tokenType'>} tokens
 * @param {number} sequence
 */
export function placesOf({ sequences, surface, text, tokenType }, sequence) {
  const start = sequences.start[sequence];
  const end = start + sequences.length[sequence];
  const marks = tokenType.slice(start, end).map((type) => type !== 'text');
  /** @param {number} token */
  const textOf = (token) => surface?.at(token) ?? text.at(token);
  const tokens = marks.map((isMark, i) => (isMark ? null : textOf(start + i)));
  return { start, marks, places: placeTokens(sequences.text.at(sequence), tokens) };
}

/**
 * The patches whose centre lies in a patch, nearest to its centre first; if there are none, the
 * patch that contains its centre. Class tokens and registers correspond by their index.
 *
 * @type {Finder}
 */
function partnersByPlace(own, token, other, sequence) {
  const [grid, there] = [own.manifest.patch_grid, other.manifest.patch_grid];
  const start = other.tokens.sequences.start[sequence];
  if (!grid || !there) return [];
  if (own.tokens.tokenType.at(token) !== 'patch')
    return prefixPartner(own.tokens, token, other.tokens, start, there.n_prefix_tokens);
  const [row, column] = [own.tokens.row?.[token] ?? 0, own.tokens.column?.[token] ?? 0];
  const rows = lineOf(row, grid.n_rows, there.n_rows);
  const columns = lineOf(column, grid.n_columns, there.n_columns);
  return rows.flatMap((r) =>
    columns.map((c) => start + there.n_prefix_tokens + r * there.n_columns + c),
  );
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 * @param {Tokens} others
 * @param {number} start of the other sequence
 * @param {PatchGrid['n_prefix_tokens']} nPrefix
 */
function prefixPartner(tokens, token, others, start, nPrefix) {
  const type = tokens.tokenType.at(token);
  const first = tokens.sequences.start[tokens.sequence[token]];
  const number = tokens.tokenType.slice(first, token).filter((other) => other === type).length;
  const same = Array.from({ length: nPrefix }, (_, i) => start + i).filter(
    (i) => others.tokenType.at(i) === type,
  );
  return number < same.length ? [same[number]] : [];
}

/**
 * Rows or columns of another grid whose centre lies in one of this grid, the nearest first.
 *
 * @param {number} at
 * @param {number} n
 * @param {number} nOther
 */
function lineOf(at, n, nOther) {
  const inside = [];
  for (let i = Math.floor((at * nOther) / n); i < nOther && i + 0.5 < ((at + 1) * nOther) / n; i++)
    if (i + 0.5 >= (at * nOther) / n) inside.push(i);
  if (inside.length === 0) return [Math.min(nOther - 1, Math.floor(((at + 0.5) * nOther) / n))];
  const middle = inside[inside.length >> 1];
  return [middle, ...inside.filter((i) => i !== middle)];
}
