/** An observable value outside the store. */

/**
 * @template T
 * @param {T} first
 * @param {(a: T, b: T) => boolean} [isSame] whether two values count as equal
 */
export function createObservable(first, isSame = Object.is) {
  let value = first;
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();

  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      if (isSame(next, value)) return;
      value = next;
      for (const listener of listeners) listener(value);
    },
    /** @param {(value: T) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
