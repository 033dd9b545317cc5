/** Drawing around points of the map to mark them. */

import { createCleanup } from '../ui/dom.js';
import { cellAt } from '../compute/geometry.js';
import { pointsInside } from '../render/polygon.js';
import { headOf } from './arrangement.js';

/** @import { Context, HeadId, State } from '../page.js' */
/** @import { Frame } from '../types.js' */

/** @typedef {[number, number][]} Corners CSS pixels */

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
  const outline = createOutline(root, claims, mark);
  let isOn = false;
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
    return frame() !== null && isLassoPress(event, isOn, store.get());
  }

  /** Mark the points in an outline. @param {Corners} corners */
  function mark(corners) {
    const shown = frame();
    const tokens = facts.tokens.value;
    const { at } = store.get();
    const drawnTokens = at === null ? facts.gridTokens.value : null;
    const cell = shown ? cellUnder(shown, corners) : -1;
    if (!shown || !tokens || cell < 0) return;
    if (shown.nPoints !== 2 * (drawnTokens?.length ?? tokens.n)) return;
    const found = pointsInside(shown, cell, corners);
    marks.set(markedPoints(found, shown.nPoints / 2, tokens.n, drawnTokens));
    const nHeads = facts.description.value?.manifest?.n_heads ?? 1;
    drawn = { head: at ?? headOf(cell, nHeads), marked: store.get().marked };
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
      return outline.isDrawing;
    },
    /** The head around whose points was drawn, as long as they are what is marked. */
    get head() {
      return drawn?.marked === store.get().marked ? drawn.head : null;
    },
    destroy: outline.destroy,
  };
}

/** @typedef {ReturnType<typeof createLasso>} Lasso */

/**
 * Whether a press begins an outline: by the button, or by Shift, save where that moves a map that
 * is turned.
 *
 * @param {MouseEvent | TouchEvent} event
 * @param {boolean} isOn whether the lasso was chosen
 * @param {Pick<State, 'at' | 'dims'>} state
 */
export function isLassoPress(event, isOn, { at, dims }) {
  if (event.type === 'wheel') return false;
  if ('touches' in event) return isOn && event.touches.length === 1;
  if (event.button !== 0) return false;
  return isOn || (event.shiftKey && !(at !== null && dims === 3));
}

/**
 * The outline that follows a pressed pointer.
 *
 * @param {HTMLElement} root
 * @param {(event: PointerEvent) => boolean} claims whether a press begins one
 * @param {(corners: Corners) => void} drawn called with an outline that is finished
 */
function createOutline(root, claims, drawn) {
  const cleanup = createCleanup();
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('class', 'lasso');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('class', 'lasso__line');
  svg.append(path);
  root.append(svg);
  let hasDrawn = false;
  /** @type {{id: number, corners: Corners} | null} */
  let drawing = null;

  /** @param {PointerEvent} event @returns {[number, number]} */
  function placeOf(event) {
    const { left, top } = root.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  function stop() {
    drawing = null;
    root.classList.remove('is-drawing');
    path.removeAttribute('d');
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
    if (hasDrawn) drawn(corners);
  });
  cleanup.listen(window, 'pointercancel', stop);
  /** @param {KeyboardEvent} event */
  const leave = (event) => {
    if (!drawing || event.key !== 'Escape') return;
    event.stopPropagation();
    stop();
  };
  cleanup.listen(window, 'keydown', leave, { capture: true });
  /** The click that ends an outline chooses nothing and opens nothing. @param {MouseEvent} event */
  const swallow = (event) => {
    if (!hasDrawn) return;
    hasDrawn = false;
    event.stopImmediatePropagation();
    event.preventDefault();
  };
  cleanup.listen(root, 'click', swallow, { capture: true });

  return {
    get isDrawing() {
      return drawing !== null && hasDrawn;
    },
    destroy() {
      cleanup.run();
      svg.remove();
    },
  };
}

/**
 * Points of the corpus, of those of a frame that lie in an outline.
 *
 * @param {readonly number[]} found points of the frame
 * @param {number} nDrawn tokens of the frame
 * @param {number} nTokens of the corpus
 * @param {Int32Array | null} drawnTokens that the frame draws; null: all
 * @returns {Uint8Array} (point) 1 for those that are marked
 */
export function markedPoints(found, nDrawn, nTokens, drawnTokens) {
  const marked = new Uint8Array(2 * nTokens);
  for (const point of found) {
    const index = point % nDrawn;
    const token = drawnTokens ? drawnTokens[index] : index;
    marked[(point < nDrawn ? 0 : nTokens) + token] = 1;
  }
  return marked;
}

/**
 * The cell that an outline is drawn in: where it begins, or else around its middle.
 *
 * @param {Frame} frame
 * @param {Corners} corners
 */
function cellUnder({ cells, transform }, corners) {
  if (cells.n === 1) return 0;
  const first = cellAt(cells, transform, ...corners[0]);
  if (first >= 0) return first;
  const mean = corners.reduce(
    ([sumX, sumY], [x, y]) => [sumX + x / corners.length, sumY + y / corners.length],
    [0, 0],
  );
  return cellAt(cells, transform, mean[0], mean[1]);
}

/**
 * Whether something lies over the map there that is pressed itself.
 *
 * @param {EventTarget | null} target
 */
function isControl(target) {
  return target instanceof Element && target.closest('.marked, .message') !== null;
}
