/** The overlay canvas over the map: attention lines and rings of hovered points. */

import { cellCoefficients, projectPoint } from '../compute/geometry.js';
import { inkOf, STANDOUT } from './style.js';
import { FLAG } from '../compute/flag_bits.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/**
 * Lines from query points to key points of one cell.
 * @typedef {object} Lines
 * @property {ArrayLike<number>} from Query points.
 * @property {ArrayLike<number>} to Key points, as many.
 * @property {ArrayLike<number>} weights 0..1, the opacity of each line.
 * @property {number} [width] CSS px.
 * @property {readonly [number, number]} [dash] CSS px drawn and left out; solid if absent.
 * @property {readonly [number, number, number]} [color] The frame's ink if absent.
 */
/**
 * @typedef {object} Marks
 * @property {number} cell
 * @property {Lines | null} [lines]
 * @property {ArrayLike<number>} [rings] Points to be ringed.
 */

/** Steps of opacity; the faintest lines are stroked first. */
const STEPS = 16;
export const LINE_PX = 1.25;
export const RING_PX = 1.5;
/** Of a ring around a point, CSS px. @param {Frame} frame */
export const ringRadius = ({ pointSize }) => Math.max(4, pointSize * 0.9);

/**
 * Make the layer over the map.
 * @param {HTMLCanvasElement} canvas
 * @returns {{draw: (frame: Frame, marks: Marks[]) => void, clear: () => void}}
 * @throws {Error} If the browser gives no 2-D context.
 */
export function createOverlay(canvas) {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser cannot draw: it gives no 2-D canvas context');
  const clear = () => {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
  };
  return {
    clear,
    draw(frame, marks) {
      const width = Math.max(1, Math.round(frame.width * frame.ratio));
      const height = Math.max(1, Math.round(frame.height * frame.ratio));
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      clear();
      context.setTransform(frame.ratio, 0, 0, frame.ratio, 0, 0);
      for (const { cell, lines, rings } of marks) {
        if (!frame.ready[cell]) continue;
        if (lines) strokeLines(context, frame, cell, lines);
        if (rings) strokeRings(context, frame, cell, rings);
      }
    },
  };
}

/**
 * Group lines by opacity, faintest first; lines to hidden points are left out.
 * @param {Lines} lines
 * @param {Uint8Array} flags (point)
 * @returns {number[][]} Indices of lines; step s has the opacity (s + 0.5) / steps.
 */
export function linesByOpacity({ from, to, weights }, flags) {
  /** @type {number[][]} */
  const steps = Array.from({ length: STEPS }, () => []);
  for (let line = 0; line < from.length; line++) {
    if ((flags[from[line]] | flags[to[line]]) & FLAG.hidden) continue;
    const weight = weights[line];
    if (weight > 0) steps[Math.min(STEPS - 1, Math.floor(weight * STEPS))].push(line);
  }
  return steps;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {number} cell
 * @param {Lines} lines
 */
function strokeLines(context, frame, cell, lines) {
  const [red, green, blue] = lines.color ?? inkOf(frame);
  context.lineWidth = lines.width ?? LINE_PX;
  context.setLineDash([...(lines.dash ?? [])]);
  // One stroke per line: without a GPU, a single path of all lines takes several times as long.
  for (const { opacity, segments } of lineSegments(frame, cell, lines)) {
    context.strokeStyle = `rgb(${red} ${green} ${blue} / ${opacity})`;
    for (const [x, y, toX, toY] of segments) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      context.stroke();
    }
  }
  context.setLineDash([]);
}

/**
 * Line segments on the screen, faintest first, trimmed at the marks that they connect.
 *
 * @param {Frame} frame
 * @param {number} cell
 * @param {Lines} lines
 * @returns {{opacity: number, segments: [number, number, number, number][]}[]}
 */
export function lineSegments(frame, cell, lines) {
  const coefficients = cellCoefficients(frame, cell);
  const gap = (STANDOUT.selected.scale * frame.pointSize) / 2;
  return linesByOpacity(lines, frame.flags)
    .map((group, step) => ({
      opacity: (step + 0.5) / STEPS,
      segments: group.flatMap((line) => {
        const [x, y] = projectPoint(frame, cell, lines.from[line], coefficients);
        const [toX, toY] = projectPoint(frame, cell, lines.to[line], coefficients);
        const length = Math.hypot(toX - x, toY - y);
        if (length <= 2 * gap) return [];
        const [stepX, stepY] = [((toX - x) / length) * gap, ((toY - y) / length) * gap];
        return [
          /** @type {[number, number, number, number]} */ ([
            x + stepX,
            y + stepY,
            toX - stepX,
            toY - stepY,
          ]),
        ];
      }),
    }))
    .filter(({ segments }) => segments.length > 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {number} cell
 * @param {ArrayLike<number>} rings
 */
function strokeRings(context, frame, cell, rings) {
  const [red, green, blue] = inkOf(frame);
  const coefficients = cellCoefficients(frame, cell);
  const radius = ringRadius(frame);
  context.strokeStyle = `rgb(${red} ${green} ${blue})`;
  context.lineWidth = RING_PX;
  context.beginPath();
  for (let at = 0; at < rings.length; at++) {
    const [x, y] = projectPoint(frame, cell, rings[at], coefficients);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.stroke();
}
