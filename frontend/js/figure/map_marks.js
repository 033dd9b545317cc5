/** Over the points of a map as a figure: lines, rings, contours and the axis of a biplot. */

import { crossOf, tipOf } from '../compute/biplot_axis.js';
import { cellCoefficients, projectPoint } from '../compute/geometry.js';
import { LINE_PX, lineSegments, RING_PX, ringRadius } from '../render/lines.js';
import { inkOf } from '../render/style.js';
import { MARK_LABELS } from '../ui/labels.js';
import { node } from './markup.js';
import { hex } from './points.js';

/** @import { Place } from '../compute/biplot_axis.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { Frame } from '../types.js' */
/** @import { Drawing } from './map_figure.js' */

/** @param {Drawing} drawing */
export function lineMarkup({ compared, frame, lines, pairs }) {
  const all = [
    ...lines.map((each) => ({ each, name: 'lines' })),
    ...(pairs ? [{ each: pairs, name: 'pair-lines' }] : []),
    ...(compared ? [{ each: compared.lines, name: 'corpus-lines' }] : []),
  ];
  const groups = all.map(({ each, name }) =>
    node(
      'g',
      { class: name, ...lineLook(frame, each) },
      ...lineSegments(frame, 0, each).map(({ opacity, segments }) =>
        node(
          'g',
          { 'stroke-opacity': opacity },
          ...segments.map(([x1, y1, x2, y2]) => node('line', { x1, y1, x2, y2 })),
        ),
      ),
    ),
  );
  return compared ? [...groups, ringMarkup(frame, compared.rings)] : groups;
}

/** @param {Frame} frame @param {Lines} lines */
function lineLook(frame, { color, dash, width }) {
  return {
    stroke: hex(color ?? inkOf(frame)),
    'stroke-width': width ?? LINE_PX,
    'stroke-dasharray': dash?.join(' ') ?? null,
  };
}

/** @param {Frame} frame @param {ArrayLike<number>} rings */
function ringMarkup(frame, rings) {
  const coefficients = cellCoefficients(frame, 0);
  return node(
    'g',
    { class: 'rings', fill: 'none', stroke: hex(inkOf(frame)), 'stroke-width': RING_PX },
    ...Array.from(rings, (point) => {
      const [cx, cy] = projectPoint(frame, 0, point, coefficients);
      return node('circle', { cx, cy, r: ringRadius(frame) });
    }),
  );
}

/**
 * What the kinds of lines and rings over a map mean, each with its look.
 *
 * @typedef {{words: string, isRing: boolean, look: import('./markup.js').Attributes}} MarkKind
 */

/**
 * @param {Drawing} drawing
 * @param {string} word for a sequence
 * @returns {MarkKind[]} of what is drawn
 */
export function markKinds({ compared, frame, lines, pairs }, word) {
  const own = lines.slice(-1).map((each) => ({
    words: MARK_LABELS.attention(word),
    isRing: false,
    look: lineLook(frame, each),
  }));
  if (pairs) own.push({ words: MARK_LABELS.pairs, isRing: false, look: lineLook(frame, pairs) });
  if (!compared) return own;
  return [
    ...own,
    { words: MARK_LABELS.corpus, isRing: false, look: lineLook(frame, compared.lines) },
    {
      words: MARK_LABELS.nearest,
      isRing: true,
      look: { stroke: hex(inkOf(frame)), 'stroke-width': RING_PX },
    },
  ];
}

/** Lines around most of the points. @param {Drawing} drawing */
export function contourMarkup({ contours = [] }) {
  const rounded = (/** @type {number} */ part) => Math.round(10 * part) / 10;
  return contours.map(({ segments, color, width }) => {
    const pieces = segments.map((ends) => ends.map(rounded));
    const d = pieces.map(([x, y, toX, toY]) => `M${x} ${y}L${toX} ${toY}`).join('');
    return node('path', {
      class: 'contour',
      d,
      fill: 'none',
      stroke: color,
      'stroke-width': width,
    });
  });
}

/**
 * The origin of a biplot and the direction of the selected point.
 *
 * @param {Drawing} drawing
 */
export function axisMarkup({ axis, frame }) {
  if (!axis) return [];
  const { ahead, behind, color, origin } = axis;
  /** @param {[Place, Place]} ends @param {object} look */
  const line = ([[x1, y1], [x2, y2]], look) => node('line', { x1, y1, x2, y2, ...look });
  const cross = { stroke: hex(inkOf(frame)), 'stroke-width': 1.5 };
  return [
    ...(behind ? [line(behind, { stroke: color, 'stroke-dasharray': '2 4' })] : []),
    ...(ahead ? [line(ahead, { stroke: color, 'stroke-width': 1.5 })] : []),
    ...(ahead ? [node('polygon', { points: tipOf(ahead).join(' '), fill: color })] : []),
    ...crossOf(origin).map((ends) => line(ends, cross)),
  ];
}
