/** The point under the mouse, wherever it is: map, sentence or image. Not a choice, so not in the store. */

/** @import { Selected } from './page.js' */

export function createHover() {
  /** @type {Selected | null} */
  let hovered = null;
  /** @type {Set<(hovered: Selected | null) => void>} */
  const listeners = new Set();

  return {
    get: () => hovered,
    /** @param {Selected | null} next */
    set(next) {
      if (next?.kind === hovered?.kind && next?.token === hovered?.token) return;
      hovered = next;
      for (const listener of listeners) listener(hovered);
    },
    /** @param {(hovered: Selected | null) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
  };
}

/** @typedef {ReturnType<typeof createHover>} Hover */
