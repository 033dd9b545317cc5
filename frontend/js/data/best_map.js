/** The best map of each head, chosen by the server; offered as one more method. */

import { allMethods, methodLabels } from './projection_methods.js';

/** @import { HeadFacts, HeadId, Manifest } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/** Name of the method; its maps have the server's names, such as best-2d. */
export const BEST = 'best';

const BEST_WORDS = Object.freeze({
  name: BEST,
  label: 'Best',
  help:
    'The map of each head with the highest recall@10. Methods differ from head to head; nearness ' +
    'means what it means in that method.',
});

/** Methods that can be chosen, in the order of their keys. */
export function offeredMethods() {
  return allMethods().length > 1 ? [...allMethods(), BEST_WORDS] : allMethods();
}

/** @param {string} name */
export function mapLabels(name) {
  return name === BEST ? BEST_WORDS : methodLabels(name);
}

/**
 * Whether a dataset has, or will have, the maps of a method.
 *
 * @param {Manifest['maps']} maps
 * @param {Method} method
 * @param {Dims} dims
 */
export function hasMap(maps, method, dims) {
  return method === BEST
    ? Object.values(maps).some((map) => map.dims === dims)
    : `${method}-${dims}d` in maps;
}

/**
 * Number of heads that have the map while a dataset is being built; for the best map the largest
 * number of any method.
 *
 * @param {Record<string, number>} mapsReady
 * @param {Method} method
 * @param {Dims} dims
 */
export function headsReady(mapsReady, method, dims) {
  if (method !== BEST) return mapsReady[`${method}-${dims}d`] ?? 0;
  return Math.max(
    0,
    ...Object.entries(mapsReady).flatMap(([name, n]) => (name.endsWith(`-${dims}d`) ? [n] : [])),
  );
}

/**
 * The map of one head that a name stands for: of that name, or the head's best one.
 *
 * @param {ReadonlyMap<string, HeadFacts> | null} heads
 * @param {HeadId} at
 * @param {string | null} name such as "pca-2d" or "best-2d"
 * @returns {string | null} null while it is not known
 */
export function mapOf(heads, at, name) {
  if (!name?.startsWith(`${BEST}-`)) return name;
  const facts = heads?.get(`${at.layer},${at.head}`);
  return facts ? mapIn(facts, name) : null;
}

/** The same of a head that is known. @param {HeadFacts} facts @param {string | null} name */
export function mapIn(facts, name) {
  return name?.startsWith(`${BEST}-`) ? (facts.best_maps[name] ?? null) : name;
}

/** The method of a map's name. @param {string} name */
export function methodOf(name) {
  return name.replace(/-[23]d$/, '');
}

/**
 * The method of the map that is drawn for a head; for all heads the chosen method.
 *
 * @param {{method: Method | null, dims: Dims}} state
 * @param {ReadonlyMap<string, HeadFacts> | null} heads
 * @param {HeadId | null} at
 * @returns {Method | null}
 */
export function shownMethod({ method, dims }, heads, at) {
  const own = method && at && mapOf(heads, at, `${method}-${dims}d`);
  return own ? methodOf(own) : method;
}

/**
 * Number of heads by the method of their best map, the most frequent method first.
 *
 * @param {ReadonlyMap<string, HeadFacts> | null} heads
 * @param {string} name such as "best-2d"
 */
export function bestCounts(heads, name) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { layer, head } of heads?.values() ?? []) {
    const map = mapOf(heads, { layer, head }, name);
    if (map) counts.set(methodOf(map), (counts.get(methodOf(map)) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([method, n]) => `${n} × ${methodLabels(method).label}`)
    .join(', ');
}
