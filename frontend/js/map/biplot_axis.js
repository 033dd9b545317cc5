/**
 * The origin of a biplot and the direction of the selected point: the projection of a key on the
 * direction of a query is its score in this map.
 */

import { canvasPalette, cssColor } from '../color/palettes.js';
import { axisOf, crossOf, tipOf } from '../compute/biplot_axis.js';
import { mapOf } from '../data/best_map.js';
import { chosenMap, detailsOf, pointOf } from '../data/points.js';
import { framePen } from '../render/frame_pen.js';
import { inkOf } from '../render/style.js';

/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Context, Selected, State, Tokens } from '../page.js' */
/** @import { Axis, Place } from '../compute/biplot_axis.js' */
/** @import { Frame } from '../types.js' */

const DASH = Object.freeze([2, 4]);

/**
 * With the colour of the selected point's kind.
 *
 * @typedef {Axis & {color: string}} ColoredAxis
 */

/**
 * @param {HTMLCanvasElement} overlay
 * @param {Pick<Context, 'facts' | 'hover'>} context
 */
export function createBiplotAxis(overlay, { facts, hover }) {
  /**
   * The axis in a frame of the open head; null where its map is no biplot.
   *
   * @param {Frame} frame
   * @param {State} state
   * @param {ShownTheme} theme
   * @returns {ColoredAxis | null}
   */
  function axisIn(frame, state, theme) {
    const { at, palette, selected } = state;
    const tokens = facts.tokens.value;
    const name = at && mapOf(facts.heads.value, at, chosenMap(state));
    const map = name && detailsOf(facts, at)?.maps[name];
    if (!map || !tokens || facts.description.value?.nearness[name] !== 'product') return null;
    const own = selected && pointIn(frame, tokens, selected);
    const pointed = hover.get();
    const isOther = selected && pointed && pointed.kind !== selected.kind;
    const other = isOther ? pointIn(frame, tokens, pointed) : null;
    const colors = canvasPalette(theme, palette).labels.map(cssColor);
    return {
      ...axisOf(
        frame,
        map.offset.map((start) => -start / map.scale),
        own,
        other,
      ),
      color: colors[selected?.kind === 'key' ? 1 : 0],
    };
  }

  return {
    axisIn,
    /**
     * Draw over what is on the overlay.
     *
     * @param {Frame} frame
     * @param {State} state
     * @param {ShownTheme} theme
     */
    draw(frame, state, theme) {
      const axis = frame.from ? null : axisIn(frame, state, theme);
      const pen = axis && framePen(overlay, frame);
      if (pen) drawAxis(pen, frame, axis);
    },
  };
}

/** @typedef {ReturnType<typeof createBiplotAxis>} BiplotAxis */

/**
 * The place of a point in the coordinates of positions; null where it is not drawn.
 *
 * @param {Pick<Frame, 'dims' | 'nPoints' | 'positions'>} frame
 * @param {Pick<Tokens, 'n'>} tokens
 * @param {Selected} selected
 */
function pointIn({ dims, nPoints, positions }, { n }, selected) {
  if (selected.token >= n || nPoints !== 2 * n) return null;
  const start = dims * pointOf(selected, n);
  return Array.from(positions.subarray(start, start + dims));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Frame} frame
 * @param {ColoredAxis} axis
 */
function drawAxis(pen, frame, { origin, ahead, behind, foot, color }) {
  const ink = `rgb(${inkOf(frame).join(' ')})`;
  /** @param {[Place, Place][]} lines @param {string} stroke @param {number} width */
  const stroke = (lines, stroke, width, dash = /** @type {readonly number[]} */ ([])) => {
    pen.beginPath();
    for (const [from, to] of lines) {
      pen.moveTo(...from);
      pen.lineTo(...to);
    }
    pen.setLineDash([...dash]);
    pen.lineWidth = width;
    pen.strokeStyle = stroke;
    pen.stroke();
  };
  if (behind) stroke([behind], color, 1, DASH);
  if (ahead) {
    stroke([ahead], color, 1.5);
    pen.beginPath();
    for (const corner of tipOf(ahead)) pen.lineTo(...corner);
    pen.fillStyle = color;
    pen.fill();
  }
  if (foot) stroke([foot], ink, 1, DASH);
  stroke(crossOf(origin), `rgb(${frame.background.join(' ')})`, 4);
  stroke(crossOf(origin), ink, 1.5);
}
