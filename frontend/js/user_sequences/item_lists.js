/**
 * Lists of the user's sequences: which a dataset takes, and how tokens are numbered anew when
 * one goes.
 */

import { readMarked, writeMarked } from '../marked_points/codec.js';
import { MAX_TEXT } from '../state/codecs.js';

/** @import { Manifest, PaneMarks, State } from '../page.js' */
/** @import { Layer, UserItem, UserSequence } from './live.js' */

/**
 * How tokens of a dataset changed their numbers: the new number, or null for one that is gone.
 *
 * @typedef {(token: number) => number | null} Renumber
 */

/**
 * Whether a dataset's model can take an item.
 *
 * @param {UserItem} item
 * @param {Pick<Manifest, 'id' | 'model'>} manifest
 */
export function fits({ kind, home }, { id, model }) {
  return (kind === 'image') === (model.modality === 'image') && (home === null || home === id);
}

/** @param {readonly UserSequence[]} a @param {readonly UserSequence[]} b */
export function isSameList(a, b) {
  return (
    a.length === b.length &&
    a.every(({ item, answer }, i) => item === b[i].item && answer === b[i].answer)
  );
}

/**
 * Where the tokens of one layer are in the next.
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
 * What has to change in the choices because tokens of a dataset have other numbers.
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
  const moved = ({ selected, marked, hidden, pairs }) => {
    const token = selected && renumber(selected.token);
    const remaining = selected === null || token === null ? null : { ...selected, token };
    return {
      selected: remaining,
      hidden: remaining ? hidden : [],
      marked: movedMarks(marked, renumber, nBefore, nAfter),
      pairs,
    };
  };
  const { beside, compare, hidden, marked, pairs, selected } = state;
  if (state.dataset === dataset) return moved({ selected, marked, hidden, pairs });
  return compare?.dataset === dataset ? { beside: moved(beside) } : {};
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

/**
 * The texts that an address can say: those that were typed, as many as have room.
 *
 * @param {readonly {kind: string, text: string}[]} items
 * @returns {{texts: string[], left: number}} `left` is how many have no room or are no texts
 */
export function addressTexts(items) {
  const texts = [];
  let room = MAX_TEXT;
  for (const { kind, text } of items) {
    if (kind !== 'text' || text.length > room) continue;
    room -= text.length;
    texts.push(text);
  }
  return { texts, left: items.length - texts.length };
}
