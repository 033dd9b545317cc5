/** HTTP: requests, the bodies and errors of responses, and retries while there is no connection. */

import { readArray } from '../compute/decode.js';

/**
 * Pauses between retries; the last one is repeated. No message is shown if the first retry
 * succeeds.
 */
const PAUSES_MS = [300, 1000, 2000, 4000, 8000, 15_000];
const PROBE_MS = 5000;
/** Attempts per request: a request that itself breaks the connection must not repeat for ever. */
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
    /** Value of Retry-After in seconds; 0 if the server did not send it. */
    this.retryAfter = 0;
  }
}

/**
 * Whether a response needs vectors that its dataset was built without: no failure, since nothing
 * but another build changes it.
 *
 * @param {Error | null} error
 */
export function isNotStored(error) {
  return error instanceof ServerError && error.code === 'vectors_not_stored';
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
      `The server answered ${answer.status} without a reason.`,
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
   * @param {Question} [more] options of the request
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
      throw new Error('Can’t reach the server.', { cause: error });
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
     * Run a text or image through a model.
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

/** Number of sequences used for a response, and of those found. @param {Response} answer */
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
 * A request that may be repeated because it changes nothing; requests by GET always may.
 *
 * @typedef {RequestInit & {isRepeatable?: boolean}} Question
 */

/**
 * Wrap `fetch` with retries. Only failed requests count as a lost connection: a browser that is
 * offline still reaches this machine, and one that is online may reach nothing.
 *
 * @param {typeof fetch} ask
 * @param {string | URL} probed an address of the same server; any response will do
 * @param {(isLost: boolean) => void} onChange called when the connection is lost or restored
 */
export function createConnection(ask, probed, onChange) {
  let isLost = false;
  let hasAnswered = false;
  /**
   * Settles once the server is reachable; null while no request has failed.
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

  /** Settles once the server is reachable. */
  function reached() {
    reconnecting ??= reconnect();
    return reconnecting;
  }

  return {
    /** Retry now instead of after the pause. */
    retry: () => endPause(),
    /** Check whether the server is still reachable. */
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
 * Read the whole body, since the connection may also be lost in the middle of it.
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
 * Whether the error is of a proxy and not of our server, whose errors are JSON.
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
