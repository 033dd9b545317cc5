/**
 * What lies over the map of one head: the point under the mouse, the selected sequence and its
 * attention lines.
 */

import { createCleanup } from '../ui/dom.js';
import { lastOnly } from '../compute/memo.js';
import { projectPoint } from '../compute/geometry.js';
import { createOverlay } from '../render/lines.js';
import { createPicker } from '../render/picking.js';
import { strongestLinks } from '../compute/hidden_tokens.js';
import { drawnPoint, pointOf, selectedAt } from '../data/points.js';
import { createPointTooltip } from './point_tooltip.js';
import { createPointWalk } from './point_walk.js';
import { createStrongest } from './strongest.js';

/** @import { Attention, Context, Selected, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Frame } from '../types.js' */
/** @import { PointTooltip } from './point_tooltip.js' */
/** @import { PointWalk } from './point_walk.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { Lasso } from './lasso.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** A point is hit within this distance of its edge, CSS pixels. */
const REACH_PX = 8;

/** Least distance of a point that keys lead to from the border of the map, CSS pixels. */
const MARGIN_PX = 24;

/**
 * @param {HTMLElement} root
 * @param {Context & {tooltip: Tooltip, lasso: Lasso, viewport: Viewport, overlay:
 *   HTMLCanvasElement, theme: () => ShownTheme, redraw: () => void}} context
 */
export function createHeadLayer(root, context) {
  const { facts, hover, redraw, store, viewport } = context;
  const overlay = createOverlay(context.overlay);
  const strongest = createStrongest(root, context);
  const pointTooltip = createPointTooltip(context, strongest);
  const linesOf = createLinesReader(context);
  /** The frame of the open head; null in the grid. @type {Frame | null} */
  let frame = null;
  const walk = createPointWalk(root, {
    ...context,
    frame: () => frame,
    leave: () => mouse.leave(),
    show: showPoint,
    colorValue: pointTooltip.colorValue,
  });
  const mouse = createMouse(root, { ...context, frame: () => frame, pointTooltip, walk });
  const stopHover = hover.subscribe(redraw);

  /** Bring a point into sight, and point at it as the mouse would. @param {number} point */
  function showPoint(point) {
    if (!frame) return;
    revealPoint(root, viewport, frame, point);
    hover.set(selectedAt(point, frame.nPoints / 2));
    redraw();
  }

  /** @param {Frame | null} shown */
  function draw(shown) {
    const state = store.get();
    if (!shown || state.at === null) {
      strongest.hide();
      return overlay.clear();
    }
    frame = shown;
    const tokens = facts.tokens.value;
    const isWhole = tokens !== null && shown.nPoints === 2 * tokens.n;
    if (walk.point >= 0 && isWhole) {
      const [x, y] = projectPoint(shown, 0, walk.point);
      pointTooltip.show({ x, y }, tokens, walk.point);
    }
    const lines = linesOf(shown, state);
    const marks = isWhole ? strongest.marks(state, tokens) : [];
    if (lines || marks.length > 0)
      overlay.draw(shown, [...(lines ? [{ cell: 0, lines }] : []), ...marks]);
    else overlay.clear();
  }

  return {
    draw,
    walk: walk.walk,
    linesIn: linesOf,
    /** The points drawn largest: the selected one and the one under the mouse. */
    emphasis: () => emphasised(store.get(), facts.tokens.value, facts.gridTokens.value, hover),
    /**
     * @param {State} state
     * @param {Frame | null} next
     */
    update(state, next) {
      const isHead = state.at !== null;
      if (!isHead && frame) mouse.leave();
      frame = isHead ? next : null;
      root.classList.toggle('map--head', isHead);
      root.classList.toggle('map--turning', isHead && state.dims === 3);
      walk.update(isHead);
    },
    destroy() {
      mouse.destroy();
      stopHover();
      walk.destroy();
      mouse.leave();
      strongest.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createHeadLayer>} HeadLayer */

/**
 * The mouse over the map of a head: the point under it is pointed at and has its tooltip; a click
 * selects it.
 *
 * @param {HTMLElement} root
 * @param {Context & {frame: () => Frame | null, lasso: Lasso, pointTooltip: PointTooltip, viewport:
 *   Viewport, walk: PointWalk}} context
 */
function createMouse(
  root,
  { actions, facts, frame, hover, lasso, pairing, pointTooltip, store, viewport, walk },
) {
  const cleanup = createCleanup();
  const picker = createPicker();
  /** Where the mouse was last, so that it takes over from the keys only once it moves. */
  let seen = '';

  /** @param {MouseEvent} event */
  function placeOf(event) {
    const { left, top } = root.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {{x: number, y: number}} place */
  function pointAt({ x, y }) {
    const shown = frame();
    return shown && (picker.pick(shown, x, y, REACH_PX + shown.pointSize / 2)?.point ?? null);
  }

  cleanup.listen(root, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (store.get().at === null || event.pointerType === 'touch') return;
    const place = `${event.clientX} ${event.clientY}`;
    if (walk.point >= 0 && place === seen) return; // the page moved, not the mouse
    seen = place;
    walk.stop();
    // At once: browsers send one such event a frame, and the next frame may be busy drawing.
    look(placeOf(event));
  });
  cleanup.listen(root, 'pointerleave', leave);
  cleanup.listen(root, 'click', (/** @type {MouseEvent} */ event) => {
    const { at, selected } = store.get();
    const isOnMap = event.target instanceof HTMLCanvasElement || event.target === root;
    if (at === null || viewport.turning.hasTurned || !isOnMap) return;
    const point = pointAt(placeOf(event));
    const clicked = point === null ? null : selectedAt(point, (frame()?.nPoints ?? 0) / 2);
    if (clicked) return pairing.take(clicked) || actions.select(clicked);
    if (selected) actions.clearSelection();
  });

  /** Point at the point at a place. @param {{x: number, y: number}} place */
  function look(place) {
    const [shown, tokens] = [frame(), facts.tokens.value];
    if (!shown || !tokens || viewport.turning.isGripped || lasso.isDrawing) {
      root.classList.remove('is-over-point');
      pointTooltip.hide();
      if (viewport.turning.isTurning) hover.set(null);
      return;
    }
    const point = pointAt(place);
    root.classList.toggle('is-over-point', point !== null);
    if (point === null) return leave();
    hover.set(selectedAt(point, tokens.n));
    const [x, y] = projectPoint(shown, 0, point);
    pointTooltip.show({ x, y }, tokens, point);
  }

  function leave() {
    hover.set(null);
    pointTooltip.hide();
  }

  return { leave, destroy: cleanup.run };
}

/**
 * Move the map so far that a point is in sight.
 *
 * @param {HTMLElement} root
 * @param {Viewport} viewport
 * @param {Frame} frame
 * @param {number} point
 */
function revealPoint(root, viewport, frame, point) {
  const { transform, turning } = viewport;
  const { orbit } = turning;
  const { k, x: left, y: top } = transform;
  const [x, y] = projectPoint({ ...frame, transform, orbit }, 0, point);
  viewport.reveal(
    { x: (x - left) / k, y: (y - top) / k, width: 0, height: 0 },
    {
      left: MARGIN_PX,
      top: MARGIN_PX,
      right: root.clientWidth - MARGIN_PX,
      bottom: root.clientHeight - MARGIN_PX,
    },
  );
}

/**
 * The points drawn largest, as far as they are drawn: the selected one, the one under the mouse and
 * its counterparts.
 *
 * @param {Pick<State, 'at' | 'compare' | 'selected'>} state
 * @param {Tokens | null} tokens
 * @param {Int32Array | null} gridTokens that the grid draws, sorted
 * @param {Pick<Context['hover'], 'get' | 'others'>} hover
 * @returns {number[]}
 */
export function emphasised({ at, compare, selected }, tokens, gridTokens, hover) {
  if (!tokens) return [];
  const drawn = at === null ? gridTokens : null;
  // In the grid nothing is under the mouse but heads; what is pointed at in another pane stands
  // out there, too.
  const pointed = at === null && !compare ? null : hover.get();
  const counterparts = pointed
    ? hover.others().map((token) => ({ kind: pointed.kind, token }))
    : [];
  return [selected, pointed, ...counterparts].flatMap((point) => {
    const index = point && point.token < tokens.n ? drawnPoint(point, drawn, tokens.n) : -1;
    return index < 0 ? [] : [index];
  });
}

/**
 * Return what gives the attention lines of the selection for a frame; null where there are none.
 *
 * @param {Pick<Context, 'derived' | 'facts' | 'hover'>} context
 */
function createLinesReader({ derived, facts, hover }) {
  const links = lastOnly(linksOf);
  /**
   * @param {Pick<Frame, 'nPoints'>} frame
   * @param {State} state
   */
  return ({ nPoints }, state) => {
    const [attention, tokens] = [derived.attention(state), facts.tokens.value];
    if (
      state.at === null ||
      !state.selected ||
      !state.hasLines ||
      !attention ||
      !tokens ||
      nPoints !== 2 * tokens.n
    )
      return null;
    const alone = aloneOf(state, tokens, hover.get());
    return links(attention, tokens, state.lineCount, state.lineThreshold, alone);
  };
}

/**
 * The point whose lines alone are drawn: one of the selected sequence under the mouse, or the
 * selected one by choice.
 *
 * @param {Pick<State, 'isLineAlone' | 'selected'>} state
 * @param {Pick<Tokens, 'n' | 'sequence'>} tokens
 * @param {Selected | null} pointed
 */
export function aloneOf({ isLineAlone, selected }, { n, sequence }, pointed) {
  const isOwn =
    pointed &&
    selected &&
    pointed.token < n &&
    sequence[pointed.token] === sequence[selected.token];
  if (isOwn) return pointed;
  return isLineAlone ? selected : null;
}

/**
 * The strongest links of a sequence as lines between points.
 *
 * @param {Attention} attention
 * @param {Tokens} tokens
 * @param {number} k
 * @param {number} threshold
 * @param {Selected | null} alone
 */
function linksOf(attention, tokens, k, threshold, alone) {
  const start = tokens.sequences.start[attention.sequence];
  const found = strongestLinks(
    attention,
    k,
    threshold,
    alone && { kind: alone.kind, position: alone.token - start },
  );
  return {
    from: found.map(({ query }) => pointOf({ kind: 'query', token: start + query }, tokens.n)),
    to: found.map(({ key }) => pointOf({ kind: 'key', token: start + key }, tokens.n)),
    weights: found.map(({ weight }) => weight),
  };
}
