/** Draws the labelled pairs of a sentence over its weights, as dotted lines. */

import { canvasPalette } from '../color/palettes.js';
import { unpack } from '../compute/rgba.js';

/** @import { LabelledPairs } from '../page.js' */
/** @import { Kind } from '../types.js' */

const WIDTH_PX = 1.75;
const DASH = [1.75, 3];

/**
 * Draw lines from the query of each token of a pair to the key of the other.
 *
 * @param {HTMLCanvasElement} canvas on which the weights are drawn
 * @param {Pick<LabelledPairs, 'first' | 'second'>} pairs of one sequence
 * @param {object} shown
 * @param {number} shown.start first token of the sequence
 * @param {number} shown.scrollTop
 * @param {number} shown.rowHeight
 * @param {number} shown.padding above the first row
 * @param {(kind: Kind, position: number) => number} shown.rowOf
 */
export function paintPairs(canvas, pairs, { start, scrollTop, rowHeight, padding, rowOf }) {
  const pen = canvas.getContext('2d');
  if (!pen) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const isDark = document.documentElement.dataset.theme === 'dark';
  const [red, green, blue] = unpack(canvasPalette(isDark ? 'dark' : 'light').signed[0]);
  pen.strokeStyle = `rgb(${red} ${green} ${blue})`;
  pen.lineWidth = WIDTH_PX;
  pen.setLineDash(DASH);
  /** @param {Kind} kind @param {number} token */
  const middle = (kind, token) =>
    padding + (rowOf(kind, token - start) + 0.5) * rowHeight - scrollTop;
  const { first, second } = pairs;
  for (let i = 0; i < first.length; i++) {
    for (const [query, key] of [
      [first[i], second[i]],
      [second[i], first[i]],
    ]) {
      const ends = [middle('query', query), middle('key', key)];
      if (Math.max(...ends) < 0 || Math.min(...ends) > height) continue;
      pen.beginPath();
      pen.moveTo(0, ends[0]);
      pen.lineTo(width, ends[1]);
      pen.stroke();
    }
  }
  pen.setLineDash([]);
}
