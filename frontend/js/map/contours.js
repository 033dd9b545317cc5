/**
 * Lines around most queries and most keys of a flat head whose points are so many that they cannot
 * be told apart.
 */

import { canvasPalette, cssColor } from '../color/palettes.js';
import { densityContours } from '../compute/contours.js';
import { FLAG } from '../compute/flag_bits.js';
import { cellCoefficients } from '../compute/geometry.js';
import { lastOnly } from '../compute/memo.js';
import { framePen } from '../render/frame_pen.js';

/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { State } from '../page.js' */
/** @import { Frame } from '../types.js' */

/** Points of at least this size can be told apart, CSS pixels. */
const MIN_POINT_PX = 3.5;
/** Width of the line around half of the points, and of the one around most, CSS pixels. */
const WIDTHS = Object.freeze({ inner: 1.75, outer: 1 });

/**
 * Straight pieces of a line on the screen, CSS pixels: x and y of one end, then of the other.
 *
 * @typedef {{segments: [number, number, number, number][], color: string, width: number}}
 *   ContourLine
 */

/** @param {HTMLCanvasElement} overlay */
export function createContours(overlay) {
  const contoursOf = lastOnly(densityContours);
  const stands = lastOnly(hasStandouts);

  /**
   * @param {Frame} frame of the open head
   * @param {State} state
   * @param {ShownTheme} theme
   * @returns {ContourLine[]} none where points can be told apart, or where some stand out
   */
  function linesIn(frame, { at, hasContours, palette }, theme) {
    const { dims, flags, pointSize, positions, windows = null } = frame;
    const isWanted = hasContours && at !== null && dims === 2 && pointSize < MIN_POINT_PX;
    if (!isWanted || stands(flags)) return [];
    const c = cellCoefficients(frame, 0);
    const colors = canvasPalette(theme, palette).labels.map(cssColor);
    const [left, top] = [c[3] + c[12], c[7] + c[13]];
    return contoursOf(positions, flags, windows).map(({ kind, segments, isInner }) => ({
      segments: Array.from({ length: segments.length / 4 }, (_, i) => {
        const [x, y, toX, toY] = segments.slice(4 * i, 4 * i + 4);
        return [c[0] * x + left, c[5] * y + top, c[0] * toX + left, c[5] * toY + top];
      }),
      color: colors[kind],
      width: isInner ? WIDTHS.inner : WIDTHS.outer,
    }));
  }

  return {
    linesIn,
    /**
     * Draw over what is on the overlay.
     *
     * @param {Frame} frame
     * @param {State} state
     * @param {ShownTheme} theme
     */
    draw(frame, state, theme) {
      const lines = frame.from ? [] : linesIn(frame, state, theme);
      const pen = lines.length > 0 ? framePen(overlay, frame) : null;
      if (!pen) return;
      for (const { segments, color, width } of lines) {
        pen.beginPath();
        for (const [x, y, toX, toY] of segments) {
          pen.moveTo(x, y);
          pen.lineTo(toX, toY);
        }
        pen.setLineDash([]);
        pen.lineWidth = width;
        pen.strokeStyle = color;
        pen.stroke();
      }
    },
  };
}

/** @typedef {ReturnType<typeof createContours>} Contours */

/** Whether some points are dimmed for others. @param {Uint8Array} flags */
function hasStandouts(flags) {
  return flags.some((flag) => (flag & FLAG.dimmed) !== 0);
}
