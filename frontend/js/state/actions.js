/** All actions of the viewer; the only module that changes the choices. */

import { toggleHidden } from '../compute/hidden_tokens.js';
import { hasMap as isThere } from '../data/best_map.js';
import { recall, remember } from '../ui/preferences.js';
import { isSamePair, withPair } from '../compute/pairs.js';
import { CHOICES, CLEARED, DEFAULTS, REMEMBERED } from './choices.js';
import { neighbourOf } from './selectors.js';

/** @import { Facts, Filters, HeadId, HiddenToken, HistoryMode, Pair } from '../page.js' */
/** @import { PaletteName, PaneStore, Selected, State, Theme } from '../page.js' */
/** @import { Marks } from '../marked_points/marked_points.js' */
/** @import { Choice } from './choices.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * @param {PaneStore} store
 * @param {Facts} facts
 * @param {Marks} marks
 */
export function createActions(store, facts, marks) {
  return {
    ...placeActions(store, facts),
    ...markActions(store, facts, marks),
    ...measureActions(store),
    ...viewActions(store),
  };
}

/** Which map is shown, in which pane. @param {PaneStore} store @param {Facts} facts */
function placeActions(store, facts) {
  const manifest = () => facts.description.value?.manifest ?? null;
  /** @param {Method} method @param {Dims} dims */
  const hasMap = (method, dims) => isThere(manifest()?.maps ?? {}, method, dims);

  return {
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
    /**
     * Open a prepared view of a dataset: nothing of the former view stays but appearance.
     *
     * @param {string} id
     * @param {Partial<State>} choices
     */
    openExample: (id, choices) =>
      store.set({ ...CLEARED, search: DEFAULTS.search, dataset: id, ...choices }),
    /** A head of another dataset. @param {string} id @param {HeadId} at */
    openHeadOf: (id, at) => store.set({ ...CLEARED, dataset: id, at }),
    /**
     * Open a head in the other pane, which is created if needed; this pane stays.
     *
     * @param {string} id
     * @param {HeadId} at
     */
    openBeside: (id, at) => store.setBeside({ dataset: id, at }),
    /** @param {string | null} similarWith */
    compareWith: (similarWith) => store.set({ similarWith }),
    showGrid: () => store.set({ at: null }),
    /** Show all heads at once, or as large as they can be read. */
    toggleFit() {
      const { at, isFitted } = store.get();
      store.set({ at: null, isFitted: at !== null || !isFitted, camera: null });
    },
    /** Store the camera or orientation of the map. @param {Pick<State, 'camera' | 'turn'>} sight */
    look: (sight) => store.set(sight, 'replace'),
    /** @param {'up' | 'down' | 'left' | 'right'} direction */
    goTo(direction) {
      const { at } = store.get();
      const model = manifest();
      const next = at && model && neighbourOf(at, direction, model);
      if (next) store.set({ at: next });
    },
    closeBeside: () => store.closeBeside(),
    toggleLock: () => store.toggleLock(),
    /** Show two sequences of this dataset side by side. @param {number} a @param {number} b */
    compareSequences: (a, b) =>
      store.compareTokens({ kind: 'query', token: a }, { kind: 'query', token: b }),
    /** Duplicate the view into a second pane, or close the other pane. */
    toggleBeside() {
      if (store.get().compare) store.closeBeside();
      else store.setBeside({});
    },
  };
}

/**
 * What stands out: selection, marked points, hidden tokens, pairs.
 *
 * @param {PaneStore} store
 * @param {Facts} facts
 * @param {Marks} marks
 */
function markActions(store, facts, marks) {
  const clearSelection = () => store.set({ selected: null, hidden: [] });

  return {
    /** @param {Selected} selected */
    select(selected) {
      const sequence = facts.tokens.value?.sequence;
      const former = store.get().selected;
      const isSame =
        former !== null &&
        sequence !== undefined &&
        sequence[former.token] === sequence[selected.token];
      store.set({ selected, ...(isSame ? {} : { hidden: [] }) });
    },
    clearSelection,
    /**
     * Clear one thing at a time: the selection, then marked points, then the search, then the other
     * pane.
     */
    clear() {
      if (store.get().selected) clearSelection();
      else if (store.get().marked !== '') marks.set(null);
      else if (store.get().search !== '') store.set({ search: '' });
      else if (store.get().compare) store.closeBeside();
    },
    /**
     * Mark exactly these tokens, as queries and as keys.
     *
     * @param {(token: number) => boolean} isMarked
     */
    markTokens(isMarked) {
      const n = facts.tokens.value?.n ?? 0;
      marks.set(Uint8Array.from({ length: 2 * n }, (_, point) => (isMarked(point % n) ? 1 : 0)));
    },
    /**
     * Hide or show tokens of the selected sequence.
     *
     * @param {readonly HiddenToken[]} tokens
     * @param {boolean} [isHidden]
     */
    toggleTokens: (tokens, isHidden) =>
      store.set({ hidden: toggleHidden(store.get().hidden, tokens, isHidden) }),
    /** Reset hidden tokens and weighting of the attention. */
    resetAttention: () => store.set({ hidden: [], weight: 'none' }),
    /** Mark a pair as strong or weak. @param {Pair} pair */
    markPair: (pair) => store.set({ pairs: withPair(store.get().pairs, pair) }),
    /** @param {Pair} pair */
    dropPair: (pair) =>
      store.set({ pairs: store.get().pairs.filter((one) => !isSamePair(one, pair)) }),
    clearPairs: () => store.set({ pairs: [] }),
  };
}

/** Numbers of heads. @param {PaneStore} store */
function measureActions(store) {
  return {
    /**
     * Tint the grid by a measure; a chosen range still applies to its own measure.
     *
     * @param {string | null} score
     */
    tintBy: (score) => store.set(tintedBy(score, store.get())),
    /**
     * Choose the measure whose range dims heads; its range is open at first.
     *
     * @param {string | null} score
     */
    filterBy: (score) =>
      store.set({
        filterScore: score === store.get().score ? null : score,
        scoreRange: DEFAULTS.scoreRange,
      }),
    /** Reset the range: no head is dimmed. */
    clearScoreRange: () => store.set({ filterScore: null, scoreRange: DEFAULTS.scoreRange }),
    /** Compare all heads by a measure: tint and sort the grid by it. @param {string} score */
    compareHeads: (score) =>
      store.set({ ...tintedBy(score, store.get()), at: null, order: score, isOrderRising: false }),
  };
}

/** How points and the page look. @param {PaneStore} store */
function viewActions(store) {
  return {
    /** @param {Partial<Filters>} filters */
    setFilters: (filters) =>
      store.set({ filters: { ...store.get().filters, ...filters } }, 'replace'),
    clearFilters: () => store.set({ filters: DEFAULTS.filters }),
    /**
     * Set choices without side effects.
     *
     * @param {Partial<State>} choice
     * @param {HistoryMode} [history]
     */
    choose: (choice, history) => store.set(choice, history),
    /** @param {string} color */
    setColor: (color) => store.set({ color }),
    /** @param {string} search as typed */
    setSearch: (search) => store.set({ search }, 'replace'),
    /** @param {Theme} theme */
    setTheme(theme) {
      remember('theme', theme);
      store.set({ theme }, 'replace');
    },
    /** @param {PaletteName} palette */
    setPalette(palette) {
      remember('palette', palette);
      store.set({ palette }, 'replace');
    },
  };
}

/** @typedef {ReturnType<typeof createActions>} Actions */

/**
 * The choices after a change of tint: an existing range still applies to its own measure.
 *
 * @param {string | null} score
 * @param {State} state
 * @returns {Pick<State, 'score' | 'filterScore'>}
 */
export function tintedBy(score, { filterScore, score: former, scoreRange }) {
  const filtered = filterScore ?? (scoreRange.some((end) => end !== null) ? former : null);
  return { score, filterScore: filtered === score ? null : filtered };
}

/** The choices remembered by this browser. @returns {Partial<State>} */
export function readRemembered() {
  return Object.fromEntries(
    REMEMBERED.map((name) => {
      const { default: standard, address } = /** @type {Choice<any>} */ (CHOICES[name]);
      const remembered = recall(name);
      const part = address?.[name];
      return [
        name,
        (remembered !== null && part?.read?.(remembered, new URLSearchParams())) || standard,
      ];
    }),
  );
}
