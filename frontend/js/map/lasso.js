/** Drawing around points of the map to mark them. */

import { createCleanup } from '../ui/dom.js';
import { cellAt } from '../compute/geometry.js';
import { pointsInside } from '../render/polygon.js';

/** @import { Context, HeadId } from '../page.js' */
/** @import { Frame } from '../types.js' */

/** Corners of the outline are at least this far apart, CSS pixels. */
const STEP_PX = 3;
/** An outline that goes no farther than this is a click. */
const CLICK_PX = 4;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {HTMLElement} root the map
 * @param {Context & {frame: () => Frame | null}} context
 */
export function createLasso(root, { facts, frame, marks, store }) {
  const cleanup = createCleanup();
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('class', 'lasso');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('class', 'lasso__line');
  svg.append(path);
  root.append(svg);
  let isOn = false;
  let hasDrawn = false;
  /** @type {{id: number, corners: [number, number][]} | null} */
  let drawing = null;
  /**
   * The head in whose cell was drawn last, and what was marked by it.
   *
   * @type {{head: HeadId, marked: string} | null}
   */
  let drawn = null;

  /**
   * Whether a press begins an outline, and is no other gesture.
   *
   * @param {MouseEvent | TouchEvent} event
   */
  function claims(event) {
    if (event.type === 'wheel' || !frame()) return false;
    if ('touches' in event) return isOn && event.touches.length === 1;
    if (event.button !== 0) return false;
    const { at, dims } = store.get();
    // there, Shift moves a map that one turns
    return isOn || (event.shiftKey && !(at !== null && dims === 3));
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  function placeOf(event) {
    const { left, top } = root.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  cleanup.listen(root, 'pointerdown', (/** @type {PointerEvent} */ event) => {
    hasDrawn = false;
    if (!event.isPrimary || !claims(event) || isControl(event.target)) return;
    drawing = { id: event.pointerId, corners: [placeOf(event)] };
  });
  cleanup.listen(window, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (drawing?.id !== event.pointerId) return;
    const [x, y] = placeOf(event);
    const [lastX, lastY] = drawing.corners[drawing.corners.length - 1];
    const distance = Math.hypot(x - lastX, y - lastY);
    if (distance < (hasDrawn ? STEP_PX : CLICK_PX)) return;
    hasDrawn = true;
    drawing.corners.push([x, y]);
    root.classList.add('is-drawing');
    path.setAttribute(
      'd',
      `M${drawing.corners.map((corner) => corner.map(Math.round).join(' ')).join('L')}Z`,
    );
  });
  cleanup.listen(window, 'pointerup', (/** @type {PointerEvent} */ event) => {
    if (drawing?.id !== event.pointerId) return;
    const { corners } = drawing;
    stop();
    if (hasDrawn) mark(corners);
  });
  cleanup.listen(window, 'pointercancel', stop);
  cleanup.listen(
    window,
    'keydown',
    (/** @type {KeyboardEvent} */ event) => {
      if (!drawing || event.key !== 'Escape') return;
      event.stopPropagation();
      stop();
    },
    { capture: true },
  );
  // The click that ends an outline chooses nothing and opens nothing.
  cleanup.listen(
    root,
    'click',
    (/** @type {MouseEvent} */ event) => {
      if (!hasDrawn) return;
      hasDrawn = false;
      event.stopImmediatePropagation();
      event.preventDefault();
    },
    { capture: true },
  );

  function stop() {
    drawing = null;
    root.classList.remove('is-drawing');
    path.removeAttribute('d');
  }

  /** @param {[number, number][]} corners */
  function mark(corners) {
    const shown = frame();
    const tokens = facts.tokens.value;
    const { at } = store.get();
    const inGrid = at === null ? facts.gridTokens.value : null;
    const cell = shown ? cellOf(shown, corners) : -1;
    if (!shown || !tokens || cell < 0 || shown.nPoints !== 2 * (inGrid ? inGrid.length : tokens.n))
      return;
    const found = pointsInside(shown, cell, corners);
    const marked = new Uint8Array(2 * tokens.n);
    const nDrawn = shown.nPoints / 2;
    for (const point of found) {
      const index = point % nDrawn;
      marked[(point < nDrawn ? 0 : tokens.n) + (inGrid ? inGrid[index] : index)] = 1;
    }
    const nHeads = facts.description.value?.manifest?.n_heads ?? 1;
    const head = at ?? { layer: Math.floor(cell / nHeads), head: cell % nHeads };
    marks.set(marked);
    drawn = { head, marked: store.get().marked };
  }

  return {
    claims,
    /** @param {boolean} next */
    turn(next) {
      isOn = next;
      root.classList.toggle('map--lasso', next);
    },
    get isOn() {
      return isOn;
    },
    get isDrawing() {
      return drawing !== null && hasDrawn;
    },
    /** The head around whose points was drawn, as long as they are what is marked. */
    get head() {
      return drawn?.marked === store.get().marked ? drawn.head : null;
    },
    destroy() {
      cleanup.run();
      svg.remove();
    },
  };
}

/**
 * The cell that an outline is drawn in: where it begins, or else around its middle.
 *
 * @param {Frame} frame
 * @param {[number, number][]} corners
 */
function cellOf({ cells, transform }, corners) {
  if (cells.n === 1) return 0;
  const first = cellAt(cells, transform, ...corners[0]);
  if (first >= 0) return first;
  const mean = corners.reduce(
    ([sumX, sumY], [x, y]) => [sumX + x / corners.length, sumY + y / corners.length],
    [0, 0],
  );
  return cellAt(cells, transform, mean[0], mean[1]);
}

/** @typedef {ReturnType<typeof createLasso>} Lasso */

/**
 * Whether something lies over the map there that is pressed itself.
 *
 * @param {EventTarget | null} target
 */
function isControl(target) {
  return target instanceof Element && target.closest('.marked, .message') !== null;
}
