/** Points that a viewer marked by drawing around them. Too many for the address, so not in the store. */

/** Points of the whole corpus: queries, then keys. @typedef {Uint8Array} MarkedPoints */

export function createMarks() {
  /** @type {MarkedPoints | null} */
  let marked = null;
  /** @type {Set<() => void>} */
  const listeners = new Set();

  return {
    /** @returns {MarkedPoints | null} null where none is marked */
    get: () => marked,
    /** @param {MarkedPoints | null} next never changed afterwards */
    set(next) {
      const found = next?.includes(1) ? next : null;
      if (found === marked) return;
      marked = found;
      for (const listener of listeners) listener();
    },
    /** @param {() => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
  };
}

/** @typedef {ReturnType<typeof createMarks>} Marks */
