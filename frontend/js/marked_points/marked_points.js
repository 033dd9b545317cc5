/**
 * Points marked by the lasso: text in the choices, flags for views; and the part of them that is
 * shown while the pointer is over a bar of their summary.
 */

import { createObservable } from '../ui/observable.js';
import { lastOnly } from '../compute/memo.js';
import { readMarked, writeMarked } from './codec.js';

/** @import { Facts, Store } from '../page.js' */

/**
 * A flag per point of the whole corpus, queries first; never modified.
 *
 * @typedef {Uint8Array} MarkedPoints
 */

/**
 * @param {Store} store
 * @param {Facts} facts
 */
export function createMarks(store, facts) {
  const read = lastOnly(readMarked);
  /** @returns {MarkedPoints | null} null where none is marked, or the tokens are not there */
  const get = () => {
    const n = facts.tokens.value?.n;
    const { marked } = store.get();
    return n && marked !== '' ? read(marked, n) : null;
  };

  const brushed = createObservable(/** @type {MarkedPoints | null} */ (null));
  store.subscribe((state, previous) => {
    if (state.marked !== previous.marked) brushed.set(null);
  });

  return {
    get,
    /** The marked points, or the part of them that is brushed. */
    shown: () => (brushed.get()?.length === get()?.length ? brushed.get() : get()),
    /** Show a part of the marked points; null: all. */
    brush: brushed.set,
    /** Call a function whenever what is brushed changes. */
    onBrush: brushed.subscribe,
    /** @param {MarkedPoints | null} next without a marked point the same as null */
    set: (next) => store.set({ marked: next ? writeMarked(next) : '' }),
    /** @param {(marked: MarkedPoints | null) => void} listener */
    subscribe: (listener) =>
      store.subscribe((state, previous) => {
        if (state.marked !== previous.marked) listener(get());
      }),
  };
}

/** @typedef {ReturnType<typeof createMarks>} Marks */
