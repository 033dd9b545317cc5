/**
 * The pane that was used last. Header, controls, keys and the right panel get one context that
 * delegates to it.
 */

import { createObservable } from '../ui/observable.js';

/** @import { Context, PaneName, State } from '../page.js' */

/** @param {Context} first */
export function createActivePane(first) {
  const active = createObservable(first);
  /** @type {Context | null} */
  let second = null;
  /** @type {Set<() => void>} */
  const hoverListeners = new Set();
  const tellPointers = () => {
    for (const listener of hoverListeners) listener();
  };
  first.hover.subscribe(tellPointers);
  let stopSecond = () => {};

  /**
   * Return an object with the same functions, delegated to the active pane.
   *
   * @template {object} T
   * @param {T} like
   * @param {() => T} current
   * @returns {T}
   */
  function delegate(like, current) {
    const names = /** @type {(keyof T)[]} */ (Object.keys(like));
    return /** @type {T} */ (
      Object.fromEntries(
        names.map((name) => [
          name,
          (/** @type {unknown[]} */ ...parts) => /** @type {any} */ (current())[name](...parts),
        ]),
      )
    );
  }

  /** @type {Context['facts']} */
  const facts = Object.defineProperties(
    /** @type {any} */ ({}),
    Object.fromEntries(
      /** @type {(keyof Context['facts'])[]} */ (Object.keys(first.facts)).map((name) => [
        name,
        { enumerable: true, get: () => active.get().facts[name] },
      ]),
    ),
  );

  /** @type {Context} */
  const context = {
    ...first,
    facts,
    store: delegate(first.store, () => active.get().store),
    actions: delegate(first.actions, () => active.get().actions),
    derived: delegate(first.derived, () => active.get().derived),
    marks: delegate(first.marks, () => active.get().marks),
    hover: {
      ...delegate(first.hover, () => active.get().hover),
      subscribe(listener) {
        const notify = () => listener(active.get().hover.get());
        hoverListeners.add(notify);
        return () => {
          hoverListeners.delete(notify);
        };
      },
    },
    pane: () => active.get().pane(),
    retry: () => active.get().retry(),
  };

  return {
    context,
    /** The choices of the active pane. @returns {State} */
    state: () => active.get().store.get(),
    /** @returns {PaneName} */
    name: () => (active.get() === second ? 'B' : 'A'),
    /** @param {PaneName} name */
    bring: (name) => active.set(name === 'B' && second ? second : first),
    subscribe: active.subscribe,
    /**
     * Select the query of a token in a pane that shows its dataset, preferably the active one.
     *
     * @param {string} dataset
     * @param {number} token
     */
    selectIn(dataset, token) {
      const shown = [active.get(), first, second].find(
        (context) => context?.store.get().dataset === dataset,
      );
      shown?.actions.select({ kind: 'query', token });
    },
    /**
     * Add a second pane, or remove it, which activates the first.
     *
     * @param {Context | null} next
     */
    join(next) {
      stopSecond();
      second = next;
      stopSecond = next?.hover.subscribe(tellPointers) ?? (() => {});
      if (!next) active.set(first);
    },
  };
}

/** @typedef {ReturnType<typeof createActivePane>} ActivePane */
