/**
 * Numbers of the tokens of the user's texts and images. They follow those of the corpus, in the
 * order of the texts, so they change when a text goes. A history entry notes which texts its
 * numbers are of, so that it can be read later, also after a reload.
 */

import { createObservable } from '../ui/observable.js';
import { readMarked, writeMarked } from '../marked_points/codec.js';
import { marksOf } from '../state/pane_state.js';

/** @import { PaneMarks, State } from '../page.js' */

/**
 * Maps the old number of a token of a dataset to the new one; null if it was removed.
 *
 * @typedef {(token: number) => number | null} Renumber
 */
/**
 * A text or image and its number of tokens.
 *
 * @typedef {readonly [uid: string, n: number]} Counted
 */
/**
 * What the numbers of a dataset's tokens count: the corpus, then these.
 *
 * @typedef {{nCorpus: number, texts: readonly Counted[]}} Numbering
 */
/** @typedef {{renumber: Renumber, nBefore: number, nAfter: number}} Move */

/** Notice of a view that refers to a text that is gone. */
export const LOST = 'Tokens of a text that is gone are no longer selected or marked.';

/** @param {unknown} [entry] of the history that the page was opened with */
export function createTokenRenumbering(entry = null) {
  /** By dataset, of the numbers in the state. @type {Map<string, Numbering>} */
  const current = new Map(Object.entries(readNote(entry)));
  const note = createObservable({ numberings: Object.fromEntries(current) });
  /** Datasets whose numbering is still that of the entry. */
  const inherited = new Set(current.keys());

  return {
    /**
     * Set what the tokens of a dataset are.
     *
     * @param {string} dataset
     * @param {number} nCorpus
     * @param {readonly Counted[]} shown
     * @param {readonly string[]} waiting texts that the model has not answered yet; those that are
     *   known from before follow, with the number of tokens that they had
     * @returns {(Move & {isInherited: boolean}) | null} null where all tokens keep their numbers;
     *   `isInherited`: they had those of the entry that the page was opened with
     */
    move(dataset, nCorpus, shown, waiting) {
      const old = current.get(dataset) ?? null;
      const known = new Map(old?.texts);
      const coming = waiting.flatMap((uid) => {
        const n = known.get(uid);
        return n === undefined ? [] : [/** @type {Counted} */ ([uid, n])];
      });
      const next = { nCorpus, texts: [...shown, ...coming] };
      const isInherited = inherited.delete(dataset);
      current.set(dataset, next);
      if (!old || (old.nCorpus === nCorpus && isStartOf(old.texts, next.texts))) return null;
      return { ...moveOf(old, next), isInherited };
    },
    /** Tell which texts the numbers of the state are of now, to be stored in a history entry. */
    publish() {
      const next = { numberings: Object.fromEntries(current) };
      if (JSON.stringify(next) !== JSON.stringify(note.get())) note.set(next);
    },
    note,
    /**
     * The choices of a history entry with current token numbers.
     *
     * @template {State} T
     * @param {T} choices
     * @param {unknown} from the history entry; one without a note is read as it stands
     * @returns {{choices: T, notice: string | null}} `notice`: what is dropped with a removed text
     */
    follow(choices, from) {
      let isLost = false;
      const noted = readNote(from);
      const followed = [...current].reduce((state, [dataset, next]) => {
        const old = noted[dataset];
        if (!old) return state;
        const moved = renumberedState(state, dataset, moveOf(old, next));
        isLost ||= moved.isLost;
        return { ...state, ...moved.change };
      }, choices);
      return { choices: followed, notice: isLost ? LOST : null };
    },
  };
}

/** @typedef {ReturnType<typeof createTokenRenumbering>} TokenRenumbering */

/**
 * The numberings that a history entry notes; anything may stand there.
 *
 * @param {unknown} entry
 * @returns {Record<string, Numbering>}
 */
function readNote(entry) {
  const noted =
    entry !== null && typeof entry === 'object' && 'numberings' in entry ? entry.numberings : null;
  if (noted === null || typeof noted !== 'object') return {};
  return Object.fromEntries(
    Object.entries(noted).filter(([, numbering]) => isNumbering(numbering)),
  );
}

/** @param {any} numbering @returns {numbering is Numbering} */
function isNumbering(numbering) {
  return (
    Number.isSafeInteger(numbering?.nCorpus) &&
    Array.isArray(numbering.texts) &&
    numbering.texts.every(
      (/** @type {any} */ text) => typeof text?.[0] === 'string' && Number.isSafeInteger(text[1]),
    )
  );
}

/** @param {readonly Counted[]} texts @param {readonly Counted[]} all */
function isStartOf(texts, all) {
  return texts.every(([uid, n], i) => all[i]?.[0] === uid && all[i][1] === n);
}

/**
 * The new numbers of the tokens of a dataset.
 *
 * @param {Numbering} old
 * @param {Numbering} next
 * @returns {Move}
 */
function moveOf(old, next) {
  /** @type {Map<string, {start: number, n: number}>} */
  const places = new Map();
  let nAfter = next.nCorpus;
  for (const [uid, n] of next.texts) {
    places.set(uid, { start: nAfter, n });
    nAfter += n;
  }
  const nBefore = old.texts.reduce((sum, [, n]) => sum + n, old.nCorpus);
  return {
    nBefore,
    nAfter,
    renumber(token) {
      if (token < old.nCorpus) return token;
      let start = old.nCorpus;
      for (const [uid, n] of old.texts) {
        const found = places.get(uid);
        if (token < start + n)
          return found && token - start < found.n ? found.start + token - start : null;
        start += n;
      }
      return null;
    },
  };
}

/**
 * The change of the choices after tokens of a dataset were renumbered.
 *
 * @param {State} state
 * @param {string} dataset
 * @param {Move} move
 * @returns {{change: Partial<State>, isLost: boolean}} `isLost`: removed tokens were selected or
 *   marked
 */
export function renumberedState(state, dataset, { renumber, nBefore, nAfter }) {
  let isLost = false;
  /** @type {Renumber} */
  const watched = (token) => {
    const found = renumber(token);
    isLost ||= found === null;
    return found;
  };
  /** @param {PaneMarks} marks @returns {PaneMarks} */
  const moved = (marks) => {
    const { selected, marked, hidden } = marks;
    const token = selected && watched(selected.token);
    const remaining = selected === null || token === null ? null : { ...selected, token };
    return {
      ...marks,
      selected: remaining,
      hidden: remaining ? hidden : [],
      marked: movedMarks(marked, watched, nBefore, nAfter),
    };
  };
  const { beside, compare } = state;
  const change = {
    ...(state.dataset === dataset ? moved(marksOf(state)) : {}),
    ...(compare?.dataset === dataset ? { beside: moved(beside) } : {}),
  };
  return { change, isLost };
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
