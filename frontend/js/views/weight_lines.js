/** Draws the lines of a sentence: from each query to each key, opacity = weight. */

import { emptyPen } from '../dom.js';

/** @import { Attention } from '../page.js' */
/** @import { Kind } from '../types.js' */

/** Weights below this would be lines that nobody can see. */
const LEAST_WEIGHT = 0.01;
/** More lines than this are a cloud; the strongest are drawn. */
const MOST_LINES = 3000;
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
  const pen = preparePen(canvas);
  if (!pen || !attention) return;
  const { n, pattern } = attention;
  /** @param {number} position */
  const middle = (position) => padding + (position + 0.5) * rowHeight - scrollTop;

  /** @param {number} query @param {number} key @param {{kind: Kind, position: number} | null} one */
  const isOf = (query, key, one) => one === null || (one.kind === 'query' ? query : key) === one.position;

  /** @type {{query: number, key: number, weight: number}[]} */
  let lines = [];
  for (let query = 0; query < n; query++) {
    const from = middle(query);
    for (let key = 0; key < n; key++) {
      const weight = pattern[query * n + key];
      if (weight < LEAST_WEIGHT || !isOf(query, key, alone)) continue;
      const to = middle(key);
      if (Math.max(from, to) >= 0 && Math.min(from, to) <= height) lines.push({ query, key, weight });
    }
  }
  if (lines.length > MOST_LINES) lines = lines.sort((a, b) => b.weight - a.weight).slice(0, MOST_LINES);
  for (const { query, key, weight } of lines) {
    const isStrong = alone !== null || isOf(query, key, chosen);
    pen.globalAlpha = isStrong ? weight : weight * OTHERS;
    pen.lineWidth = isStrong && (alone ?? chosen) ? 2 : 1.5;
    pen.beginPath();
    pen.moveTo(0, middle(query));
    pen.lineTo(width, middle(key));
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

/**
 * Return an empty canvas's pen in CSS pixels, with the colours of queries (left) and keys (right).
 *
 * @param {HTMLCanvasElement} canvas
 */
function preparePen(canvas) {
  const pen = emptyPen(canvas);
  if (!pen) return null;
  const style = getComputedStyle(canvas);
  const blend = pen.createLinearGradient(0, 0, canvas.clientWidth, 0);
  blend.addColorStop(0, style.getPropertyValue('color'));
  blend.addColorStop(1, style.getPropertyValue('border-right-color'));
  pen.strokeStyle = blend;
  return pen;
}
