/**
 * Where the heads lie and which part of them is in sight: arrangement and viewport of the map, and
 * the way from the grid to one head and back by zooming.
 */

import {
  arrangeGrid,
  arrangeHead,
  cellOf,
  centredOn,
  gridInPlace,
  headInPlace,
  headOf,
  isLeft,
  openedCell,
} from './arrangement.js';
import { countHeads } from '../compute/model_heads.js';
import { cameraOf, gridSightOf, gridTransformOf, shiftIntoSight, transformOf } from './camera.js';
import { isMotionReduced } from '../ui/dom.js';
import { createSliding } from './sliding.js';
import { createViewport } from './viewport.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Camera, Context, HeadId, Manifest, State } from '../page.js' */
/** @import { Frame } from '../types.js' */
/** @import { Arrival } from './viewport.js' */
/** @import { GridPlace } from './camera.js' */

/**
 * @param {HTMLElement} map that the gestures are made on
 * @param {Pick<Context, 'actions' | 'derived' | 'facts' | 'store'>} context
 * @param {object} calls
 * @param {(event: MouseEvent | TouchEvent) => boolean} calls.claims whether a press is for another
 *   gesture
 * @param {() => Frame | null} calls.frame that is drawn
 * @param {() => void} calls.moved called whenever the map has moved
 * @param {() => void} calls.steered called when it was moved by hand
 */
export function createMapLayout(map, { actions, derived, facts, store }, calls) {
  const { claims, frame, moved, steered } = calls;
  const sliding = createSliding(moved);
  const viewport = createViewport(map, moved, {
    claims,
    zoomed: (place, isNearer) => queueMicrotask(() => followZoom(place, isNearer)),
    rested: actions.look,
    steered,
  });
  let room = { width: 0, height: 0 };
  /** @type {{arrangement: Arrangement, key: string, order: Int32Array | null} | null} */
  let shown = null;
  /** What was arranged last: the grid of a model, or a head of so many dimensions. */
  let subject = '';
  let arrival = /** @type {Arrival | null} */ (null); // of the next map, where it is not at rest
  /**
   * The part of the grid that was in sight last.
   *
   * @type {{subject: string, camera: Camera} | null}
   */
  let left = null;
  /** The head that was open last. @type {HeadId | null} */
  let opened = null;

  /** @param {State} state @param {Manifest} manifest */
  function arrange(state, manifest) {
    const next = subjectOf(state, manifest);
    const { at, dims } = state;
    const key = `${next} ${room.width} ${room.height}`;
    const order = at ? null : derived.heads().order(state);
    if (shown?.key === key && shown.order === order) return;
    const isOther = next !== subject;
    const isSorted = !isOther && shown !== null && shown.order !== order;
    if (isOther) leave();
    else if (isSorted && shown && frame()) sliding.begin(shown.arrangement);
    const arrangement = arrangementOf(state, manifest, order);
    arrival ??= comeBack(arrangement, next, manifest.n_heads);
    [opened, subject] = [at, next];
    shown = { arrangement, key, order };
    const isTurning = at !== null && dims === 3;
    viewport.show({ ...arrangement, room, isTurning }, isOther, arrival);
    if (isSorted) viewport.rest();
    arrival = null;
  }

  /**
   * @param {State} state
   * @param {Manifest} manifest
   * @param {Int32Array | null} order
   */
  function arrangementOf({ at, isFitted }, manifest, order) {
    return at ? arrangeHead(room) : arrangeGrid(manifest, room, order, isFitted);
  }

  /** Something else is about to be shown; remember which part of the grid was in sight. */
  function leave() {
    sliding.stop();
    if (shown?.arrangement.view)
      left = { subject, camera: cameraOf(viewport.transform, { ...shown.arrangement, room }) };
  }

  /**
   * The part of the grid that was in sight, moved as far as the head that was left asks for.
   *
   * @param {Arrangement} grid
   * @param {string} name of it
   * @param {number} nHeads of a layer
   * @returns {Arrival | null}
   */
  function comeBack(grid, name, nHeads) {
    const { cells, cellSize, title, view } = grid;
    if (!opened || left?.subject !== name || !view || !grid.isScrolling) return null;
    const cell = cellOf(opened, nHeads);
    const start = transformOf(left.camera, { ...grid, room });
    const shift = shiftIntoSight(
      start,
      { x: cells.x[cell], y: cells.y[cell] - title, width: cellSize, height: cellSize + title },
      view,
    );
    return { start: { k: start.k, x: start.x + shift.x, y: start.y + shift.y }, end: null };
  }

  /**
   * Zooming into a head opens it where it lies, and zooming out of it leads back.
   *
   * @param {{x: number, y: number}} place
   * @param {boolean} isNearer
   */
  function followZoom(place, isNearer) {
    const manifest = facts.description.value?.manifest;
    const { at } = store.get();
    const ready = frame()?.ready;
    if (!shown || !ready || !manifest) return;
    const { arrangement } = shown;
    if (at === null && isNearer) {
      const cell = openedCell(arrangement, viewport.transform, room, place);
      if (cell < 0 || !ready[cell]) return;
      if (!isMotionReduced())
        arrival = {
          start: headInPlace(arrangement, cell, viewport.transform, arrangeHead(room)),
          end: null,
        };
      actions.openHead(headOf(cell, manifest.n_heads));
    } else if (at !== null && !isNearer && isLeft(arrangement, viewport.transform)) {
      const state = store.get();
      const grid = arrangeGrid(manifest, room, derived.heads().order(state), state.isFitted);
      const cell = cellOf(at, manifest.n_heads);
      arrival = {
        start: gridInPlace(grid, cell, viewport.transform, arrangement),
        end: centredOn(grid, cell),
      };
      actions.showGrid();
    }
  }

  return {
    viewport,
    /** Where the heads lie at rest; null while there is no model or no room. */
    get arrangement() {
      return shown?.arrangement ?? null;
    },
    /** Where they lie now, which differs while they slide to other places. */
    get current() {
      return shown && sliding.of(shown.arrangement);
    },
    /** What is seen of the grid, for one of the same shape beside it; null in a head. */
    get gridSight() {
      if (!shown?.arrangement.view) return null;
      const place = viewport.isAtRest ? null : gridSightOf(viewport.transform, shown.arrangement);
      return { shape: shapeOf(shown.arrangement), place };
    },
    /** Show the same rows as another grid. @param {GridSight} sight */
    followGrid({ shape, place }) {
      const { arrangement } = shown ?? {};
      if (!arrangement?.view || shapeOf(arrangement) !== shape) return;
      viewport.follow(place && gridTransformOf(place, arrangement));
    },
    get isSliding() {
      return sliding.isMoving;
    },
    get room() {
      return room;
    },
    /** @param {{width: number, height: number}} size of the map, CSS pixels */
    resize(size) {
      room = size;
    },
    /** @param {State} state */
    update(state) {
      const manifest = facts.description.value?.manifest;
      if (!manifest || room.width === 0) {
        shown = null;
        return;
      }
      arrange(state, manifest);
      viewport.aim(state);
    },
    destroy() {
      sliding.destroy();
      viewport.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createMapLayout>} MapLayout */
/** `place` null: at rest. @typedef {{shape: string, place: GridPlace | null}} GridSight */

/** What two grids have in common where the same slots hold the same rows. */
function shapeOf(/** @type {Arrangement} */ { nColumns, order, rows, slots }) {
  return [slots.n, nColumns, order === null, rows?.layers].join(' ');
}

/**
 * What is arranged: another subject is shown at rest at first.
 *
 * @param {Pick<State, 'at' | 'dims' | 'isFitted'>} state
 * @param {Manifest} manifest
 */
function subjectOf({ at, dims, isFitted }, manifest) {
  const { id, n_layers: nLayers, n_heads: nHeads } = manifest;
  if (at) return `head ${dims}`;
  return `grid ${id} ${nLayers} ${nHeads} ${countHeads(manifest)} ${isFitted}`;
}
