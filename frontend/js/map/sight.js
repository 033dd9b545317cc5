/** Which part of the map is in sight: reported after a gesture, and asked for by an address. */

/** @import { Camera, Turn } from '../page.js' */

/** @typedef {{camera: Camera | null, turn: Turn | null}} Sight null: as the map is at rest */

/** After this pause a gesture is over. */
const REST_MS = 400;

/**
 * @param {() => Sight} current
 * @param {(sight: Sight) => void} rested called when another part is in sight, and stays
 */
export function createSight(current, rested) {
  /** What was reported last, or asked for. @type {Sight} */
  let last = { camera: null, turn: null };
  /** Whether it was asked for, so that it holds while the viewport gets its size. */
  let isPinned = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  /** @param {Sight} next */
  const isLast = ({ camera, turn }) => JSON.stringify({ camera, turn }) === JSON.stringify(last);

  function report() {
    const next = current();
    if (isLast(next)) return;
    last = next;
    rested(next);
  }

  return {
    isLast,
    /** The camera that was asked for and holds. */
    get pinned() {
      return isPinned ? last.camera : null;
    },
    /** Say that the map has moved. */
    changed() {
      clearTimeout(resting);
      resting = setTimeout(report, REST_MS);
    },
    /** @param {Sight} wanted */
    ask({ camera, turn }) {
      last = { camera, turn };
    },
    pin() {
      isPinned = true;
    },
    unpin() {
      isPinned = false;
    },
    destroy: () => clearTimeout(resting),
  };
}
