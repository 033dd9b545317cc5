/** One frozen state of choices. What the server said and what is on the page live outside of it. */

/** @import { PaneChoices, State, Store } from '../page.js' */

/** The whole of a range. @type {readonly [number, number]} */
const ALL = Object.freeze([0, 1]);

/** @type {import('../page.js').Filters} */
export const NO_FILTERS = Object.freeze({ kind: null, position: ALL, norm: ALL, attention: 0 });

/** Nothing is selected, marked or hidden. @type {import('../page.js').PaneMarks} */
export const NO_MARKS = Object.freeze({
  selected: null,
  marked: '',
  hidden: Object.freeze([]),
  pairs: Object.freeze([]),
});
/** A range that is open at both ends. @type {readonly [null, null]} */
export const ANY_SCORE = Object.freeze([null, null]);

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
  hasStrongest: true,
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
  score: null,
  order: null,
  isOrderRising: false,
  filterScore: null,
  scoreRange: ANY_SCORE,
  theme: 'system',
  palette: 'safe',
  texts: Object.freeze([]),
  compare: null,
  beside: NO_MARKS,
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
  return isElsewhere ? { camera: null, turn: null } : {};
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

/** What lies in the choices of a pane. @param {PaneChoices} pane */
function partsOf({ at, camera, turn, selected, hidden, pairs }) {
  return [at, camera, turn, selected, hidden, pairs];
}

/**
 * @param {State} state
 * @returns {State}
 */
function freeze(state) {
  for (const key of Object.keys(state)) {
    if (!(key in DEFAULTS)) throw new Error(`"${key}" is not a choice`);
  }
  const { compare, beside } = state;
  for (const part of [
    ...partsOf(state),
    state.filters,
    state.scoreRange,
    state.texts,
    compare,
    beside,
    ...(compare ? partsOf({ ...compare, ...beside }) : []),
  ])
    if (part) Object.freeze(part);
  return Object.freeze(state);
}
