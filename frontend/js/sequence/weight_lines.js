/** Draws the lines of a sentence: from each query to each key, opacity by weight. */

import { heaviestLines } from '../compute/heaviest_lines.js';
import { emptyPen } from '../ui/dom.js';

/** @import { Attention } from '../page.js' */
/** @import { Kind } from '../types.js' */

/**
 * @param {HTMLCanvasElement} canvas as large as the window on the list of tokens
 * @param {object} shown
 * @param {Pick<Attention, 'n' | 'pattern' | 'sinks'> | null} shown.attention
 * @param {number} shown.scrollTop
 * @param {number} shown.rowHeight
 * @param {number} shown.padding above the first row
 * @param {(kind: Kind, position: number) => number} shown.rowOf
 * @param {Place} shown.source the token whose lines stand out
 */
export function paintWeights(canvas, { attention, scrollTop, rowHeight, padding, rowOf, source }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = emptyPen(canvas);
  if (!pen || !attention) return;
  /** @param {Kind} kind @param {number} position */
  const middle = (kind, position) =>
    padding + (rowOf(kind, position) + 0.5) * rowHeight - scrollTop;
  /** @param {number} query @param {number} key */
  const isSeen = (query, key) => {
    const ends = [middle('query', query), middle('key', key)];
    return Math.max(...ends) >= 0 && Math.min(...ends) <= height;
  };

  for (const { query, key, opacity, width: lineWidth } of heaviestLines(attention, {
    source,
    isSeen,
  })) {
    pen.globalAlpha = opacity;
    pen.lineWidth = lineWidth;
    pen.beginPath();
    pen.moveTo(0, middle('query', query));
    pen.lineTo(width, middle('key', key));
    pen.stroke();
  }
  pen.globalAlpha = 1;
  dye(pen, canvas);
}

/** @typedef {{kind: Kind, position: number}} Place */

/**
 * Give what is drawn the colours of queries (left) and keys (right), all at once: strokes in a
 * blend of colours would take a browser without a GPU four times as long.
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
