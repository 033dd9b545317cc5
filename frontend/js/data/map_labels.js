/** Labels of maps and their measures, and the progress of a build as text. */

import { countHeads } from '../compute/model_heads.js';
import { count, counted } from '../compute/number_text.js';
import { headsReady, mapLabels } from './best_map.js';

/** @import { Description, Fidelity, Progress } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/** @type {Record<string, string>} */
const PHASES = {
  capture: 'Reading the model',
  maps: 'Computing maps',
  publish: 'Checking the result',
  done: 'Done',
};

/** An address that only its own machine reaches. */
const LOOPBACK = /^https?:\/\/(localhost|127\.[\d.]+|\[::1\])([:/]|$)/;

/** @type {readonly {name: keyof Fidelity, label: string, help: string}[]} */
export const FIDELITY_LABELS = [
  {
    name: 'recall_at_10',
    label: 'recall@10',
    help:
      'The share of a query’s ten strongest keys of the whole corpus that are among the ten that ' +
      'this map ranks highest; 1 is perfect.',
  },
  {
    name: 'recall_at_100',
    label: 'recall@100',
    help:
      'The same for a hundred keys: how much of the wider surroundings of a query the map keeps. ' +
      'Not defined for a hundred keys or fewer.',
  },
  {
    name: 'rank_correlation',
    label: 'rank correlation',
    help:
      'How well the order of keys in this map follows the order of the attention scores within a ' +
      'sequence; 1 is perfect, 0 is chance.',
  },
  {
    name: 'trustworthiness',
    label: 'trustworthiness',
    help:
      'How few of a point’s neighbours in this map are not neighbours in the space of the ' +
      'vectors; 1 is perfect, about 0.5 is chance.',
  },
];

/**
 * How many heads have a map while it is being built, as text.
 *
 * @param {Description} description
 * @param {Method} method
 * @param {Dims} dims
 */
export function formatReady({ manifest, maps_ready: ready }, method, dims) {
  const all = manifest ? countHeads(manifest) : 0;
  return `${count(headsReady(ready, method, dims))} of ${counted(all, 'head')}`;
}

/**
 * @param {Method} method
 * @param {Dims} dims
 */
export function formatMap(method, dims) {
  return `${mapLabels(method).label}, ${dims}-D`;
}

/**
 * The progress of a build as text.
 *
 * @param {Progress | null} progress
 */
export function formatProgress(progress) {
  if (!progress) return 'Building.';
  const phase = PHASES[progress.phase] ?? progress.message;
  const units =
    progress.n_units > 0 ? ` · ${count(progress.n_units_done)} of ${count(progress.n_units)}` : '';
  const workers = progress.cluster ? ` · ${formatWorkers(progress.cluster)}` : '';
  return `${phase}${units}${formatRemaining(progress.remaining_seconds)}${workers}`;
}

/**
 * Returns the address of Dask's dashboard if a reader may reach it: one on the loopback interface
 * is there only for a page that comes from the same machine.
 *
 * @param {Progress | null} progress
 * @param {string} hostname from which the page comes
 * @returns {string | null}
 */
export function dashboardFor(progress, hostname) {
  const address = progress?.cluster?.dashboard ?? null;
  const isDead = address && LOOPBACK.test(address) && !LOOPBACK.test(`http://${hostname}`);
  return isDead ? null : address;
}

/** @param {NonNullable<Progress['cluster']>} cluster */
function formatWorkers({ n_workers: n, hosts }) {
  if (n === 0) return 'no worker is connected';
  const places = hosts.length > 3 ? counted(hosts.length, 'host') : hosts.join(', ');
  return counted(n, 'worker') + (places && ` on ${places}`);
}

/** @param {number | null} seconds */
function formatRemaining(seconds) {
  if (seconds === null) return '';
  if (seconds < 60) return ' · less than a minute left';
  if (seconds < 5400) return ` · about ${Math.round(seconds / 60)} min left`;
  return ` · about ${Math.round(seconds / 3600)} h left`;
}
