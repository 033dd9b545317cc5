/**
 * Which points of a cell may have labels, and at which zoom; kept until something that it depends
 * on changes.
 */

import { cellCoefficients, projectPoint } from '../compute/geometry.js';
import { isAbsent } from '../compute/density.js';
import { isFurtherPart } from '../compute/characters.js';
import { distinctiveOrder } from '../compute/distinctive.js';
import { createLevels } from '../render/labels.js';
import { spreadOrder } from '../compute/spread.js';
import { lastOnly } from '../compute/memo.js';
import { FLAG } from '../compute/flag_bits.js';
import { drawnPoint } from '../data/points.js';
import { formatLabel } from './point_text.js';

/** @import { State, Tokens } from '../page.js' */
/** @import { Frame } from '../types.js' */
/** @import { Levels } from '../render/labels.js' */

/** Most points of a head, and of a cell of the grid, that are considered for a label. */
const MAX_IN_HEAD = 6000;
const MAX_IN_CELL = 1500;
/**
 * Space around a label, and least distance to one of the same word, CSS pixels: where a few points
 * stand out, and where any may have a label.
 */
const SPACE = Object.freeze({
  chosen: { x: 4, y: 1, apart: 80 },
  any: { x: 26, y: 26, apart: 180 },
});
/** Room that is kept for the larger distance of a label to the selected point, CSS pixels. */
const EMPHASIS_PX = 5;

/**
 * What is labelled: points of a frame and the tokens that they are.
 *
 * @typedef {object} Subject
 * @property {Frame} frame
 * @property {State} state
 * @property {Tokens} tokens
 * @property {Int32Array | null} drawn tokens that are drawn, sorted; null: all
 */
/**
 * How labels are written.
 *
 * @typedef {object} Font
 * @property {string} css
 * @property {number} lineHeight CSS pixels
 */
/**
 * Labels of a cell at zoom 1, all of the same index.
 *
 * @typedef {object} Layout
 * @property {Uint32Array} points
 * @property {number} nQueries points below it are queries
 * @property {string[]} words
 * @property {Float32Array} x CSS pixels
 * @property {Float32Array} y
 * @property {Float32Array} width
 * @property {Levels} levels which have room at a zoom
 * @property {number} first the selected point, or -1
 * @property {unknown[]} known what it was made of
 */

/** @param {(text: string, font: string) => number} measure gives the width of a text, CSS pixels */
export function createLabelLayouts(measure) {
  /** @type {Map<number, Layout>} */
  const layouts = new Map();
  const orderOf = createOrders();

  /**
   * @param {Subject} subject
   * @param {number} cell
   * @param {Font} font
   * @returns {Layout}
   */
  return (subject, cell, font) => {
    const known = partsOf(subject, font);
    const last = layouts.get(cell);
    if (last && known.every((value, i) => value === last.known[i])) return last;
    if (last && last.known[0] !== subject.frame.positions) layouts.clear();
    const order = () => orderOf(subject, cell);
    const layout = { ...layoutOf(subject, cell, font, measure, order), known };
    layouts.set(cell, layout);
    return layout;
  };
}

/**
 * All that a layout depends on.
 *
 * @param {Subject} subject
 * @param {Font} font
 * @returns {unknown[]}
 */
function partsOf({ frame, state, tokens }, font) {
  const { cells, dims, flags, orbit, positions, windows } = frame;
  const turn = dims === 3 ? orbit : null;
  return [positions, tokens, cells, dims, flags, state.selected, font.css, turn, windows];
}

/**
 * @param {Subject} subject
 * @param {number} cell
 * @param {Font} font
 * @param {(text: string, font: string) => number} measure
 * @param {() => Uint32Array} order of all points of the cell
 * @returns {Omit<Layout, 'known'>}
 */
function layoutOf({ frame, state: { at, selected }, tokens, drawn }, cell, font, measure, order) {
  const chosen = selected && selected.token < tokens.n ? drawnPoint(selected, drawn, tokens.n) : -1;
  const first = chosen < 0 || isAbsent(frame, cell, chosen) ? -1 : chosen;
  const tokenOf = tokenReader(frame, drawn);
  const most = at === null ? MAX_IN_CELL : MAX_IN_HEAD;
  const isLabelled = labelRule(tokens);
  const { points, isChosen } = candidates(
    frame,
    first,
    most,
    (point) => !isAbsent(frame, cell, point) && isLabelled(tokenOf(point), frame.flags[point]),
    order,
  );
  const words = Array.from(points, (point) =>
    formatLabel(tokens, tokenOf(point), (frame.flags[point] & FLAG.selected) !== 0),
  );
  const space = isChosen ? SPACE.chosen : SPACE.any;
  const names = words.map((text, at) => `${points[at] < frame.nQueries ? 'q' : 'k'} ${text}`);
  const width = Float32Array.from(words, (text) => measure(text, font.css));
  const { x, y } = placesOf(frame, cell, points);
  const levels = createLevels({
    n: points.length,
    x,
    y,
    width: width.map((wide, at) => wide + space.x + (points[at] === first ? EMPHASIS_PX : 0)),
    height: font.lineHeight + space.y,
    words: numbersOf(names),
    apart: space.apart,
  });
  return { points, nQueries: frame.nQueries, words, x, y, width, first, levels };
}

/** The same number for the same words. @param {string[]} words */
function numbersOf(words) {
  /** @type {Map<string, number>} */
  const numbers = new Map();
  return words.map((text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
}

/**
 * Orders in which points deserve labels, kept while the same map is shown: they cost more than a
 * layout, which changes with every selection and turn.
 */
function createOrders() {
  const wordsOf = lastOnly(labelWords);
  /**
   * @type {Map<number, {positions: Uint16Array, parts: unknown, words: Int32Array, order:
   *   Uint32Array}>}
   */
  const orders = new Map();

  /**
   * @param {Subject} subject
   * @param {number} cell
   */
  return ({ frame, tokens, drawn }, cell) => {
    const { dims, positions, windows = null } = frame;
    const words = wordsOf(tokens, drawn, frame.nPoints);
    const known = orders.get(cell);
    if (known?.positions === positions && known.parts === windows && known.words === words)
      return known.order;
    if (known && known.positions !== positions) orders.clear();
    const order = distinctiveOrder({ positions, dims, cell, words, windows });
    orders.set(cell, { positions, parts: windows, words, order });
    return order;
  };
}

/**
 * Numbers of the labels of points, those of a query and of a key being different.
 *
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {number} nPoints
 */
function labelWords(tokens, drawn, nPoints) {
  const tokenOf = tokenReader({ nPoints }, drawn);
  const numbers = numbersOf(
    Array.from({ length: nPoints / 2 }, (_, point) => formatLabel(tokens, tokenOf(point), false)),
  );
  return Int32Array.from({ length: nPoints }, (_, point) =>
    point < nPoints / 2 ? 2 * numbers[point] : 2 * numbers[point - nPoints / 2] + 1,
  );
}

/**
 * @param {Pick<Frame, 'nPoints'>} frame
 * @param {Int32Array | null} drawn
 * @returns {(point: number) => number}
 */
function tokenReader({ nPoints }, drawn) {
  const nDrawn = nPoints / 2;
  return (point) => (drawn ? drawn[point % nDrawn] : point % nDrawn);
}

/**
 * Whether a token may have a label: the first part of a character has it for all of them, and
 * unless it is selected, one patch for its image.
 *
 * @param {Tokens} tokens
 * @returns {(token: number, flag: number) => boolean} to be called once for every token
 */
export function labelRule({ isMixed, sequence, text, tokenType }) {
  /** @type {Set<number>} */
  const images = new Set();
  return (token, flag) => {
    if (tokenType.at(token) !== 'patch') return !isFurtherPart(text.at(token));
    if (flag & FLAG.selected) return true;
    if (isMixed || images.has(sequence[token])) return false; // words say more than patches
    images.add(sequence[token]);
    return true;
  };
}

/**
 * Points that may have a label, most important first: where points stand out only those, else all
 * that are drawn, the user's own before others.
 *
 * @param {Pick<Frame, 'flags' | 'nPoints' | 'nQueries'>} frame
 * @param {number} first the selected point, or -1
 * @param {number} most
 * @param {(point: number) => boolean} [mayBe] asked of all others
 * @param {() => Uint32Array} [order] of importance, where none stands out
 */
export function candidates(
  { flags, nPoints },
  first,
  most,
  mayBe = () => true,
  order = () => spreadOrder(nPoints),
) {
  const wanted =
    flags.reduce((all, flag) => (flag & FLAG.hidden ? all : all | flag), 0) &
    (FLAG.selected | FLAG.hit);
  const bit = wanted & FLAG.selected || wanted & FLAG.hit;
  const points = new Uint32Array(Math.min(most, nPoints));
  let n = 0;
  if (first >= 0 && !(flags[first] & FLAG.hidden)) points[n++] = first;
  const ranked = bit === 0 ? order() : spreadOrder(nPoints);
  for (const pass of bit === 0 ? [FLAG.user, 0] : [bit]) {
    for (const point of ranked) {
      if (n === points.length) break;
      const isTurn = pass === 0 ? !(flags[point] & FLAG.user) : flags[point] & pass;
      if (isTurn && point !== first && !(flags[point] & FLAG.hidden) && mayBe(point))
        points[n++] = point;
    }
  }
  return { points: points.subarray(0, n), isChosen: bit !== 0 };
}

/**
 * Where points lie at zoom 1, before the map is moved.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {Uint32Array} points
 */
function placesOf(frame, cell, points) {
  const still = { ...frame, transform: { k: 1, x: 0, y: 0 } };
  const coefficients = cellCoefficients(still, cell);
  const [x, y] = [new Float32Array(points.length), new Float32Array(points.length)];
  points.forEach((point, at) => {
    [x[at], y[at]] = projectPoint(still, cell, point, coefficients);
  });
  return { x, y };
}
