/**
 * The numbers of layers and heads, or of ranks, at the borders of the grid; they stay in sight
 * while the grid moves. Only those in sight have an element.
 */

import { hasParts, partOf, rowName } from '../compute/head_parts.js';
import { el, setText } from '../ui/dom.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Sight } from './grid_cells.js' */
/** @import { Transform } from '../types.js' */
/** @import { Layers } from '../ui/labels.js' */

/** Least distance of two numbers, CSS pixels. */
const APART_PX = Object.freeze({ x: 22, y: 18 });

/** @param {HTMLElement} root */
export function createAxes(root) {
  const heads = createAxis('heads', (at) => `translate(${at}px, 0) translateX(-50%)`);
  const layers = createAxis('layers', (at) => `translate(0, ${at}px) translateY(-50%)`);
  const across = el('span', {});
  const down = el('span', {});
  const corner = el('div', { class: 'axis__corner' }, across, down);
  const groups = createGroupLines();
  const element = el(
    'div',
    { class: 'axes', 'aria-hidden': 'true', hidden: true },
    heads.element,
    layers.element,
    groups.element,
    corner,
  );
  root.append(element);
  /** Whether the numbers are ranks. */
  let isRanked = false;
  /** @type {Layers} */
  let rows = null;

  /** @param {number} row @param {Arrangement} grid */
  function nameOf(row, { nColumns, rows: shown }) {
    if (isRanked) return String(row * nColumns + 1);
    const layer = shown?.layers[row] ?? row;
    return hasParts(rows) ? rowName(rows, layer) : String(layer);
  }

  return {
    /**
     * Layers and heads count from 0, ranks from 1: those of the first row at the top, the first of
     * each row at the left.
     *
     * @param {boolean} isSorted
     * @param {Layers} nextRows
     */
    build(isSorted, nextRows) {
      [isRanked, rows] = [isSorted, nextRows];
      setText(across, isSorted ? 'rank' : 'H →');
      setText(down, isSorted || hasParts(rows) ? '' : 'L ↓');
      groups.list(isSorted ? [] : groupStarts(rows));
    },
    /**
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {Sight} sight
     */
    place(arrangement, { k, x: left, y: top }, sight) {
      const { isList, nColumns, pitch, rows: shown, slots } = arrangement;
      element.hidden = isList;
      if (isList) return;
      const { x, y, size } = slots;
      heads.show(
        sight.left,
        sight.right,
        Math.max(1, Math.ceil(APART_PX.x / (pitch.x * k))),
        (i) => ({ at: (x[i] + size[i] / 2) * k + left, name: String(isRanked ? i + 1 : i) }),
      );
      layers.show(
        sight.top,
        sight.bottom,
        Math.max(1, Math.ceil(APART_PX.y / (pitch.y * k))),
        (i) => ({
          at: (y[i * nColumns] + size[i * nColumns] / 2) * k + top,
          name: nameOf(i, arrangement),
        }),
      );
      /** @param {number} layer */
      const rowOf = (layer) => (shown ? shown.layers.findIndex((row) => row >= layer) : layer);
      groups.place(
        (layer) => y[rowOf(layer) * nColumns] * k + top - (pitch.y - size[0]) * k,
        sight,
      );
    },
    destroy: () => element.remove(),
  };
}

/**
 * The rows at which another part begins, such as the decoder; none where parts take turns.
 *
 * @param {Layers} rows
 */
function groupStarts(rows) {
  const starts = (rows ?? []).flatMap((_, i) =>
    i > 0 && partOf(rows, i) !== partOf(rows, i - 1) ? [i] : [],
  );
  return starts.every((start) => rowName(rows, start).endsWith('0')) ? starts : [];
}

/** Thin lines above the rows at which another part begins. */
function createGroupLines() {
  const element = el('div', { class: 'axis__groups' });
  /** @type {{row: number, line: HTMLElement}[]} */
  let lines = [];

  return {
    element,
    /** @param {number[]} rows */
    list(rows) {
      lines = rows.map((row) => ({ row, line: el('div', { class: 'axis__group' }) }));
      element.replaceChildren(...lines.map(({ line }) => line));
    },
    /** @param {(row: number) => number} topOf CSS pixels @param {Sight} sight */
    place(topOf, { top, bottom }) {
      for (const { row, line } of lines) {
        line.hidden = row <= top || row >= bottom;
        if (!line.hidden) line.style.transform = `translate(0, ${topOf(row)}px)`;
      }
    },
  };
}

/**
 * @param {'heads' | 'layers'} name
 * @param {(at: number) => string} transformAt
 */
function createAxis(name, transformAt) {
  const element = el('div', { class: `axis axis--${name}` });
  /** @type {HTMLElement[]} */
  const numbers = [];

  return {
    element,
    /**
     * @param {number} first
     * @param {number} end the first beyond
     * @param {number} every how many have a number
     * @param {(i: number) => {at: number, name: string}} numberOf
     */
    show(first, end, every, numberOf) {
      let used = 0;
      for (let i = Math.ceil(first / every) * every; i < end; i += every) {
        const number = (numbers[used] ??= el('span', { class: 'axis__number' }));
        if (!number.isConnected) element.append(number);
        const { at, name } = numberOf(i);
        setText(number, name);
        number.style.transform = transformAt(at);
        used++;
      }
      for (const number of numbers.splice(used)) number.remove();
    },
  };
}
