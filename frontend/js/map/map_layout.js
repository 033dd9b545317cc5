/**
 * Where the heads lie and which part of them is in sight: arrangement and viewport of the map, and
 * the way from the grid to one head and back by zooming.
 */

import {
  arrangeGrid,
  arrangeHead,
  cellOf,
  gridInPlace,
  headInPlace,
  headOf,
  isLeft,
  openedCell,
} from './arrangement.js';
import { isMotionReduced } from '../ui/dom.js';
import { createSliding } from './sliding.js';
import { createViewport } from './viewport.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Context, Manifest, State } from '../page.js' */
/** @import { Frame, Transform } from '../types.js' */

/**
 * @param {HTMLElement} map that the gestures are made on
 * @param {Pick<Context, 'actions' | 'derived' | 'facts' | 'store'>} context
 * @param {object} calls
 * @param {(event: MouseEvent | TouchEvent) => boolean} calls.claims whether a press is for another
 *   gesture
 * @param {() => Frame | null} calls.frame that is drawn
 * @param {() => void} calls.moved called whenever the map has moved
 */
export function createMapLayout(map, { actions, derived, facts, store }, { claims, frame, moved }) {
  const sliding = createSliding(moved);
  const viewport = createViewport(map, moved, {
    claims,
    zoomed: (place, isNearer) => queueMicrotask(() => followZoom(place, isNearer)),
    rested: actions.look,
  });
  let room = { width: 0, height: 0 };
  /** @type {{arrangement: Arrangement, key: string, order: Int32Array | null} | null} */
  let shown = null;
  /** What was arranged last: the grid of a model, or a head of so many dimensions. */
  let subject = '';
  let start = /** @type {Transform | null} */ (null); // of the next map, where it is not at rest

  /** @param {State} state */
  function arrange(state) {
    const manifest = facts.description.value?.manifest;
    if (!manifest || room.width === 0) {
      shown = null;
      return;
    }
    const next = subjectOf(state, manifest);
    const key = `${next} ${room.width} ${room.height}`;
    const order = state.at ? null : derived.heads().order(state);
    if (shown?.key === key && shown.order === order) return;
    const isOther = next !== subject;
    if (isOther) sliding.stop();
    else if (shown && frame() && shown.order !== order) sliding.begin(shown.arrangement);
    const arrangement = state.at ? arrangeHead(room) : arrangeGrid(manifest, room, order);
    shown = { arrangement, key, order };
    subject = next;
    viewport.show(
      { ...arrangement, room, isTurning: state.at !== null && state.dims === 3 },
      isOther,
      start,
      state.at !== null,
    );
    start = null;
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
        start = headInPlace(arrangement, cell, viewport.transform, arrangeHead(room));
      actions.openHead(headOf(cell, manifest.n_heads));
    } else if (at !== null && !isNearer && isLeft(arrangement, viewport.transform)) {
      start = gridInPlace(
        arrangeGrid(manifest, room, derived.heads().order(store.get())),
        cellOf(at, manifest.n_heads),
        viewport.transform,
        arrangement,
      );
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
      arrange(state);
      if (shown) viewport.aim(state);
    },
    destroy() {
      sliding.destroy();
      viewport.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createMapLayout>} MapLayout */

/**
 * What is arranged: another subject is shown at rest at first.
 *
 * @param {Pick<State, 'at' | 'dims'>} state
 * @param {Pick<Manifest, 'id' | 'n_layers' | 'n_heads'>} manifest
 */
function subjectOf({ at, dims }, { id, n_layers: nLayers, n_heads: nHeads }) {
  return at ? `head ${dims}` : `grid ${id} ${nLayers} ${nHeads}`;
}
