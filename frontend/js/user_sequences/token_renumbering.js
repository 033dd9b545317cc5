/** New numbers of tokens when a text or image of the user goes, also for older history entries. */

import { readMarked, writeMarked } from '../marked_points/codec.js';
import { marksOf } from '../state/pane_state.js';

/** @import { PaneMarks, State } from '../page.js' */
/** @import { Layer } from './live.js' */

/**
 * Maps the old number of a token of a dataset to the new one; null if it was removed.
 *
 * @typedef {(token: number) => number | null} Renumber
 */

/** @param {number} page identifies this opening of the page */
export function createTokenRenumbering(page = performance.timeOrigin) {
  /** @type {{dataset: string, renumber: Renumber, nBefore: number, nAfter: number}[]} */
  const moves = [];

  return {
    /**
     * @param {string} dataset
     * @param {Renumber} renumber
     * @param {number} nBefore tokens there were
     * @param {number} nAfter
     */
    add(dataset, renumber, nBefore, nAfter) {
      moves.push({ dataset, renumber, nBefore, nAfter });
    },
    /** Stored in a history entry: how many renumberings its token numbers include. */
    note: () => ({ page, nMoves: moves.length }),
    /**
     * The choices of a history entry with current token numbers. Those of another opening of the
     * page are kept, since its renumberings are unknown.
     *
     * @template {State} T
     * @param {T} choices
     * @param {unknown} entry the note of the entry, or null if it has none
     * @returns {T}
     */
    follow(choices, entry) {
      return moves.slice(missedFrom(entry)).reduce(
        (state, { dataset, renumber, nBefore, nAfter }) => ({
          ...state,
          ...renumberedState(state, dataset, renumber, nBefore, nAfter),
        }),
        choices,
      );
    },
  };

  /** @param {unknown} entry */
  function missedFrom(entry) {
    if (entry === null || typeof entry !== 'object') return 0;
    if (!('page' in entry) || entry.page !== page) return moves.length;
    return 'nMoves' in entry && typeof entry.nMoves === 'number' ? entry.nMoves : 0;
  }
}

/** @typedef {ReturnType<typeof createTokenRenumbering>} TokenRenumbering */

/**
 * The new numbers of the tokens of a layer.
 *
 * @param {Layer} old
 * @param {Layer | null} next
 * @returns {Renumber}
 */
export function renumbered(old, next) {
  /** @type {Map<number, {start: number, n: number}>} */
  const starts = new Map();
  let at = old.firstToken;
  for (const {
    item,
    answer: { n },
  } of next?.sequences ?? []) {
    starts.set(item.id, { start: at, n });
    at += n;
  }
  return (token) => {
    let start = old.firstToken;
    if (token < start) return token;
    for (const {
      item,
      answer: { n },
    } of old.sequences) {
      const found = starts.get(item.id);
      if (token < start + n)
        return found && token - start < found.n ? found.start + token - start : null;
      start += n;
    }
    return null;
  };
}

/**
 * The change of the choices after tokens of a dataset were renumbered.
 *
 * @param {State} state
 * @param {string} dataset
 * @param {Renumber} renumber
 * @param {number} nBefore tokens there were
 * @param {number} nAfter
 * @returns {Partial<State>}
 */
export function renumberedState(state, dataset, renumber, nBefore, nAfter) {
  /** @param {PaneMarks} marks @returns {PaneMarks} */
  const moved = (marks) => {
    const { selected, marked, hidden } = marks;
    const token = selected && renumber(selected.token);
    const remaining = selected === null || token === null ? null : { ...selected, token };
    return {
      ...marks,
      selected: remaining,
      hidden: remaining ? hidden : [],
      marked: movedMarks(marked, renumber, nBefore, nAfter),
    };
  };
  const { beside, compare } = state;
  return {
    ...(state.dataset === dataset ? moved(marksOf(state)) : {}),
    ...(compare?.dataset === dataset ? { beside: moved(beside) } : {}),
  };
}

/**
 * @param {string} marked
 * @param {Renumber} renumber
 * @param {number} nBefore
 * @param {number} nAfter
 */
function movedMarks(marked, renumber, nBefore, nAfter) {
  const old = marked === '' ? null : readMarked(marked, nBefore);
  if (!old) return marked;
  const next = new Uint8Array(2 * nAfter);
  old.forEach((isMarked, point) => {
    const token = isMarked ? renumber(point % nBefore) : null;
    if (token !== null) next[token + (point < nBefore ? 0 : nAfter)] = 1;
  });
  return writeMarked(next);
}
