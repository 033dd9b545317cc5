/** Questions to the server and their answers: JSON for facts, typed arrays for numbers. */

/** @import { DatasetEntry, Description, HeadFacts, HeadId } from './page.js' */

const ARRAY_TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, float32: Float32Array };

/** @typedef {Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array} NumberArray */

/** An array as the server sent it; `headers` says what belongs to it. */
/** @typedef {{values: NumberArray, shape: number[], headers: Headers}} ArrayAnswer */

/** The server answered, and said no. */
export class ServerError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.name = 'ServerError';
    this.status = status;
    this.code = code;
  }
}

/**
 * Return the questions that the page asks; every one can be called off by its signal.
 *
 * @param {string | URL} base where the page lies; the interface lies below it
 * @param {typeof fetch} [ask]
 */
export function createApi(base, ask = (...parts) => fetch(...parts)) {
  const root = new URL('api/v1/', base);
  /** @param {string} id */
  const dataset = (id) => `datasets/${encodeURIComponent(id)}`;
  /** @param {HeadId} at */
  const head = (at) => `heads/${at.layer}/${at.head}`;

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   */
  async function get(path, signal) {
    let answer;
    try {
      answer = await ask(new URL(path, root), { signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error('The server does not answer.', { cause: error });
    }
    if (!answer.ok) throw await readError(answer);
    return answer;
  }

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   */
  const json = async (path, signal) => (await get(path, signal)).json();

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   */
  const array = async (path, signal) => readArray(await get(path, signal));

  return {
    /** @param {AbortSignal} signal @returns {Promise<DatasetEntry[]>} */
    datasets: async (signal) => (await json('datasets', signal)).datasets,
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<Description>} */
    description: (id, signal) => json(dataset(id), signal),
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<Record<string, any>>} */
    tokens: (id, signal) => json(`${dataset(id)}/tokens`, signal),
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<HeadFacts[]>} */
    heads: async (id, signal) => (await json(`${dataset(id)}/heads`, signal)).heads,
    /** @param {string} id @param {AbortSignal} signal */
    gridTokens: (id, signal) => array(`${dataset(id)}/grid`, signal),
    /** @param {string} id @param {AbortSignal} signal */
    gridNorms: (id, signal) => array(`${dataset(id)}/grid/norms`, signal),
    /** @param {string} id @param {string} map @param {AbortSignal} signal */
    grid: (id, map, signal) => array(`${dataset(id)}/projections/${map}`, signal),
    /** @param {string} id @param {string} map @param {HeadId} at @param {AbortSignal} signal */
    headMap: (id, map, at, signal) => array(`${dataset(id)}/projections/${map}?layer=${at.layer}&head=${at.head}`, signal),
    /** @param {string} id @param {HeadId} at @param {AbortSignal} signal */
    headNorms: (id, at, signal) => array(`${dataset(id)}/${head(at)}/norms`, signal),
    /** @param {string} id @param {HeadId} at @param {number} sequence @param {AbortSignal} signal */
    attention: (id, at, sequence, signal) => array(`${dataset(id)}/${head(at)}/attention/${sequence}`, signal),
    /** @param {string} id @param {AbortSignal} signal */
    patches: (id, signal) => array(`${dataset(id)}/patches`, signal),
    /** @param {string} id @param {number} sequence */
    imageUrl: (id, sequence) => new URL(`${dataset(id)}/images/${sequence}`, root).href,
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/** @param {Response} answer */
async function readError(answer) {
  try {
    const { error } = await answer.json();
    return new ServerError(answer.status, String(error.code), String(error.message));
  } catch {
    return new ServerError(answer.status, 'unknown', `The server answered ${answer.status} without saying why.`);
  }
}

/**
 * Return the numbers of an answer; both the named and the true size are checked.
 *
 * @param {Response} answer
 * @returns {Promise<ArrayAnswer>}
 */
async function readArray(answer) {
  const dtype = answer.headers.get('X-Dtype') ?? 'none';
  const shape = (answer.headers.get('X-Shape') ?? '').split(',').map(Number);
  const Values = ARRAY_TYPES[/** @type {keyof typeof ARRAY_TYPES} */ (dtype)];
  if (!Values) throw new Error(`The server sent numbers of an unknown type (${dtype}).`);
  const buffer = await answer.arrayBuffer();
  const expected = shape.reduce((product, n) => product * n, Values.BYTES_PER_ELEMENT);
  if (buffer.byteLength !== expected) {
    throw new Error(`The server sent ${buffer.byteLength} bytes where ${shape.join(' × ')} ${dtype} need ${expected}.`);
  }
  return { values: new Values(buffer), shape, headers: answer.headers };
}
