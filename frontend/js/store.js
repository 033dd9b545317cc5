/** One frozen state of choices. What the server said and what is on the page live outside of it. */

/** @import { State, Store } from './page.js' */

/** @type {State} */
export const DEFAULTS = Object.freeze({
  dataset: null,
  method: null,
  dims: 2,
  at: null,
  selected: null,
  color: null,
  search: '',
  hasLines: true,
  theme: 'system',
});

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
      const next = freeze({ ...state, ...change });
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
 * Whether two states hold the same choices.
 *
 * @param {State} a
 * @param {State} b
 */
export function isSame(a, b) {
  return JSON.stringify(a, KEYS) === JSON.stringify(b, KEYS);
}

const KEYS = [...Object.keys(DEFAULTS), 'layer', 'head', 'kind', 'token'];

/**
 * @param {State} state
 * @returns {State}
 */
function freeze(state) {
  for (const key of Object.keys(state)) {
    if (!(key in DEFAULTS)) throw new Error(`"${key}" is not a choice`);
  }
  if (state.at) Object.freeze(state.at);
  if (state.selected) Object.freeze(state.selected);
  return Object.freeze(state);
}
