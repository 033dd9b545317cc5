/**
 * Scrolls the grid as a page: an element that the browser scrolls, whose place moves the map. The
 * canvas stays as large as the window, and the buttons stay in a part that does not scroll along,
 * so that both move in the same frame.
 */

import { createCleanup, el } from '../ui/dom.js';
import { AXES } from './arrangement.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Transform } from '../types.js' */
/** @import { Viewport } from './viewport.js' */

/** Rows far beyond any grid. */
export const ALL = 1e6;
/** @typedef {{down?: number, right?: number, pages?: number}} ScrollKey */
/**
 * Keys that scroll, as rows and columns to go; `pages`: times what is in sight.
 *
 * @type {Readonly<Record<string, ScrollKey>>}
 */
export const SCROLL_KEYS = Object.freeze({
  ArrowUp: { down: -1 },
  ArrowDown: { down: 1 },
  ArrowLeft: { right: -1 },
  ArrowRight: { right: 1 },
  PageUp: { pages: -1 },
  PageDown: { pages: 1 },
  Home: { down: -ALL },
  End: { down: ALL },
});
/** The browser rounds a place to whole pixels of the screen. */
const ROUNDING_PX = 1;

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} layer of the buttons
 * @param {Pick<Viewport, 'scrollTo' | 'transform'>} viewport
 */
export function createGridScroll(root, layer, viewport) {
  const cleanup = createCleanup();
  const pane = el('div', { class: 'grid__window' }, layer);
  const content = el('div', { class: 'grid__content' }, pane);
  const element = el('div', { class: 'grid__scroll', tabindex: '-1' }, content);
  root.append(element);
  /** Where the content would begin if nothing were scrolled. */
  let origin = { x: 0, y: 0 };
  let corner = { left: 0, top: 0 };
  /** Whether each axis scrolls. */
  let scrolls = { x: false, y: false };

  cleanup.listen(element, 'scroll', () => {
    const { transform } = viewport;
    const x = scrolls.x ? origin.x - element.scrollLeft : transform.x;
    const y = scrolls.y ? origin.y - element.scrollTop : transform.y;
    if (Math.max(Math.abs(x - transform.x), Math.abs(y - transform.y)) < ROUNDING_PX) return;
    viewport.scrollTo({ x, y });
  });
  // A press on a scroll bar drags the bar and not the map.
  for (const type of ['mousedown', 'pointerdown'])
    cleanup.listen(element, type, (/** @type {MouseEvent} */ event) => {
      if (event.target === element && isOnBar(event, element)) event.stopPropagation();
    });

  return {
    element,
    /** Left and top of the part that holds the buttons, in the map. */
    get corner() {
      return corner;
    },
    /**
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {{width: number, height: number}} room
     */
    place({ isList, isScrolling, overview, size, view }, { k, x, y }, room) {
      if (!view) return;
      corner = isList ? { left: 0, top: 0 } : AXES;
      const [width, height] = [room.width - overview - corner.left, room.height - corner.top];
      setBox(element, { ...corner, width, height });
      element.classList.toggle('grid__scroll--on', isScrolling);
      origin = { x: view.left, y: view.top };
      scrolls = {
        x: isScrolling && size.width * k > view.right - view.left,
        y: isScrolling && size.height * k > view.bottom - view.top,
      };
      const inner = { width: element.clientWidth, height: element.clientHeight };
      setBox(pane, inner);
      setBox(content, {
        width: scrolls.x ? inner.width + size.width * k - (view.right - view.left) : inner.width,
        height: scrolls.y
          ? inner.height + size.height * k - (view.bottom - view.top)
          : inner.height,
      });
      const [left, top] = [scrolls.x ? origin.x - x : 0, scrolls.y ? origin.y - y : 0];
      if (Math.abs(element.scrollLeft - left) >= ROUNDING_PX) element.scrollLeft = left;
      if (Math.abs(element.scrollTop - top) >= ROUNDING_PX) element.scrollTop = top;
    },
    /** @param {{left?: number, top?: number}} step CSS pixels */
    scrollBy: (step) => element.scrollBy(step),
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/** @param {HTMLElement} element @param {Record<string, number>} box CSS pixels */
function setBox({ style }, box) {
  for (const [name, value] of Object.entries(box)) {
    const length = `${value}px`;
    if (style.getPropertyValue(name) !== length) style.setProperty(name, length);
  }
}

/** @param {MouseEvent} event @param {HTMLElement} element */
function isOnBar({ clientX, clientY }, element) {
  const { left, top } = element.getBoundingClientRect();
  return clientX - left >= element.clientWidth || clientY - top >= element.clientHeight;
}
