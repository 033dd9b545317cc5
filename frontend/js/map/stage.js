/** The map: one canvas for all heads or for one, and what lies over it. */

import { createCleanup, el, watchPixelRatio } from '../ui/dom.js';
import { createObservable } from '../ui/observable.js';
import { LABEL_FONT } from '../figure/figure_theme.js';
import { paperMap } from '../figure/paper_map.js';
import { createRenderer } from '../render/choose.js';
import { createBiplotAxis } from './biplot_axis.js';
import { createContours } from './contours.js';
import { createBreadcrumbBar } from './breadcrumb_bar.js';
import { createFarPoints } from './far_points.js';
import { createGrid } from './grid.js';
import { createHeadLayer } from './head_layer.js';
import { createLabels } from './labels.js';
import { createLasso } from './lasso.js';
import { createMapFrame } from './map_frame.js';
import { createMapLayout } from './map_layout.js';
import { createMapOfHeads } from './map_of_heads.js';
import { createMarked } from '../marked_points/list.js';
import { createMeasureLine } from './measure_line.js';
import { createOrbitGizmo } from './orbit_gizmo.js';
import { createStatus } from './status.js';
import { createTooltip } from '../ui/tooltip.js';

/** @import { Legend } from '../color/color_modes.js' */
/** @import { Context, State, View } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { FigureStyle } from '../figure/figure_theme.js' */
/** @import { Drawing } from '../figure/map_figure.js' */
/** @import { Frame, Renderer } from '../types.js' */
/** @import { BiplotAxis } from './biplot_axis.js' */
/** @import { Contours } from './contours.js' */
/** @import { BreadcrumbBar } from './breadcrumb_bar.js' */
/** @import { HeadLayer } from './head_layer.js' */
/** @import { Labels } from './labels.js' */
/** @import { MapFrame } from './map_frame.js' */
/** @import { GridSight, MapLayout } from './map_layout.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {theme: () => ShownTheme, drawn: () => void, openHeads: () => void}} context
 *   `drawn` is called after every drawn frame
 * @returns {View & {bar: BreadcrumbBar, element: HTMLElement, legend: () => Legend | null,
 *   renderer: Renderer, frame: () => Frame | null, toggleMapOfHeads: () => void, drawing: (style:
 *   FigureStyle) => Drawing | null, walk: (step: 1 | -1, isLeap: boolean) => void, turn: (dx:
 *   number, dy: number) => void, gridSight: ReturnType<typeof createObservable<GridSight | null>>,
 *   followGrid: (sight: GridSight) => void}}
 */
export function createStage(root, context) {
  const { store } = context;
  const cleanup = createCleanup();
  const { body, canvas, element, line, map, overlay, words } = createElements(root);
  const lasso = createLasso(map, { ...context, frame: () => shown.frame });
  const { claims } = lasso;
  /** Told when the grid was moved by hand. */
  const gridSight = createObservable(/** @type {GridSight | null} */ (null));
  const layout = createMapLayout(map, context, {
    claims,
    frame: () => shown.frame,
    moved,
    steered: () => gridSight.set(layout.gridSight),
  });
  const { viewport } = layout;
  const shown = createMapFrame(context, layout, schedule);
  const pointed = createObservable(-1);
  const mapOfHeads = createMapOfHeads(body, { ...context, pointed });
  const resetZoom = viewport.reset;
  const bar = createBreadcrumbBar(element, { ...context, lasso, mapOfHeads, drawing, resetZoom });
  element.append(line, body);
  const renderer = createRenderer(canvas, { force: forcedRenderer() });
  const tooltip = createTooltip(map);
  const parts = { ...context, lasso, overlay, pointed, tooltip, viewport, redraw: schedule };
  const grid = createGrid(map, parts);
  const head = createHeadLayer(map, parts);
  const labels = createLabels(words, context);
  const marked = createMarked(map, {
    ...context,
    lassoed: () => lasso.head,
    redraw: () => follow(),
  });
  const far = createFarPoints(map, parts);
  const axis = createBiplotAxis(overlay, context);
  const contours = createContours(overlay);
  const gizmo = createOrbitGizmo(map);
  const status = createStatus({ line, map }, context);
  const measureLine = createMeasureLine(line, context);
  let handle = 0;
  const follow = () => update(store.get());
  cleanup.add(
    watchSize(map, (size) => {
      layout.resize(size);
      follow();
    }),
  );
  cleanup.add(watchPixelRatio(follow));

  /** @param {State} state */
  function update(state) {
    for (const view of [bar, mapOfHeads, status, marked, measureLine]) view.update(state);
    layout.update(state);
    bar.offerFit(state.at === null && (state.isFitted || layout.arrangement?.isScrolling === true));
    bar.arrange();
    snapToPixels(map);
    shown.update(state);
    canvas.classList.toggle('is-stale', shown.isComing);
    grid.update(state);
    head.update(state, shown.frame);
    moved();
  }

  /** Move what lies over the canvas along with it. */
  function moved() {
    if (layout.current) grid.place(layout.current, viewport.transform, layout.room);
    schedule();
  }

  function schedule() {
    if (!handle) handle = requestAnimationFrame(draw);
  }

  function draw() {
    handle = 0;
    canvas.hidden = overlay.hidden = words.hidden = shown.frame === null;
    if (shown.isComing && shown.frame && layout.current) return;
    const frame = shown.next(head.emphasis());
    if (!frame) {
      far.draw(null);
      gizmo.draw(null);
      return head.draw(null);
    }
    renderer.draw(frame);
    head.draw(frame);
    far.draw(frame);
    for (const part of [contours, axis]) part.draw(frame, store.get(), context.theme());
    gizmo.draw(viewport.turning.isOn ? frame.orbit : null);
    if (viewport.turning.isTurning) gizmo.learn();
    if (store.get().hasLabels && !frame.from && !layout.isSliding && !viewport.turning.isTurning)
      labels.draw(frame, store.get());
    else labels.clear();
    context.drawn();
  }

  /** Turn a 3-D head as a drag would. @param {number} dx CSS pixels @param {number} dy */
  function turn(dx, dy) {
    viewport.turning.turnBy(dx, dy);
    gizmo.learn();
  }

  /** @param {FigureStyle} style */
  function drawing(style) {
    const nHeads = context.facts.description.value?.manifest?.n_heads ?? 1;
    const drawn = { axis, contours, head, labels, layout, shown, nHeads };
    return drawingOf(drawn, store.get(), style);
  }

  cleanup.add(() => cancelAnimationFrame(handle));
  const views = [grid, head, lasso, marked, far, gizmo, bar, mapOfHeads, measureLine, status];
  for (const part of [...views, tooltip, shown, layout, renderer])
    cleanup.add(() => part.destroy());

  return {
    bar,
    element,
    update,
    legend: () => shown.legend,
    renderer,
    frame: () => shown.frame,
    walk: head.walk,
    turn,
    drawing,
    toggleMapOfHeads: mapOfHeads.toggle,
    gridSight,
    followGrid: layout.followGrid,
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createStage>} Stage */

/**
 * What is seen, for a figure of a style; null while there is nothing to see.
 *
 * @param {{axis: BiplotAxis, contours: Contours, head: HeadLayer, labels: Labels, layout:
 *   MapLayout, shown: MapFrame, nHeads: number}} parts
 * @param {State} state
 * @param {FigureStyle} style
 * @returns {Drawing | null}
 */
function drawingOf({ axis, contours, head, labels, layout, shown, nHeads }, state, style) {
  const { theme, widthPx, sharpness } = style;
  const { arrangement } = layout;
  const atRest = shown.atRest(theme);
  if (!atRest || !arrangement) return null;
  const seen = { arrangement, frame: atRest.frame, box: null, isCut: false };
  const laidOut =
    widthPx === null ? seen : paperMap(seen, state.at ? null : nHeads, widthPx, sharpness);
  return {
    ...atRest,
    ...laidOut,
    ...head.marksIn(laidOut.frame, state, theme),
    axis: axis.axisIn(laidOut.frame, state, theme),
    contours: contours.linesIn(laidOut.frame, state, theme),
    labels: state.hasLabels ? labels.written(laidOut.frame, state, LABEL_FONT) : [],
  };
}

/**
 * @param {HTMLElement} element
 * @param {(size: {width: number, height: number}) => void} resized called with CSS pixels,
 *   first once the element is laid out
 * @returns {() => void} stops it
 */
function watchSize(element, resized) {
  const observer = new ResizeObserver(() =>
    resized({ width: element.clientWidth, height: element.clientHeight }),
  );
  observer.observe(element);
  return () => observer.disconnect();
}

/**
 * Put the canvases of a map onto whole pixels of the screen: a canvas between them is blurred.
 *
 * @param {HTMLElement} map
 */
function snapToPixels(map) {
  const ratio = window.devicePixelRatio || 1;
  const { left, top } = map.getBoundingClientRect();
  const lengths = {
    left: Math.round(left * ratio) / ratio - left,
    top: Math.round(top * ratio) / ratio - top,
    width: Math.round(map.clientWidth * ratio) / ratio,
    height: Math.round(map.clientHeight * ratio) / ratio,
  };
  for (const [name, length] of Object.entries(lengths))
    map.style.setProperty(`--canvas-${name}`, `${length}px`);
}

/** @param {HTMLElement} root */
function createElements(root) {
  const canvas = el('canvas', { class: 'map__canvas', 'aria-hidden': 'true' });
  const overlay = el('canvas', { class: 'map__overlay', 'aria-hidden': 'true' });
  const words = el('canvas', { class: 'map__labels', 'aria-hidden': 'true' });
  const map = el('div', { class: 'map' }, canvas, overlay, words);
  const body = el('div', { class: 'stage__body' }, map);
  const line = el('div', {});
  const element = el('section', { class: 'stage' });
  root.append(element);
  return { body, canvas, element, line, map, overlay, words };
}

/**
 * A renderer can be asked for in the address, by those who doubt the choice.
 *
 * @returns {Renderer['name'] | null}
 */
function forcedRenderer() {
  const name = new URLSearchParams(location.search).get('renderer');
  return name === 'webgl2' || name === 'canvas2d' ? name : null;
}
