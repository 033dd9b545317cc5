/** Selection of the attention lines of a sentence to draw. */

/** @import { Attention } from '../page.js' */
/** @import { Place } from '../sequence/weight_lines.js' */

/** Lines of smaller weights would be invisible. */
const MIN_WEIGHT = 0.01;

/** Maximum number of lines; the strongest are drawn. */
const MAX_LINES = 1200;

/** Relative opacity of the lines of other tokens while one is selected. */
const OTHERS = 0.45;

/**
 * The lines to draw, with opacity and width in pixels.
 *
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {object} which
 * @param {Place | null} which.alone only the lines of this token
 * @param {Place | null} which.chosen those of this token are drawn strongest
 * @param {(query: number, key: number) => boolean} [which.isSeen] whether a line is in the viewport
 */
export function heaviestLines({ n, pattern }, { alone, chosen, isSeen = () => true }) {
  /** @param {number} query @param {number} key @param {Place | null} one */
  const isOf = (query, key, one) =>
    one === null || (one.kind === 'query' ? query : key) === one.position;
  /** Places in the pattern. @type {number[]} */
  let lines = [];
  for (let query = 0; query < n; query++) {
    for (let key = 0; key < n; key++) {
      if (pattern[query * n + key] >= MIN_WEIGHT && isOf(query, key, alone) && isSeen(query, key))
        lines.push(query * n + key);
    }
  }
  if (lines.length > MAX_LINES)
    lines = lines.sort((a, b) => pattern[b] - pattern[a]).slice(0, MAX_LINES);
  return lines.map((line) => {
    const [query, key, weight] = [Math.floor(line / n), line % n, pattern[line]];
    const isStrong = alone !== null || isOf(query, key, chosen);
    return {
      query,
      key,
      opacity: isStrong ? weight : weight * OTHERS,
      width: isStrong && (alone ?? chosen) ? 2 : 1.5,
    };
  });
}
