/** One frozen state of choices. What the server said and what is on the page live outside of it. */

/** @import { State, Store } from './page.js' */

/** The whole of a range. @type {readonly [number, number]} */
const ALL = Object.freeze([0, 1]);

/** @type {import('./page.js').Filters} */
export const NO_FILTERS = Object.freeze({ kind: null, position: ALL, norm: ALL, attention: 0 });

/** @type {State} */
export const DEFAULTS = Object.freeze({
  dataset: null,
  method: null,
  dims: 2,
  at: null,
  camera: null,
  turn: null,
  selected: null,
  marked: '',
  color: null,
  search: '',
  searchMode: 'whole',
  hasLines: true,
  lineCount: 2,
  lineThreshold: 0.05,
  isLineAlone: false,
  weight: 'none',
  hidden: Object.freeze([]),
  below: 'lines',
  imageLinks: 'heat',
  isImageMean: false,
  imageThreshold: 0.1,
  hasLabels: true,
  dotSize: 1,
  isDotByNorm: false,
  similarWith: null,
  isWhole: false,
  filters: NO_FILTERS,
  pairs: Object.freeze([]),
  theme: 'system',
  palette: 'safe',
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
      const next = freeze({ ...state, ...(isElsewhere(state, change) ? AT_REST : {}), ...change });
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

const AT_REST = Object.freeze({ camera: null, turn: null });

/**
 * Whether a change leads to another map, where zoom and turn of the former mean nothing: from one head to the next they stay.
 *
 * @param {State} state
 * @param {Partial<State>} change
 */
function isElsewhere(state, change) {
  const next = { ...state, ...change };
  return state.dataset !== null && (next.dataset !== state.dataset || (next.at === null) !== (state.at === null) || (next.at !== null && next.dims !== state.dims));
}

/**
 * Whether two states hold the same choices.
 *
 * @param {State} a
 * @param {State} b
 */
export function isSame(a, b) {
  return /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS)).every((name) => a[name] === b[name] || JSON.stringify(a[name]) === JSON.stringify(b[name]));
}

/**
 * @param {State} state
 * @returns {State}
 */
function freeze(state) {
  for (const key of Object.keys(state)) {
    if (!(key in DEFAULTS)) throw new Error(`"${key}" is not a choice`);
  }
  for (const part of [state.at, state.camera, state.turn, state.selected, state.hidden, state.filters, state.pairs]) if (part) Object.freeze(part);
  return Object.freeze(state);
}
