/** What the models of datasets answered for each item, of the version that is shown. */

/** @import { Answer, Run, UserItem, Wanted } from './live.js' */

export function createRuns() {
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
     * Keep an answer; of a further one only its places in maps are new.
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
    /** Its tokens are others now. @param {UserItem} item */
    forget(item) {
      for (const [key] of entriesOf(item)) runs.delete(key);
    },
    /** Forget errors, so that it is asked for again. @param {UserItem} item */
    retry(item) {
      for (const [key, run] of entriesOf(item))
        if (run.error)
          runs.set(key, { ...run, version: run.answer ? run.version : null, error: null });
    },
  };
}

/** @typedef {ReturnType<typeof createRuns>} Runs */
