/** Two buttons that save what stands beside them as a figure. */

import { download } from '../ui/download.js';
import { el, setAttribute } from '../ui/dom.js';
import { makeFigure } from './figure.js';

/** @import { Source, Subject } from './figure.js' */
/** @import { ShownTheme } from '../color/point_style.js' */

/** @type {readonly (readonly ['svg' | 'png', string])[]} */
const FORMATS = [
  ['svg', 'Words and lines stay words and lines'],
  ['png', 'Pixels, two for each of the screen'],
];

/**
 * @param {Subject} subject
 * @param {string} label what it is
 * @param {Source & {notify: (text: string) => void}} source `notify` hears why there is no figure
 * @returns {HTMLElement}
 */
export function createFigureButtons(subject, label, source) {
  /** @param {'svg' | 'png'} format */
  async function save(format) {
    const theme = /** @type {ShownTheme} */ (
      document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'
    );
    try {
      const { name, type, content } = await makeFigure(subject, format, theme, source);
      download(content, name, type);
    } catch (error) {
      source.notify(error instanceof Error ? error.message : String(error));
    }
  }

  const buttons = FORMATS.map(([format, title]) => {
    const button = el(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        title: `Save ${label}. ${title}`,
        onClick: () => void save(format),
      },
      format.toUpperCase(),
    );
    setAttribute(button, 'aria-label', `Save ${label} as ${format.toUpperCase()}`);
    return button;
  });
  return el('div', { class: 'figure-buttons' }, ...buttons);
}
