/** Two panes in one state: the choices of each, and how changes propagate. No DOM, no requests. */

import { lastOnly } from '../compute/memo.js';
import { CLEARED, MARK_NAMES, NO_MARKS, only, PLACE_NAMES } from './choices.js';
import { atRest } from './store.js';

/** @import { HistoryMode, Locked, PaneChoices, PaneMarks } from '../page.js' */
/** @import { PaneName, PanePlace } from '../page.js' */
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
  const { compare, beside } = state;
  if (!compare) return state;
  return Object.freeze({ ...state, ...compare, ...(areMarksShared(state) ? {} : beside) });
});

/**
 * Whether both panes have the same marks.
 *
 * @param {Pick<State, 'compare' | 'dataset' | 'locked'>} state
 */
export function areMarksShared({ compare, dataset, locked }) {
  return compare?.dataset === dataset && (locked ?? null) === null;
}

/**
 * Whether the marks of a pane stay as they are when those of the other one change.
 *
 * @param {Locked | null} locked
 * @param {PaneName} name
 */
export function isLocked(locked, name) {
  return locked?.includes(name) ?? false;
}

/**
 * Return the change of the state for a change in one of two panes. A selection applies to both
 * panes unless the other one is locked: directly if they show the same dataset; if two datasets are
 * linked, the other's selection is cleared until `reconcileLinked` finds it. A pane that is
 * unlocked follows the other one at once.
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
  const hasMoved = 'dataset' in change && change.dataset !== panes[name].dataset;
  panes[name] = {
    ...panes[name],
    ...atRest(panes[name], change),
    ...(hasMoved ? NO_MARKS : {}),
    ...pick(change, isOfPane),
  };
  const isSame = panes.A.dataset === panes.B.dataset;
  const { locked = state.locked } = change;
  const unlocked = unlockedPane(state.locked, locked);
  const [follower, leader] = unlocked ?? orderOf(hasMoved ? name : otherOf(name));
  const isAsked = hasMoved || unlocked !== null || MARK_NAMES.some((one) => one in change);
  if (isAsked && !isLocked(locked, follower)) {
    const isFree = !isLinked || hasMoved;
    const taken = isSame ? marksOf(panes[leader]) : isFree ? {} : openMarks(change);
    panes[follower] = { ...panes[follower], ...taken };
  }
  // What a single pane would lose with its dataset still applies to the other.
  const shared = pick(change, (key) => !isOfPane(key) && !(hasMoved && key in CLEARED));
  const next = { ...shared, ...panes.A, compare: placeOf(panes.B) };
  const areShared = areMarksShared({ ...next, locked });
  return { ...next, beside: areShared ? NO_MARKS : marksOf(panes.B) };
}

/**
 * The marks that a linked pane loses until its counterpart is found.
 *
 * @param {Partial<State>} change
 */
function openMarks(change) {
  const isUnlocking = 'locked' in change;
  if (!isUnlocking && !('selected' in change)) return {};
  return { selected: null, ...(isUnlocking || 'hidden' in change ? { hidden: [] } : {}) };
}

/** @param {PaneName} name @returns {PaneName} */
function otherOf(name) {
  return name === 'A' ? 'B' : 'A';
}

/** A pane and the other one. @param {PaneName} name @returns {[PaneName, PaneName]} */
function orderOf(name) {
  return [name, otherOf(name)];
}

/**
 * The pane that is unlocked, which takes over the marks, and the other one; null if none is.
 *
 * @param {Locked | null} before
 * @param {Locked | null} after
 */
function unlockedPane(before, after) {
  const all = /** @type {PaneName[]} */ (['A', 'B']);
  const found = all.find((name) => isLocked(before, name) && !isLocked(after, name));
  return found ? orderOf(found) : null;
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
  const { beside, compare, dataset, locked, selected } = state;
  if (
    !compare ||
    !link ||
    compare.dataset === dataset ||
    Boolean(selected) === Boolean(beside.selected) ||
    isLocked(locked, selected ? 'B' : 'A')
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
          locked: null,
        });
    },
    closeBeside: () =>
      store.set({ ...paneChoices(view(store.get())), compare: null, beside: NO_MARKS }),
    compareTokens(first, second) {
      const state = store.get();
      const own = view(state);
      const { compare } = state;
      store.set({
        ...(state.dataset === own.dataset ? {} : placeOf(own)),
        ...NO_MARKS,
        pairs: own.pairs,
        selected: first,
        compare: compare?.dataset === own.dataset ? compare : placeOf(own),
        beside: { ...NO_MARKS, pairs: own.pairs, selected: second },
        locked: 'AB',
      });
    },
    toggleLock() {
      const { locked } = store.get();
      const names = /** @type {PaneName[]} */ (['A', 'B']).filter(
        (one) => isLocked(locked, one) !== (one === name),
      );
      change(name, { locked: /** @type {Locked | null} */ (names.join('') || null) });
    },
  };
}
