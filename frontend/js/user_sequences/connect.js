/**
 * Connects the user's sequences with the server, the choices and the address.
 */

import { ServerError } from '../data/transport.js';
import { createKeptTexts } from './kept_texts.js';
import { createUserSequences } from './user_sequences.js';
import { addressTexts } from './items.js';
import { LOST, renumberedState } from './token_renumbering.js';

/** @import { Api } from '../data/api.js' */
/** @import { State, Store } from '../page.js' */
/** @import { TokenRenumbering } from './token_renumbering.js' */
/** @import { Send } from './live.js' */
/** @import { UserSequences } from './user_sequences.js' */

/** Time until a failed request for the limits is repeated. */
const AGAIN_MS = 5000;

/**
 * @param {Api} api
 * @param {{store: Store, moves: TokenRenumbering, schedule: () => void, notify: (text: string) =>
 *   void, forget: () => void, select: (dataset: string, token: number) => void}} page `forget` is
 *   called when tokens are renumbered, which makes undo steps invalid, `select` for a new sequence
 */
export function connectUserSequences(api, { store, moves, schedule, notify, forget, select }) {
  /** @type {Send} */
  const send = (dataset, { kind, text, tokens, file }, maps, signal) => {
    if (kind === 'image') return api.runImage(dataset, file ?? new Blob(), maps, signal);
    return api.runText(dataset, tokens ? { tokens } : { text }, maps, signal);
  };
  const userSequences = createUserSequences(send, {
    changed() {
      keepTexts();
      keepAddress();
      schedule();
    },
    moved(dataset, nCorpus, shown, waiting) {
      const move = moves.move(dataset, nCorpus, shown, waiting);
      if (move) {
        const { change, isLost } = renumberedState(store.get(), dataset, move);
        store.set(change, 'reconcile');
        forget();
        if (isLost && move.isInherited) notify(LOST);
      }
      moves.publish();
    },
    arrived: select,
  });

  const kept = createKeptTexts(() => sessionStorage, new URL('.', document.baseURI).pathname);
  /** The items that the tab keeps. @type {UserSequences['items']} */
  let keptItems = [];
  let isFull = false;

  /** Keep the texts in this tab. */
  function keepTexts() {
    const { items, limits } = userSequences;
    if (!limits || items === keptItems) return;
    keptItems = items;
    const wasFull = isFull;
    isFull = !kept.write(items);
    if (isFull && !wasFull) notify('Your latest text will be gone after a reload of this page.');
  }

  /** If the address contains texts, update them to the kept ones. */
  function keepAddress() {
    const { texts } = store.get();
    if (texts.length === 0 || !userSequences.limits) return;
    const address = userSequences.addressState();
    if (address.left > 0) notify('Not all of your texts have room in the address.');
    if (address.texts.join('\n') !== texts.join('\n'))
      store.set({ texts: address.texts }, 'replace');
  }

  /** Without a server that runs models nothing can be typed. */
  function disable() {
    if (userSequences.items.length > 0)
      notify('Texts of your own cannot be run here; those of the address are left out.');
    userSequences.enable(null);
  }

  /** Ask until the server responds; an error response disables typing. */
  async function askLimits() {
    try {
      const limits = await api.live(new AbortController().signal);
      if (limits.is_enabled) userSequences.enable(limits);
      else disable();
    } catch (error) {
      if (error instanceof ServerError) disable();
      else setTimeout(() => void askLimits(), AGAIN_MS);
    }
  }

  /**
   * Bring back the texts of this tab. The tokens that an address selects are numbered by its own
   * texts, which stand first where they are others.
   *
   * @param {State} state
   */
  function recall({ texts }) {
    const before = kept.read();
    const isSame = addressTexts(before).texts.join('\n') === texts.join('\n');
    if (texts.length === 0 || isSame) return userSequences.recall(before);
    userSequences.restore(texts);
    userSequences.recall(
      before.filter(({ kind, text }) => kind !== 'text' || !texts.includes(text)),
    );
  }

  /** Add the texts of the address. @param {State} state */
  function restore({ texts }) {
    if (texts.length > 0) userSequences.restore(texts);
  }

  if (!api.isSite) recall(store.get());
  restore(store.get());
  store.subscribe((state, previous) => {
    if (state.texts !== previous.texts) restore(state);
  });
  if (api.isSite) disable();
  else void askLimits();
  return userSequences;
}
