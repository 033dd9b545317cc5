/**
 * Which labels are shown at which zoom. A label that is shown stays shown however far one zooms in,
 * none covers another, and moving the map changes nothing: labels are let in level by level, from
 * the farthest zoom to the nearest, and what was let in before keeps its place. That two boxes of a
 * fixed size are clear of each other at one zoom means that they are clear at every nearer one.
 * (Been, Daiches, Yap 2006, "Dynamic map labeling", call this consistency.)
 */

/** Zoom of the first level, and how much nearer each next one is. */
const FIRST_ZOOM = 0.5;
const STEP = 1.4;
/** Boxes are looked up in bins of this size, CSS pixels at the zoom of a level. */
const BIN = Object.freeze({ width: 72, height: 24 });
/** More bins a row than any zoom can reach, so that a bin is one number. */
const ROW = 1 << 16;

/**
 * @typedef {object} Boxes Labels in the order of their importance.
 * @property {number} n
 * @property {ArrayLike<number>} x Left edge at zoom 1, CSS pixels.
 * @property {ArrayLike<number>} y Middle at zoom 1, CSS pixels.
 * @property {ArrayLike<number>} width CSS pixels, the same at every zoom.
 * @property {number} height CSS pixels, the same at every zoom.
 */

/** The level of a zoom: labels of all levels up to it are shown. @param {number} zoom */
export function levelOf(zoom) {
  return Math.max(0, Math.floor(Math.log(zoom / FIRST_ZOOM) / Math.log(STEP) + 1e-9));
}

/**
 * Decide from which zoom on each label is shown; levels are computed when they are first asked for.
 *
 * @param {Boxes} boxes not modified, and not to be changed afterwards
 */
export function createLevels(boxes) {
  /** Level of each label; -1: not let in yet. */
  const levels = new Int16Array(boxes.n).fill(-1);
  /** Labels in the order in which they were let in, and how many of them each level shows. */
  const shown = new Uint32Array(boxes.n);
  /** @type {number[]} */
  const counts = [];

  /** @param {number} level */
  function compute(level) {
    const zoom = FIRST_ZOOM * STEP ** level;
    const bins = createBins(boxes, zoom);
    let n = level > 0 ? counts[level - 1] : 0;
    for (let at = 0; at < n; at++) bins.add(shown[at]);
    for (let label = 0; label < boxes.n; label++) {
      if (levels[label] >= 0 || !bins.isFree(label)) continue;
      bins.add(label);
      levels[label] = level;
      shown[n++] = label;
    }
    counts.push(n);
  }

  return {
    /** @param {number} zoom @returns {Uint32Array} Labels shown at a zoom; to be read only. */
    at(zoom) {
      const level = levelOf(zoom);
      while (counts.length <= level && counts.at(-1) !== boxes.n) compute(counts.length);
      return shown.subarray(0, counts[Math.min(level, counts.length - 1)] ?? 0);
    },
  };
}

/** @typedef {ReturnType<typeof createLevels>} Levels */

/**
 * Boxes by place, so that one is compared only with those near it.
 *
 * @param {Boxes} boxes
 * @param {number} zoom
 */
function createBins({ x, y, width, height }, zoom) {
  /** @type {Map<number, number[]>} */
  const bins = new Map();

  /**
   * Call a function for every bin that a box touches, until one says stop.
   *
   * @param {number} label
   * @param {(bin: number) => boolean} isEnough
   */
  function some(label, isEnough) {
    const [left, top] = [x[label] * zoom, y[label] * zoom - height / 2];
    const [firstColumn, lastColumn] = [
      Math.floor(left / BIN.width),
      Math.floor((left + width[label]) / BIN.width),
    ];
    const [firstRow, lastRow] = [
      Math.floor(top / BIN.height),
      Math.floor((top + height) / BIN.height),
    ];
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++)
        if (isEnough(row * ROW + column)) return true;
    }
    return false;
  }

  /** @param {number} a @param {number} b */
  function isOverlap(a, b) {
    return (
      Math.abs(y[a] - y[b]) * zoom < height &&
      x[a] * zoom < x[b] * zoom + width[b] &&
      x[b] * zoom < x[a] * zoom + width[a]
    );
  }

  return {
    /** @param {number} label */
    isFree: (label) =>
      !some(label, (bin) => bins.get(bin)?.some((other) => isOverlap(label, other)) ?? false),
    /** @param {number} label */
    add(label) {
      some(label, (bin) => {
        const found = bins.get(bin);
        if (found) found.push(label);
        else bins.set(bin, [label]);
        return false;
      });
    },
  };
}

/** Code points that are drawn as one. */
const CHARACTERS = /[^](?:\u200d[^]|[\p{M}\p{EMod}])*/gu;

/**
 * A function that says how wide words are, from the widths of their characters: asking the browser
 * for each word of a large vocabulary would take longer than drawing the map. What is drawn as one
 * has the width of one.
 *
 * @param {CanvasRenderingContext2D} pen
 */
export function createMeasure(pen) {
  /** @type {Map<string, number>} */
  const widths = new Map();
  let measured = '';
  return (/** @type {string} */ text, /** @type {string} */ font) => {
    if (font !== measured) {
      widths.clear();
      pen.font = measured = font;
    }
    let width = 0;
    for (const character of text.match(CHARACTERS) ?? []) {
      let wide = widths.get(character);
      if (wide === undefined) widths.set(character, (wide = pen.measureText(character).width));
      width += wide;
    }
    return width;
  };
}
