/** The sequences that each dataset shows beyond its corpus. */

import { isSameList, renumbered } from './item_lists.js';

/** @import { Manifest } from '../page.js' */
/** @import { Layer, UserItem, UserSequence, Wanted } from './live.js' */
/** @import { Renumber } from './item_lists.js' */

/**
 * @param {(dataset: string, renumber: Renumber, nBefore: number, nAfter: number) => void} moved
 *   called where tokens got other numbers
 */
export function createLayers(moved) {
  /** @type {Map<string, Layer | null>} */
  const layers = new Map();

  return {
    /** @param {string | null | undefined} dataset @returns {Layer | null} */
    of: (dataset) => layers.get(dataset ?? '') ?? null,
    /** The first token of an item; null where it is not shown. */
    startOf(/** @type {string} */ dataset, /** @type {UserItem} */ item) {
      const layer = layers.get(dataset);
      let start = layer?.firstToken ?? 0;
      for (const one of layer?.sequences ?? []) {
        if (one.item === item) return start;
        start += one.answer.n;
      }
      return null;
    },
    /** @param {string} dataset */
    drop: (dataset) => void layers.delete(dataset),
    /** @param {Wanted} wanted @param {readonly UserSequence[]} sequences */
    settle({ dataset, manifest }, sequences) {
      const old = layers.get(dataset) ?? null;
      if (old?.manifest === manifest && isSameList(old.sequences, sequences)) return;
      const layer = layerFrom(manifest, sequences);
      layers.set(dataset, layer);
      if (!old || old.manifest.n_tokens !== manifest.n_tokens) return;
      const [nBefore, nAfter] = [old.n, layer?.n ?? 0].map((n) => manifest.n_tokens + n);
      moved(dataset, renumbered(old, layer), nBefore, nAfter);
    },
  };
}

/** @param {Manifest} manifest @param {readonly UserSequence[]} sequences @returns {Layer | null} */
function layerFrom(manifest, sequences) {
  if (sequences.length === 0) return null;
  return Object.freeze({
    manifest,
    sequences,
    n: sequences.reduce((sum, { answer: { n } }) => sum + n, 0),
    firstToken: manifest.n_tokens,
    firstSequence: manifest.n_sequences,
  });
}
