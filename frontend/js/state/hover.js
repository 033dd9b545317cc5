/**
 * The point under the mouse, wherever it is: map, sentence or image, in this pane or, by its
 * counterpart, in the other. Not a choice, so not in the store.
 */

import { createObservable } from '../ui/observable.js';

/** @import { Selected } from '../page.js' */

export function createHover() {
  const hovered = createObservable(
    /** @type {Selected | null} */ (null),
    (a, b) => a?.kind === b?.kind && a?.token === b?.token,
  );
  /** @type {readonly number[]} */
  let others = [];

  return {
    ...hovered,
    /** Further tokens that stand for the same word of the other pane. */
    others: () => others,
    /** @param {Selected | null} next @param {readonly number[]} [more] */
    set(next, more = []) {
      others = more;
      hovered.set(next);
    },
  };
}

/** @typedef {ReturnType<typeof createHover>} Hover */
