/** The user's sequences that each dataset shows: items with a response of its model. */

import { isCausalModel, openingToken } from '../data/opening_token.js';
import { fits } from './items.js';
import { extendFact } from './overlay.js';

/** @import { Facts, Manifest } from '../page.js' */
/** @import { Answer, Layer, Run, UserItem, UserSequence, Wanted } from './live.js' */
/** @import { Counted } from './token_renumbering.js' */

/**
 * @param {() => readonly UserItem[]} items
 * @param {Parameters<typeof createLayers>[0]} moved
 * @param {() => void} changed called after a pane shows another dataset or map
 */
export function createShownSequences(items, moved, changed) {
  const runs = createRuns();
  const wants = createWants();
  const layers = createLayers(moved);

  /** Bring the sequences that datasets show in step with what is kept and answered. */
  function settle() {
    for (const wanted of wants.all()) {
      const fitting = items().filter((item) => fits(item, wanted.manifest));
      const sequences = fitting.flatMap((item) => {
        const answer = runs.of(item, wanted)?.answer;
        return answer ? [{ item, answer }] : [];
      });
      const waiting = fitting.filter((item) => !runs.of(item, wanted)?.answer);
      layers.settle(
        wanted,
        sequences,
        waiting.map(({ uid }) => uid),
      );
    }
  }

  return {
    runs,
    wants,
    settle,
    startOf: layers.startOf,
    /** The token by which an item is opened; null where it is not shown. */
    openingTokenOf(/** @type {string} */ dataset, /** @type {UserItem} */ item) {
      const start = layers.startOf(dataset, item);
      const layer = layers.of(dataset);
      const found = layer?.sequences.find((one) => one.item === item);
      return start === null || !layer || !found
        ? null
        : start + openingToken(found.answer.columns, 0, isCausalModel(layer.manifest));
    },
    layerOf: layers.of,
    /**
     * A fact of the shown dataset, with these sequences appended to those of its corpus.
     *
     * @template T
     * @param {keyof Facts} name
     * @param {T} value
     * @param {string} key that it is the answer to
     * @param {Facts} facts
     * @returns {T}
     */
    extend(name, value, key, facts) {
      return extendFact(name, value, key, facts, layers.of);
    },
    /**
     * The response or error of the model of a dataset for an item.
     *
     * @param {UserItem} item
     * @param {string} dataset
     */
    runOf(item, dataset) {
      const wanted = wants.of(dataset);
      return wanted && runs.of(item, wanted);
    },
    /**
     * Number of tokens of a dataset including those of the user; Infinity while some are pending.
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
     * @param {Wanted | null} wanted what the pane shows; null if nothing can be requested for it
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

/**
 * The sequences that each dataset shows in addition to its corpus.
 *
 * @param {(dataset: string, nCorpus: number, shown: readonly Counted[], waiting: readonly string[])
 *   => void} moved called when other texts are shown, with those that wait for the model
 */
function createLayers(moved) {
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
    /**
     * @param {Wanted} wanted
     * @param {readonly UserSequence[]} sequences
     * @param {readonly string[]} waiting
     */
    settle({ dataset, manifest }, sequences, waiting) {
      const old = layers.get(dataset) ?? null;
      if (old?.manifest !== manifest || !isSameList(old.sequences, sequences))
        layers.set(dataset, layerFrom(manifest, sequences));
      const shown = sequences.map(
        ({ item, answer }) => /** @type {Counted} */ ([item.uid, answer.n]),
      );
      moved(dataset, manifest.n_tokens, shown, waiting);
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

/** @param {readonly UserSequence[]} a @param {readonly UserSequence[]} b */
export function isSameList(a, b) {
  return (
    a.length === b.length &&
    a.every(({ item, answer }, i) => item === b[i].item && answer === b[i].answer)
  );
}

/** The responses and errors of each item and dataset, of the shown version. */
function createRuns() {
  /** @type {Map<string, Run>} */
  const runs = new Map();
  /** @param {UserItem} item @param {string} dataset */
  const keyOf = ({ id }, dataset) => `${id} ${dataset}`;
  /** @param {UserItem} item @returns {[string, Run][]} */
  const entriesOf = ({ id }) => [...runs].filter(([key]) => key.startsWith(`${id} `));

  /** @param {UserItem} item @param {Pick<Wanted, 'dataset' | 'version'>} wanted */
  function of(item, { dataset, version }) {
    const run = runs.get(keyOf(item, dataset));
    return run && run.version === version ? run : null;
  }

  return {
    of,
    /**
     * Keep a response; a further one only adds positions in maps.
     *
     * @param {UserItem} item
     * @param {Wanted} wanted
     * @param {Answer} answer
     */
    add(item, wanted, answer) {
      const former = of(item, wanted)?.answer;
      const places = new Map([...(former?.places ?? []), ...answer.places]);
      const { dataset, version } = wanted;
      runs.set(keyOf(item, dataset), {
        version,
        answer: { ...(former ?? answer), places },
        error: null,
      });
    },
    /** @param {UserItem} item @param {Wanted} wanted @param {string} error */
    fail(item, wanted, error) {
      const { dataset, version } = wanted;
      const answer = of(item, wanted)?.answer ?? null;
      runs.set(keyOf(item, dataset), { version, answer, error });
    },
    /** Delete the responses for an item whose tokens have changed. @param {UserItem} item */
    forget(item) {
      for (const [key] of entriesOf(item)) runs.delete(key);
    },
    /** Delete errors, so that the item is requested again. @param {UserItem} item */
    retry(item) {
      for (const [key, run] of entriesOf(item))
        if (run.error)
          runs.set(key, { ...run, version: run.answer ? run.version : null, error: null });
    },
  };
}

/** @typedef {ReturnType<typeof createRuns>} Runs */

/** The dataset and maps that each pane shows, in which items are placed. */
function createWants() {
  /** @type {Map<object, Wanted>} */
  const wants = new Map();
  /** @param {string} dataset */
  const of = (dataset) => [...wants.values()].find((wanted) => wanted.dataset === dataset) ?? null;

  return {
    of,
    all: () => [...wants.values()],
    /** The maps of a dataset that any pane shows. @param {string} dataset @returns {string[]} */
    mapsOf: (dataset) => [
      ...new Set(
        [...wants.values()].flatMap((wanted) => (wanted.dataset === dataset ? wanted.maps : [])),
      ),
    ],
    /**
     * @param {object} pane
     * @param {Wanted | null} wanted
     * @returns {{isChanged: boolean, left: string | null}} `left` is the dataset that no pane shows
     *   any longer
     */
    set(pane, wanted) {
      const former = wants.get(pane) ?? null;
      if (wanted === former || (wanted && former && isSame(wanted, former)))
        return { isChanged: false, left: null };
      if (wanted) wants.set(pane, wanted);
      else wants.delete(pane);
      return { isChanged: true, left: former && !of(former.dataset) ? former.dataset : null };
    },
  };
}

/** @typedef {ReturnType<typeof createWants>} Wants */

/** @param {Wanted} a @param {Wanted} b */
function isSame(a, b) {
  return (
    a.dataset === b.dataset &&
    a.version === b.version &&
    a.manifest === b.manifest &&
    a.maps.join() === b.maps.join()
  );
}
