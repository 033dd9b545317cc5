/**
 * Loads the model of a dataset in advance, while the user types or chooses a file, by a request
 * with a fixed text or image.
 */

/** @import { Content, Send, Wanted } from './live.js' */

/**
 * For how long a model is assumed to stay loaded after a response; servers unload it some minutes
 * after its last request.
 */
const READY_MS = 300_000;
/** @type {Content} */
const FIRST_TEXT = { kind: 'text', text: 'a', tokens: null, file: null };
/** One grey pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgAB5Sfe/AAAAABJRU5ErkJggg==';

/**
 * @param {Send} send
 * @param {() => number} [now] milliseconds
 */
export function createWarming(send, now = () => performance.now()) {
  /** Time of the last response of the model of a dataset. @type {Map<string, number>} */
  const answered = new Map();
  /** Models that are being loaded. @type {Map<string, Promise<void>>} */
  const asked = new Map();

  /** Whether the model of a dataset is assumed to be loaded. @param {string} dataset */
  const isReady = (dataset) => now() - (answered.get(dataset) ?? -Infinity) < READY_MS;
  /** @param {string} dataset */
  const noteAnswer = (dataset) => void answered.set(dataset, now());

  /** @param {Wanted} wanted @param {readonly string[]} maps */
  async function ask({ dataset, manifest }, maps) {
    try {
      await send(
        dataset,
        manifest.model.modality === 'image' ? firstImage() : FIRST_TEXT,
        maps,
        new AbortController().signal,
      );
      noteAnswer(dataset);
    } catch {
      // The error is reported for the request of the user that follows.
    }
    asked.delete(dataset);
  }

  return {
    isReady,
    noteAnswer,
    /**
     * Load the model of a dataset, unless it is loaded or being loaded.
     *
     * @param {Wanted} wanted
     * @param {readonly string[]} maps
     */
    warm(wanted, maps) {
      const { dataset } = wanted;
      if (maps.length > 0 && !isReady(dataset) && !asked.has(dataset))
        asked.set(dataset, ask(wanted, maps));
    },
    /**
     * Settles once the model of a dataset is loaded or has failed; null if it is not being loaded.
     *
     * @param {string} dataset
     */
    coming: (dataset) => asked.get(dataset) ?? null,
  };
}

/** @returns {Content} */
function firstImage() {
  return {
    kind: 'image',
    text: 'a',
    tokens: null,
    file: new Blob([Uint8Array.from(atob(PNG), (one) => one.charCodeAt(0))], { type: 'image/png' }),
  };
}
