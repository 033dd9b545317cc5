/**
 * What lies over the canvas of all heads: a named button with title and number for each, and the
 * numbers of rows and columns.
 */

import { besideSlot, cellOf, headOf } from './arrangement.js';
import { createCleanup, el, inheritFocus } from '../ui/dom.js';
import { slotsOf } from '../data/head_measure_columns.js';
import { createAxes } from './axes.js';
import { createCell } from './cell.js';
import { createGridPlacement } from './grid_placement.js';
import { createGridText, LAYERED } from './grid_text.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Context, HeadId, Manifest, State } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Transform } from '../types.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { Cell } from './cell.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** @typedef {Pick<Manifest, 'id' | 'n_layers' | 'n_heads'>} Model */

/** @typedef {'up' | 'down' | 'left' | 'right'} Direction */

/** @type {Record<string, Direction>} */
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };

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
  const element = el('div', { class: 'grid', role: 'group', 'aria-label': LAYERED }, layer);
  root.append(element);
  const axes = createAxes(element);
  const text = createGridText(root, element, context);
  const placement = createGridPlacement(element, layer);
  const cells = createCells(layer, {
    point,
    leave,
    press: text.hide,
    open(i) {
      leave();
      actions.openHead(cells.all[i].at);
    },
  });
  let wasOpen = false;
  /** The head one comes from. @type {HeadId | null} */
  let left = null;

  /** @param {State} state */
  function update(state) {
    element.hidden = state.at !== null;
    if (state.at) {
      if (wasOpen) text.hide();
      [left, wasOpen] = [state.at, false];
      return;
    }
    const model = facts.description.value?.manifest ?? null;
    const isOther = cells.build(model);
    if (isOther) {
      text.forget();
      placement.forget();
    }
    if (cells.sort(derived.heads().order(state)) || isOther) {
      element.classList.toggle('grid--sorted', cells.places !== null);
      axes.build(model?.n_layers ?? 0, model?.n_heads ?? 0, cells.places !== null);
    }
    text.update(state, cells.all, cells.places);
    if (!wasOpen && left) cells.comeBackTo(left);
    wasOpen = true;
  }

  /** @param {number} i */
  function point(i) {
    pointed.set(i);
    text.explain(cells.all[i], i);
  }

  function leave() {
    pointed.set(-1);
    text.hide();
  }

  cleanup.listen(element, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const direction = ARROWS[event.key];
    const isCell = event.target instanceof Element && event.target.classList.contains('cell');
    if (!direction || !isCell || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const i = cells.goTo(direction);
    if (i < 0) return;
    const box = placement.boxOf(i);
    if (box) viewport.reveal(box, windowOf(root));
    cells.buttons[i].focus({ preventScroll: true });
  });
  cleanup.add(pointed.subscribe(cells.ring));
  // A browser scrolls a focused button into sight, which would move the buttons off their maps.
  cleanup.listen(element, 'scroll', () => {
    element.scrollTop = element.scrollLeft = 0;
  });

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
      if (element.hidden || arrangement.cells.n !== cells.all.length) return;
      placement.place(cells.buttons, arrangement, transform);
      axes.place(arrangement, transform, room, cells.nColumns);
    },
    destroy() {
      placement.destroy();
      cleanup.run();
      axes.destroy();
      element.remove();
    },
  };
}

/** Where keys bring a head into sight, CSS pixels. @param {HTMLElement} root */
function windowOf({ clientHeight, clientWidth }) {
  return { left: 44, top: 30, right: clientWidth - 8, bottom: clientHeight - 8 };
}

/**
 * The buttons of all heads in the order they are read in, and which of them is in the order of Tab.
 *
 * @param {HTMLElement} layer
 * @param {{open: (i: number) => void, point: (i: number) => void, leave: () => void, press: () =>
 *   void}} calls heads by index
 */
function createCells(layer, { open, point, leave, press }) {
  /** @type {Model | null} */
  let model = null;
  /** @type {Cell[]} */
  let all = [];
  /** @type {HTMLElement[]} */
  let buttons = [];
  /** Heads in the order of their places; null: layer by layer. @type {Int32Array | null} */
  let order = null;
  /** @type {Int32Array | null} */
  let places = null;
  let current = 0;

  /** @param {number} i */
  function setCurrent(i) {
    if (buttons[current]) buttons[current].tabIndex = -1;
    current = i;
    buttons[i].tabIndex = 0;
  }

  /** @param {number} i */
  function listenersOf(i) {
    return {
      onClick: () => open(i),
      onPointerenter: () => point(i),
      onPointerleave: leave,
      onPointerdown: press,
      onFocus() {
        setCurrent(i);
        if (buttons[i].matches(':focus-visible')) point(i);
      },
      onBlur: leave,
    };
  }

  return {
    get all() {
      return all;
    },
    get buttons() {
      return buttons;
    },
    /** (head) where the order has it; null: layer by layer. */
    get places() {
      return places;
    },
    get nColumns() {
      return model?.n_heads ?? 1;
    },
    /** @param {Model | null} next @returns whether it is another */
    build(next) {
      const isSame = isSameModel(next, model);
      model = next;
      if (isSame) return false;
      order = places = null;
      current = 0;
      all = next ? cellsOf(next, listenersOf) : [];
      buttons = all.map(({ button }) => button);
      if (all.length > 0) setCurrent(0);
      layer.replaceChildren(...buttons);
      return true;
    },
    /**
     * Reading goes in the order that is seen; the head that has the focus keeps it.
     *
     * @param {Int32Array | null} next
     * @returns whether it is another
     */
    sort(next) {
      if (next === order || !model) return false;
      order = next;
      places = next && slotsOf(next);
      const holder = document.activeElement;
      layer.replaceChildren(...(next ? Array.from(next, (i) => buttons[i]) : buttons));
      if (holder instanceof HTMLElement && holder.classList.contains('cell'))
        holder.focus({ preventScroll: true });
      else setCurrent(next ? next[0] : 0);
      return true;
    },
    /** @param {Direction} direction @returns index of the head there, or -1 */
    goTo(direction) {
      const slot = model ? besideSlot(places?.[current] ?? current, direction, model) : -1;
      if (slot < 0) return -1;
      setCurrent(order ? order[slot] : slot);
      return current;
    },
    /** The head one comes from has the focus again. @param {HeadId} at */
    comeBackTo(at) {
      if (!model || at.layer >= model.n_layers || at.head >= model.n_heads) return;
      const i = cellOf(at, model.n_heads);
      setCurrent(i);
      inheritFocus(buttons[i]);
    },
    /** Outline the head that is pointed at. @param {number} head -1: none */
    ring: (head) =>
      buttons.forEach((button, i) => button.classList.toggle('is-pointed', i === head)),
  };
}

/** @param {Model | null} a @param {Model | null} b */
function isSameModel(a, b) {
  return a?.id === b?.id && a?.n_layers === b?.n_layers && a?.n_heads === b?.n_heads;
}

/** @param {Model} model @param {(i: number) => Parameters<typeof createCell>[1]} listenersOf */
function cellsOf({ n_layers: nLayers, n_heads: nHeads }, listenersOf) {
  return Array.from({ length: nLayers * nHeads }, (_, i) =>
    createCell(headOf(i, nHeads), listenersOf(i)),
  );
}
