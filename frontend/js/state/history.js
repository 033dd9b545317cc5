/** Synchronises the address and the browser's history with the choices. */

import { readRuns } from '../marked_points/codec.js';
import { hasAppearance, fitsMarked, readQuery, writeQuery } from './url.js';

/** @import { HistoryMode, State, Store } from '../page.js' */
/** @import { TokenRenumbering } from '../user_sequences/token_renumbering.js' */

/** The choices from the address, and those too long for it from the history entry's state. */
export function readAddress() {
  const { choices, notices } = readQuery(location.search);
  return { choices: { ...choices, ...readLeftOut(history.state) }, notices };
}

/**
 * Write every choice to the address, and restore on Back and Forward.
 *
 * @param {Store} store
 * @param {(text: string) => void} notify
 * @param {Pick<TokenRenumbering, 'note' | 'follow'>} moves
 */
export function keepAddress(store, notify, moves) {
  // An address that sets the appearance keeps doing so; otherwise the preferences apply.
  const withAppearance = hasAppearance(location.search);
  store.subscribe((state, previous, mode) => {
    remember(state, mode, withAppearance, moves);
    if (!fitsMarked(state) && fitsMarked(previous))
      notify(
        'So many points are marked that the address leaves them out. Going back and ' +
          'reloading keep them; a copied address does not.',
      );
  });
  window.addEventListener('popstate', () => {
    const found = { ...store.get(), ...readAddress().choices };
    const { choices, notice } = moves.follow(found, history.state);
    store.set(choices, 'none');
    remember(store.get(), 'replace', withAppearance, moves); // its token numbers are current now
    if (notice) notify(notice);
  });
  moves.note.subscribe(() => remember(store.get(), 'replace', withAppearance, moves));
}

/**
 * The address of the exact view, with theme and palette.
 *
 * @param {State} state
 * @param {'light' | 'dark'} theme current theme
 */
export function exactAddress(state, theme) {
  const query = writeQuery(state, { theme, palette: state.palette });
  return `${location.origin}${location.pathname}${query}`;
}

/**
 * @param {State} state
 * @param {HistoryMode} mode
 * @param {boolean} withAppearance
 * @param {Pick<TokenRenumbering, 'note'>} moves
 */
function remember(state, mode, withAppearance, moves) {
  const query = writeQuery(state, withAppearance ? state : null);
  const address = `${location.pathname}${query}${location.hash}`;
  const leftOut = fitsMarked(state) ? {} : { marked: state.marked };
  const entry = { ...moves.note.get(), ...leftOut };
  const isSame =
    address === `${location.pathname}${location.search}${location.hash}` &&
    JSON.stringify(entry) === JSON.stringify(history.state);
  if (mode === 'none' || isSame) return;
  if (mode === 'push') history.pushState(entry, '', address);
  else history.replaceState(entry, '', address);
}

/** @param {unknown} entry @returns {Partial<State>} */
function readLeftOut(entry) {
  const marked = entry && typeof entry === 'object' && 'marked' in entry ? entry.marked : null;
  return typeof marked === 'string' && readRuns(marked) ? { marked } : {};
}
