/** Labelled pairs as dotted lines over the map of a head. */

import { canvasPalette } from '../color/palettes.js';
import { lastOnly } from '../compute/memo.js';
import { unpack } from '../compute/rgba.js';
import { pairsOfSequence } from '../data/labelled_pairs.js';
import { pointOf } from '../data/points.js';

/** @import { PaletteName, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Lines } from '../render/lines.js' */

const WIDTH_PX = 1.75;
/** Opacity for one sequence, and for all at once. */
const WEIGHT = 0.9;
const FAINT = 0.35;
/** Unlike attention lines, which are solid, and those to the corpus, which are dashed, CSS px. */
const DASH = /** @type {const} */ ([1.75, 3]);

/** Return what gives the lines of labelled pairs, null where none are asked for or there. */
export function createPairLines() {
  const linesOf = lastOnly(pairLines);
  /**
   * @param {Pick<State, 'hasLabelledPairs' | 'palette' | 'selected'>} state
   * @param {Tokens} tokens
   * @param {ShownTheme} theme
   */
  return ({ hasLabelledPairs, palette, selected }, tokens, theme) =>
    hasLabelledPairs
      ? linesOf(tokens, selected ? tokens.sequence[selected.token] : null, theme, palette)
      : null;
}

/**
 * Lines from the query of each token of a pair to the key of the other.
 *
 * @param {Tokens} tokens
 * @param {number | null} sequence null: of all
 * @param {ShownTheme} theme
 * @param {PaletteName} palette
 * @returns {Lines | null}
 */
export function pairLines(tokens, sequence, theme, palette) {
  const { first, second } = pairsOfSequence(tokens, sequence);
  if (first.length === 0) return null;
  const queries = [...first, ...second];
  const keys = [...second, ...first];
  return {
    from: queries.map((token) => pointOf({ kind: 'query', token }, tokens.n)),
    to: keys.map((token) => pointOf({ kind: 'key', token }, tokens.n)),
    weights: queries.map(() => (sequence === null ? FAINT : WEIGHT)),
    width: WIDTH_PX,
    dash: DASH,
    color: unpack(canvasPalette(theme, palette).signed[0]),
  };
}
