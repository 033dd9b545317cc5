/**
 * Loads the facts that the choices need: a key and a request for each, and the newest responses.
 */

import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { N_STRONGEST } from '../compute/nearest.js';
import { pairQuery } from '../compute/pairs.js';
import { hasSharedScale, needsOf } from '../color/color_modes.js';
import { hasPoint, partOf } from '../compute/head_parts.js';
import { hasMeans } from './mean_text.js';
import { BEST, hasMap, headsReady, mapOf } from './best_map.js';
import { mapName, pointOf } from './points.js';
import { createSlot } from './slots.js';
import { hasVectors } from './stored_vectors.js';
import { piecesOf } from './text_pieces.js';
import { nAtLeast } from './user_sequence_text.js';

/** @import { Api } from './api.js' */
/** @import { Layer } from '../user_sequences/live.js' */
/** @import { UserSequences } from '../user_sequences/user_sequences.js' */
/** @import { DatasetEntry, Facts, HeadId, Selected, State } from '../page.js' */
/** @import { PartOrNone } from '../compute/head_parts.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * Interval of requests for the list of datasets: while one is being built or none exists, and
 * otherwise.
 */
const POLL_MS = 1500;
const IDLE_POLL_MS = 10_000;

/**
 * Return the facts, and a function that requests what the choices need.
 *
 * @param {Api} api
 * @param {() => void} changed called after every change of the facts
 * @param {() => Facts | null} [beside] the facts of another pane, whose responses are reused
 * @param {Facts['datasets']} [datasets] the list, if another pane loads it
 * @param {UserSequences | null} [userSequences] shown behind those of the corpus
 * @returns {{facts: Facts, update: (state: State) => void, retry: () => void, destroy: () => void}}
 */
export function createLoader(
  api,
  changed,
  beside = () => null,
  datasets = undefined,
  userSequences = null,
) {
  const facts = createFacts(changed, beside, datasets, userSequences?.extend);
  const source = { api, changed, facts, layerOf: userSequences?.layerOf ?? (() => null) };
  const pane = {};
  const polling = datasets ? null : createPolling(facts.datasets);

  /** @param {readonly unknown[]} [kept] */
  function dropAll(kept = [facts.datasets]) {
    for (const slot of Object.values(facts)) if (!kept.includes(slot)) slot.drop();
  }

  return {
    facts,
    update(state) {
      if (polling) {
        facts.datasets.want('', 'datasets', api.datasets);
        if (!api.isSite) polling.watch();
      }
      const entry = facts.datasets.value?.find(({ id }) => id === state.dataset);
      if (!entry || entry.state === 'damaged' || entry.state === 'outdated') {
        userSequences?.want(pane, null);
        return dropAll();
      }
      facts.description.want(entry.id, `${entry.id}@${entry.version}`, (signal) =>
        api.description(entry.id, signal),
      );
      const build = readBuild(entry, facts);
      userSequences?.want(pane, wantedMaps(state, entry, facts));
      if (!build.isCaptured) return dropAll([facts.datasets, facts.description]);
      wantMaps(source, state, entry, build);
      wantColumns(source, state, entry, build);
      wantExtras(source, state, entry, build);
    },
    retry() {
      for (const slot of Object.values(facts)) if (slot.status === 'failed') slot.again();
    },
    destroy() {
      polling?.stop();
      userSequences?.want(pane, null);
      dropAll(datasets ? [datasets] : []);
    },
  };
}

/**
 * Server data, in one slot per kind of response.
 *
 * @param {() => void} changed
 * @param {() => Facts | null} beside
 * @param {Facts['datasets']} [datasets]
 * @param {UserSequences['extend']} [extend] adds what belongs to the user's sequences
 * @returns {Facts}
 */
function createFacts(
  changed,
  beside,
  datasets = createSlot('the list of datasets', changed),
  extend = (_name, value) => value,
) {
  /** @param {keyof Facts} name @param {string} what @returns {any} */
  const slot = (name, what) =>
    createSlot(
      what,
      changed,
      (key) => /** @type {Promise<any> | null} */ (beside()?.[name].answerTo(key) ?? null),
      (value, key) => extend(name, value, key, facts),
    );
  /** @type {Facts} */
  const facts = Object.freeze({
    datasets,
    description: slot('description', 'the description of the dataset'),
    tokens: slot('tokens', 'the tokens'),
    gridTokens: slot('gridTokens', 'the tokens of the grid'),
    grid: slot('grid', 'the maps of all heads'),
    gridNorms: slot('gridNorms', 'the norms of the grid'),
    gridSharedNorms: slot('gridSharedNorms', 'the norms of the grid'),
    heads: slot('heads', 'the numbers of the heads'),
    headDetails: slot('headDetails', 'the numbers of this head'),
    headMap: slot('headMap', 'the map of this head'),
    headNorms: slot('headNorms', 'the norms of this head'),
    tokenScores: slot('tokenScores', 'the attention of all tokens in this head'),
    attention: slot('attention', 'the attention of this sequence'),
    aggregate: slot('aggregate', 'the mean attention of this head'),
    partners: slot('partners', 'the strongest partners of this point'),
    patches: slot('patches', 'the patches'),
    pairs: slot('pairs', 'how every head scores the pairs'),
  });
  return facts;
}

/**
 * Requests the list of datasets periodically; datasets that have grown get a new key.
 *
 * @param {Facts['datasets']} datasets
 */
function createPolling(datasets) {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;

  function watch() {
    const { status, value } = datasets;
    if (status === 'loading' || !value || timer !== null) return;
    const isWaiting = value.length === 0 || value.some(({ state }) => state === 'building');
    timer = setTimeout(
      () => {
        timer = null;
        if (document.hidden) watch();
        else datasets.again();
      },
      isWaiting ? POLL_MS : IDLE_POLL_MS,
    );
  }

  return {
    watch,
    stop() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/**
 * The user's sequences are placed in the maps that are shown, once a dataset is complete.
 *
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Facts} facts
 */
function wantedMaps({ at, dims, method }, { id, state, version }, facts) {
  const manifest = facts.description.value?.manifest;
  if (!manifest || manifest.id !== id || state !== 'complete') return null;
  const name = method && hasMap(manifest.maps, method, dims) ? mapName(method, dims) : null;
  const maps = method === BEST ? bestMaps(facts.heads.value, at, name) : name ? [name] : [];
  return { dataset: id, version, manifest, maps };
}

/**
 * The best maps of a head, or of all heads.
 *
 * @param {Facts['heads']['value']} heads
 * @param {State['at']} at
 * @param {string | null} name
 */
function bestMaps(heads, at, name) {
  const shown = at ? [at] : [...(heads?.values() ?? [])];
  return [...new Set(shown.flatMap((head) => mapOf(heads, head, name) ?? []))].sort();
}

/**
 * The API, the facts to load, and the user's sequences of a dataset.
 *
 * @typedef {{api: Api, changed: () => void, facts: Facts, layerOf: (dataset: string) => Layer |
 *   null}} Source
 */

/** A unique number for each object. */
const numberOf = createNumbers();

/**
 * What is built so far, and a key that changes with it. A complete dataset has everything.
 *
 * @param {DatasetEntry} entry
 * @param {Facts} facts
 */
function readBuild(entry, facts) {
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

/** The numbers of more heads are megabytes, which the maps are not to wait for. */
const MANY_HEADS = 1000;

/**
 * @param {Source} source
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Build} build
 */
function wantColumns({ api, changed, facts }, { at }, entry, { base, mapsReady }) {
  const { id } = entry;
  const progress = mapsReady ? Object.values(mapsReady).reduce((sum, n) => sum + n, 0) : 'all';
  // Until the description is loaded, the address may name a head that the model lacks.
  if (!at || !facts.description.value?.manifest) facts.headDetails.drop();
  else
    facts.headDetails.want(id, `${base}/${progress}/${at.layer},${at.head}`, (signal) =>
      api.headDetails(id, at, signal),
    );
  facts.tokens.want(id, base, async (signal) => {
    const tokens = await api.tokens(id, signal, mapsReady ? undefined : entry.version);
    for (const texts of piecesOf(tokens)) texts.listen(changed);
    return tokens;
  });
  facts.gridTokens.want(id, base, (signal) => api.gridTokens(id, signal));
  const isMany = (entry.n_heads_total ?? 0) > MANY_HEADS;
  const areMapsComing = [facts.description, facts.grid].some(({ status }) => status === 'loading');
  if (isMany && areMapsComing && !facts.heads.value) return;
  facts.heads.want(id, `${base}/${progress}`, (signal) => api.heads(id, signal));
}

/**
 * @param {Source} source
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Build} build
 */
function wantMaps({ api, facts }, { method, dims, at }, { id }, { base, mapsReady }) {
  // Only the description says which maps exist; until it is loaded none is requested.
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
 * Whether one head's map can be requested: in a complete dataset always, during a build once
 * the list of heads has it.
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
function wantExtras(source, state, { id, modality }, { base }) {
  const { api, facts } = source;
  const { at } = state;
  const needs = needsOf(state.color);
  if (needs.includes('norms') && !at) {
    const [slot, scale] = hasSharedScale(state.color)
      ? [facts.gridSharedNorms, /** @type {const} */ ('head')]
      : [facts.gridNorms, /** @type {const} */ ('kind')];
    slot.want(id, base, (signal) => api.gridNorms(id, scale, signal));
  }
  if (at && (needs.includes('norms') || hasNorms(state)))
    facts.headNorms.want(id, `${base}/${at.layer},${at.head}`, (signal) =>
      api.headNorms(id, at, signal),
    );
  if (at && needs.includes('scores'))
    facts.tokenScores.want(id, `${base}/${at.layer},${at.head}`, (signal) =>
      api.tokenScores(id, at, signal),
    );
  if (modality !== null && modality !== 'text')
    facts.patches.want(id, base, (signal) => api.patches(id, signal));
  else facts.patches.drop();
  wantPairs(source, state, id, base);
  wantAttention(source, state, id, base);
  wantPartners(source, state, id, base);
}

/** @param {Source} source @param {State} state @param {string} id @param {string} base */
function wantPairs({ api, facts }, { pairs }, id, base) {
  // Pairs outside the corpus are dropped once it is known, and not requested before.
  const nTokens = facts.description.value?.manifest?.n_tokens ?? 0;
  if (pairs.length === 0 || !hasVectors(facts)) facts.pairs.drop();
  else if (pairs.every(({ query, key }) => Math.max(query, key) < nTokens))
    facts.pairs.want(id, `${base}/${pairQuery(pairs)}`, (signal) => api.pairs(id, pairs, signal));
}

/** @param {Source} source @param {State} state @param {string} id @param {string} base */
function wantAttention(
  { api, facts, layerOf },
  { at, selected, weight, below, isImageMean },
  id,
  base,
) {
  const sequence = selected ? facts.tokens.value?.sequence[selected.token] : undefined;
  if (!at || sequence === undefined || !hasVectors(facts)) {
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
  const tokens = facts.tokens.value;
  const hasMean = isMeanShown && tokens !== null && hasMeans(tokens);
  if (!hasMean || length > MAX_AGGREGATED || nAtLeast(tokens, length) < 2) facts.aggregate.drop();
  else
    facts.aggregate.want(id, `${head}/${length}/${weight}`, (signal) =>
      api.aggregate(id, at, length, weight, signal),
    );
}

/** @param {Source} source @param {State} state @param {string} id @param {string} base */
function wantPartners({ api, facts, layerOf }, { at, selected, hasStrongest }, id, base) {
  const n = facts.tokens.value?.n ?? 0;
  const part = at && partOf(facts.description.value?.manifest?.layers, at.layer);
  const hasSelected = selected && selected.token < n && isThere(facts, part, selected);
  if (!at || !selected || !hasStrongest || !hasSelected || !hasVectors(facts))
    return facts.partners.drop();
  const point = pointOf(selected, n);
  // The numbers of points depend on the number of tokens.
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
 * Whether the open head has a point.
 *
 * @param {Facts} facts
 * @param {PartOrNone} part
 * @param {Selected} point
 */
function isThere({ tokens }, part, point) {
  return tokens.value !== null && hasPoint(tokens.value, part, point);
}

/**
 * The part of a key that tells a sequence of the user from one that had its number before.
 *
 * @param {Layer | null} layer
 * @param {number} sequence
 */
function userMark(layer, sequence) {
  const found = layer?.sequences[sequence - layer.firstSequence];
  return found ? ` own ${numberOf(found.answer.queries)}` : '';
}

/**
 * The part of a key that changes as more heads have a map; 0 while none has it. The best maps
 * change with every map.
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

/** Whether dot sizes or filters of a head depend on its norms. @param {State} state */
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
