/**
 * The overview beside a grid that scrolls: every head as a coloured square, with the part in sight
 * as a frame. A press or a drag brings a place into sight, and so do keys.
 */

import { lastOnly } from '../compute/memo.js';
import { colorIn, formatHeadMeasure } from './cell.js';
import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import { createCleanup, el, emptyPen, setAttribute, setText } from '../ui/dom.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { measureFacts } from '../data/head_measures.js';
import { formatHead } from '../ui/labels.js';
import { layeredOrder } from '../compute/model_heads.js';
import { slotsOf } from '../data/head_measure_columns.js';
import { headOf } from './arrangement.js';
import { SCROLL_KEYS } from './grid_scroll.js';

/** @import { Model } from '../compute/model_heads.js' */
/** @import { Context, State } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */
/** @import { Arrangement } from './arrangement.js' */
/** @import { Sight } from './grid_cells.js' */

const PADDING_PX = 8;
const TOP_PX = 26;
const BOTTOM_PX = 40;
/** Largest square, and how much higher than wide one may be: layers are what one scrolls. */
const MOST_PX = 10;
const MOST_STRETCH = 4;
/** Least width of an overview with words. */
const WORDS_PX = 72;
const OUTSIDE_OPACITY = 0.2;
/** What the squares show unless a score is chosen. */
const FIDELITY = 'recall_at_10';

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'derived' | 'facts'> & {tooltip: Tooltip, theme: () => ShownTheme}} context
 * @param {object} calls
 * @param {string} calls.controls id of what is scrolled
 * @param {(cell: number) => void} calls.goTo brings a head to the middle
 * @param {(down: number, right: number) => void} calls.step scrolls by rows and columns
 * @param {(pages: number) => void} calls.turn scrolls by windows
 * @param {(wheel: WheelEvent) => void} calls.roll
 */
export function createOverview(root, { derived, facts, theme, tooltip }, calls) {
  const cleanup = createCleanup();
  const squares = el('canvas', { class: 'overview__squares' });
  const frame = el('div', { class: 'overview__frame' });
  const label = el('span', { class: 'overview__label', 'aria-hidden': 'true' });
  const strip = el(
    'div',
    {
      class: 'overview__strip',
      role: 'scrollbar',
      tabindex: '0',
      'aria-orientation': 'vertical',
      'aria-controls': calls.controls,
      'aria-valuemin': '0',
    },
    squares,
    frame,
  );
  const [ramp, least, most] = ['ramp', 'least', 'most'].map((name) =>
    el('span', { class: `overview__${name}` }),
  );
  const scale = el('div', { class: 'overview__scale', 'aria-hidden': 'true' }, ramp, least, most);
  const element = el('div', { class: 'overview', hidden: true }, label, strip, scale);
  root.append(element);
  /** @type {{model: Model, nRows: number, side: {x: number, y: number}} | null} */
  let laid = null;
  /**
   * `order`: cells by square, -1 where there is none, null if they have the same numbers.
   *
   * @type {{column: Column | null, inside: Uint8Array | null, order: Int32Array | null, isRanked:
   *   boolean}}
   */
  let look = { column: null, inside: null, order: null, isRanked: false };
  /** What the squares were drawn for. @type {unknown[]} */
  let drawn = [];
  let isDragging = false;
  const layered = lastOnly(layeredOrder);

  /** @param {State} state */
  function update(state) {
    const heads = derived.heads();
    const column = heads.column(state.score ?? state.order ?? FIDELITY, state);
    const model = facts.description.value?.manifest;
    const sorted = heads.order(state);
    look = {
      column,
      inside: heads.within(state)?.inside ?? null,
      order: sorted ?? (model ? layered(model) : null),
      isRanked: sorted !== null,
    };
    const words = measureFacts(column?.name ?? FIDELITY).label;
    setText(label, words);
    const [low, high] = column?.range ?? [NaN, NaN];
    setText(least, formatMeasureValue(low));
    setText(most, formatMeasureValue(high));
    const stops = rampStops(canvasPalette(theme()).scores).join(', ');
    ramp.style.backgroundImage = `linear-gradient(to right, ${stops})`;
    scale.hidden = column === null;
    setAttribute(strip, 'aria-label', `Overview of all heads: ${words}`);
    draw();
  }

  /**
   * @param {Arrangement} arrangement
   * @param {Sight} sight
   * @param {{width: number, height: number}} room
   */
  function place({ isList, nColumns, order, overview, rows: layers, slots }, sight, { height }) {
    element.hidden = overview === 0;
    root.style.setProperty('--overview', `${overview}px`);
    const model = facts.description.value?.manifest ?? null;
    if (overview === 0 || !model) return;
    const { n_heads: nHeads } = model;
    const nSquares = look.order ? look.order.length : model.n_layers * nHeads;
    const nRows = Math.max(1, Math.ceil(nSquares / nHeads));
    const width = overview - 2 * PADDING_PX;
    const x = width / nHeads;
    const y = Math.min(
      (height - TOP_PX - BOTTOM_PX) / nRows,
      MOST_PX,
      isList ? MOST_PX : MOST_STRETCH * x,
    );
    laid = { model, nRows, side: { x, y } };
    element.style.width = `${overview}px`;
    element.classList.toggle('overview--slim', overview < WORDS_PX);
    strip.style.height = `${y * nRows}px`;
    const squares = look.order && slotsOf(look.order, model.n_layers * nHeads);
    /** The row of what a list shows at a place. @param {number} slot */
    const rowOf = (slot) => {
      const cell = order?.[slot] ?? slot;
      return Math.floor((squares?.[cell] ?? cell) / nHeads);
    };
    const rows = isList
      ? { top: rowOf(sight.top), bottom: rowOf(Math.max(sight.top, sight.bottom - 1)) + 1 }
      : sight;
    const columns = isList ? { left: 0, right: nHeads } : sight;
    frame.style.transform = `translate(${columns.left * x}px, ${rows.top * y}px)`;
    frame.style.width = `${(columns.right - columns.left) * x}px`;
    frame.style.height = `${(rows.bottom - rows.top) * y}px`;
    setAttribute(strip, 'aria-valuemax', String(Math.max(0, slots.n / nColumns - 1)));
    setAttribute(strip, 'aria-valuenow', String(sight.top));
    setAttribute(strip, 'aria-valuetext', inWords({ ...rows, ...columns }, nHeads, layers));
    draw();
  }

  /** @param {Sight} sight @param {number} nHeads @param {Arrangement['rows']} rows */
  function inWords({ top, bottom, left, right }, nHeads, rows) {
    if (look.isRanked) return `ranks ${top * nHeads + 1} to ${bottom * nHeads}`;
    const [first, last] = [top, bottom - 1].map((row) => rows?.layers[row] ?? row);
    return `layers ${first} to ${last}, heads ${left} to ${right - 1}`;
  }

  function draw() {
    if (!laid || element.hidden) return;
    const { model, nRows, side } = laid;
    const next = [look.column, look.inside, look.order, theme(), side.x, side.y, devicePixelRatio];
    if (next.every((part, i) => part === drawn[i])) return;
    drawn = next;
    const pen = emptyPen(squares);
    if (pen) paint(pen, look, model.n_heads, nRows, side, theme());
  }

  /** The head under the mouse. @param {PointerEvent} event @returns {number} cell; -1: none */
  function cellAt({ clientX, clientY }) {
    if (!laid) return 0;
    const { left, top } = strip.getBoundingClientRect();
    const { model, nRows, side } = laid;
    /** @param {number} at @param {number} n */
    const index = (at, n) => Math.min(n - 1, Math.max(0, Math.floor(at)));
    const row = index((clientY - top) / side.y, nRows);
    const square = row * model.n_heads + index((clientX - left) / side.x, model.n_heads);
    return look.order ? (look.order[square] ?? -1) : square;
  }

  /** @param {PointerEvent} event */
  function explain(event) {
    if (!laid) return;
    const head = cellAt(event);
    if (head < 0) return tooltip.hide();
    const { left, top } = root.getBoundingClientRect();
    tooltip.show({ x: element.getBoundingClientRect().left - left, y: event.clientY - top }, [
      el(
        'p',
        { class: 'tooltip__title' },
        formatHead(headOf(head, laid.model.n_heads), laid.model.layers),
      ),
      el('p', {}, look.column ? formatHeadMeasure(look.column, head) : ''),
    ]);
  }

  // What is pressed here neither pans nor marks.
  for (const type of ['mousedown', 'touchstart', 'pointerdown', 'click'])
    cleanup.listen(element, type, (/** @type {Event} */ event) => event.stopPropagation());
  cleanup.listen(strip, 'pointerdown', (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    isDragging = true;
    strip.setPointerCapture(event.pointerId);
    tooltip.hide();
    calls.goTo(cellAt(event));
  });
  cleanup.listen(strip, 'pointermove', (/** @type {PointerEvent} */ event) => {
    event.stopPropagation();
    if (isDragging) calls.goTo(cellAt(event));
    else if (event.pointerType !== 'touch') explain(event);
  });
  for (const type of ['pointerup', 'pointercancel'])
    cleanup.listen(strip, type, () => {
      isDragging = false;
    });
  cleanup.listen(strip, 'pointerleave', tooltip.hide);
  cleanup.listen(element, 'wheel', (/** @type {WheelEvent} */ event) => {
    event.stopPropagation();
    event.preventDefault();
    calls.roll(event);
  });
  cleanup.listen(strip, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const key = SCROLL_KEYS[event.key];
    if (!key || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (key.pages) calls.turn(key.pages);
    else calls.step(key.down ?? 0, key.right ?? 0);
  });

  return {
    update,
    place,
    hide() {
      element.hidden = true;
      root.style.setProperty('--overview', '0px');
    },
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {{column: Column | null, inside: Uint8Array | null, order: Int32Array | null}} look
 * @param {number} nHeads
 * @param {number} nRows
 * @param {{x: number, y: number}} side
 * @param {ShownTheme} theme
 */
function paint(pen, { column, inside, order }, nHeads, nRows, side, theme) {
  const ratio = pen.getTransform().a;
  /** @param {number} at */
  const snapped = (at) => Math.round(at * ratio) / ratio;
  /** @type {Map<number, string>} */
  const styles = new Map();
  const ramp = canvasPalette(theme).scores;
  const gap = { x: side.x >= 4 ? 1 : 0, y: side.y >= 4 ? 1 : 0 };
  for (let slot = 0; slot < nHeads * nRows; slot++) {
    const head = order ? (order[slot] ?? -1) : slot;
    if (head < 0) continue;
    const color = column && colorIn(ramp, column, head);
    if (color === null) continue;
    const [across, down] = [slot % nHeads, Math.floor(slot / nHeads)];
    const [left, top] = [snapped(across * side.x), snapped(down * side.y)];
    pen.globalAlpha = inside?.[head] === 0 ? OUTSIDE_OPACITY : 1;
    const style = styles.get(color) ?? cssColor(color);
    styles.set(color, style);
    pen.fillStyle = style;
    pen.fillRect(
      left,
      top,
      snapped((across + 1) * side.x) - left - gap.x,
      snapped((down + 1) * side.y) - top - gap.y,
    );
  }
}
