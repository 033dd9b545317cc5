/** Lines between the rows of the grid, which say why layers without heads have no row. */

import { el, setText } from '../ui/dom.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Sight } from './grid_cells.js' */
/** @import { Transform } from '../types.js' */

/** Least height of a line with words, CSS pixels. */
const LEAST_PX = 11;

/** @param {HTMLElement} root */
export function createGridNotes(root) {
  const element = el('div', { class: 'grid__notes' });
  root.append(element);
  /** @type {HTMLElement[]} */
  const lines = [];

  return {
    /**
     * @param {Arrangement} arrangement
     * @param {Transform} transform
     * @param {Sight} sight
     */
    place({ note, pitch, rows, size, view }, { k, x, y }, sight) {
      let used = 0;
      const words = note * k < LEAST_PX ? [] : (rows?.notes ?? []);
      // The line below the last row comes after it.
      for (let row = sight.top; row <= sight.bottom; row++) {
        if (!words[row]) continue;
        const line = (lines[used++] ??= el('p', { class: 'grid__note' }));
        if (!line.isConnected) element.append(line);
        setText(line, words[row]);
        const left = Math.max(view?.left ?? 0, x);
        line.style.transform = `translate(${left}px, ${row * pitch.y * k + y}px)`;
        line.style.height = `${note * k}px`;
        line.style.width = `${size.width * k}px`;
      }
      for (const line of lines.splice(used)) line.remove();
    },
  };
}
