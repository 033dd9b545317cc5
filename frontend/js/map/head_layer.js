/**
 * What lies over the map of one head: the point under the mouse, the selected sequence and its
 * attention lines.
 */

import { hasVectors } from '../data/stored_vectors.js';
import { createCleanup } from '../ui/dom.js';
import { lastOnly } from '../compute/memo.js';
import { projectPoint } from '../compute/geometry.js';
import { sourceOpacity } from '../compute/heaviest_lines.js';
import { createOverlay } from '../render/lines.js';
import { createPicker } from '../render/picking.js';
import { strongestLinks } from '../compute/hidden_tokens.js';
import { drawnPoint, pointOf, selectedAt } from '../data/points.js';
import { createPairLines } from './labelled_pairs.js';
import { createLineLegend } from './line_legend.js';
import { createPointTooltip } from './point_tooltip.js';
import { createPointWalk } from './point_walk.js';
import { createStrongest } from './strongest.js';

/** @import { Attention, Context, Selected, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { Frame } from '../types.js' */
/** @import { PointTooltip } from './point_tooltip.js' */
/** @import { PointWalk } from './point_walk.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { Lasso } from './lasso.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** What a point under the mouse depends on. */
const SIGHT = /** @type {const} */ ([
  'positions',
  'blend',
  'transform',
  'orbit',
  'cells',
  'width',
  'height',
]);
/** A point is hit within this distance of its edge, CSS pixels. */
const REACH_PX = 8;

/** Width of the lines of the point that stands out, CSS pixels, and share of opacity of others. */
const SOURCE_PX = 2;
const FAINT = 0.4;

/** Least distance of a point that keys lead to from the border of the map, CSS pixels. */
const MARGIN_PX = 24;

/**
 * @param {HTMLElement} root
 * @param {Context & {tooltip: Tooltip, lasso: Lasso, viewport: Viewport, overlay:
 *   HTMLCanvasElement, theme: () => ShownTheme, redraw: () => void}} context
 */
export function createHeadLayer(root, context) {
  const { derived, facts, hover, redraw, store, viewport } = context;
  const overlay = createOverlay(context.overlay);
  const strongest = createStrongest(context);
  const pointTooltip = createPointTooltip(context, strongest);
  const legend = createLineLegend(root);
  const linesOf = createLinesReader(context);
  const pairsOf = createPairLines();
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

  /**
   * The lines and rings over a frame of the open head.
   *
   * @param {Frame} shown
   * @param {State} state
   * @param {ShownTheme} theme
   */
  function marksIn(shown, state, theme) {
    const tokens = facts.tokens.value;
    const isWhole = tokens !== null && shown.nPoints === 2 * tokens.n;
    return {
      lines: linesOf(shown, state),
      compared: isWhole ? strongest.found(state, tokens, theme) : null,
      pairs: isWhole ? pairsOf(state, tokens, theme) : null,
    };
  }

  /** @param {Frame | null} shown */
  function draw(shown) {
    const state = store.get();
    if (!shown || state.at === null) {
      legend.update(null);
      return overlay.clear();
    }
    frame = shown;
    mouse.follow(shown);
    const tokens = facts.tokens.value;
    const isWhole = tokens !== null && shown.nPoints === 2 * tokens.n;
    if (walk.point >= 0 && isWhole) {
      const [x, y] = projectPoint(shown, 0, walk.point);
      pointTooltip.show({ x, y }, tokens, walk.point);
    }
    const { lines, compared, pairs } = marksIn(shown, state, context.theme());
    legend.update(
      isWhole
        ? {
            tokens,
            // Where no answer will come, the panel says why.
            selected: facts.attention.error || !hasVectors(facts) ? null : state.selected,
            attention: derived.attention(state),
            hasLines: lines.length > 0,
            compared,
            pairs,
          }
        : null,
    );
    const all = pairs ? [...lines, pairs] : lines;
    const marks = [...all.map((each) => ({ lines: each })), ...(compared ? [compared] : [])];
    if (marks.length > 0)
      overlay.draw(
        shown,
        marks.map((each) => ({ cell: 0, ...each })),
      );
    else overlay.clear();
  }

  return {
    draw,
    walk: walk.walk,
    marksIn,
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
      legend.destroy();
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
  /** The point that was clicked: its tooltip is not shown again before the mouse has left it. */
  let clickedPoint = -1;
  /** The map in which a point was found under the mouse. @type {Frame | null} */
  let sight = null;

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
    clickedPoint = point ?? -1;
    pointTooltip.hide();
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
    sight = shown;
    if (point === clickedPoint) return;
    clickedPoint = -1;
    const [x, y] = projectPoint(shown, 0, point);
    pointTooltip.show({ x, y }, tokens, point);
  }

  function leave() {
    sight = null;
    clickedPoint = -1;
    root.classList.remove('is-over-point');
    hover.set(null);
    pointTooltip.hide();
  }

  /** Nothing is pointed at any more once the map has moved. @param {Frame} shown */
  function follow(shown) {
    if (!sight || SIGHT.every((part) => shown[part] === sight?.[part])) return;
    const clicked = clickedPoint; // the map may have moved since a panel has opened
    leave();
    clickedPoint = clicked;
  }

  return { follow, leave, destroy: cleanup.run };
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
 * Return what gives the attention lines of the selection for a frame, those of the point that
 * stands out last.
 *
 * @param {Pick<Context, 'derived' | 'facts' | 'hover'>} context
 */
function createLinesReader({ derived, facts, hover }) {
  const links = lastOnly(linesFrom);
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
      return [];
    const { lineCount, lineThreshold, isLineAlone } = state;
    const source = sourceOf(state.selected, tokens, hover.get());
    return links(attention, tokens, lineCount, lineThreshold, source, isLineAlone);
  };
}

/**
 * The point whose lines stand out: the one under the mouse, where it is of the selected sequence,
 * or else the selected one.
 *
 * @param {Selected} selected
 * @param {Pick<Tokens, 'n' | 'sequence'>} tokens
 * @param {Selected | null} pointed
 */
export function sourceOf(selected, { n, sequence }, pointed) {
  const isOwn =
    pointed && pointed.token < n && sequence[pointed.token] === sequence[selected.token];
  return isOwn ? pointed : selected;
}

/**
 * The strongest links of a sequence as lines between points: those of one point thick, and, unless
 * they are alone, the others faint below them.
 *
 * @param {Attention} attention
 * @param {Tokens} tokens
 * @param {number} k
 * @param {number} threshold
 * @param {Selected} source
 * @param {boolean} isAlone
 * @returns {Lines[]}
 */
function linesFrom(attention, tokens, k, threshold, source, isAlone) {
  const start = tokens.sequences.start[attention.sequence];
  const place = { kind: source.kind, position: source.token - start };
  /**
   * @param {{query: number, key: number, weight: number}[]} links
   * @param {(weight: number) => number} opacity
   */
  const lines = (links, opacity) => ({
    from: links.map(({ query }) => pointOf({ kind: 'query', token: start + query }, tokens.n)),
    to: links.map(({ key }) => pointOf({ kind: 'key', token: start + key }, tokens.n)),
    weights: links.map(({ weight }) => opacity(weight)),
  });
  const own = {
    ...lines(strongestLinks(attention, k, threshold, place), sourceOpacity),
    width: SOURCE_PX,
  };
  if (isAlone) return [own];
  const others = strongestLinks(attention, k, threshold).filter(
    (link) => link[place.kind] !== place.position,
  );
  return [lines(others, (weight) => FAINT * weight), own].filter(({ from }) => from.length > 0);
}
