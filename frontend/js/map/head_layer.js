/**
 * What lies over the map of one head: the point under the mouse, the selected sequence and its
 * attention lines.
 */

import { tellValue } from '../color/color_modes.js';
import { createCleanup } from '../ui/dom.js';
import { lastOnly } from '../compute/memo.js';
import { projectPoint } from '../compute/geometry.js';
import { formatOwn } from '../data/user_sequence_text.js';
import { createOverlay } from '../render/lines.js';
import { createPicker } from '../render/picking.js';
import { strongestLinks } from '../compute/hidden_tokens.js';
import { drawnPoint, pointOf, selectedAt } from '../data/points.js';
import { createPointWalk } from './point_walk.js';
import { picturePart, pointParts } from './point_text.js';
import { createStrongest } from './strongest.js';

/** @import { Attention, Context, Selected, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Frame } from '../types.js' */
/** @import { Viewport } from './viewport.js' */
/** @import { Lasso } from './lasso.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/** How far from the middle of a point the mouse still means it, beside the point's own size. */
const REACH_PX = 8;

/** A point one walks to has at least so much of the map around it, CSS pixels. */
const AIR_PX = 24;

/**
 * @param {HTMLElement} root
 * @param {Context & {tooltip: Tooltip, lasso: Lasso, viewport: Viewport, overlay:
 *   HTMLCanvasElement, theme: () => ShownTheme, redraw: () => void}} context
 */
export function createHeadLayer(root, context) {
  const {
    actions,
    api,
    derived,
    facts,
    hover,
    lasso,
    overlay: canvas,
    pairing,
    redraw,
    store,
    theme,
    tooltip,
    viewport,
  } = context;
  const cleanup = createCleanup();
  const overlay = createOverlay(canvas);
  const picker = createPicker();
  const links = lastOnly(linksOf);
  const strongest = createStrongest(root, context);
  /**
   * What the sheet is about, so that it is not made again while the mouse stays on a point.
   *
   * @type {unknown[]}
   */
  let subject = [];
  /** @type {Frame | null} */
  let frame = null;
  /** @type {{x: number, y: number} | null} */
  let mouse = null;
  /** Where the mouse was last, so that it takes over from the keys only once it moves. */
  let seen = '';

  cleanup.listen(root, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (store.get().at === null || event.pointerType === 'touch') return;
    const { left, top } = root.getBoundingClientRect();
    const place = `${event.clientX} ${event.clientY}`;
    if (walk.point >= 0 && place === seen) return; // the page moved, not the mouse
    seen = place;
    walk.stop();
    mouse = { x: event.clientX - left, y: event.clientY - top };
    look(); // at once: browsers send one such event a frame, and the next frame may be busy drawing
  });
  cleanup.listen(root, 'pointerleave', leave);
  cleanup.listen(root, 'click', (/** @type {MouseEvent} */ event) => {
    const { at, selected } = store.get();
    if (
      at === null ||
      viewport.hasTurned ||
      !(event.target instanceof HTMLCanvasElement || event.target === root)
    )
      return;
    const { left, top } = root.getBoundingClientRect();
    const point = pointAt(event.clientX - left, event.clientY - top);
    const clicked = point === null ? null : selectedAt(point, (frame?.nPoints ?? 0) / 2);
    if (clicked) return pairing.take(clicked) || actions.select(clicked);
    if (selected) actions.clearSelection();
  });
  cleanup.add(hover.subscribe(redraw));
  const walk = createPointWalk(root, {
    ...context,
    frame: () => frame,
    leave,
    show: showPoint,
    colorValue: (tokens, point) =>
      [colorValue(tokens, point)]
        .flatMap((words) => (words && words.value !== '' ? [`${words.label} ${words.value}`] : []))
        .join(),
  });

  /** Have a point in sight, as if the mouse were over it. @param {number} point */
  function showPoint(point) {
    if (!frame) return;
    const { transform, orbit } = viewport;
    const { k, x: left, y: top } = transform;
    const [x, y] = projectPoint({ ...frame, transform, orbit }, 0, point);
    const window = {
      left: AIR_PX,
      top: AIR_PX,
      right: root.clientWidth - AIR_PX,
      bottom: root.clientHeight - AIR_PX,
    };
    viewport.reveal({ x: (x - left) / k, y: (y - top) / k, width: 0, height: 0 }, window);
    hover.set(selectedAt(point, frame.nPoints / 2));
    redraw();
  }

  function leave() {
    mouse = null;
    hover.set(null);
    hide();
  }

  function hide() {
    subject = [];
    strongest.stop();
    tooltip.hide();
  }

  /** @param {number} x @param {number} y */
  function pointAt(x, y) {
    const found = frame && picker.pick(frame, x, y, REACH_PX + frame.pointSize / 2);
    return found ? found.point : null;
  }

  /** Find the point under the mouse and say what it is. */
  function look() {
    const tokens = facts.tokens.value;
    if (
      !mouse ||
      !frame ||
      !tokens ||
      store.get().at === null ||
      viewport.isGripped ||
      lasso.isDrawing
    ) {
      root.classList.remove('is-over-point');
      if (store.get().at !== null) hide();
      if (viewport.isTurned) hover.set(null);
      return;
    }
    const point = pointAt(mouse.x, mouse.y);
    root.classList.toggle('is-over-point', point !== null);
    if (point === null) {
      hover.set(null);
      hide();
      return;
    }
    hover.set(selectedAt(point, tokens.n));
    const [x, y] = projectPoint(frame, 0, point);
    tell({ x, y }, tokens, point);
  }

  /**
   * @param {{x: number, y: number}} place
   * @param {Tokens} tokens
   * @param {number} point
   */
  function tell(place, tokens, point) {
    const state = store.get();
    const next = [
      tokens,
      point,
      state.at,
      state.color,
      state.search,
      state.searchMode,
      derived.norms(),
      derived.scores(),
      theme(),
    ];
    if (next.every((part, i) => part === subject[i])) return tooltip.place(place);
    subject = next;
    const selected = selectedAt(point, tokens.n);
    tooltip.show(place, [
      ...pointParts(
        tokens,
        selected,
        colorValue(tokens, point),
        pictureOf(tokens, selected),
        formatOwn(tokens, selected.token, facts.headMap.value?.name ?? null),
      ),
      strongest.partOf(tokens, selected),
    ]);
  }

  /**
   * @param {Tokens} tokens
   * @param {Selected} point
   */
  function pictureOf(tokens, point) {
    const { dataset } = store.get();
    const grid = facts.description.value?.manifest?.patch_grid;
    return grid && dataset !== null
      ? picturePart(tokens, point, api.imageUrl(dataset, tokens.sequence[point.token]), grid)
      : null;
  }

  /**
   * @param {Tokens} tokens
   * @param {number} point
   */
  function colorValue(tokens, point) {
    const mode = derived.mode(store.get());
    if (!mode) return null;
    const known = {
      norms: derived.norms(),
      scores: derived.scores(),
      found: derived.hits(store.get()),
    };
    return {
      label: mode.label,
      value: tellValue(
        mode.name,
        { tokens, drawn: null, nCells: 1, ...known, patches: null, theme: theme() },
        point,
      ),
    };
  }

  /**
   * @param {State} state
   * @param {Frame | null} next
   */
  function update(state, next) {
    if (state.at === null && frame) leave();
    frame = state.at === null ? null : next;
    root.classList.toggle('map--head', state.at !== null);
    root.classList.toggle('map--turning', state.at !== null && state.dims === 3);
    walk.update(state.at !== null);
  }

  /**
   * The points drawn largest: the selected one and the one under the mouse, as far as they are
   * drawn.
   */
  function emphasis() {
    const { at, compare, selected } = store.get();
    const tokens = facts.tokens.value;
    const drawn = at === null ? facts.gridTokens.value : null;
    if (!tokens) return [];
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
   * The point whose lines alone are drawn: one of the selected sequence under the mouse, or the
   * selected one by choice.
   *
   * @param {State} state
   * @param {Tokens} tokens
   */
  function aloneOf({ isLineAlone, selected }, tokens) {
    const pointed = hover.get();
    const isOwn =
      pointed &&
      selected &&
      pointed.token < tokens.n &&
      tokens.sequence[pointed.token] === tokens.sequence[selected.token];
    if (isOwn) return pointed;
    return isLineAlone ? selected : null;
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
    if (walk.point >= 0 && tokens && shown.nPoints === 2 * tokens.n) {
      const [x, y] = projectPoint(shown, 0, walk.point);
      tell({ x, y }, tokens, walk.point);
    }
    const lines = linesIn(shown, state);
    const marks = tokens && shown.nPoints === 2 * tokens.n ? strongest.marks(state, tokens) : [];
    if (lines || marks.length > 0)
      overlay.draw(shown, [...(lines ? [{ cell: 0, lines }] : []), ...marks]);
    else overlay.clear();
  }

  /**
   * The attention lines of the selection, where there are any.
   *
   * @param {Frame} shown
   * @param {State} state
   */
  function linesIn({ nPoints }, state) {
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
    return links(attention, tokens, state.lineCount, state.lineThreshold, aloneOf(state, tokens));
  }

  return {
    update,
    draw,
    emphasis,
    walk: walk.walk,
    linesIn,
    destroy() {
      cleanup.run();
      walk.destroy();
      leave();
      strongest.destroy();
    },
  };
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
