/**
 * Where the buttons of the grid lie: over the maps of their heads on the canvas. While the map is
 * zoomed they grow as one layer, which costs next to nothing; once it rests, each is laid out
 * again, as titles keep their size.
 */

import { remPx } from '../ui/dom.js';
import { titlesOf } from './arrangement.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Cell } from './cell.js' */
/** @import { Transform } from '../types.js' */

/** Title and number stay together however large the map below them gets, in rem. */
const WIDEST_TITLE = 7;
/** After this pause in zooming the titles get their own size again. */
const REST_MS = 150;

/**
 * @param {HTMLElement} element the grid
 * @param {HTMLElement} layer that holds the buttons
 */
export function createGridPlacement(element, layer) {
  /** What the buttons are laid out for. @type {{arrangement: Arrangement, k: number} | null} */
  let laidOut = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;
  /** @type {(cell: Cell) => void} */
  let put = () => {};

  /**
   * @param {Iterable<Cell>} cells
   * @param {Arrangement} arrangement
   * @param {number} k
   */
  function layOut(cells, arrangement, k) {
    clearTimeout(rest);
    layer.classList.remove('is-moving');
    laidOut = { arrangement, k };
    put = createPut(element, layer, arrangement, k);
    for (const cell of cells) put(cell);
  }

  return {
    /**
     * @param {() => Iterable<Cell>} cells
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {{left: number, top: number}} corner of what holds the layer
     */
    place(cells, arrangement, { k, x, y }, { left, top }) {
      if (laidOut?.arrangement !== arrangement) layOut(cells(), arrangement, k);
      const grown = k / (laidOut?.k ?? k);
      const place = `translate(${x - left}px, ${y - top}px)`;
      layer.style.transform = grown === 1 ? place : `${place} scale(${grown})`;
      if (grown === 1) return;
      layer.classList.add('is-moving');
      clearTimeout(rest);
      rest = setTimeout(() => {
        layOut(cells(), arrangement, k);
        layer.style.transform = place;
      }, REST_MS);
    },
    /** Lay out a new button as the others are. @param {Cell} cell */
    enter: (cell) => put(cell),
    /** The buttons are others now. */
    forget() {
      clearTimeout(rest);
      laidOut = null;
      put = () => {};
    },
    /** Where a button lies in the map at zoom 1. @param {number} i index of the head */
    boxOf(i) {
      if (!laidOut) return null;
      const { cells, title } = laidOut.arrangement;
      const { x, y, size } = cells;
      return { x: x[i], y: y[i] - title, width: size[i], height: size[i] + title };
    },
    destroy: () => clearTimeout(rest),
  };
}

/**
 * Return what lays out one button.
 *
 * @param {HTMLElement} element
 * @param {HTMLElement} layer
 * @param {Arrangement} arrangement
 * @param {number} k
 * @returns {(cell: Cell) => void}
 */
function createPut(element, layer, arrangement, k) {
  const { cells, isList, titleWidth } = arrangement;
  const { x, y, size } = cells;
  const rem = remPx();
  const { height: title, room } = titlesOf(arrangement, k, rem);
  element.classList.toggle('grid--bare', room === 'none');
  element.classList.toggle('grid--brief', room === 'one');
  element.classList.toggle('grid--list', isList);
  layer.style.setProperty('--title', `${title}px`);
  if (isList) layer.style.setProperty('--side', `${size[0] * k}px`);
  const width = isList
    ? titleWidth
    : Math.max(size[0] * k, Math.min(titleWidth * k, WIDEST_TITLE * rem));
  return ({ i, button }) => {
    const side = size[i] * k;
    const left = isList ? x[i] * k : x[i] * k - (width - side) / 2;
    button.style.width = `${width}px`;
    button.style.height = `${side + title}px`;
    button.style.transform = `translate(${left}px, ${y[i] * k - title}px)`;
  };
}
