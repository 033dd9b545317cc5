/** What lies over the canvas of all heads: a named button with title and fidelity for each, and the numbers of rows and columns. */

import { TITLE_PX } from '../arrangement.js';
import { createCleanup, el, inheritFocus, setAttribute, setText } from '../dom.js';
import { chosenMap, fidelityOf, neighbourOf } from '../select.js';
import { cellWords, FIDELITY_WORDS, headWords, isMisleading, measureWords, titleWords } from '../words.js';
import { createAxes } from './axes.js';
import { describeFit } from './fit_badge.js';

/** @import { Arrangement } from '../arrangement.js' */
/** @import { Context, Fidelity, HeadId, Manifest, State } from '../page.js' */
/** @import { Transform } from '../types.js' */
/** @import { Viewport } from '../viewport.js' */
/** @import { Tooltip } from './tooltip.js' */

/** Widths of a column from which title and number have room, in rem. */
const ROOM_FOR_TITLE = 3.2;
const ROOM_FOR_BOTH = 5.4;
/** Title and number stay together however large the map below them gets, in rem. */
const WIDEST_TITLE = 7;
/** After this pause in zooming the titles get their own size again. */
const REST_MS = 150;
/** Below this height of the line above a head there are no words at all, CSS pixels. */
const LEAST_TITLE_PX = 13;

/** @type {Record<string, 'up' | 'down' | 'left' | 'right'>} */
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };

/** @typedef {{at: HeadId, button: HTMLButtonElement, badge: HTMLElement, meter: HTMLElement, fill: HTMLElement}} Cell */

/**
 * @param {HTMLElement} root
 * @param {Context & {tooltip: Tooltip, viewport: Viewport}} context
 */
export function createGrid(root, { actions, derived, facts, tooltip, viewport }) {
  const cleanup = createCleanup();
  const layer = el('div', { class: 'grid__layer' });
  const element = el('div', { class: 'grid', role: 'group', 'aria-label': 'All heads: rows are layers, columns are heads' }, layer);
  root.append(element);
  const axes = createAxes(element);
  /** @type {Cell[]} */
  let cells = [];
  /** @type {Manifest | null} */
  let manifest = null;
  /** @type {unknown[]} */
  let known = [];
  let scale = 0;
  /** @type {Arrangement | null} */
  let arranged = null;
  let current = 0;
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
      tooltip.hide();
      return;
    }
    build(facts.description.value?.manifest ?? null);
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
    if (next?.id === manifest?.id && next?.n_layers === manifest?.n_layers && next?.n_heads === manifest?.n_heads) {
      manifest = next;
      return;
    }
    manifest = next;
    known = [];
    scale = 0;
    current = 0;
    cells = [];
    for (let i = 0; next && i < next.n_layers * next.n_heads; i++) {
      cells.push(makeCell({ layer: Math.floor(i / next.n_heads), head: i % next.n_heads }, i));
    }
    layer.replaceChildren(...cells.map(({ button }) => button));
    axes.build(next?.n_layers ?? 0, next?.n_heads ?? 0);
  }

  /**
   * @param {HeadId} at
   * @param {number} i
   * @returns {Cell}
   */
  function makeCell(at, i) {
    const badge = el('span', { class: 'cell__badge' });
    const fill = el('span', { class: 'meter__fill' });
    const meter = el('span', { class: 'meter cell__meter' }, fill);
    const button = el('button', {
      class: 'cell', type: 'button', tabindex: i === 0 ? '0' : '-1',
      onClick: () => open(i), onPointerenter: () => explain(i), onPointerleave: () => tooltip.hide(), onPointerdown: () => tooltip.hide(),
      onFocus: () => { setCurrent(i); if (button.matches(':focus-visible')) explain(i); }, onBlur: () => tooltip.hide(),
    }, el('span', { class: 'cell__head' }, el('span', { class: 'cell__title' }, titleWords(at)), ' ', badge), meter);
    return { at, button, badge, meter, fill };
  }

  /** @param {number} i */
  function open(i) {
    tooltip.hide();
    actions.openHead(cells[i].at);
  }

  /** Names, numbers and states of all heads. @param {State} state */
  function describe(state) {
    // While another map is on its way the former picture stays, and so do its numbers.
    if (known.length > 0 && facts.grid.status === 'loading' && facts.grid.value) return;
    name = chosenMap(state) ?? '';
    const grid = facts.grid.value?.name === name ? facts.grid.value : null;
    const heads = facts.heads.value;
    const fits = derived.fits();
    if (known[0] === name && known[1] === grid && known[2] === heads && known[3] === fits) return;
    known = [name, grid, heads, fits];
    for (const [i, cell] of cells.entries()) {
      const isReady = grid !== null && grid.ready[i] === 1;
      describeCell(cell, isReady, isReady ? fidelityOf(heads, cell.at, name) : null);
      describeFit(cell.button, fits?.get(`${cell.at.layer},${cell.at.head}`) ?? null);
    }
  }

  /** @param {Cell} cell @param {boolean} isReady @param {Fidelity | null} fidelity */
  function describeCell({ at, button, badge, meter, fill }, isReady, fidelity) {
    setAttribute(button, 'aria-label', cellWords(at, fidelity, isReady || facts.grid.status === 'loading'));
    button.classList.toggle('is-pending', !isReady);
    const isWarning = isMisleading(fidelity);
    badge.classList.toggle('cell__badge--warning', isWarning);
    meter.classList.toggle('meter--warning', isWarning);
    setText(badge, fidelity ? measureWords(fidelity.recall_at_10) : '');
    fill.style.width = `${100 * Math.min(1, Math.max(0, fidelity?.recall_at_10 ?? 0))}%`;
  }

  /** Say the scores of a head in words. @param {number} i */
  function explain(i) {
    const { at, button } = cells[i];
    const fidelity = fidelityOf(facts.heads.value, at, name);
    const isReady = facts.grid.value?.name === name && facts.grid.value.ready[i] === 1;
    const [box, corner] = [button.getBoundingClientRect(), root.getBoundingClientRect()];
    const lines = fidelity && isReady ? scoreParts(fidelity) : [el('p', { class: 'soft' }, isReady ? '' : 'This map is not computed yet.')];
    tooltip.show({ x: box.right - corner.left - 8, y: box.top - corner.top - 8 }, [el('p', { class: 'tooltip__title' }, headWords(at)), ...lines]);
  }

  /** @param {Fidelity} fidelity */
  function scoreParts(fidelity) {
    const rows = FIDELITY_WORDS.flatMap((words) => [el('dt', {}, words.label), el('dd', {}, measureWords(fidelity[words.name]))]);
    return [el('dl', { class: 'tooltip__scores' }, ...rows), el('p', { class: 'tooltip__help' }, `${FIDELITY_WORDS[0].label}: ${FIDELITY_WORDS[0].help}`)];
  }

  /** One head of the grid is in the order of Tab; the arrow keys move from there. @param {number} i */
  function setCurrent(i) {
    if (cells[current]) cells[current].button.tabIndex = -1;
    current = i;
    cells[i].button.tabIndex = 0;
  }

  cleanup.listen(element, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const direction = ARROWS[event.key];
    if (!direction || !manifest || event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof Element) || !event.target.classList.contains('cell')) return;
    event.preventDefault();
    event.stopPropagation();
    const next = neighbourOf(cells[current].at, direction, manifest);
    if (!next) return;
    setCurrent(next.layer * manifest.n_heads + next.head);
    reveal(current);
    cells[current].button.focus({ preventScroll: true });
  });
  // A browser scrolls a focused button into sight, which would move the buttons off their pictures.
  cleanup.listen(element, 'scroll', () => { element.scrollTop = element.scrollLeft = 0; });

  /** @param {number} i */
  function reveal(i) {
    if (!arranged) return;
    const { cells: { x, y, size } } = arranged;
    viewport.reveal({ x: x[i], y: y[i] - TITLE_PX, width: size[i], height: size[i] + TITLE_PX }, { left: 44, top: 30, right: root.clientWidth - 8, bottom: root.clientHeight - 8 });
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
    layer.style.transform = `translate(${transform.x}px, ${transform.y}px)${grown === 1 ? '' : ` scale(${grown})`}`;
    axes.place(arrangement, transform, room, manifest?.n_heads ?? 1);
    if (grown === 1) return;
    layer.classList.add('is-moving');
    clearTimeout(rest);
    rest = setTimeout(() => {
      settle(arrangement, transform.k);
      layer.style.transform = `translate(${transform.x}px, ${transform.y}px)`;
    }, REST_MS);
  }

  /** Lay the buttons out for a scale; until then they grow with the picture as a whole, which costs next to nothing. @param {Arrangement} arrangement @param {number} k */
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
    const hasWords = title >= LEAST_TITLE_PX && pitch.x * k >= ROOM_FOR_TITLE * rem;
    element.classList.toggle('grid--bare', !hasWords);
    element.classList.toggle('grid--brief', hasWords && pitch.x * k < ROOM_FOR_BOTH * rem);
    const width = Math.max(size[0] * k, Math.min(titleWidth * k, WIDEST_TITLE * rem));
    layer.style.setProperty('--title', `${title}px`);
    for (const [i, { button }] of cells.entries()) {
      const side = size[i] * k;
      button.style.width = `${width}px`;
      button.style.height = `${side + title}px`;
      button.style.transform = `translate(${x[i] * k - (width - side) / 2}px, ${y[i] * k - title}px)`;
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
