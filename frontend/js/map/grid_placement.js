/**
 * Where the buttons of the grid lie: over the maps of their heads on the canvas. While the map is
 * zoomed they grow as one layer, which costs next to nothing; once it rests, each is laid out
 * again, as titles keep their size.
 */

import { remPx } from '../ui/dom.js';
import { TITLE_PX } from '../compute/title.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Transform } from '../types.js' */

/** Widths of a column from which title and number have room, in rem. */
const ROOM_FOR_TITLE = 3.2;
const ROOM_FOR_BOTH = 5.4;
/** Title and number stay together however large the map below them gets, in rem. */
const WIDEST_TITLE = 7;
/** After this pause in zooming the titles get their own size again. */
const REST_MS = 150;
/** Below this height of the line above a head there are no words at all, CSS pixels. */
const MIN_TITLE_PX = 13;

/**
 * @param {HTMLElement} element the grid
 * @param {HTMLElement} layer that holds the buttons
 */
export function createGridPlacement(element, layer) {
  /** What the buttons are laid out for. @type {{arrangement: Arrangement, k: number} | null} */
  let laidOut = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;

  /**
   * @param {HTMLElement[]} buttons
   * @param {Arrangement} arrangement
   * @param {number} k
   */
  function layOut(buttons, arrangement, k) {
    clearTimeout(rest);
    layer.classList.remove('is-moving');
    laidOut = { arrangement, k };
    layOutButtons(element, layer, buttons, arrangement, k);
  }

  return {
    /**
     * @param {HTMLElement[]} buttons (head)
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     */
    place(buttons, arrangement, { k, x, y }) {
      if (laidOut?.arrangement !== arrangement) layOut(buttons, arrangement, k);
      const grown = k / (laidOut?.k ?? k);
      layer.style.transform = `translate(${x}px, ${y}px)${grown === 1 ? '' : ` scale(${grown})`}`;
      if (grown === 1) return;
      layer.classList.add('is-moving');
      clearTimeout(rest);
      rest = setTimeout(() => {
        layOut(buttons, arrangement, k);
        layer.style.transform = `translate(${x}px, ${y}px)`;
      }, REST_MS);
    },
    /** The buttons are others now. */
    forget() {
      clearTimeout(rest);
      laidOut = null;
    },
    /** Where a button lies in the map at zoom 1. @param {number} i index of the head */
    boxOf(i) {
      if (!laidOut) return null;
      const { x, y, size } = laidOut.arrangement.cells;
      return { x: x[i], y: y[i] - TITLE_PX, width: size[i], height: size[i] + TITLE_PX };
    },
    destroy: () => clearTimeout(rest),
  };
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} layer
 * @param {HTMLElement[]} buttons
 * @param {Arrangement} arrangement
 * @param {number} k
 */
function layOutButtons(element, layer, buttons, { cells: { x, y, size }, pitch, titleWidth }, k) {
  const rem = remPx();
  const title = Math.min(1.5 * rem, TITLE_PX * k);
  const hasTitles = title >= MIN_TITLE_PX && pitch.x * k >= ROOM_FOR_TITLE * rem;
  element.classList.toggle('grid--bare', !hasTitles);
  element.classList.toggle('grid--brief', hasTitles && pitch.x * k < ROOM_FOR_BOTH * rem);
  const width = Math.max(size[0] * k, Math.min(titleWidth * k, WIDEST_TITLE * rem));
  layer.style.setProperty('--title', `${title}px`);
  for (const [i, button] of buttons.entries()) {
    const side = size[i] * k;
    button.style.width = `${width}px`;
    button.style.height = `${side + title}px`;
    button.style.transform = `translate(${x[i] * k - (width - side) / 2}px, ${y[i] * k - title}px)`;
  }
}
