/** Undo and redo of marks, filters and colours. */

import { CHOICES, ENTRIES, only } from './choices.js';

/** @import { HistoryMode, State, Store } from '../page.js' */

/** Maximum number of undo steps. */
const DEPTH = 100;
/**
 * Changes of the same choice within this time, such as typing or dragging, are merged into one
 * step.
 */
const MERGE_MS = 1000;
/** @typedef {{before: Partial<State>, after: Partial<State>, time: number}} Step */

/**
 * A step contains only the choices that it changed, so that undo does not change the current map.
 *
 * @param {Store} store
 * @param {() => number} [now] milliseconds
 */
export function createUndo(store, now = () => performance.now()) {
  /** @type {Step[]} */
  const past = [];
  /** @type {Step[]} */
  const future = [];
  let isTravelling = false;
  let announcement = '';

  /** @param {State} state @param {State} previous @param {HistoryMode} mode */
  function record(state, previous, mode) {
    if (isTravelling) return;
    announcement = '';
    if (state.dataset !== previous.dataset || otherDataset(state) !== otherDataset(previous)) {
      past.length = future.length = 0; // point numbers differ in another dataset
      return;
    }
    const names = changedNames(previous, state);
    if (names.length === 0) return;
    const step = { before: only(previous, names), after: only(state, names), time: now() };
    const last = past.at(-1);
    const isSoon = last !== undefined && step.time - last.time < MERGE_MS;
    if (mode === 'reconcile' && !isSoon) return;
    future.length = 0;
    if (
      last &&
      isSoon &&
      (mode === 'reconcile' || (mode === 'replace' && isSameNames(last.after, names)))
    ) {
      Object.assign(last, {
        before: { ...step.before, ...last.before },
        after: { ...last.after, ...step.after },
        time: step.time,
      });
      if (changedNames({ ...state, ...last.before }, { ...state, ...last.after }).length === 0)
        past.pop();
      return;
    }
    past.push(step);
    if (past.length > DEPTH) past.shift();
  }

  /** @param {Step[]} from @param {Step[]} to @param {'before' | 'after'} which */
  function travel(from, to, which) {
    const step = from.pop();
    if (!step) return;
    to.push(step);
    step.time = -Infinity; // never merge the next change into it
    announcement = `${which === 'before' ? 'Undone' : 'Redone'}: ${formatChange(step)}`;
    isTravelling = true;
    try {
      store.set(step[which]);
    } finally {
      isTravelling = false;
    }
  }

  store.subscribe(record);
  return {
    /** Label of the step to undo; null if none. */
    get past() {
      const step = past.at(-1);
      return step ? formatChange(step) : null;
    },
    /** Label of the step to redo. */
    get future() {
      const step = future.at(-1);
      return step ? formatChange(step) : null;
    },
    /** Label of the last undo or redo. */
    get announcement() {
      return announcement;
    },
    back: () => travel(past, future, 'before'),
    forth: () => travel(future, past, 'after'),
    /** Clear all steps, because tokens were renumbered. */
    forget() {
      past.length = future.length = 0;
    },
  };
}

/** @typedef {ReturnType<typeof createUndo>} Undo */

/** The dataset of the second pane, if it differs. @param {State} state */
function otherDataset({ compare, dataset }) {
  return compare && compare.dataset !== dataset ? compare.dataset : null;
}

/**
 * Choices that differ and can be undone.
 *
 * @param {State} a
 * @param {State} b
 */
function changedNames(a, b) {
  return ENTRIES.filter(
    ([name, { undo }]) =>
      undo !== undefined &&
      a[name] !== b[name] &&
      JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  ).map(([name]) => name);
}

/** Label of a step, for the buttons. @param {Pick<Step, 'before' | 'after'>} step */
export function formatChange({ before, after }) {
  const rank = (/** @type {keyof State} */ name) => CHOICES[name].undoRank ?? Infinity;
  const [name] = ENTRIES.map(([one]) => one)
    .filter((one) => one in after)
    .sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  const { undo } = /** @type {import('./choices.js').Choice<any>} */ (CHOICES[name]);
  return typeof undo === 'function' ? undo(after[name], before[name]) : (undo ?? name);
}

/** @param {Partial<State>} change @param {readonly string[]} names */
function isSameNames(change, names) {
  const own = Object.keys(change);
  return own.length === names.length && names.every((name) => name in change);
}
