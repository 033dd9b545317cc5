/** What cannot be shown of a dataset that was built without its queries and keys. */

/** @import { Facts, Manifest } from '../page.js' */

/** Why there is no attention, and how to get it. */
export const NO_VECTORS =
  'No queries and keys are stored, so there is no attention: build the dataset with ' +
  '--keep-vectors all or sample to see it.';

/**
 * Whether a dataset has queries and keys, from which attention is computed, at least of a sample.
 *
 * @param {Pick<Manifest, 'keep_vectors'>} manifest
 */
export function storesVectors({ keep_vectors: { choice } }) {
  return choice !== 'none';
}

/**
 * The same of the dataset that is shown; one that is not known yet may have them.
 *
 * @param {Pick<Facts, 'description'>} facts
 */
export function hasVectors({ description: { value } }) {
  return !value?.manifest || storesVectors(value.manifest);
}
