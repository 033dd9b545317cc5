/** Draws the lines of a sentence: from each query to each key, opacity = weight. */

import { emptyPen } from '../dom.js';

/** @import { Attention } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** Weights below this would be lines that nobody can see. */
const LEAST_WEIGHT = 0.01;
/** More lines than this are a cloud; the strongest are drawn. */
const MOST_LINES = 1200;
/** How strongly the lines of other tokens are drawn while one is selected. */
const OTHERS = 0.45;

/**
 * @param {HTMLCanvasElement} canvas as large as the window on the list of tokens
 * @param {object} shown
 * @param {Pick<Attention, 'n' | 'pattern'> | null} shown.attention
 * @param {number} shown.scrollTop
 * @param {number} shown.rowHeight
 * @param {number} shown.padding above the first row
 * @param {{kind: Kind, position: number} | null} shown.alone only the lines of this token are drawn
 * @param {{kind: Kind, position: number} | null} shown.chosen the lines of this token are drawn strongest
 */
export function paintWeights(canvas, { attention, scrollTop, rowHeight, padding, alone, chosen }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = emptyPen(canvas);
  if (!pen || !attention) return;
  /** @param {number} position */
  const middle = (position) => padding + (position + 0.5) * rowHeight - scrollTop;
  /** @param {number} query @param {number} key */
  const isSeen = (query, key) => Math.max(middle(query), middle(key)) >= 0 && Math.min(middle(query), middle(key)) <= height;

  for (const { query, key, opacity, width: lineWidth } of heaviestLines(attention, { alone, chosen, isSeen })) {
    pen.globalAlpha = opacity;
    pen.lineWidth = lineWidth;
    pen.beginPath();
    pen.moveTo(0, middle(query));
    pen.lineTo(width, middle(key));
    pen.stroke();
  }
  pen.globalAlpha = 1;
  dye(pen, canvas);
}

/** @typedef {{kind: Kind, position: number}} Place */

/**
 * The lines that are drawn, with opacity and width in pixels.
 *
 * @param {Pick<Attention, 'n' | 'pattern'>} attention
 * @param {object} which
 * @param {Place | null} which.alone only the lines of this token
 * @param {Place | null} which.chosen those of this token are drawn strongest
 * @param {(query: number, key: number) => boolean} [which.isSeen] whether a line is in sight
 */
export function heaviestLines({ n, pattern }, { alone, chosen, isSeen = () => true }) {
  /** @param {number} query @param {number} key @param {Place | null} one */
  const isOf = (query, key, one) => one === null || (one.kind === 'query' ? query : key) === one.position;
  /** Places in the pattern. @type {number[]} */
  let lines = [];
  for (let query = 0; query < n; query++) {
    for (let key = 0; key < n; key++) {
      if (pattern[query * n + key] >= LEAST_WEIGHT && isOf(query, key, alone) && isSeen(query, key)) lines.push(query * n + key);
    }
  }
  if (lines.length > MOST_LINES) lines = lines.sort((a, b) => pattern[b] - pattern[a]).slice(0, MOST_LINES);
  return lines.map((line) => {
    const [query, key, weight] = [Math.floor(line / n), line % n, pattern[line]];
    const isStrong = alone !== null || isOf(query, key, chosen);
    return { query, key, opacity: isStrong ? weight : weight * OTHERS, width: isStrong && (alone ?? chosen) ? 2 : 1.5 };
  });
}

/**
 * Give what is drawn the colours of queries (left) and keys (right), all at once: strokes in a blend of colours would take
 * a browser without a GPU four times as long.
 *
 * @param {CanvasRenderingContext2D} pen in CSS pixels
 * @param {HTMLCanvasElement} canvas
 */
function dye(pen, canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const style = getComputedStyle(canvas);
  const blend = pen.createLinearGradient(0, 0, width, 0);
  blend.addColorStop(0, style.getPropertyValue('color'));
  blend.addColorStop(1, style.getPropertyValue('border-right-color'));
  pen.globalCompositeOperation = 'source-in';
  pen.fillStyle = blend;
  pen.fillRect(0, 0, width, height);
  pen.globalCompositeOperation = 'source-over';
}
