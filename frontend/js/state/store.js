/** One frozen state of choices. What the server said and what is on the page live outside of it. */

import { AT_REST, DEFAULTS } from './choices.js';

/** @import { PaneChoices, State, Store } from '../page.js' */

/**
 * Return a store that holds one frozen state and tells its listeners of every change.
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
 * What a change to another map has to change, too: zoom and turn of the former mean nothing there.
 * From one head to the next they stay.
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
