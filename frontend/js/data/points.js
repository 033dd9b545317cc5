/** Names of maps, numbers of points, and the fidelity of a head. */

import { mapIn } from './best_map.js';

/** @import { Facts, Fidelity, HeadDetails, HeadFacts, HeadId } from '../page.js' */
/** @import { Selected, State } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * @param {Method} method
 * @param {Dims} dims
 */
export function mapName(method, dims) {
  return `${method}-${dims}d`;
}

/** @param {State} state @returns {string | null} The map that is chosen. */
export function chosenMap({ method, dims }) {
  return method && mapName(method, dims);
}

/**
 * @param {Selected} selected
 * @param {number} nTokens
 */
export function pointOf({ kind, token }, nTokens) {
  return kind === 'query' ? token : nTokens + token;
}

/**
 * @param {number} point
 * @param {number} nTokens
 * @returns {Selected}
 */
export function selectedAt(point, nTokens) {
  return point < nTokens
    ? { kind: 'query', token: point }
    : { kind: 'key', token: point - nTokens };
}

/**
 * Return the index among the drawn points of a point of the corpus, or -1 if it is not drawn.
 *
 * @param {Selected} selected
 * @param {Int32Array | null} drawn sorted
 * @param {number} nTokens
 */
export function drawnPoint({ kind, token }, drawn, nTokens) {
  if (!drawn) return pointOf({ kind, token }, nTokens);
  let [low, high] = [0, drawn.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (drawn[middle] < token) low = middle + 1;
    else high = middle;
  }
  return drawn[low] === token ? pointOf({ kind, token: low }, drawn.length) : -1;
}

/**
 * @param {ReadonlyMap<string, HeadFacts> | null} heads
 * @param {HeadId} at
 * @param {string | null} name of the map that is shown
 * @returns {Fidelity | null}
 */
export function fidelityOf(heads, at, name) {
  const facts = heads?.get(`${at.layer},${at.head}`);
  return facts ? fidelityIn(facts, name) : null;
}

/**
 * @param {HeadFacts} facts
 * @param {string | null} name of the map that is shown
 * @returns {Fidelity | null}
 */
export function fidelityIn(facts, name) {
  const own = mapIn(facts, name);
  return (own && facts.maps[own]?.fidelity) || null;
}

/**
 * The rows of the grid in the manifest; null while they are not loaded.
 *
 * @param {Pick<Facts, 'description'>} facts
 * @param {string | null} [dataset] whose they are; without one, of the dataset that is loaded
 */
export function layersOf({ description: { value } }, dataset = value?.id ?? null) {
  return value?.id === dataset ? (value?.manifest?.layers ?? null) : null;
}

/**
 * The details of the open head; null while they are not loaded.
 *
 * @param {{headDetails: {value: HeadDetails | null}}} facts
 * @param {HeadId | null} at
 */
export function detailsOf({ headDetails: { value } }, at) {
  return value && value.layer === at?.layer && value.head === at.head ? value : null;
}

/** @type {WeakMap<ReadonlyMap<string, HeadFacts>, Map<string | null, Fidelity | null>>} */
const means = new WeakMap();

/**
 * The mean over the heads that have the map; null for a measure that no head has.
 *
 * @param {ReadonlyMap<string, HeadFacts> | null} heads
 * @param {string | null} name
 * @returns {Fidelity | null}
 */
export function meanFidelity(heads, name) {
  if (!heads) return null;
  const known = means.get(heads) ?? new Map();
  means.set(heads, known);
  if (!known.has(name)) known.set(name, computeMean(heads, name));
  return known.get(name) ?? null;
}

/**
 * @param {ReadonlyMap<string, HeadFacts>} heads
 * @param {string | null} name
 * @returns {Fidelity | null}
 */
function computeMean(heads, name) {
  const all = [...heads.values()].flatMap((facts) => fidelityIn(facts, name) ?? []);
  if (all.length === 0) return null;
  /** @param {keyof Fidelity} measure */
  const mean = (measure) => {
    const known = all.flatMap((fidelity) => fidelity[measure] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return {
    recall_at_10: mean('recall_at_10'),
    recall_at_100: mean('recall_at_100'),
    rank_correlation: mean('rank_correlation'),
    trustworthiness: mean('trustworthiness'),
  };
}
