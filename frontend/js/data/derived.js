/** Values derived from the facts for several views, memoised while their inputs are unchanged. */

import { lastOnly } from '../compute/memo.js';
import { partOf, presentPoints } from '../compute/head_parts.js';
import { layersOf } from './points.js';
import { findInPart, indexWords } from './search.js';
import { hasVectors } from './stored_vectors.js';
import { createSearchRun } from './search_run.js';
import { modesFor, queriesThenKeys } from '../color/color_modes.js';
import { sinksWithoutHidden, withoutHidden } from '../compute/hidden_tokens.js';
import { withSinks } from '../compute/score_rule.js';
import { fitsByHead } from '../compute/pairs.js';
import { createHeadScores } from './head_measure_state.js';
import { freshValue } from './slots.js';

/** @import { Aggregate, Attention, Facts, State } from '../page.js' */

/**
 * @param {Facts} facts
 * @param {() => void} [changed] called when a value has changed that was not complete
 */
export function createDerived(facts, changed = () => {}) {
  const index = lastOnly(indexWords);
  const found = createSearchRun(changed);
  const foundIn = lastOnly(findInPart);
  const modes = lastOnly(modesFor);
  const fits = lastOnly(fitsByHead);
  const norms = lastOnly(queriesThenKeys);
  const [known, scored] = [lastOnly(valuesOfPresent), lastOnly(valuesOfPresent)];
  const [inHead, inGrid] = [lastOnly(presentPoints), lastOnly(presentPoints)];
  const scores = lastOnly(queriesThenKeys);
  const hiding = lastOnly(
    (/** @type {Attention} */ attention, /** @type {State['hidden']} */ hidden) => ({
      ...attention,
      ...(attention.sinks && { sinks: sinksWithoutHidden(attention.sinks, hidden) }),
      pattern: withoutHidden(attention, hidden),
    }),
  );
  const sinking = lastOnly((/** @type {Attention} */ attention) =>
    withSinks(attention, facts.description.value?.manifest),
  );
  // Rows of a mean also leave the weights of keys beyond its positions, unless they are later keys.
  const sinkingMean = lastOnly((/** @type {Aggregate} */ mean) => {
    const manifest = facts.description.value?.manifest;
    return manifest?.layers[mean.at.layer]?.is_causal ? withSinks(mean, manifest) : mean;
  });
  const hidingMean = lastOnly(
    (/** @type {Aggregate} */ mean, /** @type {State['hidden']} */ hidden) => ({
      ...mean,
      ...(mean.sinks && { sinks: sinksWithoutHidden(mean.sinks, hidden) }),
      pattern: withoutHidden(mean, hidden),
    }),
  );

  const fitting = () => facts.pairs.value && fits(facts.pairs.value);
  const heads = createHeadScores(facts, fitting);

  return {
    /** The numbers of all heads. */
    heads: () => heads,
    /**
     * The attention of the selected sequence in the open head, weighed and without hidden tokens,
     * as all views show it.
     *
     * @param {State} state
     * @returns {Attention | null} null until it is loaded
     */
    attention({ at, selected, weight, hidden }) {
      const value = facts.attention.value;
      const sequence = selected && facts.tokens.value?.sequence[selected.token];
      const fits =
        value && at && value.sequence === sequence && isAt(value, at) && value.weight === weight;
      return fits ? hiding(sinking(value), hidden) : null;
    },
    /**
     * The mean pattern of the open head by position, weighed and hidden as the attention is.
     *
     * @param {State} state
     * @returns {Aggregate | null}
     */
    aggregate({ at, selected, weight, hidden }) {
      const value = facts.aggregate.value;
      const sequences = facts.tokens.value?.sequences;
      const n = selected && sequences?.length[facts.tokens.value?.sequence[selected.token] ?? -1];
      return value && at && isAt(value, at) && value.weight === weight && value.n === n
        ? hidingMean(sinkingMean(value), hidden)
        : null;
    },
    /** Fit of each head to the marked pairs, by "layer,head"; null without marked pairs. */
    fits: fitting,
    /**
     * Which points the cells of a map have, see `presentPoints`; null until it is known.
     *
     * @param {State['at']} at
     * @param {Int32Array | null} drawn
     */
    presentIn(at, drawn) {
      const [manifest, tokens] = [facts.description.value?.manifest, facts.tokens.value];
      if (!manifest || !tokens?.isTarget) return null;
      return (at ? inHead : inGrid)(tokens, manifest, drawn, at);
    },
    /** Norms of the open head, (point); null until they are loaded. @param {State['at']} at */
    norms(at) {
      const rows = freshValue(facts.headNorms);
      const points = at && this.presentIn(at, null);
      const all = rows && norms(rows, 4);
      return all && points ? known(all, points) : all;
    },
    /**
     * Token scores in the attention of the open head, (point); null until they are loaded.
     *
     * @param {State['at']} at
     */
    scores(at) {
      const rows = freshValue(facts.tokenScores);
      const points = at && this.presentIn(at, null);
      const all = rows && scores(rows, 2);
      return all && points ? scored(all, points) : all;
    },
    /** @param {State} state */
    hits({ at, search, searchMode }) {
      const tokens = facts.tokens.value;
      if (!tokens || search.trim() === '') return null;
      const all = found(index(tokens), search, searchMode);
      const part = at && partOf(layersOf(facts), at.layer);
      return all && part ? foundIn(all, tokens, part) : all;
    },
    /** The words of the corpus; null until its tokens are loaded. */
    words: () => (facts.tokens.value ? index(facts.tokens.value) : null),
    /** The colour modes of this dataset; none until its description is loaded. */
    modes() {
      const manifest = facts.description.value?.manifest;
      if (!manifest) return [];
      const { columns, pairs } = manifest.corpus;
      return modes(manifest.model.modality, columns, pairs !== undefined, hasVectors(facts));
    },
    /** @param {State} state */
    mode(state) {
      const all = this.modes();
      return all.find(({ name }) => name === state.color) ?? all[0] ?? null;
    },
  };
}

/**
 * Values whose range and legend are those of the points that a head has.
 *
 * @param {Float32Array} values (point)
 * @param {Uint8Array} present (point)
 * @returns {Float32Array} for points that the head does not have, the value of one that it has
 */
function valuesOfPresent(values, present) {
  const nTokens = values.length / 2;
  const known = [0, nTokens].map((first) => values[present.indexOf(1, first)]);
  return values.map((value, point) => (present[point] ? value : known[point < nTokens ? 0 : 1]));
}

/** @param {{at: State['at']}} value @param {NonNullable<State['at']>} at */
function isAt(value, at) {
  return value.at?.layer === at.layer && value.at.head === at.head;
}

/** @typedef {ReturnType<typeof createDerived>} Derived */
