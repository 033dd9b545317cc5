/**
 * The hovered point in map, sentence or image of this pane, or the counterpart of one in the other
 * pane. Not a choice, so not in the store.
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
    /** Further tokens that correspond to the same word of the other pane. */
    others: () => others,
    /** @param {Selected | null} next @param {readonly number[]} [more] */
    set(next, more = []) {
      others = more;
      hovered.set(next);
    },
  };
}

/** @typedef {ReturnType<typeof createHover>} Hover */
