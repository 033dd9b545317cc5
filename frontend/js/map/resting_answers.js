/**
 * Answers about the point under the mouse: asked for once it rests, cached while the map stays, and
 * only the latest question is answered.
 */

const REST_MS = 80;

/**
 * @template T
 * @param {number} maxKept answers in the cache
 */
export function createRestingAnswers(maxKept) {
  /** @type {Map<number, T>} */
  const kept = new Map();
  /** What the answers in the cache are about. @type {readonly unknown[]} */
  let keptFor = [];
  /** @type {AbortController | null} */
  let call = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;

  function stop() {
    clearTimeout(rest);
    call?.abort();
    call = null;
  }

  /**
   * The cached answer; another scope empties the cache.
   *
   * @param {readonly unknown[]} scope what all answers are about, such as the dataset and the head
   * @param {number} index of the thing that is asked about
   */
  function known(scope, index) {
    if (scope.length !== keptFor.length || scope.some((part, i) => part !== keptFor[i])) {
      kept.clear();
      stop();
    }
    keptFor = scope;
    return kept.get(index) ?? null;
  }

  return {
    stop,
    known,
    /**
     * Ask, instead of what was asked before.
     *
     * @param {readonly unknown[]} scope
     * @param {number} index
     * @param {(signal: AbortSignal) => Promise<T>} load
     * @param {(answer: T | null, isNew: boolean) => void} then called at once where the answer is
     *   cached; null where it could not be loaded
     */
    want(scope, index, load, then) {
      stop();
      const found = known(scope, index);
      if (found) return then(found, false);
      rest = setTimeout(async () => {
        const own = (call = new AbortController());
        const answer = await load(own.signal).catch(() => null);
        if (own.signal.aborted) return;
        if (answer) {
          if (kept.size >= maxKept) kept.clear();
          kept.set(index, answer);
        }
        then(answer, answer !== null);
      }, REST_MS);
    },
  };
}
