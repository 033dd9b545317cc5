/** Colours and widths of words for a figure, in either theme, whatever the page shows. */

import { el } from '../ui/dom.js';

/** @import { ShownTheme } from '../color/point_style.js' */

/**
 * Fonts that programs for figures have; what they lack, such as other scripts, they take from
 * elsewhere.
 */
export const FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif";
const ROLES = /** @type {const} */ ({
  paper: '--map',
  ink: '--ink',
  soft: '--ink-soft',
  line: '--line',
  query: '--query',
  key: '--key',
  warning: '--warning',
});

/**
 * @typedef {object} FigureStyle
 * @property {ShownTheme} theme
 * @property {string} paper
 * @property {string} ink
 * @property {string} soft
 * @property {string} line
 * @property {string} query
 * @property {string} key
 * @property {string} warning
 * @property {(text: string, size: number, weight?: number) => number} measure width of words in
 *   pixels
 */

/** @param {ShownTheme} theme @returns {FigureStyle} */
export function readFigureStyle(theme) {
  const probe = el('span', { class: 'style', hidden: true });
  // a figure has its own colours, whatever the system forces on the page
  probe.style.forcedColorAdjust = 'none';
  probe.style.colorScheme = theme;
  document.body.append(probe);
  const colors = Object.fromEntries(
    Object.entries(ROLES).map(([name, role]) => {
      probe.style.color = `var(${role})`;
      return [name, plainColor(getComputedStyle(probe).color)];
    }),
  );
  probe.remove();
  return {
    theme,
    .../** @type {Record<keyof typeof ROLES, string>} */ (colors),
    measure: createMeasure(),
  };
}

/**
 * A colour in the form that every program reads.
 *
 * @param {string} color such as "rgb(23, 25, 31)"
 */
function plainColor(color) {
  const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).map(Number);
  const hex = [red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, '0'));
  return `#${hex.join('')}`;
}

function createMeasure() {
  const pen = document.createElement('canvas').getContext('2d');
  return (/** @type {string} */ text, /** @type {number} */ size, weight = 400) => {
    if (!pen) return 0.56 * size * text.length;
    pen.font = `${weight} ${size}px ${FONTS}`;
    return pen.measureText(text).width;
  };
}
