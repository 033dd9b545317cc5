/** Fades at the right and lower edge of what scrolls, where more follows. */

import { el } from './dom.js';

/**
 * @param {HTMLElement} scroller
 * @returns {{element: HTMLElement, update: () => void}} the element holds the scroller
 */
export function createEdgeFades(scroller) {
  const right = el('div', { class: 'edge-fade edge-fade--right', hidden: true });
  const below = el('div', { class: 'edge-fade edge-fade--below', hidden: true });
  const element = el('div', { class: 'edge-fades' }, scroller, right, below);

  function update() {
    const { clientHeight, clientWidth, scrollHeight, scrollLeft, scrollTop, scrollWidth } =
      scroller;
    right.hidden = scrollLeft + clientWidth >= scrollWidth - 1;
    below.hidden = scrollTop + clientHeight >= scrollHeight - 1;
  }

  scroller.addEventListener('scroll', update, { passive: true });
  return { element, update };
}
