/** How tokens of the user were numbered anew, for views of the history that were left before. */

import { renumberedState } from './item_lists.js';

/** @import { State } from '../page.js' */
/** @import { Renumber } from './item_lists.js' */

/** @param {number} page tells this opening of the page from all others */
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
    /** What an entry of the history keeps: since when its numbers hold. */
    note: () => ({ page, nMoves: moves.length }),
    /**
     * The choices of an entry, with the numbers of now. Of another opening of the page nothing is
     * known, so its numbers stay.
     *
     * @template {State} T
     * @param {T} choices
     * @param {unknown} entry by the entry: a note, or null before anything was noted
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
