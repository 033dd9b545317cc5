/**
 * The map of heads, docked beside the grid or the open head: heads that attend alike lie near each
 * other.
 */

import { cellsOfHeads, countHeads } from '../compute/model_heads.js';
import { layersOf } from '../data/points.js';
import { createSlot, freshValue } from '../data/slots.js';
import { el, ICONS, icon, isNarrow, setAttribute, setText, showFailure } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';
import { focusTool } from '../ui/tool_row.js';
import { createHeadMapDots } from './head_map_dots.js';
import { aboutParts, imageOf, nearestParts } from './head_map_text.js';
import { createFigureButtons } from '../figure/figure_buttons.js';

/** @import { Context, HeadsMap, Slot, State, View } from '../page.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { DotLook, HeadMapDots } from './head_map_dots.js' */

const MAP_ICON = 'M4 4.5h.01M7 9h.01M11.5 3.5h.01M12.5 10h.01M4.5 12.5h.01M9.5 6.5h.01M9 13h.01';
/** From so many heads on their map is larger. */
const MANY_HEADS = 500;
const HELP = 'Heads that attend alike lie near each other. A click opens one.';

/**
 * What the map shows of its heads.
 *
 * @typedef {{map: HeadsMap, column: Column | null, cells: Int32Array, looks: DotLook[], stops:
 *   string[], nLayers: number, layers: Layers}} HeadMapImage
 */

/**
 * @param {HTMLElement} root beside what it is docked
 * @param {Pick<Context, 'actions' | 'api' | 'derived' | 'facts' | 'notify' | 'pane' | 'store'> &
 *   {theme: () => ShownTheme, pointed: ReturnType<typeof
 *   import('../ui/observable.js').createObservable<number>>}} context `pointed` is the cell of the
 *   head that is pointed at, in the grid or here; -1: none
 */
export function createMapOfHeads(root, context) {
  const { actions, facts, pane, pointed, store } = context;
  const figureButtons = createFigureButtons('heads', 'the map of heads', {
    ...context,
    headMapImage: (theme) => imageIn(theme),
  });
  const dock = createDock(figureButtons, { toggle: () => (isOpen ? fold() : setOpen(true)), fold });
  const { body, button, element } = dock;
  root.append(element);
  const dots = createHeadMapDots(body, {
    point: (i) => pointed.set(drawing.image()?.cells[i] ?? -1),
    open,
  });
  body.append(dock.side);
  /** @type {Slot<HeadsMap>} */
  const slot = createSlot('the map of heads', follow);
  const drawing = createDrawing(dock, dots, context);
  const stopPointed = pointed.subscribe(drawing.showNearest);
  // A dataset without a map has none to show; the second pane begins without.
  let isOpen = pane() !== 'B' && recall(memoryName()) === 'open';
  let hasToFocus = false;

  /** @param {boolean} next */
  function setOpen(next) {
    isOpen = hasToFocus = next;
    remember(memoryName(), next ? 'open' : 'folded');
    if (!next) pointed.set(-1);
    update(store.get());
  }

  function fold() {
    const hadFocus = element.contains(document.activeElement);
    setOpen(false);
    if (hadFocus) focusTool(button);
  }

  /** @param {number} i */
  function open(i) {
    const chosen = drawing.image()?.map.heads[i];
    if (!chosen) return;
    // an overlay would cover the head that opens
    if (getComputedStyle(element).position === 'absolute') fold();
    actions.openHead({ layer: chosen.layer, head: chosen.head });
  }

  function follow() {
    body.hidden = slot.status !== 'ready';
    if (slot.status === 'failed')
      showFailure(dock.words, 'Could not load the map of heads.', slot.error, slot.again);
    else setText(dock.words, body.hidden ? 'Loading the map of heads …' : HELP);
    update(store.get());
  }

  /** @param {State} state */
  function update(state) {
    const { dataset } = state;
    const description = facts.description.value;
    const isThere =
      dataset !== null && description?.id === dataset && description.state === 'complete';
    button.hidden = !isThere;
    element.hidden = !isThere || !isOpen;
    setAttribute(button, 'aria-expanded', String(!element.hidden));
    setAttribute(button, 'aria-pressed', String(!element.hidden));
    if (element.hidden || !isThere) return;
    const nHeads = description.manifest ? countHeads(description.manifest) : 0;
    element.classList.toggle('dock--wide', nHeads >= MANY_HEADS);
    slot.want(dataset, `${dataset} ${description.version}`, (signal) =>
      context.api.similarity(dataset, signal),
    );
    const map = freshValue(slot);
    if (!map) return;
    drawing.draw(state, map);
    if (hasToFocus) dots.focus();
    hasToFocus = false;
  }

  /**
   * What is drawn, in the colours of either theme; null while nothing is.
   *
   * @param {ShownTheme} theme
   */
  function imageIn(theme) {
    return element.hidden || body.hidden ? null : drawing.imageIn(theme);
  }

  return {
    button,
    update,
    image: imageIn,
    /** Go to the map; once there, fold it. */
    toggle() {
      if (button.hidden) return;
      if (element.hidden || !element.contains(document.activeElement)) setOpen(true);
      else fold();
    },
    destroy() {
      isOpen = false; // nothing is asked for any more
      slot.drop();
      stopPointed();
      dots.destroy();
      button.remove();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createMapOfHeads> & View} MapOfHeads */

/**
 * The dots and the words beside them, drawn again where what they are made of has changed.
 *
 * @param {{about: HTMLElement, element: HTMLElement, status: HTMLElement}} dock
 * @param {HeadMapDots} dots
 * @param {Parameters<typeof createMapOfHeads>[1]} context
 */
function createDrawing(
  { about, element, status },
  dots,
  { derived, facts, pointed, store, theme },
) {
  /** @type {HeadMapImage | null} */
  let image = null;
  /** @type {unknown[]} */
  let known = [];

  /** @param {State} state */
  const insideOf = (state) => derived.heads().within(state)?.inside ?? null;

  /** List the heads nearest to one; -1: to the open one, or none. @param {number} cell */
  function showNearest(cell) {
    if (!image || element.hidden) return;
    const current = indexOf(image.map, store.get().at);
    const shown = cell >= 0 ? image.cells.indexOf(cell) : current;
    dots.show(shown);
    status.replaceChildren(...nearestParts(image, shown, shown === current));
  }

  return {
    showNearest,
    image: () => image,
    /** @param {ShownTheme} shownTheme */
    imageIn(shownTheme) {
      const state = store.get();
      return (
        image &&
        imageOf(
          image.map,
          image.column,
          insideOf(state),
          shownTheme,
          state.palette,
          layersOf(facts),
          image.cells,
        )
      );
    },
    /** @param {State} state @param {HeadsMap} map */
    draw(state, map) {
      const column = derived.heads().column(state.score, state);
      const inside = insideOf(state);
      const model = facts.description.value?.manifest;
      const next = [map, column, inside, state.at, theme(), state.palette];
      if (next.every((part, i) => part === known[i])) return;
      known = next;
      const cells = model ? cellsOfHeads(model) : new Int32Array(0);
      image = imageOf(map, column, inside, theme(), state.palette, layersOf(facts), cells);
      dots.draw(image, indexOf(map, state.at));
      about.replaceChildren(...aboutParts(image));
      showNearest(pointed.get());
    },
  };
}

/** @param {HeadsMap} map @param {State['at']} at @returns {number} -1: none is open */
function indexOf({ heads }, at) {
  return heads.findIndex(({ layer, head }) => layer === at?.layer && head === at.head);
}

/** In narrow windows it lies over the map, so that its state is stored apart. */
function memoryName() {
  return `map-of-heads${isNarrow() ? '.narrow' : ''}`;
}

/**
 * @param {HTMLElement} figureButtons
 * @param {{toggle: () => void, fold: () => void}} calls
 */
function createDock(figureButtons, { toggle, fold }) {
  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    fold();
  }
  const button = el(
    'button',
    {
      class: 'button',
      type: 'button',
      title: 'Map of heads: which attend alike (key m)',
      'aria-expanded': 'false',
      onClick: toggle,
    },
    icon(MAP_ICON),
    el('span', { class: 'bar__label' }, 'Map of heads'),
  );
  const words = el('p', { class: 'dock__words soft', role: 'status' });
  const body = el('div', { class: 'map-of-heads', hidden: true });
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Fold the map of heads (Esc)',
      onClick: fold,
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Fold the map of heads'),
  );
  const element = el(
    'aside',
    { class: 'dock', 'aria-label': 'Map of heads', hidden: true, onKeydown: leave },
    el('div', { class: 'dock__head' }, el('h2', {}, 'Map of heads'), figureButtons, close),
    words,
    body,
  );
  const status = el('div', { class: 'map-of-heads__status' });
  const about = el('div', { class: 'map-of-heads__about' });
  const side = el(
    'div',
    {
      class: 'map-of-heads__side',
      tabindex: '0',
      role: 'group',
      'aria-label': 'What the map of heads tells',
    },
    status,
    about,
  );
  return { about, body, button, element, side, status, words };
}
