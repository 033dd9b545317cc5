/** Points that a viewer marked by drawing around them. Too many for the address, so not in the store. */

import { createHeld } from './held.js';

/** Points of the whole corpus: queries, then keys; never changed. @typedef {Uint8Array} MarkedPoints */

export function createMarks() {
  const held = createHeld(/** @type {MarkedPoints | null} */ (null));
  /** @param {MarkedPoints | null} next without a marked point the same as null */
  const set = (next) => held.set(next?.includes(1) ? next : null);
  return { ...held, set };
}

/** @typedef {ReturnType<typeof createMarks>} Marks */
