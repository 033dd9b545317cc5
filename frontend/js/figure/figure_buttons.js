/** Two buttons that save what stands beside them as a figure. */

import { el, setAttribute } from '../ui/dom.js';
import { saveFigure } from './figure.js';

/** @import { Source, Subject } from './figure.js' */

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
  function save(format) {
    const isDark = document.documentElement.dataset.theme === 'dark';
    void saveFigure(subject, format, isDark ? 'dark' : 'light', source);
  }

  const buttons = FORMATS.map(([format, title]) => {
    const button = el(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        title: `Save ${label}. ${title}`,
        onClick: () => save(format),
      },
      format.toUpperCase(),
    );
    setAttribute(button, 'aria-label', `Save ${label} as ${format.toUpperCase()}`);
    return button;
  });
  return el('div', { class: 'figure-buttons' }, ...buttons);
}
