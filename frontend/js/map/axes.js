/**
 * The numbers of layers and heads, or of ranks, at the borders of the grid; they stay in sight
 * while the grid moves.
 */

import { el, setText } from '../ui/dom.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Transform } from '../types.js' */

/** @param {HTMLElement} root */
export function createAxes(root) {
  const heads = el('div', { class: 'axis axis--heads' });
  const layers = el('div', { class: 'axis axis--layers' });
  const across = el('span', {});
  const down = el('span', {});
  const corner = el('div', { class: 'axis__corner' }, across, down);
  const element = el(
    'div',
    { class: 'axes', 'aria-hidden': 'true', hidden: true },
    heads,
    layers,
    corner,
  );
  root.append(element);
  /** @type {HTMLElement[]} */
  let columns = [];
  /** @type {HTMLElement[]} */
  let rows = [];
  /** Whether the numbers are ranks. */
  let isRanked = false;

  return {
    /**
     * Layers and heads count from 0, ranks from 1: those of the first row at the top, the first of
     * each row at the left.
     *
     * @param {number} nLayers
     * @param {number} nHeads
     * @param {boolean} isSorted
     */
    build(nLayers, nHeads, isSorted) {
      if (columns.length === nHeads && rows.length === nLayers && isSorted === isRanked) return;
      isRanked = isSorted;
      columns = Array.from({ length: nHeads }, (_, i) =>
        el('span', { class: 'axis__number' }, String(isSorted ? i + 1 : i)),
      );
      rows = Array.from({ length: nLayers }, (_, i) =>
        el('span', { class: 'axis__number' }, String(isSorted ? i * nHeads + 1 : i)),
      );
      setText(across, isSorted ? 'rank' : 'H →');
      setText(down, isSorted ? '' : 'L ↓');
      heads.replaceChildren(...columns);
      layers.replaceChildren(...rows);
      element.hidden = nLayers === 0;
    },
    /**
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {{width: number, height: number}} room
     * @param {number} nHeads
     */
    place({ slots: { x, y, size }, pitch }, { k, x: left, y: top }, room, nHeads) {
      const everyColumn = Math.max(1, Math.ceil(22 / (pitch.x * k)));
      const everyRow = Math.max(1, Math.ceil(18 / (pitch.y * k)));
      for (const [i, number] of columns.entries()) {
        const at = (x[i] + size[i] / 2) * k + left;
        const isShown = i % everyColumn === 0 && at >= 0 && at <= room.width;
        if (number.hidden === isShown) number.hidden = !isShown;
        if (isShown) number.style.transform = `translate(${at}px, 0) translateX(-50%)`;
      }
      for (const [i, number] of rows.entries()) {
        const first = i * nHeads;
        const at = (y[first] + size[first] / 2) * k + top;
        const isShown = i % everyRow === 0 && at >= 0 && at <= room.height;
        if (number.hidden === isShown) number.hidden = !isShown;
        if (isShown) number.style.transform = `translate(0, ${at}px) translateY(-50%)`;
      }
    },
    destroy: () => element.remove(),
  };
}
