/** Colours and widths of words for a figure, in either theme, whatever the page shows. */

import { parseColor } from '../compute/rgba.js';
import { el } from '../ui/dom.js';

/** @import { ShownTheme } from '../color/point_style.js' */

/**
 * Fonts that programs for figures have; what they lack, such as other scripts, they take from
 * elsewhere.
 */
export const FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif";
/**
 * Sizes of text, in pixels of a figure. On paper 12 of these are 7 points, so that titles have 7.9
 * and small text has 6.4; smaller text could not be read.
 */
export const FONT_PX = Object.freeze({ title: 13.5, normal: 12, small: 11 });
/** Of paper, for a pixel of a figure. */
export const POINTS_PER_PX = 7 / 12;
export const MM_PER_PX = (POINTS_PER_PX * 25.4) / 72;
/**
 * Pixels of an image per pixel of a figure: twice those of the screen, or, on paper, 617 an inch
 * (journals ask for 600 where text and images are combined).
 */
const SHARPNESS = Object.freeze({ screen: 2, paper: 5 });
/** Around a figure. Journals put space around those of paper themselves. */
const MARGIN_PX = Object.freeze({ screen: 24, paper: 6 });

/** Of the labels of points. */
export const LABEL_FONT = Object.freeze({
  css: `500 ${FONT_PX.normal}px ${FONTS}`,
  lineHeight: 1.2 * FONT_PX.normal,
});

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
 * @property {number | null} widthPx width of what a figure shows; null: as on screen
 * @property {number} marginPx around it
 * @property {number} sharpness pixels of an image per pixel of a figure
 * @property {(text: string, size: number, weight?: number) => number} measure width of words in
 *   pixels
 */

/**
 * @param {number | null} widthMm of the whole figure on paper; null: as on screen
 * @returns {Pick<FigureStyle, 'widthPx' | 'marginPx' | 'sharpness'>}
 */
export function pageSize(widthMm) {
  const page = widthMm === null ? 'screen' : 'paper';
  const [marginPx, sharpness] = [MARGIN_PX[page], SHARPNESS[page]];
  const widthPx = widthMm && widthMm / MM_PER_PX - 2 * marginPx;
  return { widthPx, marginPx, sharpness };
}

/** @param {ShownTheme} theme @param {number | null} [widthMm] @returns {FigureStyle} */
export function readFigureStyle(theme, widthMm = null) {
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
    ...pageSize(widthMm),
    measure: createMeasure(),
  };
}

/**
 * A colour in the form that every program reads.
 *
 * @param {string} color such as "rgb(23, 25, 31)"
 */
function plainColor(color) {
  const hex = parseColor(color).map((part) => Math.round(part).toString(16).padStart(2, '0'));
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
