/** Pan and zoom of the map by mouse, touch and wheel, and the turning of a 3-D head. */

import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import 'd3-transition';
import { cameraOf, orbitOf, transformOf, turnOf } from './camera.js';
import { isMotionReduced } from '../ui/dom.js';
import { DEFAULT_ORBIT, turnOrbit } from '../compute/geometry.js';

/** @import { Content } from './camera.js' */
/** @import { Camera, Turn } from '../page.js' */
/** @import { Orbit, Transform } from '../types.js' */

const RESET_MS = 300;
/** After this pause in zooming, a map that was opened by zooming comes to rest if it nearly is. */
const SETTLE_MS = 250;
const NEARLY = 1.35;
/** After this pause a gesture is over, and what it led to is told. */
const REST_MS = 400;
/** How much of the content stays in sight, CSS pixels. */
const KEPT_PX = 80;
/** A button that moved no farther than this while it was down was clicked. */
const CLICK_PX = 4;

/**
 * @param {HTMLElement} element that the gestures are made on
 * @param {() => void} moved called after every change
 * @param {object} [others]
 * @param {(event: MouseEvent | TouchEvent) => boolean} [others.claims] whether a press is for
 *   another gesture
 * @param {(place: {x: number, y: number}, isNearer: boolean) => void} [others.zoomed] called after
 *   a gesture has zoomed
 * @param {(sight: {camera: Camera | null, turn: Turn | null}) => void} [others.rested] called when
 *   another part of the map is in sight, and stays
 */
export function createViewport(
  element,
  moved,
  { claims = () => false, zoomed = () => {}, rested = () => {} } = {},
) {
  const target = select(element);
  /** @type {Orbit} */
  let orbit = DEFAULT_ORBIT;
  let isTurning = false;
  let hasTurned = false;
  let isHome = true;
  let home = zoomIdentity;
  let transform = zoomIdentity;
  /** @type {{id: number, x: number, y: number} | null} */
  let grip = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  /** @type {Content | null} */
  let content = null;
  /** What was told last, or asked for. @type {{camera: Camera | null, turn: Turn | null}} */
  let sight = { camera: null, turn: null };
  /** Whether that was asked for, so that it holds while the viewport gets its size. */
  let isPinned = false;

  const behaviour = zoom()
    .clickDistance(CLICK_PX)
    .filter(
      (event) =>
        (!event.ctrlKey || event.type === 'wheel') &&
        !event.button &&
        !isTurn(event) &&
        !claims(event),
    )
    .on('zoom', (event) => {
      const { k } = transform;
      transform = event.transform;
      if (event.sourceEvent) isHome = isPinned = false;
      changed();
      const place = event.sourceEvent && transform.k !== k ? placeOf(event.sourceEvent) : null;
      if (settling) settleSoon(transform.k !== k);
      if (place) zoomed(place, transform.k > k);
    });
  target.call(/** @type {any} */ (behaviour)).on('dblclick.zoom', null);

  function changed() {
    moved();
    clearTimeout(resting);
    resting = setTimeout(() => {
      const next = {
        camera:
          isHome || !content ? null : (isPinned && sight.camera) || cameraOf(transform, content),
        turn: isTurning ? turnOf(orbit) : null,
      };
      if (JSON.stringify(next) === JSON.stringify(sight)) return;
      sight = next;
      rested(next);
    }, REST_MS);
  }

  /** The middle of the fingers, or the mouse. @param {WheelEvent | TouchEvent} event */
  function placeOf(event) {
    const fingers = 'touches' in event ? [...event.touches] : [event];
    if (fingers.length === 0) return null;
    const { left, top } = element.getBoundingClientRect();
    /** @param {number[]} values */
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      x: mean(fingers.map(({ clientX }) => clientX)) - left,
      y: mean(fingers.map(({ clientY }) => clientY)) - top,
    };
  }

  /** Whether a gesture turns the map instead of moving it. @param {any} event */
  function isTurn(event) {
    if (!isTurning) return false;
    if (event.type === 'mousedown') return !event.shiftKey;
    return event.type === 'touchstart' && event.touches.length === 1;
  }

  /** @param {PointerEvent} event */
  function take(event) {
    hasTurned = false;
    if (!isTurning || event.button !== 0 || event.shiftKey || !event.isPrimary || claims(event))
      return;
    grip = { id: event.pointerId, x: event.clientX, y: event.clientY };
  }

  /** @param {PointerEvent} event */
  function turn(event) {
    if (grip?.id !== event.pointerId) return;
    const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
    if (!hasTurned && Math.hypot(dx, dy) <= CLICK_PX) return;
    hasTurned = true;
    orbit = turnOrbit(orbit, dx, dy);
    grip = { id: event.pointerId, x: event.clientX, y: event.clientY };
    changed();
  }

  function release() {
    if (!grip) return;
    grip = null;
    changed();
  }

  element.addEventListener('pointerdown', take);
  window.addEventListener('pointermove', turn);
  window.addEventListener('pointerup', release);
  window.addEventListener('pointercancel', release);

  /** @param {Transform} to */
  function goTo({ k, x, y }) {
    isHome = false;
    target
      .interrupt()
      .call(/** @type {any} */ (behaviour.transform), zoomIdentity.translate(x, y).scale(k));
    changed();
  }

  /**
   * Come to rest once the gesture is over, unless one goes on to somewhere else.
   *
   * @param {boolean} isZoom
   */
  function settleSoon(isZoom) {
    clearTimeout(settling);
    settling = undefined;
    if (!isZoom) return;
    settling = setTimeout(() => {
      settling = undefined;
      const share = transform.k / home.k;
      if (share < NEARLY && share > 1 / NEARLY) goHome(true);
    }, SETTLE_MS);
  }

  /** @param {boolean} isSlow */
  function goHome(isSlow) {
    clearTimeout(settling);
    settling = undefined;
    isHome = true;
    isPinned = false;
    if (isSlow && !isMotionReduced())
      target
        .transition()
        .duration(RESET_MS)
        .call(/** @type {any} */ (behaviour.transform), home);
    else target.interrupt().call(/** @type {any} */ (behaviour.transform), home);
    changed();
  }

  return {
    get transform() {
      return transform;
    },
    get orbit() {
      return orbit;
    },
    /** Whether the button that was just released has turned the map: then it is no click. */
    get hasTurned() {
      return hasTurned;
    },
    get isGripped() {
      return grip !== null;
    },
    /** Whether the map is being turned now. */
    get isTurned() {
      return grip !== null && hasTurned;
    },
    /**
     * Say what is shown: where it lies at rest, how large it is, and how far one may zoom.
     *
     * @param {object} shown
     * @param {Transform} shown.home
     * @param {{width: number, height: number}} shown.size
     * @param {{width: number, height: number}} shown.room of the viewport
     * @param {{min: number, max: number}} shown.limits
     * @param {boolean} shown.isTurning whether dragging turns
     * @param {boolean} isOther whether it is something else than before: then it is shown at rest
     * @param {Transform | null} [start] where it is shown instead
     * @param {boolean} [isSettling] whether it goes from there to where it is at rest
     */
    show(
      { home: rest, size, room, limits, isTurning: turns },
      isOther,
      start = null,
      isSettling = false,
    ) {
      isTurning = turns;
      content = { home: rest, size, room };
      home = zoomIdentity.translate(rest.x, rest.y).scale(rest.k);
      behaviour.scaleExtent([limits.min, limits.max]).extent([
        [0, 0],
        [room.width, room.height],
      ]);
      const [left, top] = [room.width - KEPT_PX, room.height - KEPT_PX].map(
        (reach) => Math.max(0, reach) / limits.min,
      );
      behaviour.translateExtent([
        [-left, -top],
        [size.width + left, size.height + top],
      ]);
      if (isOther) {
        orbit = DEFAULT_ORBIT;
        sight = { camera: null, turn: null };
        isPinned = false;
      }
      if (isOther && start) {
        goTo(start);
        settleSoon(isSettling);
      } else if (isOther || isHome) goHome(false);
      else if (isPinned && sight.camera) goTo(transformOf(sight.camera, content));
      else changed();
    },
    /**
     * Bring a part of the map into sight that was chosen elsewhere: an address, or Back of the
     * browser.
     *
     * @param {{camera: Camera | null, turn: Turn | null}} wanted
     */
    aim({ camera, turn }) {
      if (!content || JSON.stringify({ camera, turn }) === JSON.stringify(sight)) return;
      sight = { camera, turn };
      if (isTurning) orbit = orbitOf(turn);
      if (!camera) return goHome(false);
      goTo(transformOf(camera, content));
      isPinned = true;
    },
    reset() {
      orbit = DEFAULT_ORBIT;
      goHome(true);
    },
    /**
     * Bring a rectangle of the content into sight.
     *
     * @param {{x: number, y: number, width: number, height: number}} part
     * @param {{left: number, top: number, right: number, bottom: number}} window in CSS pixels
     */
    reveal(part, window) {
      const [x, y] = [part.x * transform.k + transform.x, part.y * transform.k + transform.y];
      const [right, bottom] = [x + part.width * transform.k, y + part.height * transform.k];
      const dx = x < window.left ? window.left - x : Math.min(0, window.right - right);
      const dy = y < window.top ? window.top - y : Math.min(0, window.bottom - bottom);
      if (dx === 0 && dy === 0) return;
      isHome = isPinned = false;
      target.call(/** @type {any} */ (behaviour.translateBy), dx / transform.k, dy / transform.k);
    },
    destroy() {
      clearTimeout(settling);
      clearTimeout(resting);
      target.on('.zoom', null);
      element.removeEventListener('pointerdown', take);
      window.removeEventListener('pointermove', turn);
      window.removeEventListener('pointerup', release);
      window.removeEventListener('pointercancel', release);
    },
  };
}

/** @typedef {ReturnType<typeof createViewport>} Viewport */
