/** What the colours and shapes of the points mean, with true ranges. */

import { corpusText, el } from '../ui/dom.js';

/** @import { Legend, RampLegend, SwatchLegend } from '../color/color_modes.js' */

/** Names of classes come from the corpus and may be long. */
const LONGEST = 40;

/** @param {HTMLElement} root */
export function createLegend(root) {
  const element = el('div', { class: 'legend', role: 'group', 'aria-label': 'Legend' });
  root.append(element);
  /** @type {Legend | null} */
  let shown = null;

  return {
    /** @param {Legend | null} legend */
    update(legend) {
      if (legend === shown) return;
      shown = legend;
      element.replaceChildren();
      if (!legend) return;
      element.append(...(legend.kind === 'ramp' ? rampParts(legend) : swatchParts(legend)));
      if (legend.note) element.append(el('p', { class: 'field__note' }, legend.note));
    },
    destroy: () => element.remove(),
  };
}

/** @param {RampLegend} legend */
function rampParts({ ramps, missing }) {
  const parts = ramps.map(({ label, stops, range }) => {
    const bar = el('span', { class: 'legend__ramp' });
    bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`;
    return el(
      'div',
      { class: 'legend__row' },
      shape(label === 'key' ? 'diamond' : 'disc', stops[Math.floor(stops.length / 2)]),
      el('span', { class: 'legend__label' }, label),
      el(
        'span',
        { class: 'legend__scale' },
        bar,
        el('span', { class: 'legend__range' }, el('span', {}, range[0]), el('span', {}, range[1])),
      ),
    );
  });
  if (missing)
    parts.push(
      el(
        'div',
        { class: 'legend__row' },
        shape('disc', missing.color),
        el('span', {}, missing.label),
      ),
    );
  return parts;
}

/** @param {SwatchLegend} legend */
function swatchParts({ entries }) {
  const isWide = entries.length <= 2;
  return [
    el(
      'ul',
      { class: isWide ? 'legend__entries' : 'legend__entries legend__entries--many' },
      ...entries.map(({ label, colors, shapes }) =>
        el(
          'li',
          { class: 'legend__entry' },
          ...colors.map((color, i) => shape(shapes[i] ?? 'square', color)),
          words(label),
        ),
      ),
    ),
  ];
}

/** @param {string} label */
function words(label) {
  const clipped = label.length > LONGEST ? `${label.slice(0, LONGEST)}…` : label;
  const made = corpusText(clipped, 'legend__words');
  made.title = label;
  return made;
}

/**
 * @param {'disc' | 'diamond' | 'square'} form
 * @param {string} color
 */
function shape(form, color) {
  const mark = el('span', { class: `legend__swatch legend__swatch--${form}` });
  mark.style.backgroundColor = color;
  return mark;
}
