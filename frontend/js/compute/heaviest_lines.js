/** Selection of the attention lines of a sentence to draw. */

/** @import { Attention } from '../page.js' */
/** @import { Place } from '../sequence/weight_lines.js' */

/** Lines of smaller weights would be invisible. */
const MIN_WEIGHT = 0.01;

/** Maximum number of lines; the strongest are drawn. */
const MAX_LINES = 1200;

/** Opacity of the lines of other tokens, as a share of their weight. */
const OTHERS = 0.2;
/** Widths of the lines, CSS pixels. */
const [OWN_PX, OTHER_PX] = [2.5, 1];

/**
 * The lines to draw, with opacity and width in pixels: those of one token thick and last, so that
 * they lie on top, all others faint.
 *
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'>} attention
 * @param {object} which
 * @param {Place} which.source the token whose lines stand out
 * @param {(query: number, key: number) => boolean} [which.isSeen] whether a line is in the viewport
 */
export function heaviestLines(attention, { source, isSeen = () => true }) {
  const { n, pattern, sinks } = attention;
  const nKeys = sinks ? n + 1 : n;
  /** @param {number} line */
  const weightOf = (line) => {
    if (!sinks) return pattern[line];
    const [query, key] = [Math.floor(line / nKeys), line % nKeys];
    return key === n ? sinks[query] : pattern[query * n + key];
  };
  /** Places in the pattern. @type {number[]} */
  const own = [];
  /** @type {number[]} */
  const others = [];
  for (let query = 0; query < n; query++) {
    for (let key = 0; key < nKeys; key++) {
      const line = query * nKeys + key;
      if (!(weightOf(line) >= MIN_WEIGHT) || !isSeen(query, key)) continue;
      const isOwn = (source.kind === 'query' ? query : key) === source.position;
      (isOwn ? own : others).push(line);
    }
  }
  /** @param {number[]} lines @param {number} nMost */
  const heaviest = (lines, nMost) =>
    lines.length > nMost ? lines.sort((a, b) => weightOf(b) - weightOf(a)).slice(0, nMost) : lines;
  /** @param {number} line @param {number} opacity @param {number} width */
  const styled = (line, opacity, width) => ({
    query: Math.floor(line / nKeys),
    key: line % nKeys,
    opacity,
    width,
  });
  const first = heaviest(own, MAX_LINES);
  return [
    ...heaviest(others, MAX_LINES - first.length).map((line) =>
      styled(line, OTHERS * weightOf(line), OTHER_PX),
    ),
    ...first.map((line) => styled(line, sourceOpacity(weightOf(line)), OWN_PX)),
  ];
}

/** Opacity of a line of the source: small weights are seen, too. @param {number} weight 0..1 */
export function sourceOpacity(weight) {
  return Math.sqrt(weight);
}
