/** Everything a viewer can do; the only place that changes the choices. */

import { CLEARED, mapName, neighbourOf } from './select.js';

/** @import { Facts, HeadId, Selected, Store, Theme } from './page.js' */
/** @import { Dims, Method } from './types.js' */

const THEME_KEY = 'attentionviz.theme';

/**
 * @param {Store} store
 * @param {Facts} facts
 */
export function createActions(store, facts) {
  const manifest = () => facts.description.value?.manifest ?? null;

  const actions = {
    /** @param {string} id */
    openDataset: (id) => store.set({ ...CLEARED, dataset: id }),
    /** @param {Method} method */
    showMethod(method) {
      const { dims } = store.get();
      /** @type {Dims} */
      const other = dims === 2 ? 3 : 2;
      if (hasMap(method, dims)) store.set({ method });
      else if (hasMap(method, other)) store.set({ method, dims: other });
    },
    /** @param {Dims} dims */
    showDims(dims) {
      const { method } = store.get();
      if (method && hasMap(method, dims)) store.set({ dims });
    },
    /** @param {HeadId} at */
    openHead: (at) => store.set({ at }),
    showGrid: () => store.set({ at: null }),
    /** @param {'up' | 'down' | 'left' | 'right'} direction */
    goTo(direction) {
      const { at } = store.get();
      const model = manifest();
      const next = at && model && neighbourOf(at, direction, model);
      if (next) store.set({ at: next });
    },
    /** @param {Selected} selected */
    select: (selected) => store.set({ selected }),
    clearSelection: () => store.set({ selected: null }),
    /** Take back the last thing that marks points: the selection, then the search. */
    clear() {
      if (store.get().selected) store.set({ selected: null });
      else store.set({ search: '' });
    },
    /** @param {string} color */
    setColor: (color) => store.set({ color }),
    /** @param {string} search as typed */
    setSearch: (search) => store.set({ search }, 'replace'),
    /** @param {boolean} hasLines */
    setLines: (hasLines) => store.set({ hasLines }),
    /** @param {Theme} theme */
    setTheme(theme) {
      rememberTheme(theme);
      store.set({ theme }, 'none');
    },
  };
  return actions;

  /** @param {Method} method @param {Dims} dims */
  function hasMap(method, dims) {
    return mapName(method, dims) in (manifest()?.maps ?? {});
  }
}

/** @typedef {ReturnType<typeof createActions>} Actions */

/** @returns {Theme} The theme chosen last, on this browser. */
export function readTheme() {
  try {
    const theme = localStorage.getItem(THEME_KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system'; // storage can be switched off
  }
}

/** @param {Theme} theme */
function rememberTheme(theme) {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Without storage the choice holds until the page is closed.
  }
}
