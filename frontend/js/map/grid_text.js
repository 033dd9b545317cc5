/** Names, numbers and tooltips of the heads of the grid. */

import { countHeads } from '../compute/model_heads.js';
import { mapOf, methodOf } from '../data/best_map.js';
import { methodLabels } from '../data/projection_methods.js';
import { measureFacts } from '../data/head_measures.js';
import { chosenMap, fidelityOf, layersOf } from '../data/points.js';
import { cellParts } from './cell.js';
import { describeFit } from './pair_fit_badge.js';

/** @import { Context, HeadId, State } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { Cell, Look } from './cell.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** Name of the grid as the model has it. */
export const LAYERED = 'All heads: rows are layers, columns are heads';

/**
 * @param {HTMLElement} grid that is named
 * @param {Pick<Context, 'derived' | 'facts'> & {tooltip: Tooltip, theme: () => ShownTheme}} context
 */
export function createGridText(grid, { derived, facts, theme, tooltip }) {
  /** @type {unknown[]} */
  let known = [];
  /** @type {Look} */
  let look = {
    ...{ tint: null, sorted: null, places: null, inside: null, theme: 'light' },
    nHeads: 0,
  };
  /** Name of the map that is described. */
  let name = '';
  /** @type {{at: HeadId, i: number, place: {x: number, y: number}} | null} */
  let explained = null;

  /** What is known of the map of a head. @param {HeadId} at @param {number} i */
  function mapFacts(at, i) {
    const { status, value } = facts.grid;
    const isReady = value?.name === name && value.ready[i] === 1;
    return {
      isReady,
      isAwaited: status === 'loading',
      fidelity: isReady ? fidelityOf(facts.heads.value, at, name) : null,
      kind: kindOf(at),
    };
  }

  /** The kind of map of a head, where heads have maps of different kinds. @param {HeadId} at */
  function kindOf(at) {
    const own = mapOf(facts.heads.value, at, name);
    return own && own !== name ? methodLabels(methodOf(own)).label : '';
  }

  /**
   * Show the numbers of a head in words.
   *
   * @param {HeadId} at
   * @param {number} i index of the head
   * @param {{x: number, y: number}} place in the map
   */
  function explain(at, i, place) {
    explained = { at, i, place };
    const name = derived.heads().headName(at);
    tooltip.show(place, cellParts(at, i, mapFacts(at, i), look, name, layersOf(facts)));
  }

  function hide() {
    explained = null;
    tooltip.hide();
  }

  /** @param {Cell} cell */
  function describe(cell) {
    const { layer, head } = cell.at;
    cell.describe(mapFacts(cell.at, cell.i), look, derived.heads().headName(cell.at));
    describeFit(cell.button, derived.fits()?.get(`${layer},${head}`) ?? null);
  }

  return {
    explain,
    hide,
    describe,
    /** The heads are others now. */
    forget() {
      known = [];
      hide();
    },
    /**
     * @param {State} state
     * @param {Iterable<Cell>} cells
     * @param {Int32Array | null} places (head) in the order that is chosen; null: layer by layer
     */
    update(state, cells, places) {
      // While another map loads, the former stays in sight, and so do its numbers.
      if (known.length > 0 && facts.grid.status === 'loading' && facts.grid.value) return;
      name = chosenMap(state) ?? '';
      const map = facts.grid.value?.name === name ? facts.grid.value : null;
      const [tint, sorted] = [state.score, state.order].map((measure) =>
        derived.heads().column(measure, state),
      );
      const inside = derived.heads().within(state)?.inside ?? null;
      const next = [
        ...[name, map, facts.heads.value, tint, sorted, inside, places, theme()],
        derived.fits(),
      ];
      if (known.length > 0 && next.every((part, i) => part === known[i])) return;
      known = next;
      const model = facts.description.value?.manifest;
      const nHeads = model ? countHeads(model) : 0;
      look = { tint, sorted, places, nHeads, inside, theme: theme() };
      grid.setAttribute('aria-label', formatOrder(sorted, places));
      for (const cell of cells) describe(cell);
      if (explained) explain(explained.at, explained.i, explained.place);
    },
  };
}

/** @param {Column | null} sorted @param {Int32Array | null} places */
function formatOrder(sorted, places) {
  return sorted && places
    ? `All heads in the order of ${measureFacts(sorted.name).label}, row by row`
    : LAYERED;
}
