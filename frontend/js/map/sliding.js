/**
 * The movement of heads to their places when the grid is sorted in another way.
 */

import { isMotionReduced } from '../ui/dom.js';
import { ease } from './motion.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Cells } from '../types.js' */

const SLIDE_MS = 450;

/** @param {() => void} moved called for every frame of a movement, and once after the last */
export function createSliding(moved) {
  /** @type {Cells | null} */
  let from = null;
  /** Time of the first and of the newest frame. */
  let start = -1;
  let latest = -1;
  let handle = 0;
  /**
   * What was made for the newest frame.
   *
   * @type {{of: Arrangement, time: number, made: Arrangement} | null}
   */
  let last = null;

  /** @param {number} now */
  function step(now) {
    handle = 0;
    if (start < 0) start = now;
    latest = now;
    if (now - start >= SLIDE_MS) from = null;
    else handle = requestAnimationFrame(step);
    moved();
  }

  function stop() {
    cancelAnimationFrame(handle);
    handle = 0;
    from = last = null;
  }

  return {
    /** Begin where the cells are now. @param {Arrangement} former */
    begin(former) {
      if (isMotionReduced()) return;
      const cells = this.of(former).cells;
      stop();
      from = cells;
      start = latest = -1;
      handle = requestAnimationFrame(step);
    },
    stop,
    get isMoving() {
      return from !== null;
    },
    /**
     * Where the cells of an arrangement are now: on the way to it, or there.
     *
     * @param {Arrangement} arrangement
     * @returns {Arrangement}
     */
    of(arrangement) {
      if (from?.n !== arrangement.cells.n) return arrangement;
      if (last?.of !== arrangement || last.time !== latest) {
        const share = ease(Math.min(1, Math.max(0, (latest - start) / SLIDE_MS)));
        last = {
          of: arrangement,
          time: latest,
          made: { ...arrangement, cells: between(from, arrangement.cells, share) },
        };
      }
      return last.made;
    },
    destroy: stop,
  };
}

/**
 * @param {Cells} from
 * @param {Cells} to
 * @param {number} share
 * @returns {Cells}
 */
export function between(from, to, share) {
  /** @param {'x' | 'y' | 'size'} part */
  const mix = (part) => {
    const [starts, ends] = [from[part], to[part]];
    const mixed = new Float32Array(to.n);
    for (let cell = 0; cell < to.n; cell++)
      mixed[cell] = starts[cell] + share * (ends[cell] - starts[cell]);
    return mixed;
  };
  return { n: to.n, x: mix('x'), y: mix('y'), size: mix('size') };
}
