/** The renderers alone, on made-up maps: for pixel tests, screenshots and the benchmark. */

import { canvasPalette } from '/frontend/js/color/palettes.js';
import { colorPoints } from '/frontend/js/color/color_modes.js';
import {
  DEFAULT_ORBIT,
  fitTransform,
  layoutGrid,
  layoutHead,
  projectPoint,
  suitablePointSize,
} from '/frontend/js/compute/geometry.js';
import { densitySteps } from '/frontend/js/compute/density.js';
import { createOverlay } from '/frontend/js/render/lines.js';
import { createRenderer } from '/frontend/js/render/choose.js';
import { makePatches, makePositions, makeTokens } from './scene.js';

const choice = new URLSearchParams(location.search);
const number = (name, otherwise) => Number(choice.get(name) ?? otherwise);
const canvas = document.getElementById('map');
const viewport = { width: innerWidth, height: innerHeight };
/** @type {ReturnType<typeof createRenderer> | null} */
let renderer = null;

/**
 * The frame that the address asks for:
 * ?points=576000&layers=12&heads=12&dims=2&color=type&theme=light&view=grid
 */
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
  const patches = makePatches(
    choice.has('patches') || choice.get('color') === 'patch' ? nTokens : 1,
    8,
  );
  const tokens = makeTokens(nTokens);
  const norms = new Uint8Array(2 * nTokens * nCells).map((_, at) => (at * 37) % 256);
  const { colors, legend } = colorPoints(choice.get('color') ?? 'type', {
    tokens,
    drawn: null,
    nCells,
    norms,
    patches: { rgb: patches, side: 8 },
    theme,
    palette: name,
  });
  const positions = makePositions(nCells, nTokens, dims, number('seed', 1));
  const windows = choice.has('part')
    ? Float32Array.from({ length: 3 * nCells }, (_, at) =>
        Number(choice.get('part').split('_')[at % 3]),
      )
    : null;
  return {
    legend,
    frame: {
      ...viewport,
      ratio: devicePixelRatio,
      dims,
      transform: fitTransform(layout, viewport),
      orbit: DEFAULT_ORBIT,
      cells: layout.cells,
      ready: new Uint8Array(nCells).fill(1),
      positions,
      windows,
      density: densitySteps(positions, dims, nCells, windows),
      opacity: number('opacity', 1),
      from: null,
      blend: 1,
      nPoints: 2 * nTokens,
      nQueries: nTokens,
      colors,
      flags: new Uint8Array(2 * nTokens),
      pointSize: number('size', suitablePointSize(layout.cellSize, 2 * nTokens)),
      sizes: null,
      sprites: choice.has('patches')
        ? { rgb: patches, side: 8, nTokens, outline: number('outline', 0), fill: number('fill', 0) }
        : null,
      isSprite: null,
      background: palette.background,
      ink: palette.ink,
      tiles: null,
      positionsVersion: 1,
      styleVersion: 1,
      emphasis: [],
    },
  };
}

/**
 * A frame from plain lists, for tests: one cell of 200 px from the upper left, on white, unless
 * told otherwise. Colours are lists of red, green, blue.
 */
function plainFrame({ positions, colors, ...rest }) {
  const dims = rest.dims ?? 2;
  const cells = rest.cells ?? [[0, 0, 200]];
  const nPoints = positions.length / dims / cells.length;
  const typed = (Values, list) => (list ? Values.from(list) : null);
  return {
    width: 400,
    height: 300,
    ratio: 1,
    dims,
    transform: { k: 1, x: 0, y: 0 },
    orbit: { yaw: 0, pitch: 0 },
    blend: 1,
    nPoints,
    nQueries: nPoints,
    pointSize: 21,
    background: [255, 255, 255],
    positionsVersion: 1,
    styleVersion: 1,
    emphasis: [],
    opacity: 1,
    ...rest,
    cells: {
      n: cells.length,
      ...Object.fromEntries(
        ['x', 'y', 'size'].map((name, at) => [name, Float32Array.from(cells, (cell) => cell[at])]),
      ),
    },
    ready: Uint8Array.from(rest.ready ?? cells.map(() => 1)),
    positions: Uint16Array.from(positions),
    from: typed(Uint16Array, rest.from),
    windows: typed(Float32Array, rest.windows),
    density: Uint8Array.from(rest.density ?? new Array(nPoints * cells.length).fill(0)),
    colors: Uint32Array.from(
      colors,
      ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
    ),
    flags: Uint8Array.from(rest.flags ?? new Array(nPoints).fill(0)),
    sizes: typed(Uint8Array, rest.sizes),
    sprites: rest.sprites ? { ...rest.sprites, rgb: Uint8Array.from(rest.sprites.rgb) } : null,
    isSprite: typed(Uint8Array, rest.isSprite),
  };
}

/**
 * Draw a plain frame; tell where its points should be and give the colours of some places, and what
 * is drawn.
 */
function drawPlain(plain, { at = [], aroundPoints = false } = {}) {
  const frame = plainFrame(plain);
  draw(frame);
  const pixels = renderer.readPixels();
  const color = (x, y) => [
    ...pixels.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 3),
  ];
  const places = [];
  for (let cell = 0; cell < frame.cells.n; cell++) {
    for (let point = 0; point < frame.nPoints; point++)
      places.push(projectPoint(frame, cell, point));
  }
  const wanted = aroundPoints
    ? places.flatMap(([x, y]) => at.map(([dx, dy]) => [x * frame.ratio + dx, y * frame.ratio + dy]))
    : at;
  return {
    places,
    width: canvas.width,
    height: canvas.height,
    drawn: drawnPart(pixels, frame.background),
    colors: wanted.map(([x, y]) => color(Math.floor(x), Math.floor(y))),
  };
}

/**
 * How many pixels differ from the background, and the middle of them weighted by how much they do.
 */
function drawnPart(pixels, background) {
  let [count, weight, sumX, sumY] = [0, 0, 0, 0];
  for (let at = 0; at < pixels.length; at += 4) {
    const share =
      Math.abs(pixels[at] - background[0]) +
      Math.abs(pixels[at + 1] - background[1]) +
      Math.abs(pixels[at + 2] - background[2]);
    if (!share) continue;
    count++;
    weight += share;
    sumX += share * (((at / 4) % canvas.width) + 0.5);
    sumY += share * (Math.floor(at / 4 / canvas.width) + 0.5);
  }
  return { count, x: sumX / weight, y: sumY / weight };
}

/** Draw a frame with the chosen renderer; `force` in the address names it. */
function draw(frame) {
  renderer ??= createRenderer(canvas, { force: choice.get('force') });
  renderer.draw(frame);
}

/**
 * Draw the frame of the address with both renderers: how many pixels they draw, and in how many
 * they clearly differ.
 */
function compareRenderers() {
  const { frame } = makeFrame();
  const [one, other] = ['canvas2d', 'webgl2'].map((force) => {
    const drawing = createRenderer(document.createElement('canvas'), { force });
    drawing.draw(frame);
    const pixels = drawing.readPixels();
    drawing.destroy();
    return pixels;
  });
  let [drawn, differing] = [0, 0];
  for (let at = 0; at < one.length; at += 4) {
    const far = (pixels, [red, green, blue]) =>
      Math.max(
        Math.abs(pixels[at] - red),
        Math.abs(pixels[at + 1] - green),
        Math.abs(pixels[at + 2] - blue),
      );
    if (far(one, frame.background) > 12) drawn++;
    if (far(one, other.subarray(at, at + 3)) > 70) differing++;
  }
  return [drawn, differing];
}

/**
 * Time of redraws in milliseconds, each with another view, as in panning; and of a change of style.
 */
async function measure({ nFrames = 30, kind = 'pan' } = {}) {
  const { frame } = makeFrame();
  const moving = {
    ...frame,
    from: kind === 'blend' ? makePositions(frame.cells.n, frame.nQueries, frame.dims, 2) : null,
  };
  draw(moving);
  const drawn = [];
  const shown = [];
  let last = await nextFrame();
  for (let step = 0; step < nFrames; step++) {
    const { k, x, y } = frame.transform;
    const next = { ...moving };
    if (kind === 'pan')
      next.transform = { k, x: x + Math.sin(step / 5) * 4, y: y + Math.cos(step / 5) * 4 };
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
    renderer: renderer.name,
    kind,
    n_points: frame.nPoints * frame.cells.n,
    n_cells: frame.cells.n,
    dims: frame.dims,
    width: canvas.width,
    height: canvas.height,
    draw_ms: summary(drawn),
    frame_ms: summary(shown),
    heap_mb: 'memory' in performance ? performance.memory.usedJSHeapSize / 1e6 : null,
  };
}

function summary(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) =>
    Math.round(100 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 100;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Wait until the browser is ready to show another frame. */
function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
}

Object.assign(window, {
  makeFrame,
  plainFrame,
  draw,
  drawPlain,
  compareRenderers,
  measure,
  canvas,
  createRenderer,
  overlay: createOverlay(document.getElementById('overlay')),
  current: () => renderer,
});
if (choice.has('show')) draw(makeFrame().frame);
document.body.dataset.ready = 'yes';
