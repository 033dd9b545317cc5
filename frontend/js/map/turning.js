/** Turning a 3-D map by dragging it. */

import { DEFAULT_ORBIT, turnOrbit } from '../compute/geometry.js';

/** @import { Orbit } from '../types.js' */

/** A press that moves no farther than this is a click, CSS pixels. */
export const CLICK_PX = 4;

/**
 * @param {HTMLElement} element that is dragged on
 * @param {(event: PointerEvent) => boolean} claims whether a press is for another gesture
 * @param {() => void} turned called after every turn, and when the pointer is released
 */
export function createTurning(element, claims, turned) {
  /** @type {Orbit} */
  let orbit = DEFAULT_ORBIT;
  let isOn = false;
  let hasTurned = false;
  /** @type {{id: number, x: number, y: number} | null} */
  let grip = null;

  /** @param {PointerEvent} event */
  function take(event) {
    hasTurned = false;
    if (!isOn || event.button !== 0 || event.shiftKey || !event.isPrimary || claims(event)) return;
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
    turned();
  }

  function release() {
    if (!grip) return;
    grip = null;
    turned();
  }

  element.addEventListener('pointerdown', take);
  window.addEventListener('pointermove', turn);
  window.addEventListener('pointerup', release);
  window.addEventListener('pointercancel', release);

  return {
    /** Whether dragging turns the map instead of moving it. */
    get isOn() {
      return isOn;
    },
    /** @param {boolean} next */
    setOn(next) {
      isOn = next;
    },
    get orbit() {
      return orbit;
    },
    /** Turn as a drag by so many CSS pixels would. @param {number} dx @param {number} dy */
    turnBy(dx, dy) {
      if (!isOn) return;
      orbit = turnOrbit(orbit, dx, dy);
      turned();
    },
    /** @param {Orbit} next */
    setOrbit(next) {
      orbit = next;
    },
    /** Whether the press that is on, or was last, has turned the map: then it is no click. */
    get hasTurned() {
      return hasTurned;
    },
    get isGripped() {
      return grip !== null;
    },
    /** Whether the map is being turned now. */
    get isTurning() {
      return grip !== null && hasTurned;
    },
    /** Whether a press begins a turn. @param {any} event of a mouse, a wheel or fingers */
    claims(event) {
      if (!isOn) return false;
      if (event.type === 'mousedown') return !event.shiftKey;
      return event.type === 'touchstart' && event.touches.length === 1;
    },
    destroy() {
      element.removeEventListener('pointerdown', take);
      window.removeEventListener('pointermove', turn);
      window.removeEventListener('pointerup', release);
      window.removeEventListener('pointercancel', release);
    },
  };
}
