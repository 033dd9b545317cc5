/**
 * The selected sentence or image in all heads, beside the grid: a small heat map per head. Of a
 * sentence queries and keys, of an image what the selected patch pays or receives.
 */

import { cssColor } from '../color/palettes.js';
import { createScoreSelect } from '../controls/measure_about.js';
import { blockMeans, blockStarts } from '../compute/block_means.js';
import { cropped, hasParts, partOf, rowName, spansOf } from '../compute/head_parts.js';
import { layoutSquares } from '../compute/head_squares.js';
import { withoutHidden } from '../compute/hidden_tokens.js';
import { lastOnly } from '../compute/memo.js';
import { layeredOrder, layerRows } from '../compute/model_heads.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { measureFacts } from '../data/head_measures.js';
import { createSlot, freshValue } from '../data/slots.js';
import { isNotStored } from '../data/transport.js';
import { createCleanup, el, emptyPen, setText, showFailure } from '../ui/dom.js';
import { heatPixels, shownPalette } from '../ui/heat_map.js';
import { formatTitle, formatToken, sentence } from '../ui/labels.js';

/** @import { Context, HeadId, HeadPatterns, Manifest, Slot } from '../page.js' */
/** @import { Span } from '../compute/head_parts.js' */
/** @import { Shown } from './panel.js' */
/** @import { Squares } from '../compute/head_squares.js' */

/** @typedef {Shown & {manifest: Manifest}} ShownHeads */

const FONT = '12px system-ui, sans-serif';
/** Between two squares. */
const GAP_PX = 3;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createSentenceHeads(root, context) {
  const { actions, api, derived, facts } = context;
  const cleanup = createCleanup();
  const head = el('div', { class: 'squares__head' });
  const select = createScoreSelect(head, {
    label: 'All heads, sorted by',
    help: 'The order of the squares and of the grid',
    none: 'Layer × head',
    onPick: (order) => actions.choose({ order }),
  });
  const line = el('p', { class: 'squares__line', role: 'status' });
  const canvas = el('canvas', {
    class: 'squares__canvas',
    tabindex: '0',
    role: 'application',
    'aria-label': 'All heads; arrow keys lead from head to head, Enter opens one',
  });
  const space = el('div', { class: 'squares__space' });
  const scroll = el('div', { class: 'squares__scroll' }, canvas, space);
  const element = el(
    'section',
    { class: 'squares', 'aria-label': 'All heads' },
    head,
    line,
    scroll,
  );
  element.hidden = true;
  root.append(element);
  /** @type {Slot<HeadPatterns>} */
  const slot = createSlot('the attention of all heads', follow);
  /** @type {ShownHeads | null} */
  let shown = null;
  /** @type {Squares | null} */
  let squares = null;
  /** Cells by slot, -1 where there is no head; null if they have the same numbers. */
  let order = /** @type {Int32Array | null} */ (null);
  /** Layers of the rows; null if heads are sorted. @type {readonly number[] | null} */
  let layers = null;
  /** Slot that is pointed at, or reached by keys; -1: none. */
  let current = -1;
  /** @type {{x: number, y: number} | null} inside of the current square, 0..1 */
  let inside = null;
  let handle = 0;
  const layered = lastOnly(layeredOrder);

  const resize = new ResizeObserver(schedule);
  resize.observe(scroll);
  cleanup.add(() => resize.disconnect());
  cleanup.add(() => cancelAnimationFrame(handle));
  cleanup.listen(scroll, 'scroll', schedule, { passive: true });
  cleanup.listen(canvas, 'pointermove', look);
  cleanup.listen(canvas, 'pointerleave', () => point(-1, null));
  cleanup.listen(canvas, 'click', (/** @type {MouseEvent} */ event) => {
    look(event);
    open();
  });
  cleanup.listen(canvas, 'keydown', walk);
  cleanup.listen(canvas, 'blur', () => point(-1, null));

  /** @param {number} at a slot @returns {number} index of its head; -1: none */
  const headIn = (at) => (order ? (order[at] ?? -1) : at);

  /** @param {number} index @returns {HeadId} */
  function headId(index) {
    const n = shown?.manifest.n_heads ?? 1;
    return { layer: Math.floor(index / n), head: index % n };
  }

  /** @param {number} at @param {{x: number, y: number} | null} place */
  function point(at, place) {
    [current, inside] = [at, place];
    canvas.classList.toggle('is-over', at >= 0);
    schedule();
  }

  /** @param {MouseEvent} event */
  function look(event) {
    if (!squares) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top + scroll.scrollTop];
    const at = squares.slotAt(x, y);
    if (at < 0 || headIn(at) < 0) return point(-1, null);
    const place = squares.placeOf(at);
    const side = squares.pitch - GAP_PX;
    point(at, { x: (x - place.x) / side, y: (y - place.y) / side });
  }

  function open() {
    if (current >= 0 && freshValue(slot)) actions.openHead(headId(headIn(current)));
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    if (!squares || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      return open();
    }
    const { columns, n } = squares;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    let next = current < 0 ? 0 : Math.min(n - 1, Math.max(0, current + step));
    while (next > 0 && headIn(next) < 0) next += step === 1 && next < n - 1 ? 1 : -1;
    const { y } = squares.placeOf(next);
    if (y < scroll.scrollTop) scroll.scrollTop = y;
    const bottom = y + squares.pitch - scroll.clientHeight;
    if (bottom > scroll.scrollTop) scroll.scrollTop = bottom;
    point(next, null);
  }

  function follow() {
    scroll.hidden = slot.status === 'failed';
    if (slot.error && isNotStored(slot.error)) setText(line, sentence(slot.error.message));
    else if (slot.status === 'failed')
      showFailure(line, 'Could not load the attention of all heads.', slot.error, slot.again);
    schedule();
  }

  function schedule() {
    if (!handle) handle = requestAnimationFrame(draw);
  }

  function draw() {
    handle = 0;
    if (!shown || element.hidden || slot.status === 'failed' || scroll.clientWidth === 0) return;
    const patterns = freshValue(slot);
    canvas.classList.toggle('is-stale', !patterns);
    const { manifest } = shown;
    const sorted = derived.heads().order(shown.state);
    const next = sorted ?? layered(manifest);
    if (next !== order) scroll.scrollTop = 0;
    order = next;
    layers = sorted ? null : layerRows(manifest).layers;
    squares = layoutSquares(
      {
        nLayers: layers?.length ?? manifest.n_layers,
        nHeads: manifest.n_heads,
        n: sorted?.length,
      },
      scroll.clientWidth,
      sorted !== null,
    );
    scroll.style.setProperty('--height', `${squares.height}px`);
    setText(line, formatLine(patterns));
    if (patterns) paint(shown, patterns, squares);
  }

  /** @param {ShownHeads} given @param {HeadPatterns} patterns @param {Squares} layout */
  function paint(given, patterns, layout) {
    const pen = emptyPen(canvas);
    if (!pen) return;
    const top = scroll.scrollTop;
    const ink = getComputedStyle(element).color;
    const { background, labels, ramps } = shownPalette(given.state.palette);
    const mark = cssColor(labels[given.selected.kind === 'query' ? 0 : 1]);
    const [ground, ramp] = [`rgb(${background.join()})`, ramps[0]];
    const within = derived.heads().within(given.state);
    const side = layout.pitch - GAP_PX;
    const [first, end] = layout.within(top, top + canvas.clientHeight);
    const small = document.createElement('canvas');
    pen.imageSmoothingEnabled = false;
    pen.font = FONT;
    pen.textBaseline = 'middle';
    for (let at = first; at < Math.min(end, layout.n); at++) {
      const index = headIn(at);
      if (index < 0) continue;
      const place = layout.placeOf(at);
      const y = place.y - top;
      if (layers && at % patterns.nHeads === 0) {
        pen.fillStyle = ink;
        pen.globalAlpha = 0.7;
        const row = layers[at / patterns.nHeads];
        pen.fillText(nameOfRow(given.manifest.layers, row), 0, y + side / 2);
      }
      pen.globalAlpha = within?.inside[index] === 0 ? 0.25 : 1;
      pen.fillStyle = ground;
      pen.fillRect(place.x, y, side, side);
      const picture = pictureOf(given, patterns, index, mostBlocks(layout));
      [small.width, small.height] = [picture.width, picture.height];
      const pixels = heatPixels(picture.values, ramp);
      small
        .getContext('2d')
        ?.putImageData(new ImageData(pixels, picture.width, picture.height), 0, 0);
      pen.drawImage(small, place.x, y, side, side);
      pen.globalAlpha = 1;
      const tick = tickOf(given, index, side);
      if (tick) {
        pen.fillStyle = mark;
        if (given.selected.kind === 'query') pen.fillRect(place.x - 3, y + tick.at, 2, tick.size);
        else pen.fillRect(place.x + tick.at, y - 3, tick.size, 2);
      }
      pen.strokeStyle = ink;
      pen.globalAlpha = at === current ? 1 : 0.2;
      pen.lineWidth = at === current ? 1.5 : 0.5;
      pen.strokeRect(place.x - 0.5, y - 0.5, side + 1, side + 1);
    }
  }

  /** @param {HeadPatterns | null} patterns */
  function formatLine(patterns) {
    if (!shown || !patterns) return 'Loading the attention of all heads …';
    if (!squares) return '';
    const most = mostBlocks(squares);
    if (current < 0) return hintOf(shown, patterns, most);
    const index = headIn(current);
    if (index < 0) return hintOf(shown, patterns, most);
    const { order: by, score } = shown.state;
    const column = derived.heads().column(by ?? score, shown.state);
    const measure = column
      ? `${measureFacts(column.name).label} ${formatMeasureValue(column.values[index])}`
      : null;
    const weight = inside && weightUnder(shown, patterns, index, most, inside);
    return [formatTitle(headId(index), shown.manifest.layers), measure, weight]
      .filter(Boolean)
      .join(' · ');
  }

  return {
    /** @param {Shown | null} next null where there is no selection, or a head is open */
    update(next) {
      const description = facts.description.value;
      const manifest = description?.state === 'complete' ? description.manifest : null;
      const { dataset } = next?.state ?? { dataset: null };
      element.hidden = !next || !manifest || dataset !== manifest.id;
      if (!next || !manifest || dataset === null || element.hidden) {
        shown = null;
        return slot.drop();
      }
      shown = { ...next, manifest };
      select.update(next.state.order, manifest, next.state.pairs.length > 0);
      const { weight } = next.state;
      const of = pointOf(next);
      const ids = next.tokens.tokenId.subarray(next.start, next.start + next.n);
      const key = [description?.version, next.sequence, weight, of?.kind, of?.position, ids];
      slot.want(dataset, key.join(' '), (signal) =>
        api.sequencePatterns(dataset, next.sequence, weight, of, signal),
      );
      schedule();
    },
    /** Whether it is shown. */
    get isThere() {
      return !element.hidden;
    },
    destroy() {
      slot.drop();
      cleanup.run();
      element.remove();
    },
  };
}

/**
 * Where the selected token is along the edge of the square of a head; null where it is not.
 *
 * @param {ShownHeads} shown
 * @param {number} index
 * @param {number} side of the square
 */
function tickOf({ manifest, selected: { kind, token }, sequence, start, n, tokens }, index, side) {
  if (tokens.row !== null) return null;
  const part = partOf(manifest.layers, Math.floor(index / manifest.n_heads));
  const spans = spansOf(part, n, tokens.sequences.nSource?.[sequence] ?? n);
  const [first, end] = spans[kind];
  const position = token - start;
  if (position < first || position >= end) return null;
  const pitch = side / (end - first);
  return { at: (position - first) * pitch, size: Math.max(2, pitch) };
}

/** The point whose weights are shown, of an image. @param {Shown} shown */
function pointOf({ selected: { kind, token }, start, tokens }) {
  return tokens.row === null ? null : { kind, position: token - start };
}

/**
 * What a square shows of a head: no more blocks than it has pixels.
 *
 * @param {ShownHeads} shown
 * @param {HeadPatterns} patterns
 * @param {number} index
 * @param {number} most blocks on a side
 */
function pictureOf(shown, { side, values }, index, most) {
  const { manifest, tokens, sequence, start, n, state } = shown;
  const { row, column } = tokens;
  const grid = manifest.patch_grid;
  if (row && column && grid) {
    const weights = values.subarray(index * side, (index + 1) * side);
    const [width, height] = [grid.n_columns, grid.n_rows];
    const cells = new Float32Array(width * height);
    for (let i = 0; i < n; i++)
      if (row[start + i] >= 0) cells[row[start + i] * width + column[start + i]] = weights[i];
    return blockMeans({ width, height, values: cells }, most);
  }
  const pattern = values.subarray(index * side * side, (index + 1) * side * side);
  const seen = side === n ? withoutHidden({ n, pattern }, state.hidden) : pattern;
  const { edges, spans } = blocksOf({ manifest, tokens, sequence, n }, index, side);
  return blockMeans(cropped(seen, side, spans), most, edges.query, edges.key);
}

/**
 * The blocks that were sent of a head: which of them its queries and keys are in, and at which
 * position each begins.
 *
 * @param {Pick<ShownHeads, 'manifest' | 'tokens' | 'sequence' | 'n'>} shown
 * @param {number} index
 * @param {number} side
 */
function blocksOf({ manifest, tokens, sequence, n }, index, side) {
  const part = partOf(manifest.layers, Math.floor(index / manifest.n_heads));
  const positions = spansOf(part, n, tokens.sequences.nSource?.[sequence] ?? n);
  /** @param {Span} span @returns {Span} */
  const blocks = ([first, end]) => [
    Math.floor((first * side) / n),
    Math.max(1, Math.ceil((end * side) / n)),
  ];
  const spans = { query: blocks(positions.query), key: blocks(positions.key) };
  const starts = blockStarts(n, side);
  /** @param {Span} span */
  const edgesOf = ([first, end]) => starts.subarray(first, end + 1);
  return { spans, edges: { query: edgesOf(spans.query), key: edgesOf(spans.key) } };
}

/**
 * The weight under the pointer, as text.
 *
 * @param {ShownHeads} shown
 * @param {HeadPatterns} patterns
 * @param {number} index
 * @param {number} most blocks on a side
 * @param {{x: number, y: number}} inside
 */
function weightUnder(shown, patterns, index, most, { x, y }) {
  const { tokens, start } = shown;
  const { width, height, values } = pictureOf(shown, patterns, index, most);
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  if (column < 0 || row < 0 || column >= width || row >= height) return null;
  const weight = values[row * width + column].toFixed(2);
  if (tokens.row) return patchesUnder(shown, { row, column, width, height }, weight);
  // Means of the blocks that were sent.
  const { edges } = blocksOf(shown, index, patterns.side);
  /** @param {Int32Array} starts @param {number} nBlocks @param {number} block */
  const name = (starts, nBlocks, block) => {
    const outer = blockStarts(starts.length - 1, nBlocks);
    const [first, last] = [starts[outer[block]], starts[outer[block + 1]] - 1];
    const [from, to] = [first, last].map((at) => tokens.position[start + at] + 1);
    return first === last ? `\u2068${formatToken(tokens, start + first)}\u2069` : `${from}–${to}`;
  };
  return `${name(edges.query, height, row)} → ${name(edges.key, width, column)}: ${weight}`;
}

/**
 * The patches of a block and their mean weight, as text.
 *
 * @param {ShownHeads} shown
 * @param {{row: number, column: number, width: number, height: number}} block
 * @param {string} weight
 */
function patchesUnder({ manifest }, { row, column, width, height }, weight) {
  const grid = manifest.patch_grid;
  /** @param {number} n @param {number} side @param {number} block */
  const places = (n, side, block) => {
    const starts = blockStarts(n, side);
    const [first, last] = [starts[block], starts[block + 1] - 1];
    return first === last ? String(first) : `${first}–${last}`;
  };
  const rows = places(grid?.n_rows ?? height, height, row);
  const columns = places(grid?.n_columns ?? width, width, column);
  return `row ${rows}, column ${columns}: ${weight}`;
}

/** As the grid names a row. @param {Manifest['layers']} layers @param {number} layer */
function nameOfRow(layers, layer) {
  return hasParts(layers) ? rowName(layers, layer) : String(layer);
}

/** Blocks that a square has pixels for. @param {Squares} squares */
function mostBlocks({ pitch }) {
  return Math.max(1, Math.floor((pitch - GAP_PX) * devicePixelRatio));
}

/**
 * What the squares are.
 *
 * @param {Shown} shown
 * @param {HeadPatterns} patterns
 * @param {number} most blocks on a side
 */
function hintOf({ tokens, selected, n, state }, patterns, most) {
  const side = Math.min(patterns.side, most);
  if (tokens.row)
    return selected.kind === 'query'
      ? 'What the selected query pays to each patch. Click a head to open it.'
      : 'What the selected key receives from each patch. Click a head to open it.';
  const blocks = side < n ? ` Means of ${side} × ${side} blocks.` : '';
  const isWhole = patterns.side === n;
  const hidden = isWhole || state.hidden.length === 0 ? '' : ' Hidden tokens are counted.';
  return `Rows are queries, columns are keys.${blocks}${hidden} Click a head to open it.`;
}
