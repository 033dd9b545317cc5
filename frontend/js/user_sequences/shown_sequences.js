/** What datasets show of the kept items, as far as their models have answered. */

import { fits } from './item_lists.js';
import { createLayers } from './layers.js';
import { createRuns } from './runs.js';
import { createSlotOverlay } from './slot_overlay.js';
import { createWants } from './wants.js';

/** @import { Facts, Manifest } from '../page.js' */
/** @import { UserItem, Wanted } from './live.js' */

/**
 * @param {() => readonly UserItem[]} items
 * @param {Parameters<typeof createLayers>[0]} moved
 * @param {() => void} changed called once a pane shows something else
 */
export function createShownSequences(items, moved, changed) {
  const runs = createRuns();
  const wants = createWants();
  const layers = createLayers(moved);

  /** Bring the sequences that datasets show in step with what is kept and answered. */
  function settle() {
    for (const wanted of wants.all()) {
      const sequences = items().flatMap((item) => {
        const answer = fits(item, wanted.manifest) ? runs.of(item, wanted)?.answer : null;
        return answer ? [{ item, answer }] : [];
      });
      layers.settle(wanted, sequences);
    }
  }

  return {
    runs,
    wants,
    settle,
    startOf: layers.startOf,
    layerOf: layers.of,
    /** The facts of a dataset with these sequences behind those of its corpus. */
    overlay: (/** @type {Facts} */ facts) => createSlotOverlay(facts, { layerOf: layers.of }),
    /**
     * What the model of a dataset says of an item.
     *
     * @param {UserItem} item
     * @param {string} dataset
     */
    runOf(item, dataset) {
      const wanted = wants.of(dataset);
      return wanted && runs.of(item, wanted);
    },
    /**
     * How many tokens a dataset has with those of the user; without end while some are on their
     * way.
     *
     * @param {Manifest} manifest
     */
    nTokens(manifest) {
      const wanted = wants.of(manifest.id);
      const isComing = items().some(
        (item) => fits(item, manifest) && !(wanted && runs.of(item, wanted)),
      );
      return isComing ? Infinity : manifest.n_tokens + (layers.of(manifest.id)?.n ?? 0);
    },
    /**
     * @param {object} pane
     * @param {Wanted | null} wanted what the pane shows; null where nothing of it can be asked for
     */
    want(pane, wanted) {
      const { isChanged, left } = wants.set(pane, wanted);
      if (!isChanged) return;
      if (left !== null) layers.drop(left);
      settle();
      changed();
    },
  };
}
