/**
 * The buttons of the heads that are in sight, in the order they are read in, and which of them is
 * in the order of Tab.
 */

import { inheritFocus } from '../ui/dom.js';
import { slotsOf } from '../data/head_measure_columns.js';
import { hasHead, layeredOrder } from '../compute/model_heads.js';
import { cellOf, headOf, slotBeside } from './arrangement.js';
import { createCell } from './cell.js';

/** @import { Model as Heads } from '../compute/model_heads.js' */
/** @import { HeadId } from '../page.js' */
/** @import { Arrangement } from './arrangement.js' */
/** @import { Cell } from './cell.js' */

/** @typedef {Heads & {id: string}} Model */
/** @typedef {{top: number, bottom: number, left: number, right: number}} Sight */

/**
 * Beyond so many cells in sight only the one that is pointed at and the one that has the focus have
 * a button; they are then as small as dots.
 */
const MAX_BUTTONS = 600;

/**
 * @param {HTMLElement} layer
 * @param {(cell: Cell) => void} entered called for each new button
 */
export function createGridCells(layer, entered) {
  /** @type {Model | null} */
  let model = null;
  /** @type {Map<number, Cell>} */
  const shown = new Map();
  /** Cells in the order of a measure; null: layer by layer. @type {Int32Array | null} */
  let sorted = null;
  /** Cells by slot; null if they have the same numbers. @type {Int32Array | null} */
  let order = null;
  /** Slots by cell. @type {Int32Array | null} */
  let slots = null;
  let current = 0;
  let pointed = -1;
  /** What is shown, in words. */
  let key = '';

  const nHeads = () => model?.n_heads ?? 1;
  const count = () => (model?.n_layers ?? 0) * nHeads();
  /** @param {number} i */
  const slotOf = (i) => slots?.[i] ?? i;
  /** @param {number} slot */
  const cellIn = (slot) => (order ? (order[slot] ?? -1) : slot);

  /** @param {number} i */
  function setCurrent(i) {
    const [former, next] = [shown.get(current), shown.get(i)];
    if (former) former.button.tabIndex = -1;
    current = i;
    if (next) next.button.tabIndex = 0;
  }

  /** @param {number} i */
  function ensure(i) {
    const known = shown.get(i);
    if (known) return known;
    const cell = createCell(headOf(i, nHeads()), i, model?.layers);
    if (i === current) cell.button.tabIndex = 0;
    cell.button.classList.toggle('is-pointed', i === pointed);
    shown.set(i, cell);
    const after = [...layer.children].find(
      (button) => slotOf(Number(/** @type {HTMLElement} */ (button).dataset.cell)) > slotOf(i),
    );
    layer.insertBefore(cell.button, after ?? null);
    entered(cell);
    return cell;
  }

  /** @param {Int32Array | null} next */
  function setOrder(next) {
    sorted = next;
    order = next ?? (model && layeredOrder(model));
    slots = order && slotsOf(order, count());
  }

  function clear() {
    for (const { button } of shown.values()) button.remove();
    shown.clear();
    key = '';
  }

  return {
    /** The cells that have a button. */
    shown: () => shown.values(),
    /** (cell) where a measure has put it; null: layer by layer. */
    get places() {
      return sorted && slots;
    },
    get current() {
      return current;
    },
    /** @param {Model | null} next @returns whether it is another */
    build(next) {
      const isSame = isSameModel(next, model);
      model = next;
      if (isSame) return false;
      setOrder(null);
      current = order ? Math.max(0, order[0]) : 0;
      pointed = -1;
      clear();
      return true;
    },
    /**
     * Reading goes in the order that is seen; the head that has the focus keeps it.
     *
     * @param {Int32Array | null} next
     * @returns whether it is another
     */
    sort(next) {
      if (next === sorted || !model) return false;
      setOrder(next);
      key = '';
      return true;
    },
    /**
     * Have buttons for the heads in sight.
     *
     * @param {Sight} sight
     * @param {Pick<Arrangement, 'nColumns'>} grid
     */
    show(sight, { nColumns }) {
      const holder = document.activeElement;
      const isHeld = holder !== null && holder === shown.get(current)?.button;
      const next = `${Object.values(sight)} ${isHeld && current} ${pointed}`;
      if (key === next || count() === 0) return;
      key = next;
      const inSight = cellsIn(sight, nColumns);
      const seen = new Set(inSight);
      if (!isHeld && inSight.length > 0 && !seen.has(current)) setCurrent(inSight[0]);
      if (isHeld || inSight.length === 0) seen.add(current);
      if (pointed >= 0) seen.add(pointed);
      replace([...seen].sort((a, b) => slotOf(a) - slotOf(b)));
      if (isHeld && document.activeElement !== holder)
        shown.get(current)?.button.focus({ preventScroll: true });
    },
    /**
     * Make the head some rows and columns away the current one.
     *
     * @param {{down: number, right: number}} step
     * @param {Pick<Arrangement, 'nColumns' | 'slots'>} grid
     * @returns its index
     */
    go(step, { nColumns, slots: { n } }) {
      let slot = slotBeside(slotOf(current), step, { nRows: n / nColumns, nColumns });
      while (slot > 0 && cellIn(slot) < 0) slot--; // a row with fewer heads ends earlier
      setCurrent(cellIn(slot));
      ensure(current);
      return current;
    },
    setCurrent,
    /** Focus the current head. */
    focus: () => ensure(current).button.focus({ preventScroll: true }),
    /** The head one comes from has the focus again. @param {HeadId} at */
    comeBackTo(at) {
      if (!model || !hasHead(model, at)) return;
      setCurrent(cellOf(at, model.n_heads));
      inheritFocus(ensure(current).button);
    },
    /** Outline the head that is pointed at. @param {number} i -1: none */
    ring(i) {
      shown.get(pointed)?.button.classList.remove('is-pointed');
      pointed = i;
      if (i >= 0 && i < count()) ensure(i).button.classList.add('is-pointed');
    },
    /** @param {number} i */
    ensure,
  };

  /**
   * The cells in sight; none where they are too many for buttons.
   *
   * @param {Sight} sight
   * @param {number} nColumns
   */
  function cellsIn({ top, bottom, left, right }, nColumns) {
    /** @type {number[]} */
    const found = [];
    if ((bottom - top) * (right - left) > MAX_BUTTONS) return found;
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) found.push(cellIn(row * nColumns + column));
    return found.filter((cell) => cell >= 0);
  }

  /** @param {number[]} wanted heads, in the order of their places */
  function replace(wanted) {
    const kept = new Set(wanted);
    for (const [i, { button }] of shown)
      if (!kept.has(i)) {
        button.remove();
        shown.delete(i);
      }
    let next = layer.firstChild;
    for (const i of wanted) {
      const known = shown.get(i);
      const cell = known ?? createCell(headOf(i, nHeads()), i, model?.layers);
      if (cell.button === next) next = next.nextSibling;
      else layer.insertBefore(cell.button, next);
      if (known) continue;
      shown.set(i, cell);
      if (i === current) cell.button.tabIndex = 0;
      cell.button.classList.toggle('is-pointed', i === pointed);
      entered(cell);
    }
  }
}

/** @typedef {ReturnType<typeof createGridCells>} GridCells */

/** @param {Model | null} a @param {Model | null} b */
function isSameModel(a, b) {
  return a?.id === b?.id && a?.n_layers === b?.n_layers && a?.n_heads === b?.n_heads;
}
