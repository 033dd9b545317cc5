/**
 * Head measures under the current choices: columns, the order of the grid, and which heads are
 * dimmed.
 */

import { lastOnly } from '../compute/memo.js';
import { countHeads } from '../compute/model_heads.js';
import { PAIR_FIT, measureFacts, measuresFor } from './head_measures.js';
import {
  fitColumn,
  headsWithin,
  makeColumn,
  formatMeasureValue,
  sortedHeads,
} from './head_measure_columns.js';
import { nameHeads } from './head_names.js';
import { chosenMap } from './points.js';

/** @import { Facts, HeadFacts, HeadId, Manifest, State } from '../page.js' */
/** @import { HeadFit } from '../compute/pairs.js' */
/** @import { Column } from './head_measure_columns.js' */

/**
 * The measure whose range dims heads: the chosen one, or that of the tint.
 *
 * @param {Pick<State, 'filterScore' | 'score'>} state
 */
export function filteredBy({ filterScore, score }) {
  return filterScore ?? score;
}

/** Whether a range leaves heads out. @param {State} state */
export function isFiltered(state) {
  return filteredBy(state) !== null && state.scoreRange.some((end) => end !== null);
}

/** Which range is chosen, in words. @param {State} state */
export function formatRange(state) {
  const [least, most] = state.scoreRange.map((end) => formatMeasureValue(end ?? NaN));
  const { label } = measureFacts(filteredBy(state) ?? '');
  if (state.scoreRange[0] === null) return `${label} up to ${most}`;
  return state.scoreRange[1] === null
    ? `${label} from ${least}`
    : `${label} from ${least} to ${most}`;
}

/**
 * The facts of all heads, and a cache of what was computed from them until they change.
 *
 * @param {Facts} facts
 * @param {() => Map<string, HeadFit> | null} fits
 */
function createHeadFacts(facts, fits) {
  /**
   * @type {{heads: ReadonlyMap<string, HeadFacts>, model: Manifest, fits: Map<string, HeadFit> |
   *   null} | null}
   */
  let of = null;
  /** Computed once for the same facts. @type {Map<string, unknown>} */
  let kept = new Map();

  return {
    /**
     * @template T
     * @param {string} key
     * @param {() => T} compute
     * @returns {T}
     */
    keep(key, compute) {
      if (!kept.has(key)) kept.set(key, compute());
      return /** @type {T} */ (kept.get(key));
    },
    /** The facts if they are loaded; clears the cache when they have changed. */
    known() {
      const heads = facts.heads.value;
      const model = facts.description.value?.manifest;
      const fitting = fits();
      if (!heads || !model) return null;
      if (of?.heads !== heads || of.model !== model || of.fits !== fitting) {
        of = { heads, model, fits: fitting };
        kept = new Map();
      }
      return of;
    },
  };
}

/**
 * @param {Facts} facts
 * @param {() => Map<string, HeadFit> | null} fits to the marked pairs, by "layer,head"; null while
 *   there are none
 */
export function createHeadScores(facts, fits) {
  const { keep, known } = createHeadFacts(facts, fits);
  // A range is dragged through many values; only the last is kept.
  const lastWithin = lastOnly(
    (
      /** @type {Float64Array} */ values,
      /** @type {State['scoreRange']} */ range,
      /** @type {number} */ nHeads,
    ) => ({ ...headsWithin(values, range), nHeads }),
  );

  const scores = {
    /**
     * @param {string | null} name
     * @param {State} state
     * @returns {Column | null} null while nothing is known
     */
    column(name, state) {
      const all = known();
      if (!all || name === null) return null;
      const map = chosenMap(state);
      const fitting = all.fits;
      if (name === PAIR_FIT)
        return fitting && keep(name, () => fitColumn(name, fitting, all.model));
      return keep(`${name} ${map}`, () => makeColumn(name, all.heads, all.model, map));
    },
    /**
     * Heads in the order of the grid; null: layer by layer, also if the measure is undefined for
     * all heads.
     *
     * @param {State} state
     */
    order(state) {
      const [all, column] = [known(), scores.column(state.order, state)];
      if (!all || !column || column.nKnown === 0) return null;
      return keep(`order ${column.name} ${chosenMap(state)} ${state.isOrderRising}`, () =>
        sortedHeads(all.model, column.values, state.isOrderRising),
      );
    },
    /**
     * Which heads lie in the chosen range; null: all do, also if the measure is undefined for all.
     *
     * @param {State} state
     */
    within(state) {
      const column = isFiltered(state) ? scores.column(filteredBy(state), state) : null;
      if (!column || column.nKnown === 0) return null;
      const model = facts.description.value?.manifest;
      const nHeads = model ? countHeads(model) : 0;
      return lastWithin(column.values, state.scoreRange, nHeads);
    },
    /** Whether any head has scores already. */
    hasAny() {
      const all = known();
      return (
        all !== null &&
        keep('any', () =>
          [...all.heads.values()].some((head) => Object.keys(head.scores).length > 0),
        )
      );
    },
    /**
     * The name of a head; null where no score is high enough for one.
     *
     * @param {HeadId} at
     */
    headName({ layer, head }) {
      const all = known();
      if (!all) return null;
      const names = keep('head names', () =>
        nameHeads(
          measuresFor(all.model)
            .filter((score) => score.head_name)
            .map(({ name }) => makeColumn(name, all.heads, all.model, null)),
        ),
      );
      return names[layer * all.model.n_heads + head] ?? null;
    },
    /** The scores of this dataset. */
    names() {
      const all = known();
      return all ? measuresFor(all.model) : [];
    },
  };
  return scores;
}

/** @typedef {ReturnType<typeof createHeadScores>} HeadScores */
