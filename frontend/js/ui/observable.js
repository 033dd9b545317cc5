/** A value that lives outside of the choices, and whoever wants to hear of its changes. */

/**
 * @template T
 * @param {T} first
 * @param {(a: T, b: T) => boolean} [isSame] whether a change is none
 */
export function createHeld(first, isSame = Object.is) {
  let held = first;
  /** @type {Set<(held: T) => void>} */
  const listeners = new Set();

  return {
    get: () => held,
    /** @param {T} next */
    set(next) {
      if (isSame(next, held)) return;
      held = next;
      for (const listener of listeners) listener(held);
    },
    /** @param {(held: T) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
