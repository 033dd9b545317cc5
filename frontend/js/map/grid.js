/**
 * What lies over the canvas of all heads: a named button with title and number for each that is in
 * sight, the numbers of rows and columns, the scroll bar and the overview.
 */

import { cellAtPlace, centredOn, headOf, slotsInSight } from './arrangement.js';
import { createCleanup, el } from '../ui/dom.js';
import { createAxes } from './axes.js';
import { createGridCells } from './grid_cells.js';
import { createGridNotes } from './grid_notes.js';
import { createGridPlacement } from './grid_placement.js';
import { ALL, createGridScroll, SCROLL_KEYS } from './grid_scroll.js';
import { createGridText, LAYERED } from './grid_text.js';
import { createOverview } from './overview.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Context, HeadId, State } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Transform } from '../types.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { ScrollKey } from './grid_scroll.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** What an arrow scrolls where no head has the focus, CSS pixels. */
const ARROW_PX = 60;
/** Share of a window that a page scrolls. */
const PAGE = 0.9;

let nGrids = 0;

/**
 * @param {HTMLElement} root
 * @param {Context & {pointed: ReturnType<typeof
 *   import('../ui/observable.js').createObservable<number>>, tooltip: Tooltip, viewport: Viewport,
 *   theme: () => ShownTheme}} context `pointed` is the index
 *   of the head that is pointed at, here or on the map of heads; -1: none
 */
export function createGrid(root, context) {
  const { actions, derived, facts, pointed, viewport } = context;
  const cleanup = createCleanup();
  const layer = el('div', { class: 'grid__layer' });
  const id = `grid-${nGrids++}`;
  const element = el('div', { class: 'grid', id, role: 'group', 'aria-label': LAYERED });
  root.append(element);
  const scroll = createGridScroll(element, layer, viewport);
  const axes = createAxes(element);
  const notes = createGridNotes(element);
  const text = createGridText(element, context);
  const placement = createGridPlacement(scroll.element, layer);
  const cells = createGridCells(layer, (cell) => {
    text.describe(cell);
    placement.enter(cell);
  });
  const overview = createOverview(root, context, {
    controls: id,
    goTo(cell) {
      if (shown && cell >= 0) viewport.scrollTo(centredOn(shown.arrangement, cell));
    },
    step: scrollBySlots,
    turn: scrollByPages,
    roll: ({ deltaX, deltaY }) => scroll.scrollBy({ left: deltaX, top: deltaY }),
  });
  let wasOpen = false;
  /** The head one comes from. @type {HeadId | null} */
  let left = null;
  /** @type {{arrangement: Arrangement, transform: Transform} | null} */
  let shown = null;

  const nHeads = () => facts.description.value?.manifest?.n_heads ?? 1;

  /** @param {State} state */
  function update(state) {
    element.hidden = state.at !== null;
    if (state.at) {
      if (wasOpen) leave();
      [left, wasOpen, shown] = [state.at, false, null];
      overview.hide();
      return;
    }
    const model = facts.description.value?.manifest ?? null;
    const isOther = cells.build(model);
    if (isOther) {
      text.forget();
      placement.forget();
    }
    if (cells.sort(derived.heads().order(state)) || isOther) {
      scroll.element.classList.toggle('grid--sorted', cells.places !== null);
      axes.build(cells.places !== null, model?.layers);
    }
    text.update(state, cells.shown(), cells.places);
    overview.update(state);
    if (!wasOpen && left) cells.comeBackTo(left);
    wasOpen = true;
  }

  /** @param {number} i */
  function point(i) {
    if (i === pointed.get()) return;
    if (i < 0) return leave();
    pointed.set(i);
    const [box, corner] = [
      cells.ensure(i).button.getBoundingClientRect(),
      root.getBoundingClientRect(),
    ];
    text.explain(headOf(i, nHeads()), i, {
      x: box.right - corner.left - 8,
      y: box.top - corner.top - 8,
    });
  }

  function leave() {
    pointed.set(-1);
    text.hide();
  }

  /** The head that an event is about. @param {MouseEvent} event @returns {number} index, or -1 */
  function cellUnder({ clientX, clientY, target }) {
    const button = target instanceof Element && target.closest('.cell');
    if (button instanceof HTMLElement) return Number(button.dataset.cell);
    if (!shown) return -1;
    const { left: x, top: y } = root.getBoundingClientRect();
    return cellAtPlace(shown.arrangement, shown.transform, { x: clientX - x, y: clientY - y });
  }

  cleanup.listen(element, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== 'touch' && event.buttons === 0) point(cellUnder(event));
  });
  cleanup.listen(element, 'pointerleave', leave);
  cleanup.listen(element, 'pointerdown', text.hide);
  cleanup.listen(element, 'click', (/** @type {MouseEvent} */ event) => {
    const i = cellUnder(event);
    if (i < 0) return;
    leave();
    actions.openHead(headOf(i, nHeads()));
  });
  cleanup.listen(layer, 'focusin', ({ target }) => {
    if (!(target instanceof HTMLElement) || !target.dataset.cell) return;
    cells.setCurrent(Number(target.dataset.cell));
    if (target.matches(':focus-visible')) point(cells.current);
  });
  cleanup.listen(layer, 'focusout', leave);

  /** @param {KeyboardEvent} event */
  function press(event) {
    const key = SCROLL_KEYS[event.key];
    const { target } = event;
    const isCell = target instanceof HTMLElement && target.dataset.cell && root.contains(target);
    if (!key || !shown || event.altKey || event.ctrlKey || event.metaKey) return;
    if (isCell) goByKey(key);
    else if (!shown.arrangement.isScrolling || !isOfGrid(target, root)) return;
    else if (key.pages) scrollByPages(key.pages);
    else scroll.scrollBy(pixelsOf(key));
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {ScrollKey} key */
  function goByKey({ down = 0, right = 0, pages = 0 }) {
    if (!shown) return;
    const { bottom, top } = sight(shown);
    const rows = down + pages * Math.max(1, bottom - top - 1);
    // The first and the last head, where a page goes to its first and last row.
    const columns = Math.abs(down) === ALL ? down : right;
    const i = cells.go({ down: rows, right: columns }, shown.arrangement);
    const box = placement.boxOf(i);
    if (box) viewport.reveal(box, windowOf(root, shown.arrangement));
    cells.focus();
  }

  /** @param {number} pages */
  function scrollByPages(pages) {
    const { clientHeight } = scroll.element;
    scroll.scrollBy({ top: pages * PAGE * clientHeight });
  }

  /** @param {number} down @param {number} right */
  function scrollBySlots(down, right) {
    if (!shown) return;
    const { arrangement, transform } = shown;
    const { x, y } = arrangement.pitch;
    scroll.scrollBy({ left: right * x * transform.k, top: down * y * transform.k });
  }

  cleanup.listen(document, 'keydown', press);
  cleanup.add(pointed.subscribe(cells.ring));

  /** @param {{arrangement: Arrangement, transform: Transform}} of */
  function sight({ arrangement, transform }) {
    return slotsInSight(arrangement, transform, windowOf(root, arrangement));
  }

  return {
    update,
    /**
     * Put the buttons where the canvas has their heads.
     *
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {{width: number, height: number}} room
     */
    place(arrangement, transform, room) {
      const manifest = facts.description.value?.manifest;
      const n = manifest ? manifest.n_layers * manifest.n_heads : 0;
      if (element.hidden || arrangement.cells.n !== n) return;
      if (shown && !isSame(shown.transform, transform)) text.hide();
      if (shown && shown.arrangement !== arrangement) leave();
      shown = { arrangement, transform };
      scroll.place(arrangement, transform, room);
      const seen = sight(shown);
      cells.show(seen, arrangement);
      placement.place(cells.shown, arrangement, transform, scroll.corner);
      axes.place(arrangement, transform, seen);
      notes.place(arrangement, transform, seen);
      overview.place(arrangement, seen, room);
    },
    destroy() {
      placement.destroy();
      cleanup.run();
      axes.destroy();
      overview.destroy();
      scroll.destroy();
      element.remove();
    },
  };
}

/** @param {Transform} a @param {Transform} b */
function isSame(a, b) {
  return a.k === b.k && a.x === b.x && a.y === b.y;
}

/** @param {ScrollKey} key CSS pixels to scroll */
function pixelsOf({ down = 0, right = 0 }) {
  return { left: right * ARROW_PX, top: down * ARROW_PX };
}

/**
 * Whether a key without a target is meant for this grid: nothing has the focus, and of two panes
 * this is the one that was used last.
 *
 * @param {EventTarget | null} target
 * @param {HTMLElement} root
 */
function isOfGrid(target, root) {
  if (target instanceof Node && root.contains(target)) return true;
  if (target !== document.body || document.querySelector('dialog:modal')) return false;
  const isSplit = root.closest('.is-split') !== null;
  return !isSplit || root.closest('.stage.is-active') !== null;
}

/**
 * Where heads are in sight, CSS pixels.
 *
 * @param {HTMLElement} root
 * @param {Arrangement} arrangement
 */
function windowOf({ clientHeight, clientWidth }, { view }) {
  const { left, top, right, bottom } = view ?? { left: 0, top: 0, right: 0, bottom: 0 };
  return {
    left,
    top,
    right: Math.min(right, clientWidth),
    bottom: Math.min(bottom, clientHeight),
  };
}
