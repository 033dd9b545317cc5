/** Loads the facts that the choices need, in parallel, and keeps the newest responses. */

import { BEST, hasMap, mapOf } from './best_map.js';
import { createFacts } from './facts.js';
import { mapName } from './points.js';
import { readBuild, wantColumns, wantExtras, wantMaps } from './wanted_facts.js';

/** @import { Api } from './api.js' */
/** @import { UserSequences } from '../user_sequences/user_sequences.js' */
/** @import { DatasetEntry, Facts, State } from '../page.js' */

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
  const loaded = createFacts(changed, beside, datasets);
  const facts = userSequences ? userSequences.overlay(loaded) : loaded;
  const source = { api, facts, layerOf: userSequences?.layerOf ?? (() => null) };
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
      wantColumns(source, entry, build);
      wantMaps(source, state, entry, build);
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
 * The list of datasets is asked for again and again; what grew then has a new key.
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
 * The maps that are the best of a head, or of any.
 *
 * @param {Facts['heads']['value']} heads
 * @param {State['at']} at
 * @param {string | null} name
 */
function bestMaps(heads, at, name) {
  const shown = at ? [at] : [...(heads?.values() ?? [])];
  return [...new Set(shown.flatMap((head) => mapOf(heads, head, name) ?? []))].sort();
}
