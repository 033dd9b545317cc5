/** Two panes in one state: the choices of each, and how changes propagate. No DOM, no requests. */

import { lastOnly } from '../compute/memo.js';
import { CLEARED, MARK_NAMES, NO_MARKS, only, PLACE_NAMES } from './choices.js';
import { atRest } from './store.js';

/** @import { HistoryMode, PaneChoices, PaneMarks, PaneName, PanePlace } from '../page.js' */
/** @import { PaneStore, State, Store } from '../page.js' */
/** @import { Link } from '../data/token_links.js' */

/** @param {PanePlace} pane @returns {PanePlace} */
export function placeOf(pane) {
  return /** @type {PanePlace} */ (only(pane, PLACE_NAMES));
}

/** @param {PaneMarks} pane @returns {PaneMarks} */
export function marksOf(pane) {
  return /** @type {PaneMarks} */ (only(pane, MARK_NAMES));
}

/**
 * The choices per pane; all others apply to both.
 *
 * @param {PaneChoices} pane
 * @returns {PaneChoices}
 */
export function paneChoices(pane) {
  return { ...placeOf(pane), ...marksOf(pane) };
}

/** The state as seen by the second pane; unchanged without one. */
export const secondState = lastOnly((/** @type {State} */ state) => {
  const { compare, beside, dataset } = state;
  if (!compare) return state;
  return Object.freeze({ ...state, ...compare, ...(compare.dataset === dataset ? {} : beside) });
});

/**
 * Return the change of the state for a change in one of two panes. A selection applies to both
 * panes: directly if they show the same dataset; if two datasets are linked, the other's selection
 * is cleared until `reconcileLinked` finds it.
 *
 * @param {State} state
 * @param {PaneName} name of the changed pane
 * @param {Partial<State>} change
 * @param {boolean} isLinked whether tokens of the two datasets are linked
 * @returns {Partial<State>}
 */
export function changePane(state, name, change, isLinked) {
  if (!state.compare || 'compare' in change) return change;
  const panes = { A: paneChoices(state), B: paneChoices(secondState(state)) };
  const other = name === 'A' ? 'B' : 'A';
  const [wasSame, hasMoved] = [
    panes.A.dataset === panes.B.dataset,
    'dataset' in change && change.dataset !== panes[name].dataset,
  ];
  panes[name] = {
    ...panes[name],
    ...atRest(panes[name], change),
    ...(hasMoved ? NO_MARKS : {}),
    ...pick(change, isOfPane),
  };
  const isSame = panes.A.dataset === panes.B.dataset;
  if (hasMoved && isSame) panes[name] = { ...panes[name], ...marksOf(panes[other]) };
  else if (!hasMoved && wasSame) panes[other] = { ...panes[other], ...marksOf(panes[name]) };
  else if (!hasMoved && isLinked && 'selected' in change)
    panes[other] = {
      ...panes[other],
      selected: null,
      ...('hidden' in change ? { hidden: [] } : {}),
    };
  // What a single pane would lose with its dataset still applies to the other.
  const shared = pick(change, (key) => !isOfPane(key) && !(hasMoved && key in CLEARED));
  return {
    ...shared,
    ...panes.A,
    compare: placeOf(panes.B),
    beside: isSame ? NO_MARKS : marksOf(panes.B),
  };
}

/** @param {string} key */
function isOfPane(key) {
  return /** @type {string[]} */ ([...PLACE_NAMES, ...MARK_NAMES]).includes(key);
}

/**
 * @param {Partial<State>} change
 * @param {(key: string) => boolean} isWanted
 * @returns {Partial<State>}
 */
export function pick(change, isWanted) {
  return Object.fromEntries(Object.entries(change).filter(([key]) => isWanted(key)));
}

/**
 * Return the selection that one pane needs because its counterpart is selected in the other; empty
 * if none.
 *
 * @param {State} state
 * @param {Link | null} link
 * @returns {Partial<State>}
 */
export function reconcileLinked(state, link) {
  const { beside, compare, dataset, selected } = state;
  if (
    !compare ||
    !link ||
    compare.dataset === dataset ||
    Boolean(selected) === Boolean(beside.selected)
  )
    return {};
  const from = selected ?? beside.selected;
  const token = from && link.partners(from.token, selected !== null)[0];
  if (!from || token === undefined || token === null) return {};
  const found = { kind: from.kind, token };
  return selected ? { beside: { ...beside, selected: found } } : { selected: found };
}

/**
 * A view of the store for one pane.
 *
 * @param {Store} store
 * @param {PaneName} name
 * @param {() => boolean} isLinked
 * @returns {PaneStore}
 */
export function createPaneStore(store, name, isLinked) {
  const view = name === 'A' ? (/** @type {State} */ state) => state : secondState;
  /** @param {PaneName} pane @param {Partial<State>} change @param {HistoryMode} [history] */
  const change = (pane, change, history) =>
    store.set(changePane(store.get(), pane, change, isLinked()), history);
  return {
    get: () => view(store.get()),
    set: (choices, history) => change(name, choices, history),
    subscribe: (listener) =>
      store.subscribe((state, previous, history) => listener(view(state), view(previous), history)),
    setBeside(choices) {
      const state = store.get();
      if (state.compare) change(name === 'A' ? 'B' : 'A', choices);
      else
        store.set({
          compare: { ...placeOf(state), ...atRest(state, choices), ...choices },
          beside: NO_MARKS,
        });
    },
    closeBeside: () =>
      store.set({ ...paneChoices(view(store.get())), compare: null, beside: NO_MARKS }),
  };
}
