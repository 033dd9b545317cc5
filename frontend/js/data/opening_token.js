/** The token that is selected where a sequence is opened as a whole. */

/** @import { Manifest, Tokens } from '../page.js' */

/**
 * The first ordinary token; of a causal model the last one, whose query sees all others; of an
 * image the patch in the middle. Special tokens only where there is nothing else.
 *
 * @param {Pick<Tokens, 'tokenType' | 'sequences' | 'row'>} tokens
 * @param {number} sequence
 * @param {boolean} isCausal
 * @param {readonly [number, number]} [span] the positions to choose from
 */
export function openingToken(tokens, sequence, isCausal, span) {
  const { tokenType, sequences, row } = tokens;
  const [first, end] = span ?? [0, sequences.length[sequence]];
  const start = sequences.start[sequence] + first;
  const ordinary = Array.from({ length: end - first }, (_, i) => start + i).filter(
    (token) => tokenType.at(token) === 'text' || tokenType.at(token) === 'patch',
  );
  if (!row) return ordinary.at(isCausal ? -1 : 0) ?? start;
  const nRows = Math.max(...ordinary.map((token) => row[token])) + 1;
  const line = ordinary.filter((token) => row[token] === nRows >> 1);
  return line[line.length >> 1] ?? start;
}

/** Whether no layer sees later keys. @param {Manifest | null | undefined} manifest */
export function isCausalModel(manifest) {
  const withHeads = manifest?.layers.filter(({ n_heads: n }) => n !== 0) ?? [];
  return withHeads.length > 0 && withHeads.every(({ is_causal: isCausal }) => isCausal);
}
