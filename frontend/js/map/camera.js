/** Which part of a map is in sight, in numbers that read well and hold for a window of any size. */

import { DEFAULT_ORBIT } from '../compute/geometry.js';

/** @import { Camera, Turn } from '../page.js' */
/** @import { Arrangement } from './arrangement.js' */
/** @import { Orbit, Transform } from '../types.js' */

/** @typedef {{width: number, height: number}} Size */
/**
 * @typedef {{home: Transform, size: Size, room: Size}} Content where it lies at rest, how large it
 *   is, and the viewport
 */

/** Rounding moves nothing by more than about a tenth of a pixel. */
const PLACE_DIGITS = 4;
const PLACE_PX = 1000;
const ZOOM_DIGITS = 5;
const DEGREES = 180 / Math.PI;

/**
 * @param {Transform} transform
 * @param {Content} content
 * @returns {Camera} zoom against the map at rest, and what share of the content's width and height
 *   lies at the middle
 */
export function cameraOf({ k, x, y }, { home, size, room }) {
  const zoom = Number((k / home.k).toPrecision(ZOOM_DIGITS));
  /** @param {number} share @param {number} length of what it is a share of, CSS pixels */
  const rounded = (share, length) => {
    const digits = PLACE_DIGITS + Math.max(0, Math.ceil(Math.log10((zoom * length) / PLACE_PX)));
    return Number(share.toFixed(digits)) + 0; // no -0
  };
  return {
    zoom,
    x: rounded((room.width / 2 - x) / k / size.width, size.width),
    y: rounded((room.height / 2 - y) / k / size.height, size.height),
  };
}

/**
 * @param {Camera} camera
 * @param {Content} content
 * @returns {Transform}
 */
export function transformOf({ zoom, x, y }, { home, size, room }) {
  const k = zoom * home.k;
  return { k, x: room.width / 2 - x * size.width * k, y: room.height / 2 - y * size.height * k };
}

/**
 * What is in the upper left corner of a grid's view, in columns and rows of heads, and the zoom
 * against the grid at rest.
 *
 * @typedef {{zoom: number, column: number, row: number}} GridPlace
 */
/** @typedef {Pick<Arrangement, 'home' | 'limits' | 'pitch' | 'view'>} GridShape */

/** @param {Transform} transform @param {GridShape} grid @returns {GridPlace | null} */
export function gridSightOf({ k, x, y }, { home, pitch, view }) {
  return (
    view && {
      zoom: k / home.k,
      column: (view.left - x) / k / pitch.x,
      row: (view.top - y) / k / pitch.y,
    }
  );
}

/** @param {GridPlace} place @param {GridShape} grid @returns {Transform} */
export function gridTransformOf({ zoom, column, row }, { home, limits, pitch, view }) {
  const k = Math.max(limits.min, Math.min(limits.max, zoom * home.k));
  return {
    k,
    x: (view?.left ?? 0) - column * pitch.x * k,
    y: (view?.top ?? 0) - row * pitch.y * k,
  };
}

/** @param {Orbit} orbit @returns {Turn | null} in degrees; null for a map that nobody has turned */
export function turnOf({ yaw, pitch }) {
  if (yaw === DEFAULT_ORBIT.yaw && pitch === DEFAULT_ORBIT.pitch) return null;
  /** @param {number} angle */
  const rounded = (angle) => Number((angle * DEGREES).toFixed(2)) + 0;
  const around = yaw - 2 * Math.PI * Math.round(yaw / (2 * Math.PI));
  return { yaw: rounded(around), pitch: rounded(pitch) };
}

/** @param {Turn | null} turn @returns {Orbit} */
export function orbitOf(turn) {
  return turn ? { yaw: turn.yaw / DEGREES, pitch: turn.pitch / DEGREES } : DEFAULT_ORBIT;
}

/**
 * How far the content has to move for a part of it to be in sight; nothing where it already is.
 *
 * @param {Transform} transform
 * @param {{x: number, y: number, width: number, height: number}} part of the content
 * @param {{left: number, top: number, right: number, bottom: number}} window in CSS pixels
 */
export function shiftIntoSight({ k, x: left, y: top }, part, window) {
  const [x, y] = [part.x * k + left, part.y * k + top];
  const [right, bottom] = [x + part.width * k, y + part.height * k];
  return {
    x: x < window.left ? window.left - x : Math.min(0, window.right - right),
    y: y < window.top ? window.top - y : Math.min(0, window.bottom - bottom),
  };
}
