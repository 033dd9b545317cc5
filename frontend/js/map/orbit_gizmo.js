/** The axes of a 3-D map in the corner, as the map is turned, and a hint how to turn it. */

import { orbitMatrix } from '../compute/geometry.js';
import { el, setAttribute, setText } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';

/** @import { Orbit } from '../types.js' */

/** CSS pixels: from the middle to the end of an axis, to its name, and half of the drawing. */
const LENGTH_PX = 17;
const NAME_PX = 24;
const HALF_PX = 30;
const NAMES = Object.freeze(['x', 'y', 'z']);
const HINT = 'Drag or Shift + arrow keys to turn';
const KNOWN = 'turned';
const SVG = 'http://www.w3.org/2000/svg';

/** @param {HTMLElement} root the map */
export function createOrbitGizmo(root) {
  const axes = NAMES.map((name) => {
    const line = svg('line', { class: 'gizmo__axis' });
    const text = svg('text', { class: 'gizmo__name' });
    text.textContent = name;
    const group = svg('g', {});
    group.append(line, text);
    return { line, text, group };
  });
  const drawing = svg('svg', {
    class: 'gizmo__axes',
    viewBox: [-HALF_PX, -HALF_PX, 2 * HALF_PX, 2 * HALF_PX].join(' '),
    'aria-hidden': 'true',
  });
  const hint = el('p', { class: 'gizmo__hint' });
  const element = el('div', { class: 'gizmo', hidden: true }, hint, drawing);
  root.append(element);
  let isKnown = recall(KNOWN) !== null;
  /** @type {Orbit | null} */
  let shown = null;

  return {
    /** The viewer has turned a map: the hint has done its work. */
    learn() {
      if (isKnown) return;
      isKnown = true;
      remember(KNOWN, 'yes');
      hint.hidden = true;
    },
    /** @param {Orbit | null} orbit null where no map can be turned */
    draw(orbit) {
      if (shown === orbit) return;
      shown = orbit;
      element.hidden = orbit === null;
      hint.hidden = isKnown;
      setText(hint, isKnown ? '' : HINT);
      if (!orbit) return;
      const ends = axisEnds(orbit);
      ends.forEach(({ x, y, depth }, axis) => {
        const { line, text, group } = axes[axis];
        setAttribute(line, 'x2', String(LENGTH_PX * x));
        setAttribute(line, 'y2', String(LENGTH_PX * y));
        setAttribute(text, 'x', String(NAME_PX * x));
        setAttribute(text, 'y', String(NAME_PX * y));
        setAttribute(group, 'opacity', String(0.7 - 0.3 * depth));
      });
      const farFirst = [0, 1, 2].sort((a, b) => ends[b].depth - ends[a].depth);
      drawing.replaceChildren(...farFirst.map((axis) => axes[axis].group));
    },
    destroy: () => element.remove(),
  };
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * Where the axes of a turned map end on the screen, in lengths of an axis, and how far away.
 *
 * @param {Orbit} orbit
 * @returns {{x: number, y: number, depth: number}[]} y downwards
 */
export function axisEnds(orbit) {
  const turn = orbitMatrix(orbit);
  return [0, 1, 2].map((axis) => ({ x: turn[axis], y: -turn[3 + axis], depth: turn[6 + axis] }));
}
