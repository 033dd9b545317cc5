/**
 * The frame that the renderer draws: positions, colours and flags of the map that is shown. It
 * stays while the next map loads.
 */

import { canvasPalette } from '../color/palettes.js';
import { createPainting } from '../color/point_style.js';
import { densitySteps } from '../compute/density.js';
import { suitablePointSize } from '../compute/geometry.js';
import { bulkWindows } from '../compute/map_bounds.js';
import { lastOnly } from '../compute/memo.js';
import { mapOf } from '../data/best_map.js';
import { chosenMap } from '../data/points.js';
import { titlesOf } from './arrangement.js';
import { tilesOf } from './cell.js';
import { createMotion } from './motion.js';
import { remPx } from '../ui/dom.js';

/** @import { Legend } from '../color/color_modes.js' */
/** @import { Painting, ShownTheme } from '../color/point_style.js' */
/** @import { Context, Facts, State } from '../page.js' */
/** @import { Cells, Frame } from '../types.js' */
/** @import { MapLayout } from './map_layout.js' */

/** Canvases have at most this many pixels per CSS pixel. */
const MAX_RATIO = 2;
/** @type {Uint8Array} */
const READY_ONE = Uint8Array.of(1);

/**
 * A map that is loaded: of all heads, or of the open one.
 *
 * @typedef {object} LoadedMap
 * @property {string} name with the head, where it is of one
 * @property {Uint16Array} positions (cell, point, dims)
 * @property {Uint8Array} ready (cell) whether it is computed
 * @property {Int32Array | null} drawn tokens that are drawn, sorted; null: all
 */

/**
 * @param {Context & {theme: () => ShownTheme}} context
 * @param {MapLayout} layout
 * @param {() => void} redraw called for every frame of a movement of the points
 */
export function createMapFrame(context, layout, redraw) {
  const { derived, facts, store, theme } = context;
  const { viewport } = layout;
  const painting = createPainting(context);
  const motion = createMotion(redraw);
  const windows = lastOnly(bulkWindows);
  const density = lastOnly(densitySteps);
  const tiles = lastOnly(tilesOf);
  const versionOf = countVersions();
  const drawn = lastOnly((/** @type {Uint8Array} */ all, /** @type {Uint8Array} */ inside) =>
    all.map((isReady, cell) => isReady & inside[cell]),
  );
  /** It is read from the page's style, which costs as much as laying it out: once for each size. */
  const remIn = lastOnly((/** @type {{width: number, height: number}} */ _room) => remPx());
  /** (cell) whether the map to show is computed. */
  let ready = READY_ONE;
  /** @type {{frame: Frame, legend: Legend} | null} */
  let shown = null;
  /** Whether the map to show is loading; the former one stays until it is there. */
  let isComing = false;

  /** @param {State} state */
  function update(state) {
    const map = loadedMap(state, facts);
    const cells = layout.current?.cells ?? null;
    const paint = map && painting.of(state, map.drawn, cells?.n ?? 0, theme());
    if (map && paint && cells && isFitting(map, paint, cells, state.dims)) {
      isComing = false;
      const { name, positions } = map;
      ({ ready } = map);
      const nPoints = paint.flags.length;
      const hasWindows = state.dims === 2 && !state.isWhole;
      const points = derived.presentIn(state.at, map.drawn);
      const parts = hasWindows ? windows(positions, ready, nPoints, points) : null;
      motion.show(name, positions, parts);
      const frame = {
        ...restingParts(state, map, paint, theme()),
        density: density(positions, state.dims, cells.n, parts, points),
        ...movingParts(cells, nPoints), // a click may come before the first frame is drawn
        ...layout.room,
      };
      shown = { frame, legend: paint.legend };
      return;
    }
    isComing = isLoading(state, facts);
    if (isComing) return;
    motion.forget();
    shown = null;
  }

  /**
   * What is another while the map or its points move.
   *
   * @param {Cells} cells
   * @param {number} nPoints
   */
  function movingParts(cells, nPoints) {
    const { transform, turning } = viewport;
    const { orbit } = turning;
    const { blend, from, windows: parts } = motion;
    const side = (layout.arrangement?.cellSize ?? 0) * transform.k;
    const pointSize = suitablePointSize(side, nPoints) * store.get().dotSize;
    const state = store.get();
    return {
      ...{ blend, cells, from, orbit, pointSize, transform },
      ready: drawnIn(state),
      tiles: hasTitles() ? null : tintsIn(state, theme()),
      windows: parts,
    };
  }

  /** Whether the heads of the grid have titles, which carry what is said of them. */
  function hasTitles() {
    const { arrangement } = layout;
    return (
      arrangement && titlesOf(arrangement, viewport.transform.k, remIn(layout.room)).room !== 'none'
    );
  }

  /** The heads in the chosen range, where none has a title that steps back. @param {State} state */
  function insideOf(state) {
    const within = derived.heads().within(state);
    return within && !hasTitles() ? within.inside : null;
  }

  /** The heads that are drawn. @param {State} state */
  function drawnIn(state) {
    const inside = state.at ? null : insideOf(state);
    return inside ? drawn(ready, inside) : ready;
  }

  /** The tints of the heads of the grid. @param {State} state @param {ShownTheme} shownTheme */
  function tintsIn(state, shownTheme) {
    if (state.at || state.score === null) return null;
    return tiles(derived.heads().column(state.score, state), insideOf(state), shownTheme);
  }

  return {
    update,
    get frame() {
      return shown?.frame ?? null;
    },
    get legend() {
      return shown?.legend ?? null;
    },
    get isComing() {
      return isComing;
    },
    /**
     * The frame as it is to be drawn now: where movements have come to.
     *
     * @param {number[]} emphasis points drawn largest
     * @returns {Frame | null} null while there is nothing to draw
     */
    next(emphasis) {
      const cells = layout.current?.cells;
      if (!shown || !cells) return null;
      shown.frame = {
        ...shown.frame,
        ...movingParts(cells, shown.frame.nPoints),
        emphasis,
        positionsVersion: versionOf(cells, motion.version),
      };
      return shown.frame;
    },
    /**
     * Frame at rest, its tiles being the tints of all heads, and legend in either theme, for
     * figures.
     *
     * @param {ShownTheme} shownTheme
     */
    atRest(shownTheme) {
      if (!shown || !layout.arrangement || isComing) return null;
      const tiles = tintsIn(store.get(), shownTheme);
      const frame = { ...shown.frame, ready, tiles, from: null, blend: 1 };
      return shownTheme === theme()
        ? { frame, legend: shown.legend }
        : inTheme(context, frame, shownTheme);
    },
    destroy: motion.destroy,
  };
}

/** @typedef {ReturnType<typeof createMapFrame>} MapFrame */

/**
 * A frame and its legend in the colours of another theme.
 *
 * @param {Context} context
 * @param {Frame} frame
 * @param {ShownTheme} theme
 */
function inTheme(context, frame, theme) {
  const state = context.store.get();
  const drawn = state.at ? null : context.facts.gridTokens.value;
  const paint = createPainting(context).of(state, drawn, frame.cells.n, theme);
  if (!paint) return null;
  const { background, ink } = canvasPalette(theme);
  const { colors, legend, sprites } = paint;
  return { frame: { ...frame, colors, sprites, background, ink }, legend };
}

/**
 * The map that is chosen, where it is loaded.
 *
 * @param {State} state
 * @param {Pick<Facts, 'grid' | 'gridTokens' | 'headMap' | 'heads'>} facts
 * @returns {LoadedMap | null}
 */
export function loadedMap(state, { grid, gridTokens, headMap, heads }) {
  const { at } = state;
  const chosen = chosenMap(state);
  if (!at) {
    const [value, drawn] = [grid.value, gridTokens.value];
    return value && drawn && value.name === chosen ? { ...value, drawn } : null;
  }
  const { value } = headMap;
  const isRight =
    value &&
    value.name === mapOf(heads.value, at, chosen) &&
    value.at.layer === at.layer &&
    value.at.head === at.head;
  if (!isRight) return null;
  const name = `${value.name} ${at.layer},${at.head}`;
  return { name, positions: value.positions, drawn: null, ready: READY_ONE };
}

/**
 * Whether map, style and cells are of as many heads and points: each may come before the others.
 *
 * @param {LoadedMap} map
 * @param {Pick<Painting, 'flags'>} paint
 * @param {Cells} cells
 * @param {number} dims
 */
export function isFitting({ positions, ready }, { flags }, { n }, dims) {
  return ready.length === n && positions.length === n * flags.length * dims;
}

/**
 * What a frame keeps until choices or facts change.
 *
 * @param {State} state
 * @param {LoadedMap} map
 * @param {Painting} paint
 * @param {ShownTheme} theme
 */
function restingParts({ dims, opacity }, { positions }, paint, theme) {
  const { background, ink } = canvasPalette(theme);
  const { colors, flags, isSprite, sizes, sprites, version: styleVersion } = paint;
  return {
    ratio: Math.min(MAX_RATIO, window.devicePixelRatio || 1),
    dims,
    positions,
    nPoints: flags.length,
    nQueries: flags.length / 2,
    colors,
    flags,
    sizes,
    opacity,
    sprites,
    isSprite,
    background,
    ink,
    positionsVersion: 0,
    styleVersion,
    emphasis: [],
  };
}

/** @param {State} state @param {Facts} facts */
function isLoading({ at }, { description, grid, gridTokens, headMap, tokens }) {
  return [description, tokens, gridTokens, at ? headMap : grid].some(
    ({ status }) => status === 'loading',
  );
}

/** A number for cells and positions that changes whenever one of them does. */
function countVersions() {
  let nCells = 0;
  /** @type {Cells | null} */
  let last = null;
  /** @param {Cells} cells @param {number} version of the positions */
  return (cells, version) => {
    if (cells !== last) nCells++;
    last = cells;
    return nCells * 1e6 + version;
  };
}
