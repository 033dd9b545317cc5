/** The store: one frozen state of choices. Server data and DOM live outside. */

import { AT_REST, DEFAULTS } from './choices.js';

/** @import { PaneChoices, State, Store } from '../page.js' */

/**
 * Return a store that holds one frozen state and notifies its listeners of every change.
 *
 * @param {Partial<State>} [first] choices that differ from the defaults
 * @returns {Store}
 */
export function createStore(first = {}) {
  /** @type {Set<Parameters<Store['subscribe']>[0]>} */
  const listeners = new Set();
  let state = freeze({ ...DEFAULTS, ...first });

  return {
    get: () => state,
    set(change, history = 'push') {
      const next = freeze({ ...state, ...atRest(state, change), ...change });
      if (isSame(state, next)) return;
      const previous = state;
      state = next;
      for (const listener of [...listeners]) listener(state, previous, history);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Reset zoom and orientation on a change to another map. They are kept between heads.
 *
 * @param {PaneChoices} state
 * @param {Partial<PaneChoices>} change
 * @returns {Partial<PaneChoices>}
 */
export function atRest(state, change) {
  const next = { ...state, ...change };
  const isElsewhere =
    state.dataset !== null &&
    (next.dataset !== state.dataset ||
      (next.at === null) !== (state.at === null) ||
      (next.at !== null && next.dims !== state.dims));
  return isElsewhere ? AT_REST : {};
}

/**
 * Whether two states hold the same choices.
 *
 * @param {State} a
 * @param {State} b
 */
export function isSame(a, b) {
  return /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS)).every(
    (name) => a[name] === b[name] || JSON.stringify(a[name]) === JSON.stringify(b[name]),
  );
}

/**
 * @param {State} state
 * @returns {State}
 */
function freeze(state) {
  for (const key of Object.keys(state)) {
    if (!(key in DEFAULTS)) throw new Error(`"${key}" is not a choice`);
  }
  const parts = [...Object.values(state), ...Object.values({ ...state.compare, ...state.beside })];
  for (const part of parts) Object.freeze(part);
  return Object.freeze(state);
}
