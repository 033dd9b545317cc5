/** Retries requests while the server is unreachable. */

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
