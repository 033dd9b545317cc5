/** The labelled pairs of a dataset, such as contacts of a protein: two tokens of a sequence. */

/** @import { LabelledPairs, Tokens } from '../page.js' */

/** Most names whose numbers of pairs are told. */
const MAX_NAMES = 4;

/**
 * Return the labelled pairs of one sequence, or of all.
 *
 * @param {Pick<Tokens, 'labelledPairs' | 'sequence'>} tokens
 * @param {number | null} sequence null: all
 * @returns {LabelledPairs} tokens of the corpus; empty without labelled pairs
 */
export function pairsOfSequence({ labelledPairs, sequence: sequenceOf }, sequence) {
  if (!labelledPairs) return { first: new Int32Array(), second: new Int32Array(), name: [] };
  if (sequence === null) return labelledPairs;
  const { first, second, name } = labelledPairs;
  /** @param {unknown} _ @param {number} i */
  const isOwn = (_, i) => sequenceOf[first[i]] === sequence;
  return { first: first.filter(isOwn), second: second.filter(isOwn), name: name.filter(isOwn) };
}

/**
 * Return the number of pairs, and by name if they have any: "12 in this sentence: contact 9,
 * disulfide 3".
 *
 * @param {Pick<LabelledPairs, 'name'>} pairs
 * @param {string} where such as "in this sentence"
 */
export function countPairs({ name }, where) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const one of name) if (one) counts.set(one, (counts.get(one) ?? 0) + 1);
  const names = [...counts].sort(([, a], [, b]) => b - a);
  const told = names.slice(0, MAX_NAMES).map(([one, n]) => `${one} ${n.toLocaleString('en')}`);
  if (names.length > MAX_NAMES) told.push('…');
  const byName = told.length > 0 ? `: ${told.join(', ')}` : '';
  return `${name.length.toLocaleString('en')} ${where}${byName}`;
}
