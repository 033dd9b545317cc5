/** Queries, keys and norms of the heads of an exported dataset, with a cache. */

import { readNpy } from '../compute/npy.js';

/** @import { HeadId, Manifest } from '../page.js' */
/** @import { Rows } from '../compute/attention.js' */

/** Maximum size of the cache in bytes. */
const KEPT_BYTES = 96 * 2 ** 20;

/** @typedef {'queries' | 'keys' | 'norms'} Part */

/**
 * @param {(path: string, signal: AbortSignal) => Promise<Response>} read a file below the interface
 */
export function createVectors(read) {
  /** By path, the oldest first. @type {Map<string, Rows>} */
  const cache = new Map();

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   * @returns {Promise<Rows>}
   */
  async function rows(path, signal) {
    const known = cache.get(path);
    if (known) {
      cache.delete(path);
      cache.set(path, known);
      return known;
    }
    const { shape, values } = readNpy(await (await read(path, signal)).arrayBuffer());
    if (!(values instanceof Float32Array))
      throw new Error(`${path} holds other numbers than float32`);
    const found = { values, width: shape[1] };
    cache.set(path, found);
    let bytes = 0;
    for (const { values: rows } of cache.values()) bytes += rows.byteLength;
    for (const [oldest, { values: rows }] of cache) {
      if (bytes <= KEPT_BYTES || oldest === path) break;
      cache.delete(oldest);
      bytes -= rows.byteLength;
    }
    return found;
  }

  return {
    /**
     * @param {Pick<Manifest, 'id' | 'n_heads' | 'n_key_heads' | 'layers'>} manifest
     * @param {HeadId} at
     * @param {Part} part keys are those of the head's group
     * @param {AbortSignal} signal
     */
    of({ id, layers, ...model }, { layer, head }, part, signal) {
      const { n_heads: nHeads, n_key_heads: nKeyHeads } = { ...model, ...layers[layer] };
      const size = part === 'keys' ? nHeads / nKeyHeads : 1;
      return rows(
        `datasets/${id}/heads/${layer}/${Math.floor(head / size) * size}/${part}.npy`,
        signal,
      );
    },
  };
}

/** @typedef {ReturnType<typeof createVectors>} Vectors */
