/** The movement of points from one map to the next. */

import { isMotionReduced } from '../ui/dom.js';
import { mixWindows } from '../compute/map_bounds.js';

/** @import { Windows } from '../compute/map_bounds.js' */

const MOVE_MS = 400;

/**
 * @param {() => void} moved called for every frame of a movement
 */
export function createMotion(moved) {
  /** @type {{name: string, positions: Uint16Array, windows: Windows | null} | null} */
  let shown = null;
  /** The parts of the maps that the cells showed before. @type {Windows | null} */
  let fromWindows = null;
  /** @type {Uint16Array | null} */
  let from = null;
  /**
   * Times of the first and of the newest frame of a movement, which starts with the first frame: a
   * page that was busy skips nothing.
   */
  let start = -1;
  let latest = -1;
  let version = 0;
  let handle = 0;

  /** @param {number} now */
  function step(now) {
    handle = 0;
    if (start < 0) start = now;
    latest = now;
    if (now - start >= MOVE_MS) from = null;
    else handle = requestAnimationFrame(step);
    if (!from) version++;
    moved();
  }

  return {
    /**
     * Set what is shown; points move to their places of another map of as many points.
     *
     * @param {string} name of the map: another array of the same name is the same map with more in
     *   it
     * @param {Uint16Array} positions
     * @param {Windows | null} windows the parts of the maps that the cells show
     */
    show(name, positions, windows) {
      if (shown?.positions === positions) {
        shown.windows = windows;
        return;
      }
      const isMove =
        shown !== null && shown.name !== name && shown.positions.length === positions.length;
      from = isMove && !isMotionReduced() ? (shown?.positions ?? null) : null;
      fromWindows = shown?.windows ?? null;
      shown = { name, positions, windows };
      version++;
      start = latest = -1;
      if (from && !handle) handle = requestAnimationFrame(step);
    },
    /** Forget what was shown: what comes next does not move. */
    forget() {
      shown = from = null;
      version++;
    },
    get from() {
      return from;
    },
    get blend() {
      return from ? ease(Math.min(1, (latest - start) / MOVE_MS)) : 1;
    },
    get windows() {
      return mixWindows(from && fromWindows, shown?.windows ?? null, this.blend);
    },
    get version() {
      return version;
    },
    destroy() {
      cancelAnimationFrame(handle);
    },
  };
}

/** Ease in and out. @param {number} t 0..1 */
export function ease(t) {
  return t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
}
