/** Derived from choices and facts: pure functions, no DOM and no requests. */

import { hasPoint, partOf } from '../compute/head_parts.js';
import { hasHead, headsIn, whyMissing } from '../compute/model_heads.js';
import { mapName } from '../data/points.js';
import { BEST, hasMap } from '../data/best_map.js';
import { modesFor } from '../color/color_modes.js';
import { lastMarked } from '../marked_points/codec.js';
import { allMethods } from '../data/projection_methods.js';
import { numbersFor, PAIR_FIT, measureFacts } from '../data/head_measures.js';
import { NO_VECTORS, storesVectors } from '../data/stored_vectors.js';
import { kindOther } from '../ui/labels.js';
import { CLEARED, DEFAULTS } from './choices.js';

/** @import { Description, Facts, HeadId, Manifest, State, Tokens } from '../page.js' */
/** @import { Model } from '../compute/model_heads.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * Return the corrections of choices that contradict the facts, and one notice for each.
 *
 * @param {State} state
 * @param {Facts} facts
 * @param {(manifest: Manifest) => number} [nTokensOf] number of selectable tokens, including those
 *   of the user
 * @returns {{change: Partial<State>, notices: string[]}}
 */
export function reconcile(state, facts, nTokensOf = (manifest) => manifest.n_tokens) {
  const datasets = facts.datasets.value;
  if (!datasets) return { change: {}, notices: [] };
  if (!datasets.some(({ id }) => id === state.dataset)) {
    const shown =
      datasets.find((entry) => entry.state === 'complete') ??
      datasets.find((entry) => entry.state === 'building') ??
      datasets[0];
    const outcome = shown ? `“${shown.id}” is shown instead` : 'none is there yet';
    const notices =
      state.dataset === null ? [] : [`There is no dataset “${state.dataset}”; ${outcome}.`];
    // Without a dataset in the address, the rest of it applies to the shown one.
    const change = { ...(state.dataset === null ? {} : CLEARED), dataset: shown?.id ?? null };
    return state.dataset === change.dataset ? { change: {}, notices: [] } : { change, notices };
  }
  const description = facts.description.value;
  if (!description?.manifest || description.id !== state.dataset)
    return { change: {}, notices: [] };
  const { manifest } = description;
  const { change, notices } = reconcileInside(state, manifest, description, nTokensOf(manifest));
  return { change: { ...reconcileKind(state, manifest, facts.tokens.value), ...change }, notices };
}

/**
 * A token that is no query of the open head but a key, or the other way round, is selected as that.
 *
 * @param {State} state
 * @param {Manifest} manifest
 * @param {Tokens | null} tokens
 * @returns {Partial<State>}
 */
function reconcileKind({ at, selected }, manifest, tokens) {
  if (!at || !selected || !tokens || selected.token >= tokens.n) return {};
  const part = partOf(manifest.layers, at.layer);
  const other = { kind: kindOther(selected.kind), token: selected.token };
  return !hasPoint(tokens, part, selected) && hasPoint(tokens, part, other)
    ? { selected: other }
    : {};
}

/**
 * @param {State} state
 * @param {Manifest} manifest
 * @param {Description} description
 * @param {number} nTokens including those of the user
 */
function reconcileInside(state, manifest, description, nTokens) {
  /** @type {{-readonly [K in keyof State]?: State[K]}} */
  const change = {};
  const notices = [];
  if (!state.method || !hasMap(manifest.maps, state.method, state.dims)) {
    const map = firstMap(state, manifest, description);
    if (map && (map.method !== state.method || map.dims !== state.dims)) {
      if (state.method)
        notices.push(
          `This dataset has no map “${mapName(state.method, state.dims)}”; ` +
            `“${mapName(map.method, map.dims)}” is shown instead.`,
        );
      Object.assign(change, map);
    }
  }
  const outside = state.at && whyMissing(manifest, state.at);
  if (outside) {
    change.at = null;
    notices.push(`${outside}; all heads are shown instead.`);
  }
  const points = reconcilePoints(state, nTokens, manifest.n_tokens);
  Object.assign(change, points.change);
  notices.push(...points.notices);
  if (state.hidden.length > 0 && !state.selected) change.hidden = [];
  if (
    state.color !== null &&
    !modesFor(
      manifest.model.modality,
      manifest.corpus?.columns,
      manifest.corpus?.pairs !== undefined,
      storesVectors(manifest),
    ).some(({ name }) => name === state.color)
  ) {
    change.color = null;
    notices.push(`This dataset has no colour mode “${state.color}”.`);
  }
  const others = [reconcileAttention(state, manifest), reconcileScores(state, manifest)];
  return {
    change: Object.assign(change, ...others.map((other) => other.change)),
    notices: [...notices, ...others.flatMap((other) => other.notices)],
  };
}

/**
 * Drop pairs and the filter by attention in a dataset without queries and keys.
 *
 * @param {State} state
 * @param {Manifest} manifest
 */
function reconcileAttention({ filters, pairs }, manifest) {
  const isAsked = pairs.length > 0 || filters.attention > 0;
  return isAsked && !storesVectors(manifest)
    ? { change: { pairs: [], filters: { ...filters, attention: 0 } }, notices: [NO_VECTORS] }
    : { change: {}, notices: [] };
}

/** Added when an address refers to tokens of texts that another user typed. */
const OUTSIDE = 'Your own texts are gone once their tab is closed, unless the address holds them.';

/**
 * Drop selected, marked and paired points outside the dataset. Pairs may only contain tokens of the
 * corpus.
 *
 * @param {State} state
 * @param {number} nTokens
 * @param {number} nCorpus
 */
function reconcilePoints({ selected, marked, pairs }, nTokens, nCorpus) {
  /** @type {Partial<State>} */
  const change = {};
  const notices = [];
  if (selected && selected.token >= nTokens) {
    Object.assign(change, { selected: null });
    notices.push(
      `Token ${selected.token} is outside 0..${nTokens - 1}; nothing is selected. ${OUTSIDE}`,
    );
  }
  const last = marked === '' ? -1 : lastMarked(marked);
  if (last >= nTokens) {
    Object.assign(change, { marked: '' });
    notices.push(
      `Marked token ${last} is outside 0..${nTokens - 1}; nothing is marked. ${OUTSIDE}`,
    );
  }
  const inside = pairs.filter(({ query, key }) => Math.max(query, key) < nCorpus);
  if (inside.length < pairs.length) {
    Object.assign(change, { pairs: inside });
    notices.push(
      `Pairs with a token outside 0..${nCorpus - 1} are dropped: ` +
        `${pairs.length - inside.length} of ${pairs.length}.`,
    );
  }
  return { change, notices };
}

/**
 * Drop measures that this dataset does not have, such as those of another kind of model or version.
 *
 * @param {State} state
 * @param {Manifest} manifest
 */
function reconcileScores({ score, order, filterScore, pairs, beside }, manifest) {
  const hasPairs = pairs.length > 0 || beside.pairs.length > 0;
  const names = numbersFor(manifest, hasPairs).map(({ name }) => name);
  const unknown = Object.entries({ score, order, filterScore }).filter(
    ([, name]) => name !== null && !names.includes(name),
  );
  /** @type {Partial<State>} */
  const change = Object.fromEntries(unknown.map(([choice]) => [choice, null]));
  const range = unknown.some(([choice]) => choice !== 'order')
    ? { scoreRange: DEFAULTS.scoreRange }
    : {};
  const notices = [...new Set(unknown.map(([, name]) => name ?? ''))].map((name) =>
    name === PAIR_FIT
      ? formatLostFit(order === name)
      : `This dataset has no head score “${measureFacts(name).label}”.`,
  );
  return { change: { ...change, ...range }, notices };
}

/** @param {boolean} isOrder whether heads were sorted by the fit */
function formatLostFit(isOrder) {
  const what = isOrder
    ? 'they are in the order of layers and heads again.'
    : 'the grid shows no such number any more.';
  return `No pair is marked, so heads have no fit to pairs; ${what}`;
}

/**
 * The map to show if the chosen one does not exist: of its method, of the highest recall@10, or
 * ready; preferably of the chosen dimensions.
 *
 * @param {State} state
 * @param {Manifest} manifest
 * @param {Description} description
 * @returns {{method: Method, dims: Dims} | null}
 */
function firstMap({ method, dims }, { maps }, { best_maps: best, maps_ready: ready, state }) {
  /** @type {Dims[]} */
  const bothDims = dims === 2 ? [2, 3] : [3, 2];
  /** @type {{method: Method, dims: Dims, name: string}[]} */
  const all = bothDims
    .flatMap((d) =>
      allMethods().map(({ name }) => ({ method: name, dims: d, name: mapName(name, d) })),
    )
    .filter(({ name }) => name in maps);
  const found =
    all.find((map) => map.method === method) ??
    all.find((map) => best[mapName(BEST, map.dims)] === map.name) ??
    all.find((map) => state !== 'complete' && ready[map.name] > 0) ??
    all[0];
  return found ? { method: found.method, dims: found.dims } : null;
}

/**
 * The neighbour of a head, or null at the edge of the model. Layers without heads are passed over,
 * and a layer with fewer heads is entered at its last.
 *
 * @param {HeadId} at
 * @param {'up' | 'down' | 'left' | 'right'} direction
 * @param {Model} model
 * @returns {HeadId | null}
 */
export function neighbourOf({ layer, head }, direction, model) {
  const [down, right] = { up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] }[direction];
  const beside = { layer, head: head + right };
  if (down === 0) return hasHead(model, beside) ? beside : null;
  let next = layer + down;
  while (next >= 0 && next < model.n_layers && headsIn(model, next) === 0) next += down;
  const n = headsIn(model, next);
  return n > 0 ? { layer: next, head: Math.min(head, n - 1) } : null;
}
