/**
 * The point under the mouse, wherever it is: map, sentence or image, in this pane or, by its
 * counterpart, in the other. Not a choice, so not in the store.
 */

import { createHeld } from '../ui/observable.js';

/** @import { Selected } from '../page.js' */

export function createHover() {
  const held = createHeld(
    /** @type {Selected | null} */ (null),
    (a, b) => a?.kind === b?.kind && a?.token === b?.token,
  );
  /** @type {readonly number[]} */
  let others = [];

  return {
    ...held,
    /** Further tokens that stand for the same word of the other pane. */
    others: () => others,
    /** @param {Selected | null} next @param {readonly number[]} [more] */
    set(next, more = []) {
      others = more;
      held.set(next);
    },
  };
}

/** @typedef {ReturnType<typeof createHover>} Hover */
