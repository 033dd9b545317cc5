/** The map: one canvas for all heads or for one, and what lies over it. */

import { mapOf } from '../data/best_map.js';
import {
  arrangeGrid,
  arrangeHead,
  gridInPlace,
  headInPlace,
  isLeft,
  openedCell,
} from './arrangement.js';
import { canvasPalette } from '../color/palettes.js';
import { lastOnly } from '../compute/memo.js';
import { createCleanup, el, isMotionReduced, watchPixelRatio } from '../ui/dom.js';
import { suitablePointSize } from '../compute/geometry.js';
import { bulkWindows } from '../compute/map_bounds.js';
import { createObservable } from '../ui/observable.js';
import { createMotion } from './motion.js';
import { createPainting } from '../color/point_style.js';
import { createRenderer } from '../render/choose.js';
import { chosenMap } from '../data/points.js';
import { createSliding } from './sliding.js';
import { createViewport } from './viewport.js';
import { createBar } from './breadcrumb_bar.js';
import { createFarPoints } from './far_points.js';
import { tilesOf } from './cell.js';
import { createGrid } from './grid.js';
import { createHeadLayer } from './head_layer.js';
import { createLabels } from './labels.js';
import { createLasso } from './lasso.js';
import { createMapOfHeads } from './map_of_heads.js';
import { createMarked } from '../marked_points/list.js';
import { createScoreLine } from './measure_line.js';
import { createStatus } from './status.js';
import { createTooltip } from '../ui/tooltip.js';

/** @import { Arrangement } from './arrangement.js' */
/** @import { Legend } from '../color/color_modes.js' */
/** @import { Context, State, View } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Drawing } from '../figure/map_figure.js' */
/** @import { Frame, Renderer, Transform } from '../types.js' */

const MAX_RATIO = 2;
const READY_ONE = Uint8Array.of(1);

/**
 * @param {HTMLElement} root
 * @param {Context & {theme: () => ShownTheme, drawn: () => void, openHeads: () => void}} context
 *   `drawn` is called after the first picture
 * @returns {View & {bar: ReturnType<typeof createBar>, element: HTMLElement, legend: () => Legend |
 *   null, renderer: Renderer, frame: () => Frame | null, toggleMapOfHeads: () => void, drawing:
 *   (theme: ShownTheme) => Drawing | null, walk: (step: 1 | -1, isLeap: boolean) => void}}
 */
export function createStage(root, context) {
  const { derived, facts, store } = context;
  const cleanup = createCleanup();
  const canvas = el('canvas', { class: 'map__canvas', 'aria-hidden': 'true' });
  const overlay = el('canvas', { class: 'map__overlay', 'aria-hidden': 'true' });
  const words = el('canvas', { class: 'map__labels', 'aria-hidden': 'true' });
  const map = el('div', { class: 'map' }, canvas, overlay, words);
  const body = el('div', { class: 'stage__body' }, map);
  const element = el('section', { class: 'stage' });
  root.append(element);
  const lasso = createLasso(map, { ...context, frame: () => frame });
  const viewport = createViewport(
    map,
    () => {
      place();
      schedule();
    },
    {
      claims: lasso.claims,
      zoomed: (at, isNearer) => queueMicrotask(() => followZoom(at, isNearer)),
      rested: context.actions.look,
    },
  );
  const pointed = createObservable(-1);
  const mapOfHeads = createMapOfHeads(body, { ...context, pointed });
  const bar = createBar(element, {
    ...context,
    lasso,
    mapOfHeads,
    drawing,
    resetZoom: viewport.reset,
  });
  const line = el('div', {});
  element.append(line, body);
  const renderer = createRenderer(canvas, { force: forcedRenderer() });
  const painting = createPainting(context);
  const motion = createMotion(schedule);
  const sliding = createSliding(() => {
    place();
    schedule();
  });
  const tooltip = createTooltip(map);
  const grid = createGrid(map, { ...context, pointed, tooltip, viewport });
  const head = createHeadLayer(map, {
    ...context,
    lasso,
    tooltip,
    viewport,
    overlay,
    theme: context.theme,
    redraw: schedule,
  });
  const labels = createLabels(words, context);
  const marked = createMarked(map, { ...context, lassoed: () => lasso.head });
  const far = createFarPoints(map, { ...context, overlay });
  const status = createStatus({ line, map }, context);
  const windows = lastOnly(bulkWindows);
  const scoreLine = createScoreLine(line, context);
  const tiles = lastOnly(tilesOf);

  /** @type {Arrangement | null} */
  let arrangement = null;
  let arranged = '';
  /** @type {Int32Array | null} */
  let arrangedOrder = null;
  let arrangedFor = '';
  /** @type {Frame | null} */
  let frame = null;
  /** @type {Legend | null} */
  let legend = null;
  let handle = 0;
  let room = { width: 0, height: 0 };
  /** Where the next map is shown at first, instead of at rest. @type {Transform | null} */
  let start = null;

  const observer = new ResizeObserver(() => {
    room = { width: map.clientWidth, height: map.clientHeight };
    update(store.get());
  });
  observer.observe(map);
  cleanup.add(() => observer.disconnect());
  cleanup.add(watchPixelRatio(() => update(store.get())));

  /** @param {State} state */
  function update(state) {
    bar.update(state);
    mapOfHeads.update(state);
    status.update(state);
    marked.update(state);
    scoreLine.update(state);
    arrange(state);
    if (arrangement) viewport.aim(state);
    compose(state);
    grid.update(state);
    head.update(state, frame);
    place();
    schedule();
  }

  /** @param {State} state */
  function arrange(state) {
    const manifest = facts.description.value?.manifest;
    if (!manifest || room.width === 0) {
      arrangement = null;
      arranged = '';
      return;
    }
    const subject = state.at
      ? `head ${state.dims}`
      : `grid ${manifest.id} ${manifest.n_layers} ${manifest.n_heads}`;
    const key = `${subject} ${room.width} ${room.height}`;
    const order = state.at ? null : derived.heads().order(state);
    if (key === arranged && order === arrangedOrder) return;
    if (subject !== arrangedFor) sliding.stop();
    else if (arrangement && frame && order !== arrangedOrder) sliding.begin(arrangement);
    arrangement = state.at ? arrangeHead(room) : arrangeGrid(manifest, room, order);
    viewport.show(
      { ...arrangement, room, isTurning: state.at !== null && state.dims === 3 },
      subject !== arrangedFor,
      start,
      state.at !== null,
    );
    start = null;
    [arranged, arrangedFor, arrangedOrder] = [key, subject, order];
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
    if (!arrangement || !frame || !manifest) return;
    if (at === null && isNearer) {
      const cell = openedCell(arrangement, viewport.transform, room, place);
      if (cell < 0 || !frame.ready[cell]) return;
      if (!isMotionReduced())
        start = headInPlace(arrangement, cell, viewport.transform, arrangeHead(room));
      context.actions.openHead({
        layer: Math.floor(cell / manifest.n_heads),
        head: cell % manifest.n_heads,
      });
    } else if (at !== null && !isNearer && isLeft(arrangement, viewport.transform)) {
      start = gridInPlace(
        arrangeGrid(manifest, room, derived.heads().order(store.get())),
        at.layer * manifest.n_heads + at.head,
        viewport.transform,
        arrangement,
      );
      context.actions.showGrid();
    }
  }

  /**
   * Put together what is drawn; what is drawn stays while the next map is on its way.
   *
   * @param {State} state
   */
  function compose(state) {
    const shown = state.at ? shownHead(state) : shownGrid(state);
    const nCells = arrangement?.cells.n ?? 0;
    const paint = shown && painting.of(state, shown.drawn, nCells, context.theme());
    const nPoints = paint?.flags.length ?? 0;
    const cells = arrangement && sliding.of(arrangement).cells;
    const fits =
      shown &&
      paint &&
      cells &&
      shown.ready.length === nCells &&
      shown.positions.length === nCells * nPoints * state.dims;
    const isComing = !fits && isLoading(state);
    canvas.classList.toggle('is-stale', isComing);
    if (!fits) {
      if (isComing) return;
      motion.forget();
      frame = legend = null;
      return;
    }
    motion.show(shown.name, shown.positions, partsOf(state, shown, nPoints));
    legend = paint.legend;
    const { background, ink } = canvasPalette(context.theme());
    frame = {
      ...room,
      ratio: Math.min(MAX_RATIO, window.devicePixelRatio || 1),
      dims: state.dims,
      transform: viewport.transform,
      orbit: viewport.orbit,
      cells,
      ready: shown.ready,
      positions: shown.positions,
      from: motion.from,
      blend: motion.blend,
      windows: motion.windows,
      nPoints,
      nQueries: nPoints / 2,
      colors: paint.colors,
      flags: paint.flags,
      pointSize: pointSizeOf(nPoints),
      sizes: paint.sizes,
      sprites: paint.sprites,
      isSprite: paint.isSprite,
      tiles: shownTiles(state),
      background,
      ink,
      positionsVersion: 0,
      styleVersion: paint.version,
      emphasis: [],
    };
  }

  /**
   * The parts of the maps that are shown at rest.
   *
   * @param {State} state
   * @param {{positions: Uint16Array, ready: Uint8Array}} shown
   * @param {number} nPoints
   */
  function partsOf({ dims, isWhole }, { positions, ready }, nPoints) {
    return dims === 2 && !isWhole ? windows(positions, ready, nPoints) : null;
  }

  /** What lies behind the maps of the grid. @param {State} state @param {ShownTheme} [theme] */
  function shownTiles(state, theme = context.theme()) {
    return state.at || !arrangement
      ? null
      : tiles(derived.heads().column(state.score, state), arrangement.cellSize, theme);
  }

  /** @param {State} state */
  function shownGrid(state) {
    const [value, drawn] = [facts.grid.value, facts.gridTokens.value];
    return value && drawn && value.name === chosenMap(state) ? { ...value, drawn } : null;
  }

  /** @param {State} state */
  function shownHead(state) {
    const value = facts.headMap.value;
    const isRight =
      value &&
      state.at &&
      value.name === mapOf(facts.heads.value, state.at, chosenMap(state)) &&
      value.at.layer === state.at.layer &&
      value.at.head === state.at.head;
    return isRight
      ? {
          ...value,
          name: `${value.name} ${value.at.layer},${value.at.head}`,
          drawn: null,
          ready: READY_ONE,
        }
      : null;
  }

  /** @param {State} state */
  function isLoading(state) {
    return [
      facts.description,
      facts.tokens,
      facts.gridTokens,
      state.at ? facts.headMap : facts.grid,
    ].some(({ status: s }) => s === 'loading');
  }

  /**
   * A click may come before the next picture, so a frame has its size from the first.
   *
   * @param {number} nPoints
   */
  function pointSizeOf(nPoints) {
    return (
      suitablePointSize((arrangement?.cellSize ?? 0) * viewport.transform.k, nPoints) *
      store.get().dotSize
    );
  }

  /** Move what lies over the canvas along with it. */
  function place() {
    if (arrangement) grid.place(sliding.of(arrangement), viewport.transform, room);
  }

  function schedule() {
    if (!handle) handle = requestAnimationFrame(draw);
  }

  function draw() {
    handle = 0;
    canvas.hidden = overlay.hidden = words.hidden = frame === null;
    if (!frame || !arrangement) {
      far.draw(null);
      return head.draw(null);
    }
    if (canvas.classList.contains('is-stale')) return;
    const { transform, orbit } = viewport;
    const { cells } = sliding.of(arrangement);
    frame = {
      ...frame,
      cells,
      transform,
      orbit,
      from: motion.from,
      blend: motion.blend,
      windows: motion.windows,
      emphasis: head.emphasis(),
      pointSize: pointSizeOf(frame.nPoints),
      positionsVersion: versionOf(cells, motion.version),
    };
    renderer.draw(frame);
    head.draw(frame);
    far.draw(frame);
    if (store.get().hasLabels && !motion.from && !sliding.isMoving && !viewport.isTurned)
      labels.draw(frame, store.get());
    else labels.clear();
    context.drawn();
  }

  /**
   * What is seen, for a figure in either theme; null while there is nothing to see.
   *
   * @param {ShownTheme} theme
   * @returns {Drawing | null}
   */
  function drawing(theme) {
    const state = store.get();
    if (!frame || !arrangement || canvas.classList.contains('is-stale')) return null;
    const still = { ...frame, from: null, blend: 1 };
    const labelled = () => (state.hasLabels ? labels.written(still, state) : []);
    if (theme === context.theme())
      return {
        frame: still,
        arrangement,
        legend,
        lines: head.linesIn(still, state),
        labels: labelled(),
      };
    const paint = createPainting(context).of(
      state,
      state.at ? null : facts.gridTokens.value,
      still.cells.n,
      theme,
    );
    if (!paint) return null;
    const { background, ink } = canvasPalette(theme);
    const { colors, sprites } = paint;
    return {
      frame: { ...still, colors, sprites, tiles: shownTiles(state, theme), background, ink },
      arrangement,
      legend: paint.legend,
      lines: head.linesIn(still, state),
      labels: labelled(),
    };
  }

  let nCellsSeen = 0;
  /** @type {unknown} */
  let lastCells = null;
  /** @param {unknown} cells @param {number} version */
  function versionOf(cells, version) {
    if (cells !== lastCells) nCellsSeen++;
    lastCells = cells;
    return nCellsSeen * 1e6 + version;
  }

  return {
    bar,
    element,
    update,
    legend: () => legend,
    renderer,
    frame: () => frame,
    walk: head.walk,
    drawing,
    toggleMapOfHeads: mapOfHeads.toggle,
    destroy() {
      cancelAnimationFrame(handle);
      cleanup.run();
      for (const part of [
        grid,
        head,
        lasso,
        marked,
        far,
        bar,
        mapOfHeads,
        scoreLine,
        status,
        tooltip,
        motion,
        sliding,
        viewport,
        renderer,
      ])
        part.destroy();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createStage>} Stage */

/**
 * A renderer can be asked for in the address, by those who doubt the choice.
 *
 * @returns {Renderer['name'] | null}
 */
function forcedRenderer() {
  const name = new URLSearchParams(location.search).get('renderer');
  return name === 'webgl2' || name === 'canvas2d' ? name : null;
}
