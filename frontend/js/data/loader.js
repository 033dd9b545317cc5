/** Asks the server for what the choices need, in parallel, and keeps the newest answers. */

import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { BEST, hasMap, headsReady, mapOf } from './best_map.js';
import { needsOf } from '../color/color_modes.js';
import { pairQuery } from '../compute/pairs.js';
import { longestOf } from './user_sequence_text.js';
import { createSlot } from './slots.js';
import { N_STRONGEST } from '../compute/nearest.js';
import { mapName, pointOf } from './points.js';

/** @import { Api } from './api.js' */
/** @import { UserSequences } from '../user_sequences/user_sequences.js' */
/** @import { DatasetEntry, Facts, State } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/** A number for each object that was seen. */
const numberOf = createNumbers();

/**
 * How often the list of datasets is asked for: while one is being built or none is there, and
 * otherwise.
 */
const POLL_MS = 1500;
const IDLE_POLL_MS = 10_000;

/**
 * Return the facts, and a function that asks for what the choices need.
 *
 * @param {Api} api
 * @param {() => void} changed called after every change of the facts
 * @param {() => Facts | null} [beside] the facts of another pane, whose answers need not be asked
 *   for again
 * @param {Facts['datasets']} [datasets] the list, where someone else asks for it
 * @param {UserSequences | null} [own] sequences of the user, which are shown behind those of
 *   the corpus
 * @returns {{facts: Facts, update: (state: State) => void, retry: () => void, destroy: () => void}}
 */
export function createLoader(api, changed, beside = () => null, datasets = undefined, own = null) {
  const loaded = createFacts(changed, beside, datasets);
  const facts = own ? own.overlay(loaded) : loaded;
  const pane = {};
  /** @type {ReturnType<typeof setTimeout> | null} */
  let poll = null;

  /** @param {State} state */
  function update(state) {
    if (!datasets) {
      facts.datasets.want('', 'datasets', api.datasets);
      watchBuilds();
    }
    const entry = facts.datasets.value?.find(({ id }) => id === state.dataset);
    if (!entry || entry.state === 'damaged' || entry.state === 'outdated') {
      own?.want(pane, null);
      return dropAll();
    }
    facts.description.want(entry.id, `${entry.id}@${entry.version}`, (signal) =>
      api.description(entry.id, signal),
    );
    const build = readBuild(entry);
    wantOwn(state, entry);
    if (!build.isCaptured) return dropAll([facts.datasets, facts.description]);
    wantColumns(entry, build);
    wantMaps(state, entry, build);
    wantExtras(state, entry, build);
  }

  /**
   * Own sequences are placed in the maps that are shown, once a dataset is complete.
   *
   * @param {State} state
   * @param {DatasetEntry} entry
   */
  function wantOwn({ at, dims, method }, entry) {
    const manifest = facts.description.value?.manifest;
    if (!own || !manifest || manifest.id !== entry.id || entry.state !== 'complete')
      return own?.want(pane, null);
    const name = method && hasMap(manifest.maps, method, dims) ? mapName(method, dims) : null;
    const maps = method === BEST ? ownMaps(facts.heads.value, at, name) : name ? [name] : [];
    own.want(pane, { dataset: entry.id, version: entry.version, manifest, maps });
  }

  /**
   * What is there so far, and words that change when more is there. A complete dataset has
   * everything.
   *
   * @param {DatasetEntry} entry
   */
  function readBuild(entry) {
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

  /** @param {DatasetEntry} entry @param {Build} build */
  function wantColumns({ id }, { base, mapsReady }) {
    const progress = mapsReady ? Object.values(mapsReady).reduce((sum, n) => sum + n, 0) : 'all';
    facts.tokens.want(id, base, (signal) => api.tokens(id, signal));
    facts.gridTokens.want(id, base, (signal) => api.gridTokens(id, signal));
    facts.heads.want(id, `${base}/${progress}`, (signal) => api.heads(id, signal));
  }

  /** @param {State} state @param {DatasetEntry} entry @param {Build} build */
  function wantMaps({ method, dims, at }, { id }, { base, mapsReady }) {
    // Which maps there are is only known from the description; until it is there, nothing is asked
    // for in vain.
    const known = facts.description.value?.manifest?.maps;
    const name = method && known && hasMap(known, method, dims) ? mapName(method, dims) : null;
    const growth = name && method ? growthOf(mapsReady, method, dims) : 0;
    if (!name || growth === 0) facts.grid.drop();
    else
      facts.grid.want(id, `${base}/${name}/${growth}`, (signal) =>
        api.grid(id, name, dims, signal),
      );
    const own = at && mapOf(facts.heads.value, at, name);
    if (!own || !at || !isHeadReady(state(at), own)) facts.headMap.drop();
    else
      facts.headMap.want(id, `${base}/${own}/${at.layer},${at.head}`, (signal) =>
        api.headMap(id, own, dims, at, signal),
      );

    /** @param {NonNullable<State['at']>} head */
    function state(head) {
      return { head, isBuilding: mapsReady !== null };
    }
  }

  /**
   * Whether one head's map can be asked for: in a complete dataset always, in a growing one once
   * heads.json tells of it.
   *
   * @param {{head: NonNullable<State['at']>, isBuilding: boolean}} wanted
   * @param {string} name
   */
  function isHeadReady({ head, isBuilding }, name) {
    return !isBuilding || Boolean(facts.heads.value?.get(`${head.layer},${head.head}`)?.maps[name]);
  }

  /** @param {State} state @param {DatasetEntry} entry @param {Build} build */
  function wantExtras(state, { id, modality }, { base }) {
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
    wantAttention(state, id, base);
    wantPartners(state, id, base);
  }

  /** @param {State} state @param {string} id @param {string} base */
  function wantPartners({ at, selected, hasLines, hasStrongest }, id, base) {
    const n = facts.tokens.value?.n ?? 0;
    if (!at || !selected || !hasLines || !hasStrongest || selected.token >= n)
      return facts.partners.drop();
    const point = pointOf(selected, n);
    // Points have other numbers where there are more tokens.
    facts.partners.want(
      id,
      `${base}/${at.layer},${at.head}/${point} of ` +
        `${n}${ownMark(id, facts.tokens.value?.sequence[selected.token] ?? 0)}`,
      async (signal) => ({
        at,
        point,
        partners: await api.partners(id, at, point, N_STRONGEST, signal),
      }),
    );
  }

  /** @param {State} state @param {string} id @param {string} base */
  function wantAttention({ at, selected, weight, below, isImageMean }, id, base) {
    const sequence = selected ? facts.tokens.value?.sequence[selected.token] : undefined;
    if (!at || sequence === undefined) {
      facts.attention.drop();
      facts.aggregate.drop();
      return;
    }
    const head = `${base}/${at.layer},${at.head}`;
    facts.attention.want(id, `${head}/${sequence}/${weight}${ownMark(id, sequence)}`, (signal) =>
      api.attention(id, at, sequence, weight, signal),
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

  /**
   * What tells an own sequence from another that had its number before.
   *
   * @param {string} id
   * @param {number} sequence
   */
  function ownMark(id, sequence) {
    const layer = own?.layerOf(id);
    const found = layer?.sequences[sequence - layer.firstSequence];
    return found ? ` own ${numberOf(found.answer.queries)}` : '';
  }

  /** @param {readonly unknown[]} [kept] */
  function dropAll(kept = [facts.datasets]) {
    for (const slot of Object.values(facts)) if (!kept.includes(slot)) slot.drop();
  }

  /** The list of datasets is asked for again and again; what grew then has a new key. */
  function watchBuilds() {
    const { status, value } = facts.datasets;
    if (api.isSite || status === 'loading' || !value || poll !== null) return;
    const isWaiting = value.length === 0 || value.some(({ state }) => state === 'building');
    poll = setTimeout(
      () => {
        poll = null;
        if (document.hidden) watchBuilds();
        else facts.datasets.again();
      },
      isWaiting ? POLL_MS : IDLE_POLL_MS,
    );
  }

  return {
    facts,
    update,
    retry() {
      for (const slot of Object.values(facts)) if (slot.status === 'failed') slot.again();
    },
    destroy() {
      if (poll !== null) clearTimeout(poll);
      own?.want(pane, null);
      dropAll(datasets ? [datasets] : []);
    },
  };
}

/**
 * The maps that are the best of a head, or of any.
 *
 * @param {Facts['heads']['value']} heads
 * @param {State['at']} at
 * @param {string | null} name
 */
function ownMaps(heads, at, name) {
  const shown = at ? [at] : [...(heads?.values() ?? [])];
  return [...new Set(shown.flatMap((head) => mapOf(heads, head, name) ?? []))].sort();
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

/**
 * @param {() => void} changed
 * @param {() => Facts | null} beside
 * @param {Facts['datasets']} [datasets]
 * @returns {Facts}
 */
function createFacts(changed, beside, datasets = createSlot('the list of datasets', changed)) {
  /** @param {keyof Facts} name @param {string} what @returns {any} */
  const slot = (name, what) =>
    createSlot(
      what,
      changed,
      (key) => /** @type {Promise<any> | null} */ (beside()?.[name].answerTo(key) ?? null),
    );
  return Object.freeze({
    datasets,
    description: slot('description', 'the description of the dataset'),
    tokens: slot('tokens', 'the tokens'),
    gridTokens: slot('gridTokens', 'the tokens of the grid'),
    grid: slot('grid', 'the maps of all heads'),
    gridNorms: slot('gridNorms', 'the norms of the grid'),
    heads: slot('heads', 'the numbers of the heads'),
    headMap: slot('headMap', 'the map of this head'),
    headNorms: slot('headNorms', 'the norms of this head'),
    tokenScores: slot('tokenScores', 'the attention of all tokens in this head'),
    attention: slot('attention', 'the attention of this sequence'),
    aggregate: slot('aggregate', 'the mean attention of this head'),
    partners: slot('partners', 'the strongest partners of this point'),
    patches: slot('patches', 'the patches'),
    pairs: slot('pairs', 'how every head scores the pairs'),
  });
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
