/** What each pane shows, for which items are asked. */

/** @import { Wanted } from './live.js' */

export function createWants() {
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
     *   any more
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
