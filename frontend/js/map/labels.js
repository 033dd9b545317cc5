/**
 * Words beside points of the map, as many as have room; they say what the tooltip would, without a
 * mouse.
 */

import { cellCoefficients, cellVisibility, projectPoint } from '../compute/geometry.js';
import { isFurtherPart } from '../compute/characters.js';
import { createLevels, createMeasure } from '../render/labels.js';
import { spreadOrder } from '../compute/spread.js';
import { inkOf } from '../render/style.js';
import { FLAG } from '../compute/flag_bits.js';
import { drawnPoint } from '../data/points.js';
import { formatLabel } from './point_text.js';

/** @import { Context, Selected, State, Tokens } from '../page.js' */
/** @import { Frame } from '../types.js' */
/** @import { Levels } from '../render/labels.js' */

/** Cells of the grid narrower than this have no room for words, CSS pixels. */
const MIN_CELL_PX = 250;
/** Points that are thought of for a label; those that stand out come first. */
const MOST = 6000;
const MAX_IN_CELL = 1500;
/** Air around a label: little where a few points stand out, more where any may have one. */
const AIR = Object.freeze({ chosen: { x: 4, y: 1 }, any: { x: 26, y: 26 } });
const FONT_REM = 0.75;
const HALO_PX = 3.5;
/** Between a point and its label, beside the point's own size. */
const GAP_PX = 4;
/**
 * Radii against the plain size: of any point that stands out, and of the selected one and the one
 * under the mouse.
 */
const REACH = Object.freeze({ mark: [0.7, 1.15], sprite: [1.4, 1.85] });
/** Room that is kept for the difference. */
const EMPHASIS_PX = 5;

/**
 * What writes words: a canvas, or a list.
 *
 * @typedef {{strokeText: (words: string, x: number, y: number, width: number) => void, fillText:
 *   (words: string, x: number, y: number, width: number) => void}} Pen
 */
/** Left edge, middle and width of words. @typedef {[number, number, number]} Box */
/**
 * @typedef {{points: Uint32Array, words: string[], levels: Levels, x: Float32Array, y:
 *   Float32Array, width: Float32Array, first: number, known: unknown[]}} Layout
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Context} context
 */
export function createLabels(canvas, { facts, hover }) {
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser cannot draw: it gives no 2-D canvas context');
  const measure = createMeasure(pen);
  /** @type {Map<number, Layout>} */
  const layouts = new Map();
  let isClear = true;
  let font = '';
  let lineHeight = 0;

  function clear() {
    if (isClear) return;
    pen?.setTransform(1, 0, 0, 1, 0, 0);
    pen?.clearRect(0, 0, canvas.width, canvas.height);
    isClear = true;
  }

  /**
   * @param {Frame} frame
   * @param {State} state
   */
  function draw(frame, state) {
    const tokens = facts.tokens.value;
    const drawn = state.at === null ? facts.gridTokens.value : null;
    const [width, height] = [frame.width, frame.height].map((side) =>
      Math.max(1, Math.round(side * frame.ratio)),
    );
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    clear();
    if (!pen || !tokens || frame.nPoints !== 2 * (drawn ? drawn.length : tokens.n)) return;
    const cells = cellsWithRoom(frame, state.at !== null);
    if (cells.length === 0) return;
    isClear = false;
    setFont();
    pen.setTransform(frame.ratio, 0, 0, frame.ratio, 0, 0);
    dress(pen, frame);
    for (const cell of cells) drawCell(pen, frame, cell, state, tokens, drawn);
  }

  /**
   * What is written for a frame and where: left edge and middle of the line.
   *
   * @param {Frame} frame
   * @param {State} state
   */
  function written(frame, state) {
    const tokens = facts.tokens.value;
    const drawn = state.at === null ? facts.gridTokens.value : null;
    /** @type {{words: string, x: number, y: number}[]} */
    const list = [];
    if (!tokens || frame.nPoints !== 2 * (drawn ? drawn.length : tokens.n)) return list;
    setFont();
    const keeper = {
      strokeText: () => {},
      fillText: (/** @type {string} */ words, /** @type {number} */ x, /** @type {number} */ y) =>
        list.push({ words, x, y }),
    };
    for (const cell of cellsWithRoom(frame, state.at !== null))
      drawCell(keeper, frame, cell, state, tokens, drawn);
    return list;
  }

  function setFont() {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    font = `500 ${FONT_REM * rem}px ${getComputedStyle(canvas).fontFamily}`;
    lineHeight = Math.round(1.2 * FONT_REM * rem);
  }

  /** @param {CanvasRenderingContext2D} to @param {Frame} frame */
  function dress(to, frame) {
    to.font = font;
    to.textBaseline = 'middle';
    to.lineJoin = 'round';
    to.lineWidth = HALO_PX;
    to.strokeStyle = `rgb(${frame.background.join(' ')} / 0.92)`;
    to.fillStyle = `rgb(${inkOf(frame).join(' ')})`;
  }

  /**
   * @param {Pen} to
   * @param {Frame} frame
   * @param {number} cell
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   */
  function drawCell(to, frame, cell, state, tokens, drawn) {
    const layout = layoutOf(frame, cell, state, tokens, drawn);
    const [plain, emphasised] = REACH[frame.sprites ? 'sprite' : 'mark'].map(
      (reach) => frame.pointSize * reach + GAP_PX,
    );
    const pointed = pointedOf(frame, state, tokens, drawn, emphasised);
    if (pointed) write(to, pointed.words, ...pointed.box);
    const [{ k, x: left, y: top }, room] = [frame.transform, roomOf(frame, cell, lineHeight)];
    /** @type {Box[]} */
    const taken = pointed ? [pointed.box] : [];
    const late = [];
    for (const label of layout.levels.at(k)) {
      const gap = layout.points[label] === layout.first ? emphasised : plain;
      const [x, y, width] = [
        layout.x[label] * k + left + gap,
        layout.y[label] * k + top,
        layout.width[label],
      ];
      if (isOut(room, x, y, width, gap)) continue;
      if (x + width > room.right) late.push({ label, x: x - 2 * gap - width, y, width });
      else if (!pointed || isFree([pointed.box], x, y, width)) {
        taken.push([x, y, width]);
        write(to, layout.words[label], x, y, width);
      }
    }
    // What would leave the room at the right is written at the left of its point, where nothing
    // else is.
    for (const { label, x, y, width } of late) {
      if (x < room.left || !isFree(taken, x, y, width)) continue;
      taken.push([x, y, width]);
      write(to, layout.words[label], x, y, width);
    }
  }

  /**
   * Whether words there would cover none of others.
   *
   * @param {Box[]} taken
   * @param {number} x
   * @param {number} y
   * @param {number} width
   */
  function isFree(taken, x, y, width) {
    return taken.every(
      ([left, middle, wide]) =>
        Math.abs(y - middle) >= lineHeight || x >= left + wide || left >= x + width,
    );
  }

  /**
   * The point under the mouse, which is told in any case.
   *
   * @param {Frame} frame
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   * @param {number} gap
   * @returns {{words: string, box: Box} | null}
   */
  function pointedOf(frame, state, tokens, drawn, gap) {
    const hovered = state.at === null ? null : hover.get();
    const point = hovered && hovered.token < tokens.n ? drawnPoint(hovered, drawn, tokens.n) : -1;
    if (!hovered || point < 0 || frame.flags[point] & FLAG.hidden) return null;
    const words = formatLabel(
      tokens,
      hovered.token,
      isOfSelection(tokens, state.selected, hovered.token),
    );
    const [x, y] = projectPoint(frame, 0, point);
    return { words, box: [x + gap, y, measure(words, font)] };
  }

  /**
   * @param {Frame} frame
   * @param {number} cell
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   * @returns {Layout}
   */
  function layoutOf(frame, cell, { at, selected }, tokens, drawn) {
    const { cells, dims, flags, orbit, positions, windows } = frame;
    const known = [
      tokens,
      cells,
      dims,
      flags,
      positions,
      selected,
      font,
      dims === 3 ? orbit : null,
      windows,
    ];
    const last = layouts.get(cell);
    if (last && known.every((value, i) => value === last.known[i])) return last;
    if (last && last.known[4] !== positions) layouts.clear();
    const first =
      selected && selected.token < tokens.n ? drawnPoint(selected, drawn, tokens.n) : -1;
    const nDrawn = frame.nPoints / 2;
    /** @param {number} point */
    const tokenOf = (point) => (drawn ? drawn[point % nDrawn] : point % nDrawn);
    // The first part of a character is labelled for all of them.
    const isLabelled = (/** @type {number} */ point) => !isFurtherPart(tokens.text[tokenOf(point)]);
    const { points, isChosen } = candidates(
      frame,
      first,
      at === null ? MAX_IN_CELL : MOST,
      isLabelled,
    );
    const words = Array.from(points, (point) =>
      formatLabel(tokens, tokenOf(point), (flags[point] & FLAG.selected) !== 0),
    );
    const air = isChosen ? AIR.chosen : AIR.any;
    const width = Float32Array.from(words, (text) => measure(text, font));
    const { x, y } = placesOf(frame, cell, points);
    const levels = createLevels({
      n: points.length,
      x,
      y,
      width: width.map((wide, at) => wide + air.x + (points[at] === first ? EMPHASIS_PX : 0)),
      height: lineHeight + air.y,
    });
    const layout = { points, words, x, y, width, first, known, levels };
    layouts.set(cell, layout);
    return layout;
  }

  return { draw, written, clear };
}

/** @typedef {ReturnType<typeof createLabels>} Labels */

/** @param {Tokens} tokens @param {Selected | null} selected @param {number} token */
function isOfSelection({ n, sequence }, selected, token) {
  return selected !== null && selected.token < n && sequence[selected.token] === sequence[token];
}

/**
 * Where the middles of lines may be. In the grid words stay inside their cell: beyond, they would
 * cover those of the next.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} height of a line
 */
function roomOf({ cells, height: bottom, transform: { k, x, y }, width: right }, cell, height) {
  if (cells.n === 1)
    return { left: 0, right, top: -height, bottom: bottom + height, least: -Infinity };
  const [left, top, side] = [cells.x[cell] * k + x, cells.y[cell] * k + y, cells.size[cell] * k];
  return {
    left,
    top: top + height / 2,
    right: left + side,
    bottom: top + side - height / 2,
    least: left,
  };
}

/**
 * @type {(room: ReturnType<typeof roomOf>, x: number, y: number, width: number, gap: number) =>
 *   boolean}
 */
const isOut = ({ left, right, top, bottom, least }, x, y, width, gap) =>
  x + width < left || x - gap < least || x - gap > right || y < top || y > bottom;

/**
 * @param {Pen} to
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {number} width
 */
function write(to, words, x, y, width) {
  to.strokeText(words, x, y, width);
  to.fillText(words, x, y, width);
}

/**
 * Cells that are seen and large enough; a head alone always is.
 *
 * @param {Frame} frame
 * @param {boolean} isHead
 */
function cellsWithRoom(frame, isHead) {
  const found = [];
  for (let cell = 0; cell < frame.cells.n; cell++) {
    const side = frame.cells.size[cell] * frame.transform.k;
    if (
      frame.ready[cell] &&
      (isHead || side >= MIN_CELL_PX) &&
      cellVisibility(frame, cell) !== 'outside'
    )
      found.push(cell);
  }
  return found;
}

/**
 * Points that may have a label, most important first: where points stand out only those, else all
 * that are drawn, the reader's own before others.
 *
 * @param {Pick<Frame, 'flags' | 'nPoints' | 'nQueries'>} frame
 * @param {number} first the selected point, or -1
 * @param {number} most
 * @param {(point: number) => boolean} [mayBe] asked of all others
 */
export function candidates({ flags, nPoints }, first, most, mayBe = () => true) {
  const wanted =
    flags.reduce((all, flag) => (flag & FLAG.hidden ? all : all | flag), 0) &
    (FLAG.selected | FLAG.hit);
  const bit = wanted & FLAG.selected || wanted & FLAG.hit;
  const points = new Uint32Array(Math.min(most, nPoints));
  let n = 0;
  if (first >= 0 && !(flags[first] & FLAG.hidden)) points[n++] = first;
  const order = spreadOrder(nPoints);
  for (const pass of bit === 0 ? [FLAG.own, 0] : [bit]) {
    for (const point of order) {
      if (n === points.length) break;
      const isTurn = pass === 0 ? !(flags[point] & FLAG.own) : flags[point] & pass;
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
