/** Requests to the server and the bodies of its answers. */

import { readArray } from '../compute/decode.js';

/** An error response of the server. */
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
    /** Seconds after which it makes sense to ask again; 0 where the server does not say. */
    this.retryAfter = 0;
  }
}

/** Parse an error response. @param {Response} answer */
export async function readError(answer) {
  try {
    const { error } = await answer.json();
    const serverError = new ServerError(answer.status, String(error.code), String(error.message));
    serverError.retryAfter = Math.max(0, Number(answer.headers.get('Retry-After')) || 0);
    return serverError;
  } catch {
    return new ServerError(
      answer.status,
      'unknown',
      `The server answered ${answer.status} without saying why.`,
    );
  }
}

/**
 * @param {URL} root of the API
 * @param {typeof fetch} ask
 */
export function createTransport(root, ask) {
  /**
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {string} type of the answer
   * @param {import('./connection.js').Question} [more] what is sent along
   */
  async function get(path, signal, type = 'application/octet-stream', more = {}) {
    let answer;
    try {
      answer = await ask(new URL(path, root), {
        ...more,
        signal,
        headers: { ...more.headers, Accept: type },
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error('The server does not answer.', { cause: error });
    }
    if (!answer.ok) throw await readError(answer);
    return answer;
  }

  return {
    get,
    /** @param {string} path @param {AbortSignal} signal */
    json: async (path, signal) => (await get(path, signal, 'application/json')).json(),
    /** @param {string} path @param {AbortSignal} signal */
    array: async (path, signal) => readArray(await get(path, signal)),
    /**
     * Run something through a model.
     *
     * @param {string} path
     * @param {RequestInit} sent
     * @param {AbortSignal} signal
     */
    async run(path, sent, signal) {
      const more = { method: 'POST', isRepeatable: true, ...sent };
      return (await get(path, signal, 'application/vnd.safetensors', more)).arrayBuffer();
    },
  };
}

/** @typedef {ReturnType<typeof createTransport>} Transport */

/** How many sequences an answer is about, and of how many. @param {Response} answer */
export function countsOf({ headers }) {
  return [Number(headers.get('X-Sequences')), Number(headers.get('X-Sequences-Total'))];
}

/**
 * @template {Int32Array | Uint8Array | Float32Array} T
 * @param {{new (length: number): T, readonly name: string}} Values
 * @param {{dtype: string, values: unknown}} numbers
 * @returns {T}
 */
export function asType(Values, { dtype, values }) {
  if (values instanceof Values) return values;
  throw new Error(`The server sent ${dtype} where ${Values.name} was due.`);
}
