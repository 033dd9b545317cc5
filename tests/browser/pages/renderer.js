/** The renderers alone, on made-up maps: for pixel tests, screenshots and the benchmark. */

import { canvasPalette } from '/frontend/js/colors.js';
import { colorPoints } from '/frontend/js/color_modes.js';
import { DEFAULT_ORBIT, fitTransform, layoutGrid, layoutHead, suitablePointSize } from '/frontend/js/geometry.js';
import { createOverlay } from '/frontend/js/render/lines.js';
import { createRenderer } from '/frontend/js/render/choose.js';
import { makePatches, makePositions, makeTokens } from './scene.js';

const choice = new URLSearchParams(location.search);
const number = (name, otherwise) => Number(choice.get(name) ?? otherwise);
const canvas = document.getElementById('map');
const viewport = { width: innerWidth, height: innerHeight };
/** @type {ReturnType<typeof createRenderer> | null} */
let renderer = null;

/** The frame that the address asks for: ?points=576000&layers=12&heads=12&dims=2&color=type&theme=light&view=grid */
function makeFrame() {
  const isHead = choice.get('view') === 'head';
  const [nLayers, nHeads] = isHead ? [1, 1] : [number('layers', 12), number('heads', 12)];
  const nCells = nLayers * nHeads;
  const nTokens = Math.round(number('points', 576000) / nCells / 2);
  const dims = number('dims', 2);
  const theme = choice.get('theme') ?? 'light';
  const name = choice.get('palette') ?? 'safe';
  const palette = canvasPalette(theme, name);
  const margin = 24;
  const inner = { width: viewport.width - 2 * margin, height: viewport.height - 2 * margin };
  const layout = isHead ? layoutHead(inner) : layoutGrid({ nLayers, nHeads, ...inner });
  const patches = makePatches(choice.has('patches') || choice.get('color') === 'patch' ? nTokens : 1, 8);
  const tokens = makeTokens(nTokens);
  const norms = new Uint8Array(2 * nTokens * nCells).map((_, at) => (at * 37) % 256);
  const { colors, legend } = colorPoints(choice.get('color') ?? 'type', {
    tokens, drawn: null, nCells, norms, patches: { rgb: patches, side: 8 }, theme, palette: name,
  });
  return {
    legend,
    frame: {
      ...viewport, ratio: devicePixelRatio, dims, transform: fitTransform(layout, viewport), orbit: DEFAULT_ORBIT,
      cells: layout.cells, ready: new Uint8Array(nCells).fill(1), positions: makePositions(nCells, nTokens, dims, number('seed', 1)),
      from: null, blend: 1, nPoints: 2 * nTokens, nQueries: nTokens, colors, flags: new Uint8Array(2 * nTokens),
      pointSize: number('size', suitablePointSize(layout.cellSize, 2 * nTokens)), sizes: null,
      sprites: choice.has('patches') ? { rgb: patches, side: 8, nTokens, outline: number('outline', 0) } : null,
      isSprite: null, background: palette.background, ink: palette.ink, tile: null,
      positionsVersion: 1, styleVersion: 1, emphasis: [],
    },
  };
}

/** Draw a frame with the chosen renderer; `force` in the address names it. */
function draw(frame) {
  renderer ??= createRenderer(canvas, { force: choice.get('force') });
  renderer.draw(frame);
}

/** Time of redraws in milliseconds, each with another view, as in panning; and of a change of style. */
async function measure({ nFrames = 30, kind = 'pan' } = {}) {
  const { frame } = makeFrame();
  const moving = { ...frame, from: kind === 'blend' ? makePositions(frame.cells.n, frame.nQueries, frame.dims, 2) : null };
  draw(moving);
  const drawn = [];
  const shown = [];
  let last = await nextFrame();
  for (let step = 0; step < nFrames; step++) {
    const { k, x, y } = frame.transform;
    const next = { ...moving };
    if (kind === 'pan') next.transform = { k, x: x + Math.sin(step / 5) * 4, y: y + Math.cos(step / 5) * 4 };
    if (kind === 'orbit') next.orbit = { yaw: step / 20, pitch: 0.3 };
    if (kind === 'blend') next.blend = step / nFrames;
    if (kind === 'style') next.styleVersion = 2 + step;
    const start = performance.now();
    draw(next);
    drawn.push(performance.now() - start);
    const now = await nextFrame();
    shown.push(now - last);
    last = now;
  }
  return {
    renderer: renderer.name, kind, n_points: frame.nPoints * frame.cells.n, n_cells: frame.cells.n, dims: frame.dims,
    width: canvas.width, height: canvas.height, draw_ms: summary(drawn), frame_ms: summary(shown),
    heap_mb: 'memory' in performance ? performance.memory.usedJSHeapSize / 1e6 : null,
  };
}

function summary(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) => Math.round(100 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 100;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Wait until the browser is ready to show another frame. */
function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
}

Object.assign(window, {
  makeFrame, draw, measure, canvas, createRenderer,
  overlay: createOverlay(document.getElementById('overlay')),
  current: () => renderer,
});
if (choice.has('show')) draw(makeFrame().frame);
document.body.dataset.ready = 'yes';
