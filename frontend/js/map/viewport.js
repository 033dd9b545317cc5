/** Pan and zoom of the map by mouse, touch and wheel, and the turning of a 3-D head. */

import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import 'd3-transition';
import { contained } from './arrangement.js';
import { cameraOf, orbitOf, shiftIntoSight, transformOf, turnOf } from './camera.js';
import { isMotionReduced } from '../ui/dom.js';
import { DEFAULT_ORBIT } from '../compute/geometry.js';
import { createSight } from './sight.js';
import { CLICK_PX, createTurning } from './turning.js';

/** @import { Box } from './arrangement.js' */
/** @import { Content as Place } from './camera.js' */
/** @import { Sight } from './sight.js' */
/** @import { Transform } from '../types.js' */

const RESET_MS = 300;
/** After this pause in zooming, a map that was opened by zooming comes to rest if it nearly is. */
const SETTLE_MS = 250;
const NEARLY = 1.35;
/** How much of the content stays in sight, CSS pixels. */
const KEPT_PX = 80;
/** Most that one turn of the wheel with Ctrl zooms, in doublings; a pinch of a trackpad is less. */
const MOST_ZOOM = 0.4;
/** A wheel that has left a head moves nothing more until it pauses for so long. */
const QUIET_MS = 200;

/**
 * Where the content lies at rest and how large it is; where it is kept in a view, and whether it is
 * scrolled there as a page is.
 *
 * @typedef {Place & {view: Box | null, isScrolling: boolean}} Content
 */
/**
 * What is shown, and how far one may zoom.
 *
 * @typedef {Content & {limits: {min: number, max: number}, isTurning: boolean}} Shown `isTurning`:
 *   whether dragging turns
 */
/**
 * Where something is shown at first, and where it goes from there; null: to rest, once zooming
 * pauses.
 *
 * @typedef {{start: Transform, end: Transform | null}} Arrival
 */

/**
 * @param {HTMLElement} element that the gestures are made on
 * @param {() => void} moved called after every change
 * @param {object} [others]
 * @param {(event: MouseEvent | TouchEvent) => boolean} [others.claims] whether a press is for
 *   another gesture
 * @param {(place: {x: number, y: number}, isNearer: boolean) => void} [others.zoomed] called after
 *   a gesture has zoomed
 * @param {(sight: Sight) => void} [others.rested] called when another part of the map is in sight,
 *   and stays
 * @param {() => void} [others.steered] called when it was moved by hand: by a gesture, scrolling,
 *   keys or a button
 */
export function createViewport(
  element,
  moved,
  { claims = () => false, zoomed = () => {}, rested = () => {}, steered = () => {} } = {},
) {
  const turning = createTurning(element, claims, changed);
  const zooming = createZooming(
    element,
    (event) => !turning.claims(event) && !claims(event) && !isOver(event) && !scrolls(event),
    (event, formerK) => {
      const { k } = zooming.transform;
      if (event) rest.leave();
      changed();
      const place = event && k !== formerK ? placeOf(event, element) : null;
      rest.goOn(k !== formerK);
      if (event) steered();
      if (place) zoomed(place, k > formerK);
    },
  );
  const sight = createSight(currentSight, rested);
  const rest = createRest(zooming, sight, changed);
  /** Until when a wheel is still the one that has left a head, ms since the page began. */
  let quiet = 0;

  /** Whether a wheel goes on with a gesture that is over. @param {any} event */
  function isOver(event) {
    if (event.type !== 'wheel' || event.timeStamp > quiet) return false;
    quiet = event.timeStamp + QUIET_MS;
    event.preventDefault();
    return true;
  }

  /** Whether the browser scrolls by a gesture. @param {any} event */
  function scrolls(event) {
    if (!rest.content?.isScrolling) return false;
    if (event.type === 'wheel') return !event.ctrlKey;
    if (event.type === 'touchstart') return event.touches.length === 1;
    return false;
  }

  /** @returns {Sight} */
  function currentSight() {
    const { content, isThere } = rest;
    return {
      camera:
        isThere || !content || isAt(zooming.transform, content.home)
          ? null
          : (sight.pinned ?? cameraOf(zooming.transform, content)),
      turn: turning.isOn ? turnOf(turning.orbit) : null,
    };
  }

  function changed() {
    moved();
    sight.changed();
  }

  return {
    turning,
    get transform() {
      return zooming.transform;
    },
    get isAtRest() {
      return rest.isThere;
    },
    /**
     * @param {Shown} shown
     * @param {boolean} isOther whether it is something else than before: then it is shown at rest
     * @param {Arrival | null} [arrival] where it is shown instead
     */
    show({ isTurning, limits, ...content }, isOther, arrival = null) {
      const former = rest.content;
      const seen = former && cameraOf(zooming.transform, former);
      turning.setOn(isTurning);
      rest.setContent(content);
      zooming.bound(content, limits);
      if (isOther) {
        turning.setOrbit(DEFAULT_ORBIT);
        sight.ask({ camera: null, turn: null });
        sight.unpin();
      }
      if (isOther && arrival) {
        const { start, end } = arrival;
        rest.goTo(start);
        if (end) quiet = performance.now() + QUIET_MS;
        if (end) rest.goTo(end, true);
        else rest.settleSoon(content.view === null);
      } else if (isOther || rest.isThere) rest.goHome(false);
      else if (sight.pinned) rest.goTo(transformOf(sight.pinned, content));
      else if (seen && !isSamePlace(former, content)) rest.goTo(transformOf(seen, content));
      else changed();
    },
    /** Where it would be at rest, unless an address has asked for a part of it. */
    rest() {
      if (!sight.pinned) rest.goHome(false);
    },
    /** Put the content elsewhere, as a scroll bar does. @param {{x: number, y: number}} place */
    scrollTo({ x, y }) {
      if (!rest.content) return;
      rest.leave();
      rest.goTo({ ...zooming.transform, x, y });
      steered();
    },
    /** Show the same part as another map that was steered. @param {Transform | null} to at rest */
    follow(to) {
      if (!rest.content) return;
      if (!to) return rest.goHome(true);
      rest.leave();
      rest.goTo(to);
    },
    /**
     * Bring a part of the map into sight that was chosen elsewhere: an address, or Back of the
     * browser.
     *
     * @param {Sight} wanted
     */
    aim({ camera, turn }) {
      const { content } = rest;
      if (!content || sight.isLast({ camera, turn })) return;
      sight.ask({ camera, turn });
      if (turning.isOn) turning.setOrbit(orbitOf(turn));
      if (!camera) return rest.goHome(false);
      rest.goTo(transformOf(camera, content));
      sight.pin();
    },
    reset() {
      turning.setOrbit(DEFAULT_ORBIT);
      rest.goHome(true);
      steered();
    },
    /**
     * Bring a rectangle of the content into sight.
     *
     * @param {{x: number, y: number, width: number, height: number}} part
     * @param {{left: number, top: number, right: number, bottom: number}} window in CSS pixels
     */
    reveal(part, window) {
      const shift = shiftIntoSight(zooming.transform, part, window);
      if (shift.x === 0 && shift.y === 0) return;
      rest.leave();
      zooming.moveBy(shift);
      steered();
    },
    destroy() {
      for (const part of [rest, sight, zooming, turning]) part.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createViewport>} Viewport */

/**
 * Where the content lies at rest, whether it lies there, and the ways there and elsewhere.
 *
 * @param {ReturnType<typeof createZooming>} zooming
 * @param {ReturnType<typeof createSight>} sight
 * @param {() => void} changed
 */
function createRest(zooming, sight, changed) {
  /** @type {Content | null} */
  let content = null;
  let isThere = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;

  function leave() {
    isThere = false;
    sight.unpin();
  }

  /** @param {Transform} to @param {boolean} [isSlow] */
  function goTo(to, isSlow = false) {
    isThere = false;
    const place = content?.view ? contained({ ...content, view: content.view }, to) : to;
    zooming.goTo(place, isSlow && !isMotionReduced());
    changed();
  }

  /** @param {boolean} isSlow */
  function goHome(isSlow) {
    settleSoon(false);
    isThere = true;
    sight.unpin();
    zooming.goTo(content?.home ?? zoomIdentity, isSlow && !isMotionReduced());
    changed();
  }

  /** Come to rest after a while. @param {boolean} isWanted or do not */
  function settleSoon(isWanted) {
    clearTimeout(settling);
    settling = isWanted ? setTimeout(settle, SETTLE_MS) : undefined;
  }

  function settle() {
    settling = undefined;
    const share = zooming.transform.k / (content?.home.k ?? 1);
    if (share < NEARLY && share > 1 / NEARLY) goHome(true);
  }

  return {
    leave,
    goTo,
    goHome,
    settleSoon,
    get content() {
      return content;
    },
    get isThere() {
      return isThere;
    },
    /** @param {Content} next */
    setContent(next) {
      content = next;
    },
    /** A gesture that zooms on delays coming to rest, another ends it. @param {boolean} isZoom */
    goOn(isZoom) {
      if (settling) settleSoon(isZoom);
    },
    destroy: () => clearTimeout(settling),
  };
}

/**
 * Pan and zoom by d3.
 *
 * @param {HTMLElement} element
 * @param {(event: any) => boolean} isOurs whether a gesture pans or zooms
 * @param {(event: any, formerK: number) => void} changed called after every change, with the event
 *   where a gesture made it
 */
function createZooming(element, isOurs, changed) {
  const target = select(element);
  let transform = zoomIdentity;
  /** @type {Content | null} */
  let content = null;
  const behaviour = zoom();
  const constrain = behaviour.constrain();
  behaviour
    .constrain((to, ...extents) =>
      content?.view
        ? zoomed(contained({ ...content, view: content.view }, to))
        : constrain(to, ...extents),
    )
    .clickDistance(CLICK_PX)
    .wheelDelta(doublings)
    .filter((event) => (!event.ctrlKey || event.type === 'wheel') && !event.button && isOurs(event))
    .on('zoom', (event) => {
      const { k } = transform;
      transform = event.transform;
      changed(event.sourceEvent, k);
    });
  target.call(/** @type {any} */ (behaviour)).on('dblclick.zoom', null);

  return {
    get transform() {
      return transform;
    },
    /**
     * Keep the content in sight.
     *
     * @param {Content} next
     * @param {{min: number, max: number}} limits of the zoom
     */
    bound(next, limits) {
      content = next;
      const { room, size } = next;
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
    },
    /** @param {Transform} to @param {boolean} isSlow */
    goTo(to, isSlow) {
      const moving = isSlow ? target.transition().duration(RESET_MS) : target.interrupt();
      moving.call(/** @type {any} */ (behaviour.transform), zoomed(to));
    },
    /** @param {{x: number, y: number}} shift CSS pixels */
    moveBy({ x, y }) {
      target.call(/** @type {any} */ (behaviour.translateBy), x / transform.k, y / transform.k);
    },
    destroy() {
      target.on('.zoom', null);
    },
  };
}

/**
 * How far a turn of the wheel zooms. A pinch of a trackpad is a wheel with Ctrl in small steps.
 *
 * @param {WheelEvent} event
 */
function doublings({ ctrlKey, deltaMode, deltaY }) {
  const zoom = -deltaY * (deltaMode === 1 ? 0.05 : deltaMode === 2 ? 1 : 0.002);
  return ctrlKey ? Math.min(MOST_ZOOM, Math.max(-MOST_ZOOM, 10 * zoom)) : zoom;
}

/** As d3 has it. @param {Transform} transform */
function zoomed({ k, x, y }) {
  return zoomIdentity.translate(x, y).scale(k);
}

/**
 * Whether a transform is another, but for parts of a pixel.
 *
 * @param {Transform} a
 * @param {Transform} b
 */
function isAt(a, b) {
  return Math.abs(a.k / b.k - 1) < 1e-3 && Math.hypot(a.x - b.x, a.y - b.y) < 1;
}

/** @param {Content | null} a @param {Content} b */
function isSamePlace(a, b) {
  /** @param {Content} content */
  const key = ({ home, room, size }) => JSON.stringify([home, room, size]);
  return a !== null && key(a) === key(b);
}

/**
 * The middle of the fingers, or the mouse.
 *
 * @param {WheelEvent | TouchEvent} event
 * @param {HTMLElement} element
 */
function placeOf(event, element) {
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
