/** What a step changed, in words for the buttons that take it back. */

/** @import { State } from '../page.js' */

/**
 * Names of choices, the most telling first; a choice without a name here is called by its own.
 * @type {Record<string, string | ((after: any, before: any) => string)>}
 */
const NAMES = {
  marked: (after) => (after === '' ? 'clearing the marked points' : 'marking points'),
  selected: (after) => (after === null ? 'clearing the selection' : 'selecting a point'),
  search: (after) =>
    after.trim() === '' ? 'clearing the search' : `search for “${clip(after.trim())}”`,
  filters: 'filters',
  pairs: (after, before) =>
    after.length === 0
      ? 'clearing the pairs'
      : after.length < before.length
        ? 'taking a pair away'
        : after.length > before.length
          ? 'marking a pair'
          : 'wishing a pair otherwise',
  hidden: (after, before) =>
    after.length < before.length ? 'showing hidden tokens' : 'hiding tokens',
  color: 'colour',
  searchMode: 'how tokens are compared',
  hasLines: (after) => (after ? 'showing attention lines' : 'hiding attention lines'),
  lineCount: 'number of lines',
  lineThreshold: 'least weight of a line',
  isLineAlone: 'which lines are drawn',
  hasStrongest: 'strongest and nearest',
  weight: 'weighing of keys',
  below: 'what stands below the sentence',
  imageLinks: 'connections of the image',
  isImageMean: 'mean over images',
  imageThreshold: 'least weight of a connection',
  hasLabels: (after) => (after ? 'showing labels' : 'hiding labels'),
  dotSize: 'dot size',
  isDotByNorm: 'dot size by norm',
  similarWith: 'whose heads are compared',
  isWhole: (after) => (after ? 'fitting all points' : 'leaving far points outside'),
  beside: 'what stands out in pane B',
  order: (after) => (after === null ? 'layer × head' : 'sorting the heads'),
  isOrderRising: 'sorting the heads',
  score: 'tint of the heads',
  scoreRange: 'range of a score',
  filterScore: 'range of a score',
};
const LONGEST = 24;

/** @param {{before: Partial<State>, after: Partial<State>}} step */
export function formatChange({ before, after }) {
  const changed = Object.keys(after);
  const name = Object.keys(NAMES).find((known) => changed.includes(known)) ?? changed[0] ?? '';
  const words = NAMES[name];
  if (typeof words === 'string') return words;
  return words
    ? words(/** @type {any} */ (after)[name], /** @type {any} */ (before)[name])
    : formatPlain(name);
}

/** A name of the program as words: "isLineAlone" → "line alone". @param {string} name */
function formatPlain(name) {
  return name
    .replace(/^(is|has)(?=[A-Z])/, '')
    .replace(/([A-Z])/g, ' $1')
    .trim()
    .toLowerCase();
}

/** @param {string} text */
function clip(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
