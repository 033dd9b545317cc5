/**
 * What lies over the canvas of all heads: a named button with title and number for each, and the
 * numbers of rows and columns.
 */

import { besideSlot } from './arrangement.js';
import { TITLE_PX } from '../compute/title.js';
import { mapOf, methodOf } from '../data/best_map.js';
import { createCleanup, el, inheritFocus } from '../ui/dom.js';
import { methodLabels } from '../data/projection_methods.js';
import { slotsOf } from '../data/head_measure_columns.js';
import { scoreFacts } from '../data/head_measures.js';
import { chosenMap, fidelityOf } from '../data/points.js';
import { createAxes } from './axes.js';
import { describeFit } from './pair_fit_badge.js';
import { cellParts, createCell } from './cell.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Context, HeadId, Manifest, State } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Transform } from '../types.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { Cell, Look } from './cell.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** Widths of a column from which title and number have room, in rem. */
const ROOM_FOR_TITLE = 3.2;
const ROOM_FOR_BOTH = 5.4;
/** Title and number stay together however large the map below them gets, in rem. */
const WIDEST_TITLE = 7;
/** After this pause in zooming the titles get their own size again. */
const REST_MS = 150;
/** Below this height of the line above a head there are no words at all, CSS pixels. */
const MIN_TITLE_PX = 13;

/** How the grid is read. */
const LAYERED = 'All heads: rows are layers, columns are heads';

/** @type {Record<string, 'up' | 'down' | 'left' | 'right'>} */
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };

/**
 * @param {HTMLElement} root
 * @param {Context & {pointed: ReturnType<typeof
 *   import('../ui/observable.js').createObservable<number>>, tooltip: Tooltip, viewport: Viewport,
 *   theme: () => ShownTheme}} context `pointed` is the index
 *   of the head that is pointed at, here or on the map of heads; -1: none
 */
export function createGrid(root, { actions, derived, facts, pointed, theme, tooltip, viewport }) {
  const cleanup = createCleanup();
  const layer = el('div', { class: 'grid__layer' });
  const element = el('div', { class: 'grid', role: 'group', 'aria-label': LAYERED }, layer);
  root.append(element);
  const axes = createAxes(element);
  /** @type {Cell[]} */
  let cells = [];
  /** @type {Manifest | null} */
  let manifest = null;
  /** @type {unknown[]} */
  let known = [];
  /** @type {Look} */
  let look = { tint: null, sorted: null, places: null, inside: null, theme: 'light' };
  /** Heads in the order of their places; null: layer by layer. @type {Int32Array | null} */
  let order = null;
  let scale = 0;
  /** @type {Arrangement | null} */
  let arranged = null;
  let current = 0;
  /** Which cell the words beside the mouse are of; -1: none. */
  let explained = -1;
  let name = '';
  let wasOpen = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;
  /** @type {HeadId | null} */
  let left = null;

  /** @param {State} state */
  function update(state) {
    const isOpen = state.at === null;
    element.hidden = !isOpen;
    if (!isOpen) {
      left = state.at;
      if (!wasOpen) return;
      wasOpen = false;
      hush();
      return;
    }
    build(facts.description.value?.manifest ?? null);
    sort(derived.heads().order(state));
    describe(state);
    if (!wasOpen && left && manifest) comeBack(left, manifest);
    wasOpen = true;
  }

  /** The head one comes from has the focus again. @param {HeadId} at @param {Manifest} model */
  function comeBack({ layer, head }, model) {
    const i = layer * model.n_heads + head;
    if (layer >= model.n_layers || head >= model.n_heads) return;
    setCurrent(i);
    inheritFocus(cells[i].button);
  }

  /** @param {Manifest | null} next */
  function build(next) {
    const isSame =
      next?.id === manifest?.id &&
      next?.n_layers === manifest?.n_layers &&
      next?.n_heads === manifest?.n_heads;
    manifest = next;
    if (isSame) return;
    known = [];
    hush();
    scale = current = 0;
    order = null;
    cells = next ? makeCells(next) : [];
    layer.replaceChildren(...cells.map(({ button }) => button));
    element.classList.remove('grid--sorted');
    axes.build(next?.n_layers ?? 0, next?.n_heads ?? 0, false);
  }

  /** @param {Manifest} model */
  function makeCells({ n_layers: nLayers, n_heads: nHeads }) {
    const made = Array.from({ length: nLayers * nHeads }, (_, i) =>
      makeCell({ layer: Math.floor(i / nHeads), head: i % nHeads }, i),
    );
    if (made.length > 0) made[0].button.tabIndex = 0;
    return made;
  }

  /**
   * Reading goes in the order that is seen; the head that has the focus keeps it.
   *
   * @param {Int32Array | null} next
   */
  function sort(next) {
    if (next === order || !manifest) return;
    order = next;
    const holder = document.activeElement;
    const sorted = order ? Array.from(order, (i) => cells[i]) : cells;
    layer.replaceChildren(...sorted.map(({ button }) => button));
    if (holder instanceof HTMLElement && holder.classList.contains('cell'))
      holder.focus({ preventScroll: true });
    else setCurrent(order ? order[0] : 0);
    element.classList.toggle('grid--sorted', order !== null);
    axes.build(manifest.n_layers, manifest.n_heads, order !== null);
  }

  /**
   * @param {HeadId} at
   * @param {number} i
   */
  function makeCell(at, i) {
    const cell = createCell(at, {
      onClick: () => open(i),
      onPointerenter: () => {
        pointed.set(i);
        explain(i);
      },
      onPointerleave: leave,
      onPointerdown: hush,
      onFocus: () => {
        setCurrent(i);
        if (cell.button.matches(':focus-visible')) {
          pointed.set(i);
          explain(i);
        }
      },
      onBlur: leave,
    });
    return cell;
  }

  function leave() {
    pointed.set(-1);
    hush();
  }

  function hush() {
    explained = -1;
    tooltip.hide();
  }

  /** @param {number} i */
  function open(i) {
    leave();
    actions.openHead(cells[i].at);
  }

  /** What is chosen of the numbers of all heads. @param {State} state */
  function chosen(state) {
    const [tint, sorted] = [state.score, state.order].map((name) =>
      derived.heads().column(name, state),
    );
    return { tint, sorted, inside: derived.heads().within(state)?.inside ?? null };
  }

  /** @param {Column | null} sorted */
  function formatOrder(sorted) {
    return sorted && order
      ? `All heads in the order of ${scoreFacts(sorted.name).label}, row by row`
      : LAYERED;
  }

  /** Names, numbers and states of all heads. @param {State} state */
  function describe(state) {
    // While another map is on its way the former picture stays, and so do its numbers.
    if (known.length > 0 && facts.grid.status === 'loading' && facts.grid.value) return;
    name = chosenMap(state) ?? '';
    const grid = facts.grid.value?.name === name ? facts.grid.value : null;
    const heads = facts.heads.value;
    const { inside, sorted, tint } = chosen(state);
    const fits = derived.fits();
    const next = [name, grid, heads, tint, sorted, inside, order, theme(), fits];
    if (known.length > 0 && next.every((part, i) => part === known[i])) return;
    known = next;
    look = { tint, sorted, places: order && slotsOf(order), inside, theme: theme() };
    element.setAttribute('aria-label', formatOrder(sorted));
    const isAwaited = facts.grid.status === 'loading';
    for (const [i, cell] of cells.entries()) {
      const isReady = grid !== null && grid.ready[i] === 1;
      cell.describe(
        i,
        {
          isReady,
          isAwaited,
          fidelity: isReady ? fidelityOf(heads, cell.at, name) : null,
          kind: kindOf(cell.at),
        },
        look,
      );
      describeFit(cell.button, fits?.get(`${cell.at.layer},${cell.at.head}`) ?? null);
    }
    explain(explained);
  }

  /** The kind of map of a head, where heads have maps of different kinds. @param {HeadId} at */
  function kindOf(at) {
    const own = mapOf(facts.heads.value, at, name);
    return own && own !== name ? methodLabels(methodOf(own)).label : '';
  }

  /** Say the numbers of a head in words. @param {number} i -1: of none */
  function explain(i) {
    explained = i;
    if (i < 0) return;
    const { at, button } = cells[i];
    const isReady = facts.grid.value?.name === name && facts.grid.value.ready[i] === 1;
    const [box, corner] = [button.getBoundingClientRect(), root.getBoundingClientRect()];
    const fidelity = isReady ? fidelityOf(facts.heads.value, at, name) : null;
    tooltip.show(
      { x: box.right - corner.left - 8, y: box.top - corner.top - 8 },
      cellParts(at, i, { isReady, fidelity, kind: kindOf(at) }, look),
    );
  }

  /**
   * One head of the grid is in the order of Tab; the arrow keys move from there.
   *
   * @param {number} i
   */
  function setCurrent(i) {
    if (cells[current]) cells[current].button.tabIndex = -1;
    current = i;
    cells[i].button.tabIndex = 0;
  }

  cleanup.listen(element, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const direction = ARROWS[event.key];
    if (
      !direction ||
      !manifest ||
      event.altKey ||
      event.ctrlKey ||
      event.metaKey ||
      !(event.target instanceof Element) ||
      !event.target.classList.contains('cell')
    )
      return;
    event.preventDefault();
    event.stopPropagation();
    const next = besideSlot(look.places ? look.places[current] : current, direction, manifest);
    if (next < 0) return;
    setCurrent(order ? order[next] : next);
    reveal(current);
    cells[current].button.focus({ preventScroll: true });
  });
  cleanup.add(
    pointed.subscribe((head) =>
      cells.forEach(({ button }, i) => button.classList.toggle('is-pointed', i === head)),
    ),
  );
  // A browser scrolls a focused button into sight, which would move the buttons off their pictures.
  cleanup.listen(element, 'scroll', () => {
    element.scrollTop = element.scrollLeft = 0;
  });

  /** @param {number} i */
  function reveal(i) {
    if (!arranged) return;
    const {
      cells: { x, y, size },
    } = arranged;
    viewport.reveal(
      { x: x[i], y: y[i] - TITLE_PX, width: size[i], height: size[i] + TITLE_PX },
      { left: 44, top: 30, right: root.clientWidth - 8, bottom: root.clientHeight - 8 },
    );
  }

  /**
   * Put the buttons where the canvas has their heads.
   *
   * @param {Arrangement} arrangement
   * @param {Transform} transform
   * @param {{width: number, height: number}} room
   */
  function place(arrangement, transform, room) {
    if (element.hidden || arrangement.cells.n !== cells.length) return;
    if (arrangement !== arranged || scale === 0) settle(arrangement, transform.k);
    const grown = transform.k / scale;
    const scaled = grown === 1 ? '' : ` scale(${grown})`;
    layer.style.transform = `translate(${transform.x}px, ${transform.y}px)${scaled}`;
    axes.place(arrangement, transform, room, manifest?.n_heads ?? 1);
    if (grown === 1) return;
    layer.classList.add('is-moving');
    clearTimeout(rest);
    rest = setTimeout(() => {
      settle(arrangement, transform.k);
      layer.style.transform = `translate(${transform.x}px, ${transform.y}px)`;
    }, REST_MS);
  }

  /**
   * Lay the buttons out for a scale; until then they grow with the picture as a whole, which costs
   * next to nothing.
   *
   * @param {Arrangement} arrangement
   * @param {number} k
   */
  function settle(arrangement, k) {
    clearTimeout(rest);
    layer.classList.remove('is-moving');
    arranged = arrangement;
    scale = k;
    layOut(arrangement, k);
  }

  /** @param {Arrangement} arrangement @param {number} k */
  function layOut({ cells: { x, y, size }, pitch, titleWidth }, k) {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const title = Math.min(1.5 * rem, TITLE_PX * k);
    const hasTitles = title >= MIN_TITLE_PX && pitch.x * k >= ROOM_FOR_TITLE * rem;
    element.classList.toggle('grid--bare', !hasTitles);
    element.classList.toggle('grid--brief', hasTitles && pitch.x * k < ROOM_FOR_BOTH * rem);
    const width = Math.max(size[0] * k, Math.min(titleWidth * k, WIDEST_TITLE * rem));
    layer.style.setProperty('--title', `${title}px`);
    for (const [i, { button }] of cells.entries()) {
      const side = size[i] * k;
      button.style.width = `${width}px`;
      button.style.height = `${side + title}px`;
      const left = x[i] * k - (width - side) / 2;
      button.style.transform = `translate(${left}px, ${y[i] * k - title}px)`;
    }
  }

  return {
    update,
    place,
    destroy() {
      clearTimeout(rest);
      cleanup.run();
      axes.destroy();
      element.remove();
    },
  };
}
