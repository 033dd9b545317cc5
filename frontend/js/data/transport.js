/** HTTP: requests, the bodies and errors of responses, and retries while there is no connection. */

import { readArray } from '../compute/decode.js';

/**
 * Between tries, milliseconds, the last one for as long as it takes. A break that is over after the
 * first is not mentioned.
 */
const PAUSES_MS = [300, 1000, 2000, 4000, 8000, 15_000];
const PROBE_MS = 5000;
/** Tries at one question: what itself breaks the connection is not asked for ever. */
const MAX_TRIES = 4;
/** Status codes of a proxy whose upstream is down. */
const GATEWAY_ERRORS = [502, 503, 504];

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
   * @param {Question} [more] what is sent along
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

/**
 * A question that changes nothing may be asked again; those by GET are.
 *
 * @typedef {RequestInit & {isRepeatable?: boolean}} Question
 */

/**
 * Return what stands in for `fetch`. Whether a server can be reached is judged by questions that
 * fail alone: a browser that calls itself offline still reaches this machine, and one that calls
 * itself online may reach nothing.
 *
 * @param {typeof fetch} ask
 * @param {string | URL} probed an address of the same server; any answer will do
 * @param {(isLost: boolean) => void} onChange called when the connection is lost or restored
 */
export function createConnection(ask, probed, onChange) {
  let isLost = false;
  let hasAnswered = false;
  /**
   * Settles once the server can be reached; null while nothing says that it cannot.
   *
   * @type {Promise<void> | null}
   */
  let reconnecting = null;
  let endPause = () => {};

  /** @param {boolean} next */
  function setLost(next) {
    if (next === isLost) return;
    isLost = next;
    onChange(next);
  }

  /** @param {number} milliseconds */
  function pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      endPause = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  async function isReachable() {
    try {
      return !isGatewayError(
        await ask(probed, {
          method: 'HEAD',
          cache: 'no-store',
          signal: AbortSignal.timeout(PROBE_MS),
        }),
      );
    } catch {
      return false;
    }
  }

  async function reconnect() {
    hasAnswered = false;
    for (let n = 0; ; n++) {
      await pause(PAUSES_MS[Math.min(n, PAUSES_MS.length - 1)]);
      if (hasAnswered || (await isReachable())) break;
      setLost(true);
    }
    reconnecting = null;
    setLost(false);
  }

  /** Settles once the server can be reached. */
  function reached() {
    reconnecting ??= reconnect();
    return reconnecting;
  }

  return {
    /** Try now instead of after the pause. */
    retry: () => endPause(),
    /** Look whether the server can still be reached. */
    check: () => void reached(),
    /** @type {typeof fetch} */
    async ask(address, /** @type {Question} */ options = {}) {
      const { isRepeatable = (options.method ?? 'GET') === 'GET', signal } = options;
      for (let n = 1; ; n++) {
        /** @type {Response | Error} */
        const answer = await wholeAnswer(ask, address, options).catch((error) => error);
        if (signal?.aborted) throw signal.reason;
        if (answer instanceof Response && !isGatewayError(answer)) {
          hasAnswered = true;
          endPause();
          return answer;
        }
        const wait = reached();
        if (isRepeatable && n < MAX_TRIES) await unlessAborted(wait, signal);
        else if (answer instanceof Response) return answer;
        else throw answer;
      }
    },
  };
}

/**
 * Read the whole body, since a response may also break off in the middle.
 *
 * @param {typeof fetch} ask
 * @param {Parameters<typeof fetch>[0]} address
 * @param {RequestInit} options
 */
async function wholeAnswer(ask, address, options) {
  const answer = await ask(address, options);
  const body = await answer.arrayBuffer();
  return new Response(body.byteLength > 0 ? body : null, answer);
}

/**
 * Whether a proxy answered and not our server, whose errors are JSON.
 *
 * @param {Response} answer
 */
function isGatewayError({ headers, status }) {
  return (
    GATEWAY_ERRORS.includes(status) &&
    !headers.has('Retry-After') &&
    !headers.get('Content-Type')?.startsWith('application/json')
  );
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | null | undefined} signal
 * @returns {Promise<T>}
 */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
