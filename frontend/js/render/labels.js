/**
 * Which labels are shown at which zoom. A shown label stays shown when zooming in, labels do not
 * overlap, and panning changes nothing: labels are placed level by level from the lowest zoom to
 * the highest, and placed labels are kept. Two boxes of fixed size that do not overlap at one zoom
 * do not overlap at any higher zoom. (Been, Daiches, Yap 2006, "Dynamic map labeling", call this
 * consistency.)
 */

/** Zoom of the first level, and the zoom factor between levels. */
const FIRST_ZOOM = 0.5;
const STEP = 1.4;
/** Bin size for overlap tests, CSS pixels at the zoom of a level. */
const BIN = Object.freeze({ width: 72, height: 24 });
/** Row stride of bin numbers; larger than any number of columns. */
const ROW = 1 << 16;

/**
 * @typedef {object} Boxes Labels in the order of their importance.
 * @property {number} n
 * @property {ArrayLike<number>} x Left edge at zoom 1, CSS pixels.
 * @property {ArrayLike<number>} y Middle at zoom 1, CSS pixels.
 * @property {ArrayLike<number>} width CSS pixels, the same at every zoom.
 * @property {number} height CSS pixels, the same at every zoom.
 * @property {ArrayLike<number>} [words] Number of the word of each label.
 * @property {number} [apart] Least distance of labels of the same word, CSS pixels.
 */

/** The level of a zoom: labels of all levels up to it are shown. @param {number} zoom */
export function levelOf(zoom) {
  return Math.max(0, Math.floor(Math.log(zoom / FIRST_ZOOM) / Math.log(STEP) + 1e-9));
}

/**
 * Compute from which zoom on each label is shown; levels are computed lazily.
 *
 * @param {Boxes} boxes not modified, and not to be changed afterwards
 */
export function createLevels(boxes) {
  /** Level of each label; -1: not placed yet. */
  const levels = new Int16Array(boxes.n).fill(-1);
  /** Labels in the order of placement, and how many of them each level shows. */
  const shown = new Uint32Array(boxes.n);
  /** @type {number[]} */
  const counts = [];

  /** @param {number} level */
  function compute(level) {
    const zoom = FIRST_ZOOM * STEP ** level;
    const bins = createBins(boxes, zoom);
    let n = level > 0 ? counts[level - 1] : 0;
    const isRepeated = repetition(boxes, zoom);
    for (let at = 0; at < n; at++) bins.add(shown[at]);
    for (let at = 0; at < n; at++) isRepeated(shown[at]);
    for (let label = 0; label < boxes.n; label++) {
      if (levels[label] >= 0 || !bins.isFree(label) || isRepeated(label)) continue;
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
 * A test whether a label is close to one of the same word that passed the test before.
 *
 * @param {Boxes} boxes
 * @param {number} zoom
 * @returns {(label: number) => boolean}
 */
function repetition({ x, y, words, apart = 0 }, zoom) {
  if (!words) return () => false;
  /** @type {Map<number, number[]>} */
  const seen = new Map();
  const reach = apart / zoom;
  return (label) => {
    const others = seen.get(words[label]) ?? [];
    const isNear = others.some(
      (other) => Math.hypot(x[label] - x[other], y[label] - y[other]) < reach,
    );
    if (!isNear && others.push(label) === 1) seen.set(words[label], others);
    return isNear;
  };
}

/**
 * Spatial bins of boxes, so that one is compared only with nearby boxes.
 *
 * @param {Boxes} boxes
 * @param {number} zoom
 */
function createBins({ x, y, width, height }, zoom) {
  /** @type {Map<number, number[]>} */
  const bins = new Map();

  /**
   * Call a function for every bin that a box touches, until it returns true.
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

/** Code points that form one glyph. */
const CHARACTERS = /[^](?:\u200d[^]|[\p{M}\p{EMod}])*/gu;

/**
 * Return a function that measures text by summing cached widths of characters: measuring each word
 * of a large vocabulary would take longer than drawing the map. Combined characters count as one.
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
