/**
 * Labels beside points of the map, as many as have room; they say what the tooltip would, without a
 * mouse.
 */

import { canvasPalette, cssColor } from '../color/palettes.js';
import { remPx } from '../ui/dom.js';
import { cellVisibility, projectPoint } from '../compute/geometry.js';
import { framePen } from '../render/frame_pen.js';
import { createMeasure } from '../render/labels.js';
import { FLAG } from '../compute/flag_bits.js';
import { drawnPoint } from '../data/points.js';
import { createLabelLayouts } from './label_layout.js';
import { formatLabel } from './point_text.js';

/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Context, PaletteName, Selected, State, Tokens } from '../page.js' */
/** @import { Frame } from '../types.js' */
/** @import { Font, Layout, Subject } from './label_layout.js' */

/** Cells of the grid narrower than this have no room for labels, CSS pixels. */
const MIN_CELL_PX = 250;
const FONT_REM = 0.8572; // 12 px at the usual font size
const HALO_PX = 3.5;
/** Between a point and its label, beside the point's own size, CSS pixels. */
const GAP_PX = 4;
/**
 * Radii against the plain size: of any point that stands out, and of the selected one and the one
 * under the mouse.
 */
const REACH = Object.freeze({ mark: [0.7, 1.15], sprite: [1.4, 1.85] });

/** @typedef {ReturnType<typeof createLabels>} Labels */
/**
 * @typedef {{left: number, top: number, right: number, bottom: number, least: number}} Room in CSS
 *   pixels; `least`: of the x of a labelled point
 */
/**
 * A label that is written: its left edge, the middle of its line and its width, CSS pixels; whether
 * it is of a key.
 *
 * @typedef {{words: string, x: number, y: number, width: number, isKey: boolean}} Label
 */
/**
 * From points to their labels, CSS pixels: of any, and of the selected one and the one under the
 * mouse.
 *
 * @typedef {{plain: number, emphasised: number}} Gaps
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Pick<Context, 'facts' | 'hover'> & {theme: () => ShownTheme}} context
 */
export function createLabels(canvas, { facts, hover, theme }) {
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser cannot draw: it gives no 2-D canvas context');
  const measure = createMeasure(pen);
  const layoutOf = createLabelLayouts(measure);
  const figureLayoutOf = createLabelLayouts(measure); // of another font, so that both are kept
  let isClear = true;

  function clear() {
    if (isClear) return;
    pen?.setTransform(1, 0, 0, 1, 0, 0);
    pen?.clearRect(0, 0, canvas.width, canvas.height);
    isClear = true;
  }

  /**
   * @param {Frame} frame
   * @param {State} state
   * @returns {Subject | null} null where the points are not of the tokens that are loaded
   */
  function subjectOf(frame, state) {
    const tokens = facts.tokens.value;
    const drawn = state.at === null ? facts.gridTokens.value : null;
    return tokens && frame.nPoints === 2 * (drawn?.length ?? tokens.n)
      ? { frame, state, tokens, drawn }
      : null;
  }

  /**
   * @param {Subject} subject
   * @param {number} cell
   * @param {Font} font
   * @param {ReturnType<typeof createLabelLayouts>} layouts
   */
  function labelsOf(subject, cell, font, layouts) {
    const { frame, state } = subject;
    const gaps = gapsOf(frame);
    const point = state.at === null ? null : hover.get();
    const pointed = point && pointedLabel(subject, point, gaps.emphasised);
    const room = roomOf(frame, cell, font.lineHeight);
    return placedLabels(
      layouts(subject, cell, font),
      { transform: frame.transform, room, gaps, lineHeight: font.lineHeight },
      pointed && { ...pointed, width: measure(pointed.words, font.css) },
    );
  }

  return {
    clear,
    /** @param {Frame} frame @param {State} state */
    draw(frame, state) {
      clear();
      framePen(canvas, frame);
      const subject = subjectOf(frame, state);
      const cells = subject ? cellsWithRoom(frame, state.at !== null) : [];
      if (!subject || cells.length === 0) return;
      isClear = false;
      const font = fontOf(canvas);
      setStyle(pen, frame, font);
      const colors = labelColors(theme(), state.palette);
      for (const cell of cells)
        for (const { words, x, y, width, isKey } of labelsOf(subject, cell, font, layoutOf)) {
          pen.fillStyle = colors[isKey ? 1 : 0];
          pen.strokeText(words, x, y, width);
          pen.fillText(words, x, y, width);
        }
    },
    /**
     * What is written for a frame in a figure, and where.
     *
     * @param {Frame} frame
     * @param {State} state
     * @param {Font} font
     * @returns {Label[]}
     */
    written(frame, state, font) {
      const subject = subjectOf(frame, state);
      if (!subject) return [];
      const cells = cellsWithRoom(frame, state.at !== null);
      return cells.flatMap((cell) => labelsOf(subject, cell, font, figureLayoutOf));
    },
  };
}

/** @param {HTMLCanvasElement} canvas @returns {Font} */
function fontOf(canvas) {
  const rem = remPx();
  return {
    css: `500 ${FONT_REM * rem}px ${getComputedStyle(canvas).fontFamily}`,
    lineHeight: Math.round(1.2 * FONT_REM * rem),
  };
}

/** @param {CanvasRenderingContext2D} pen @param {Frame} frame @param {Font} font */
function setStyle(pen, frame, { css }) {
  pen.font = css;
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  pen.lineWidth = HALO_PX;
  pen.strokeStyle = `rgb(${frame.background.join(' ')} / 0.92)`;
}

/**
 * Colours of the labels of queries and of keys, as CSS writes them.
 *
 * @param {ShownTheme} theme
 * @param {PaletteName} palette
 */
export function labelColors(theme, palette) {
  return canvasPalette(theme, palette).labels.map(cssColor);
}

/** @param {Frame} frame @returns {Gaps} */
function gapsOf({ pointSize, sprites }) {
  const [plain, emphasised] = REACH[sprites ? 'sprite' : 'mark'].map(
    (reach) => pointSize * reach + GAP_PX,
  );
  return { plain, emphasised };
}

/**
 * The label of the point under the mouse, which is written in any case.
 *
 * @param {Subject} subject
 * @param {Selected} hovered
 * @param {number} gap
 */
function pointedLabel({ frame, state, tokens, drawn }, hovered, gap) {
  const point = hovered.token < tokens.n ? drawnPoint(hovered, drawn, tokens.n) : -1;
  if (point < 0 || frame.flags[point] & FLAG.hidden) return null;
  const isSelected = isOfSelection(tokens, state.selected, hovered.token);
  const [x, y] = projectPoint(frame, 0, point);
  const words = formatLabel(tokens, hovered.token, isSelected);
  return { words, x: x + gap, y, isKey: hovered.kind === 'key' };
}

/**
 * The labels of a cell that are written, in this order: that of the point under the mouse, those
 * that have room beside their points, and those that would leave the room at the right, which are
 * written at the left of their points where nothing else is.
 *
 * @param {Pick<Layout, 'first' | 'levels' | 'nQueries' | 'points' | 'width' | 'words' | 'x' | 'y'>}
 *   layout
 * @param {{transform: Frame['transform'], room: Room, gaps: Gaps, lineHeight: number}} place
 * @param {Label | null} pointed
 * @returns {Label[]}
 */
export function placedLabels(layout, { transform, room, gaps, lineHeight }, pointed) {
  const { k, x: left, y: top } = transform;
  const placed = pointed ? [pointed] : [];
  const late = [];
  for (const label of layout.levels.at(k)) {
    const gap = layout.points[label] === layout.first ? gaps.emphasised : gaps.plain;
    const width = layout.width[label];
    const x = layout.x[label] * k + left + gap;
    const y = layout.y[label] * k + top;
    if (isOut(room, x, y, width, gap)) continue;
    const words = layout.words[label];
    const isKey = layout.points[label] >= layout.nQueries;
    if (x + width > room.right) late.push({ words, x: x - 2 * gap - width, y, width, isKey });
    else if (!pointed || isClearOf([pointed], x, y, width, lineHeight))
      placed.push({ words, x, y, width, isKey });
  }
  for (const label of late)
    if (label.x >= room.left && isClearOf(placed, label.x, label.y, label.width, lineHeight))
      placed.push(label);
  return placed;
}

/**
 * Whether a label would cover none of others.
 *
 * @param {Label[]} others
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} lineHeight
 */
function isClearOf(others, x, y, width, lineHeight) {
  return others.every(
    (other) =>
      Math.abs(y - other.y) >= lineHeight || x >= other.x + other.width || other.x >= x + width,
  );
}

/** @param {Tokens} tokens @param {Selected | null} selected @param {number} token */
function isOfSelection({ n, sequence }, selected, token) {
  return selected !== null && selected.token < n && sequence[selected.token] === sequence[token];
}

/**
 * Where the middles of lines may be. In the grid labels stay inside their cell: beyond, they would
 * cover those of the next.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {number} height of a line
 * @returns {Room}
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
 * @type {(room: Room, x: number, y: number, width: number, gap: number) =>
 *   boolean}
 */
const isOut = ({ left, right, top, bottom, least }, x, y, width, gap) =>
  x + width < left || x - gap < least || x - gap > right || y < top || y > bottom;

/**
 * Cells that are seen and large enough; a head alone always is.
 *
 * @param {Frame} frame
 * @param {boolean} isHead
 */
export function cellsWithRoom(frame, isHead) {
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
