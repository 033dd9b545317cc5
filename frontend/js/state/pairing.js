/**
 * Mode in which a click on a token marks a pair with the selected one. Not a choice, so not in the
 * store.
 */

import { NO_VECTORS, storesVectors } from '../data/stored_vectors.js';
import { createObservable } from '../ui/observable.js';
import { MAX_PAIRS, pairOf, withPair } from '../compute/pairs.js';

/** @import { Actions } from './actions.js' */
/** @import { Manifest, Selected, Store } from '../page.js' */

/** @typedef {'strong' | 'weak' | null} PairingMode */

/**
 * @param {Pick<Store, 'get'>} store
 * @param {Pick<Actions, 'markPair'>} actions
 * @param {(text: string) => void} notify
 * @param {() => Manifest | null} [shown] of the dataset, whose corpus is before the user's tokens
 */
export function createPairing(store, actions, notify, shown = () => null) {
  const mode = createObservable(/** @type {PairingMode} */ (null));

  /**
   * Mark the pair of the selected point and another, or notify why it is not possible.
   *
   * @param {Selected | null} other
   * @param {boolean} isStrong
   */
  function mark(other, isStrong) {
    const manifest = shown();
    if (manifest && !storesVectors(manifest)) return notify(NO_VECTORS);
    const { pairs, selected } = store.get();
    const pair = pairOf(selected, other);
    if (!pair)
      return notify(
        selected
          ? `A pair needs a ${selected.kind === 'query' ? 'key' : 'query'}: point at one, ` +
              `beside the selected ${selected.kind}.`
          : 'Select a query or a key first; then point at one of the other kind.',
      );
    if (Math.max(pair.query, pair.key) >= (manifest?.n_tokens ?? Infinity))
      return notify('Pairs rank the heads over the corpus; a token of your own cannot be in one.');
    if (withPair(pairs, { ...pair, isStrong }) === pairs && pairs.length >= MAX_PAIRS)
      return notify(`${MAX_PAIRS} pairs are marked; more are not compared at once.`);
    actions.markPair({ ...pair, isStrong });
  }

  return {
    ...mode,
    mark,
    /**
     * Handle a click on a point in this mode.
     *
     * @param {Selected} other
     * @returns {boolean} whether it was handled
     */
    take(other) {
      const wish = mode.get();
      if (wish === null || !pairOf(store.get().selected, other)) return false;
      mark(other, wish === 'strong');
      return true;
    },
  };
}

/** @typedef {ReturnType<typeof createPairing>} Pairing */
