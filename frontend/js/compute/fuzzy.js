/** Fuzzy matching of a few typed words against short labels. */

/** Least share of letters in the stretch of a label that holds them all, in order. */
const MIN_DENSITY = 0.4;
/** What each character of a label costs: too little to outweigh a better match. */
const LENGTH_WEIGHT = 0.001;

/**
 * How well a label matches what was typed: every word must occur, at the beginning of a word of the
 * label (3), inside one (2), or as letters in order and close together (up to 1).
 *
 * @param {string} typed
 * @param {string} label
 * @returns {number} 0 where a word does not occur; of equal matches the shorter label has more
 */
export function fuzzyScore(typed, label) {
  const [query, target] = [fold(typed), fold(label)];
  const words = query.split(/\s+/).filter(Boolean);
  const scores = words.map((word) => wordScore(word, target));
  if (words.length === 0 || scores.includes(0)) return 0;
  const mean = scores.reduce((sum, score) => sum + score, 0) / words.length;
  return mean + Number(target.startsWith(query)) - LENGTH_WEIGHT * target.length;
}

/** @param {string} word @param {string} label */
function wordScore(word, label) {
  let isInside = false;
  for (let at = label.indexOf(word); at >= 0; at = label.indexOf(word, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(label[at - 1])) return 3;
    isInside = true;
  }
  return isInside ? 2 : density(word, label);
}

/**
 * Letters of a word over the length of the stretch that holds them in order; 0 if that is too low.
 *
 * @param {string} word
 * @param {string} label
 */
function density(word, label) {
  let [first, at] = [-1, -1];
  for (const letter of word) {
    at = label.indexOf(letter, at + 1);
    if (at < 0) return 0;
    if (first < 0) first = at;
  }
  const share = word.length / (at - first + 1);
  return share < MIN_DENSITY ? 0 : share;
}

/** Without case and diacritics. @param {string} text */
function fold(text) {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .trim();
}
