/** The point under the mouse, wherever it is: map, sentence or image. Not a choice, so not in the store. */

import { createHeld } from './held.js';

/** @import { Selected } from './page.js' */

export function createHover() {
  return createHeld(/** @type {Selected | null} */ (null), (a, b) => a?.kind === b?.kind && a?.token === b?.token);
}

/** @typedef {ReturnType<typeof createHover>} Hover */
