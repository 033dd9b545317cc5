/**
 * The sheet of paper: made when the browser prints, on one page, of what is seen, in the colours of
 * the light theme.
 */

import { createCleanup, el, UNTRANSLATED } from '../ui/dom.js';
import { printedPart } from './figure.js';
import { toElement } from './markup.js';

/** @import { Source } from './figure.js' */
/** @import { Drawn } from './figure_page.js' */

/** Addresses may hold thousands of marked points. */
const LONGEST_ADDRESS = 600;

/**
 * @param {HTMLElement} root
 * @param {() => Source[]} sources one for each pane
 */
export function createPrintSheet(root, sources) {
  const element = el('div', { ...UNTRANSLATED, class: 'print' });
  const cleanup = createCleanup();
  root.append(element);

  function fill() {
    const shown = sources();
    const parts = shown.flatMap((source) => printedPart(source, shown.length === 1) ?? []);
    const address =
      location.href.length > LONGEST_ADDRESS
        ? `${location.href.slice(0, LONGEST_ADDRESS)}…`
        : location.href;
    element.replaceChildren(
      el(
        'div',
        { class: 'print__parts' },
        ...parts.map(({ title, figures, caption }) =>
          el(
            'section',
            { class: 'print__part' },
            el('h1', { class: 'print__title' }, title),
            figuresElement(figures),
            ...caption.map((sentence) => el('p', {}, sentence)),
          ),
        ),
      ),
      el(
        'p',
        { class: 'print__address' },
        parts.length > 0 ? address : 'There is no map to print yet.',
      ),
    );
  }

  cleanup.listen(window, 'beforeprint', fill);
  cleanup.listen(window, 'afterprint', () => element.replaceChildren());
  return {
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/**
 * Beside each other, which gives the map most room on any paper; no higher than they can be, so
 * that words follow at once.
 *
 * @param {Drawn[]} figures
 */
function figuresElement(figures) {
  const element = el('div', { class: 'print__figures' }, ...figures.map(figureElement));
  element.style.setProperty(
    '--ratio',
    String(figures.reduce((sum, { width, height }) => sum + width / height, 0)),
  );
  return element;
}

/** As large as its box allows; pixels lie below what is drawn. @param {Drawn} drawn */
function figureElement({ width, height, images, markup }) {
  const host = el('div', { class: 'print__drawing' });
  // in a shadow tree, where its ids and classes are its own
  host.attachShadow({ mode: 'open' }).append(toElement(markup));
  const fit = el(
    'div',
    { class: 'print__fit' },
    ...images.map(({ canvas, ...box }) => {
      canvas.className = 'print__pixels';
      Object.assign(canvas.style, {
        left: percent(box.x, width),
        top: percent(box.y, height),
        width: percent(box.width, width),
        height: percent(box.height, height),
      });
      return canvas;
    }),
    host,
  );
  const box = el('div', { class: 'print__figure' }, fit);
  box.style.setProperty('--ratio', String(width / height));
  return box;
}

/** @param {number} part @param {number} whole */
function percent(part, whole) {
  return `${(100 * part) / whole}%`;
}
