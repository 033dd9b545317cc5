/** Queries, keys and norms of the heads of an exported dataset, with a cache. */

import { readNpy } from '../compute/npy.js';

/** @import { HeadId, Manifest } from '../page.js' */
/** @import { Rows } from '../compute/attention.js' */

/** Maximum size of the cache in bytes. */
const KEPT_BYTES = 96 * 2 ** 20;

/** @typedef {'queries' | 'keys' | 'norms'} Part */
/** @typedef {Pick<Manifest, 'id' | 'keep_vectors'>} StoredFacts */

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

  /**
   * The tokens with stored vectors, ascending; null for all.
   *
   * @param {StoredFacts} manifest
   * @returns {Promise<Set<number> | null>}
   */
  async function storedTokens({ id, keep_vectors: { choice } }) {
    if (choice !== 'sample') return choice === 'all' ? null : new Set();
    const answer = await read(`datasets/${id}/vector_tokens.npy`, new AbortController().signal);
    return new Set(readNpy(await answer.arrayBuffer()).values);
  }

  return {
    storedTokens,
    /**
     * One row per token; NaN where queries and keys are not stored.
     *
     * @param {StoredFacts & Pick<Manifest, 'n_heads' | 'n_key_heads' | 'layers' | 'n_tokens'>}
     *   manifest
     * @param {HeadId} at
     * @param {Part} part keys are those of the head's group
     * @param {AbortSignal} signal
     */
    async of(manifest, { layer, head }, part, signal) {
      const { n_heads: nHeads, n_key_heads: nKeyHeads } = {
        ...manifest,
        ...manifest.layers[layer],
      };
      const size = part === 'keys' ? nHeads / nKeyHeads : 1;
      const path = `${layer}/${Math.floor(head / size) * size}/${part}.npy`;
      const found = await rows(`datasets/${manifest.id}/heads/${path}`, signal);
      const stored = part === 'norms' ? null : await storedTokens(manifest);
      if (!stored) return found;
      const { values, width } = found;
      const whole = new Float32Array(manifest.n_tokens * width).fill(NaN);
      let row = 0;
      for (const token of stored)
        whole.set(values.subarray(row * width, ++row * width), token * width);
      return { values: whole, width };
    },
  };
}

/** @typedef {ReturnType<typeof createVectors>} Vectors */
