/**
 * Which points deserve a label: those whose word is more frequent where they lie than in the whole
 * map. A word scores c · ln(c · N / (n · w)) in a bin: c of its w occurrences are among the n
 * points of the bin, of N in all (Dunning 1993, "Accurate methods for the statistics of surprise
 * and coincidence", the part of G² of one word).
 */

import { spreadOrder } from './spread.js';
import { windowOf } from './map_bounds.js';

/** @typedef {import('./map_bounds.js').Windows} Windows */

/** Bins on a side, from coarse to fine: labels of the coarse ones come first. */
const GRIDS = Object.freeze({ 2: [5, 10, 20, 40], 3: [3, 6, 12] });
/** Words of a bin that are tried until one has no label nearby, and how near, in bins. */
const TRIED = 4;
const NEARBY = 1.25;
const FULL = 65536;

/**
 * @typedef {object} Cloud Points of one cell.
 * @property {Uint16Array} positions (cell, point, dims)
 * @property {2 | 3} dims
 * @property {number} cell
 * @property {Int32Array} words (point) Numbers of their words from 0: of a kind, where kinds are
 *   told apart.
 * @property {Windows | null} windows parts of flat maps that their cells show
 */

/**
 * All points of a cell, those first whose word is the most distinctive for a part of the map.
 *
 * @param {Cloud} cloud
 * @returns {Uint32Array}
 */
export function distinctiveOrder(cloud) {
  const { dims, words } = cloud;
  const places = placesOf(cloud);
  const totals = new Int32Array(words.reduce((most, word) => Math.max(most, word), -1) + 1);
  for (const word of words) totals[word]++;
  const order = new Uint32Array(words.length);
  const isTaken = new Uint8Array(words.length);
  /** Labelled points of each word. @type {Map<number, number[]>} */
  const labelled = new Map();
  let n = 0;
  for (const side of GRIDS[dims]) {
    for (const ranked of rankedWords(places, dims, side, words, totals)) {
      for (const { points } of ranked) {
        const point = middleOf(points(), places, dims);
        const word = words[point];
        const known = labelled.get(word) ?? [];
        if (known.some((other) => distance(places, dims, point, other) < NEARBY / side)) continue;
        labelled.set(word, [...known, point]);
        isTaken[point] = 1;
        order[n++] = point;
        break;
      }
    }
  }
  for (const point of spreadOrder(words.length)) if (!isTaken[point]) order[n++] = point;
  return order;
}

/** Places in the shown part, 0..1 inside of it. @param {Cloud} cloud @returns {Float32Array} */
function placesOf({ positions, dims, cell, words, windows }) {
  const [x, y, side] = dims === 2 ? windowOf({ windows }, cell) : [0.5, 0.5, 1];
  const low = [x - side / 2, y - side / 2, 0];
  const start = cell * words.length * dims;
  const places = new Float32Array(words.length * dims);
  for (let at = 0; at < places.length; at++)
    places[at] = (positions[start + at] / FULL - low[at % dims]) / side;
  return places;
}

/**
 * The most distinctive words of each bin with their points; the bin of the most distinctive word
 * comes first.
 *
 * @param {Float32Array} places
 * @param {2 | 3} dims
 * @param {number} side Bins along an axis.
 * @param {Int32Array} words
 * @param {Int32Array} totals (word)
 */
function rankedWords(places, dims, side, words, totals) {
  const [n, nWords] = [words.length, totals.length];
  // Sorted, the points of a word in a bin stand together: quicker than maps of lists.
  const keys = new Float64Array(n);
  let nInside = 0;
  for (let point = 0; point < n; point++) {
    const bin = binOf(places, dims, side, point);
    if (bin >= 0) keys[nInside++] = (bin * nWords + words[point]) * n + point;
  }
  const sorted = keys.subarray(0, nInside).sort();
  const ranked = [];
  for (let at = 0; at < nInside;) {
    const end = endOf(sorted, at, n * nWords);
    ranked.push(wordsIn(sorted, at, end, n, nWords, totals));
    at = end;
  }
  return ranked.sort((a, b) => b[0].score - a[0].score);
}

/**
 * Where the keys end that have the same quotient as the one at `start`.
 *
 * @param {Float64Array} keys
 * @param {number} start
 * @param {number} divisor
 */
function endOf(keys, start, divisor) {
  const limit = (Math.floor(keys[start] / divisor) + 1) * divisor;
  let end = start + 1;
  while (end < keys.length && keys[end] < limit) end++;
  return end;
}

/**
 * The most distinctive words of a bin.
 *
 * @param {Float64Array} keys
 * @param {number} start
 * @param {number} end
 * @param {number} n points
 * @param {number} nWords
 * @param {Int32Array} totals (word)
 * @returns {{score: number, points: () => Float64Array}[]}
 */
function wordsIn(keys, start, end, n, nWords, totals) {
  const found = [];
  for (let at = start; at < end;) {
    const [first, last] = [at, Math.min(end, endOf(keys, at, n))];
    const word = Math.floor(keys[first] / n) % nWords;
    const count = last - first;
    found.push({
      score: count * Math.log((count * n) / ((end - start) * totals[word])),
      points: () => keys.subarray(first, last).map((key) => key % n),
    });
    at = last;
  }
  return found.sort((a, b) => b.score - a.score).slice(0, TRIED);
}

/**
 * The bin of a point, or -1 outside.
 *
 * @param {Float32Array} places
 * @param {number} dims
 * @param {number} side
 * @param {number} point
 */
function binOf(places, dims, side, point) {
  let bin = 0;
  for (let axis = 0; axis < dims; axis++) {
    const place = Math.floor(places[point * dims + axis] * side);
    if (place < 0 || place >= side) return -1;
    bin = bin * side + place;
  }
  return bin;
}

/**
 * The point nearest to the mean of some points.
 *
 * @param {Float64Array} points
 * @param {Float32Array} places
 * @param {number} dims
 */
function middleOf(points, places, dims) {
  const mean = [0, 0, 0];
  for (const point of points)
    for (let axis = 0; axis < dims; axis++)
      mean[axis] += places[point * dims + axis] / points.length;
  let [best, least] = [points[0], Infinity];
  for (const point of points) {
    let away = 0;
    for (let axis = 0; axis < dims; axis++) away += (places[point * dims + axis] - mean[axis]) ** 2;
    if (away < least) [best, least] = [point, away];
  }
  return best;
}

/**
 * @param {Float32Array} places
 * @param {number} dims
 * @param {number} one
 * @param {number} other
 */
function distance(places, dims, one, other) {
  let most = 0;
  for (let axis = 0; axis < dims; axis++)
    most = Math.max(most, Math.abs(places[one * dims + axis] - places[other * dims + axis]));
  return most;
}
