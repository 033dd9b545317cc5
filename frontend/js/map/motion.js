/** Points move to where another map has them, instead of jumping. */

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
   * Time of the first and of the newest frame of a movement; a page that was busy starts late, but
   * jumps nothing.
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
     * Say what is shown now; a different map of as many points is moved to.
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

/** Slow, fast, slow. @param {number} t */
export function ease(t) {
  return t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
}
