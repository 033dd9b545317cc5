/**
 * The model of a dataset is fetched while somebody still types or chooses. Nothing of what is typed
 * is sent for that.
 */

/** @import { Content, Send, Wanted } from './live.js' */

/**
 * For how long a model that has answered is taken to be there; a server ends it some minutes after
 * its last question.
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
  /** When the model of a dataset last answered. @type {Map<string, number>} */
  const answered = new Map();
  /** Models that are on their way. @type {Map<string, Promise<void>>} */
  const asked = new Map();

  /** Whether the model of a dataset has answered lately. @param {string} dataset */
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
      // Whoever asks for something of their own is told why it cannot be run.
    }
    asked.delete(dataset);
  }

  return {
    isReady,
    noteAnswer,
    /**
     * Have the model of a dataset come, unless it is there or on its way.
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
     * Settles once the model of a dataset has come, or could not; null where none is on its way.
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
