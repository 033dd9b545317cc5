/** What the choices need of each fact: its key, and the request that answers it. */

import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { BEST, hasMap, headsReady, mapOf } from './best_map.js';
import { needsOf } from '../color/color_modes.js';
import { pairQuery } from '../compute/pairs.js';
import { longestOf } from './user_sequence_text.js';
import { N_STRONGEST } from '../compute/nearest.js';
import { mapName, pointOf } from './points.js';

/** @import { Api } from './api.js' */
/** @import { Layer } from '../user_sequences/live.js' */
/** @import { DatasetEntry, Facts, HeadId, State } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * Whom to ask, where answers go, and the user's sequences of a dataset.
 *
 * @typedef {{api: Api, facts: Facts, layerOf: (dataset: string) => Layer | null}} Source
 */

/** A number for each object that was seen. */
const numberOf = createNumbers();

/**
 * What is there so far, and a key that changes when more is there. A complete dataset has
 * everything.
 *
 * @param {DatasetEntry} entry
 * @param {Facts} facts
 */
export function readBuild(entry, facts) {
  const base = `${entry.id}@${entry.state === 'complete' ? entry.version : 'building'}`;
  if (entry.state === 'complete') return { base, isCaptured: true, mapsReady: null };
  const description = facts.description.value;
  return {
    base,
    isCaptured: Boolean(description?.manifest),
    mapsReady: description?.maps_ready ?? {},
  };
}

/** @typedef {ReturnType<typeof readBuild>} Build */

/** @param {Source} source @param {DatasetEntry} entry @param {Build} build */
export function wantColumns({ api, facts }, { id }, { base, mapsReady }) {
  const progress = mapsReady ? Object.values(mapsReady).reduce((sum, n) => sum + n, 0) : 'all';
  facts.tokens.want(id, base, (signal) => api.tokens(id, signal));
  facts.gridTokens.want(id, base, (signal) => api.gridTokens(id, signal));
  facts.heads.want(id, `${base}/${progress}`, (signal) => api.heads(id, signal));
}

/**
 * @param {Source} source
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Build} build
 */
export function wantMaps({ api, facts }, { method, dims, at }, { id }, { base, mapsReady }) {
  // Which maps there are is only known from the description; until it is there, nothing is asked
  // for in vain.
  const known = facts.description.value?.manifest?.maps;
  const name = method && known && hasMap(known, method, dims) ? mapName(method, dims) : null;
  const growth = name && method ? growthOf(mapsReady, method, dims) : 0;
  if (!name || growth === 0) facts.grid.drop();
  else
    facts.grid.want(id, `${base}/${name}/${growth}`, (signal) => api.grid(id, name, dims, signal));
  const shown = at && mapOf(facts.heads.value, at, name);
  if (!shown || !at || !isHeadReady(facts, at, shown, mapsReady !== null)) facts.headMap.drop();
  else
    facts.headMap.want(id, `${base}/${shown}/${at.layer},${at.head}`, (signal) =>
      api.headMap(id, shown, dims, at, signal),
    );
}

/**
 * Whether one head's map can be asked for: in a complete dataset always, in a growing one once
 * heads.json has it.
 *
 * @param {Facts} facts
 * @param {HeadId} at
 * @param {string} name
 * @param {boolean} isBuilding
 */
function isHeadReady(facts, { layer, head }, name, isBuilding) {
  return !isBuilding || Boolean(facts.heads.value?.get(`${layer},${head}`)?.maps[name]);
}

/**
 * @param {Source} source
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Build} build
 */
export function wantExtras(source, state, { id, modality }, { base }) {
  const { api, facts } = source;
  const { at } = state;
  const needs = needsOf(state.color);
  if (needs.includes('norms') && !at)
    facts.gridNorms.want(id, base, (signal) => api.gridNorms(id, signal));
  if (at && (needs.includes('norms') || hasNorms(state)))
    facts.headNorms.want(id, `${base}/${at.layer},${at.head}`, (signal) =>
      api.headNorms(id, at, signal),
    );
  if (at && needs.includes('scores'))
    facts.tokenScores.want(id, `${base}/${at.layer},${at.head}`, (signal) =>
      api.tokenScores(id, at, signal),
    );
  if (modality === 'image') facts.patches.want(id, base, (signal) => api.patches(id, signal));
  else facts.patches.drop();
  // Pairs outside the corpus are dropped once it is known; nothing is asked for in vain.
  const nTokens = facts.description.value?.manifest?.n_tokens ?? 0;
  if (state.pairs.length === 0) facts.pairs.drop();
  else if (state.pairs.every(({ query, key }) => Math.max(query, key) < nTokens))
    facts.pairs.want(id, `${base}/${pairQuery(state.pairs)}`, (signal) =>
      api.pairs(id, state.pairs, signal),
    );
  wantAttention(source, state, id, base);
  wantPartners(source, state, id, base);
}

/** @param {Source} source @param {State} state @param {string} id @param {string} base */
function wantAttention(
  { api, facts, layerOf },
  { at, selected, weight, below, isImageMean },
  id,
  base,
) {
  const sequence = selected ? facts.tokens.value?.sequence[selected.token] : undefined;
  if (!at || sequence === undefined) {
    facts.attention.drop();
    facts.aggregate.drop();
    return;
  }
  const head = `${base}/${at.layer},${at.head}`;
  facts.attention.want(
    id,
    `${head}/${sequence}/${weight}${userMark(layerOf(id), sequence)}`,
    (signal) => api.attention(id, at, sequence, weight, signal),
  );
  const length = facts.tokens.value?.sequences.length[sequence] ?? 0;
  const isMeanShown = facts.tokens.value?.row ? isImageMean : below !== 'none';
  if (!isMeanShown || length > Math.min(MAX_AGGREGATED, longestOf(facts.tokens.value)))
    facts.aggregate.drop();
  else
    facts.aggregate.want(id, `${head}/${length}/${weight}`, (signal) =>
      api.aggregate(id, at, length, weight, signal),
    );
}

/** @param {Source} source @param {State} state @param {string} id @param {string} base */
function wantPartners({ api, facts, layerOf }, { at, selected, hasLines, hasStrongest }, id, base) {
  const n = facts.tokens.value?.n ?? 0;
  if (!at || !selected || !hasLines || !hasStrongest || selected.token >= n)
    return facts.partners.drop();
  const point = pointOf(selected, n);
  // Points have other numbers where there are more tokens.
  facts.partners.want(
    id,
    `${base}/${at.layer},${at.head}/${point} of ` +
      `${n}${userMark(layerOf(id), facts.tokens.value?.sequence[selected.token] ?? 0)}`,
    async (signal) => ({
      at,
      point,
      partners: await api.partners(id, at, point, N_STRONGEST, signal),
    }),
  );
}

/**
 * What tells a sequence of the user from another that had its number before.
 *
 * @param {Layer | null} layer
 * @param {number} sequence
 */
function userMark(layer, sequence) {
  const found = layer?.sequences[sequence - layer.firstSequence];
  return found ? ` own ${numberOf(found.answer.queries)}` : '';
}

/**
 * What changes when there is more of a map; 0 while there is nothing. The best maps change with
 * every map that comes.
 *
 * @param {Record<string, number> | null} mapsReady null where all are there
 * @param {Method} method
 * @param {Dims} dims
 */
function growthOf(mapsReady, method, dims) {
  if (!mapsReady) return 'all';
  const n = headsReady(mapsReady, method, dims);
  return method === BEST && n > 0 ? Object.values(mapsReady).join() : n;
}

/** Whether the drawing of a head depends on its norms, beside its colours. @param {State} state */
function hasNorms({ isDotByNorm, filters }) {
  return isDotByNorm || filters.norm[0] > 0 || filters.norm[1] < 1;
}

/** @returns {(thing: object) => number} */
function createNumbers() {
  /** @type {WeakMap<object, number>} */
  const numbers = new WeakMap();
  let n = 0;
  return (thing) => {
    const known = numbers.get(thing) ?? ++n;
    numbers.set(thing, known);
    return known;
  };
}
