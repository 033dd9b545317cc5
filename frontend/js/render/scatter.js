/** The renderer for machines with a GPU: WebGL2 points, one instanced draw for all cells. */

import { unpack } from '../compute/rgba.js';
import { cellVisibility, orbitMatrix } from '../compute/geometry.js';
import { createList, createProgram } from './gl_resources.js';
import { cellsTexels, depthOrder, orderEntries, tileRectangles } from './gl_frame.js';
import { FRAGMENT, VERTEX } from './shaders.js';
import {
  dimmedColor,
  drawOrder,
  evenLayers,
  inkOf,
  MIN_SHAPED,
  MIN_SPRITE,
  SPRITE_SCALE,
} from './style.js';

/** @typedef {import('../types.d.ts').Frame} Frame */
/** @typedef {import('../types.d.ts').Renderer} Renderer */

const NO_VALUES = new Uint8Array(0);

/**
 * Make a renderer that draws into a canvas by WebGL2. It recovers from a lost context: the last
 * frame is drawn again when the browser restores the context.
 * @param {HTMLCanvasElement} canvas Its size follows the frames.
 * @returns {Renderer}
 * @throws {Error} If WebGL2 is missing or the driver refuses the shaders.
 */
export function createScatter(canvas) {
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    powerPreference: 'high-performance',
  });
  if (!gl) throw new Error('this browser has no WebGL2');
  let resources = createResources(gl);
  /** @type {Frame | null} */
  let shown = null;

  /** @param {Event} event Required for the browser to restore the context. */
  const onLost = (event) => event.preventDefault();
  const onRestored = () => {
    resources = createResources(gl);
    if (shown) drawFrame(gl, resources, shown);
  };
  canvas.addEventListener('webglcontextlost', onLost);
  canvas.addEventListener('webglcontextrestored', onRestored);

  return {
    name: 'webgl2',
    draw(frame) {
      shown = frame;
      const width = Math.max(1, Math.round(frame.width * frame.ratio));
      const height = Math.max(1, Math.round(frame.height * frame.ratio));
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      if (!gl.isContextLost()) drawFrame(gl, resources, frame);
    },
    readPixels() {
      if (!shown || gl.isContextLost()) return new Uint8ClampedArray(0);
      // the drawing buffer is cleared after the browser has composited it
      drawFrame(gl, resources, shown);
      const { width, height } = canvas;
      const upsideDown = new Uint8Array(4 * width * height);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upsideDown);
      const pixels = new Uint8ClampedArray(upsideDown.length);
      for (let row = 0; row < height; row++) {
        const line = 4 * width * (height - 1 - row);
        pixels.set(upsideDown.subarray(line, line + 4 * width), 4 * width * row);
      }
      return pixels;
    },
    destroy() {
      canvas.removeEventListener('webglcontextlost', onLost);
      canvas.removeEventListener('webglcontextrestored', onRestored);
      for (const list of Object.values(resources.lists)) list.destroy();
      gl.deleteTexture(resources.cells);
      gl.deleteProgram(resources.program.program);
      shown = null;
    },
  };
}

/** @param {WebGL2RenderingContext} gl */
function createResources(gl) {
  const list = () => createList(gl);
  return {
    program: createProgram(gl, VERTEX, FRAGMENT),
    points: gl.createVertexArray(),
    cells: gl.createTexture(),
    lists: {
      positions: list(),
      from: list(),
      order: list(),
      flags: list(),
      colors: list(),
      sizes: list(),
      density: list(),
      sprites: list(),
      isSprite: list(),
    },
    /** @type {{frame: Frame, order: ReturnType<typeof drawOrder>} | null} Of the last frame. */
    ordered: null,
    /**
     * @type {{base: Uint32Array, top: Uint32Array, emphasis: string, entries: Uint32Array} | null}
     *   The same.
     */
    listed: null,
  };
}

/** @typedef {ReturnType<typeof createResources>} Resources */

/** @param {WebGL2RenderingContext} gl @param {Resources} resources @param {Frame} frame */
function drawFrame(gl, resources, frame) {
  const [red, green, blue] = frame.background.map((part) => part / 255);
  gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
  gl.clearColor(red, green, blue, 1);
  gl.clear(gl.COLOR_BUFFER_BIT);
  drawTiles(gl, frame);
  const visible = visibleCells(frame);
  if (!visible.length) return;

  const order = orderOf(resources, frame);
  const diameter = frame.pointSize * frame.ratio;
  const isShaped = diameter >= MIN_SHAPED || hasSprites(frame);
  const base =
    isShaped && frame.dims === 3 && visible.length === 1
      ? depthOrder(frame, visible[0], order.base)
      : order.base;
  const entries = entriesOf(resources, frame, base, order.top);
  updateLists(resources, frame, entries);

  gl.useProgram(resources.program.program);
  gl.bindVertexArray(resources.points);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
  setUniforms(gl, resources, frame);
  const nVisible = order.base.length + order.top.length;
  const texels = cellsTexels(frame, visible, (side) =>
    evenLayers(frame, nVisible, Math.max(1, diameter), side),
  );
  bindCells(gl, resources, texels, visible.length);
  for (const [start, count] of [
    [0, base.length],
    [base.length, entries.length - base.length],
  ]) {
    if (!count) continue;
    gl.uniform1i(resources.program.uniform('uOrderStart'), start);
    gl.drawArraysInstanced(gl.POINTS, 0, count, visible.length);
  }
}

/** @param {Frame} frame @returns {number[]} Cells that are ready and in the viewport. */
function visibleCells(frame) {
  const cells = [];
  const margin = Math.max(frame.pointSize * SPRITE_SCALE, 8);
  for (let cell = 0; cell < frame.cells.n; cell++) {
    if (frame.ready[cell] && cellVisibility(frame, cell, margin) !== 'outside') cells.push(cell);
  }
  return frame.nPoints ? cells : [];
}

/** @param {Resources} resources @param {Frame} frame */
function orderOf(resources, frame) {
  const before = resources.ordered;
  const isSame =
    before !== null &&
    before.frame.flags === frame.flags &&
    before.frame.styleVersion === frame.styleVersion &&
    before.frame.nPoints === frame.nPoints &&
    before.frame.nQueries === frame.nQueries;
  const order = isSame ? before.order : drawOrder(frame);
  resources.ordered = { frame, order };
  return order;
}

/**
 * @param {Resources} resources
 * @param {Frame} frame
 * @param {Uint32Array} base
 * @param {Uint32Array} top
 */
function entriesOf(resources, frame, base, top) {
  const emphasis = frame.emphasis.join();
  const before = resources.listed;
  if (before && before.base === base && before.top === top && before.emphasis === emphasis)
    return before.entries;
  const entries = orderEntries(frame, base, top);
  resources.listed = { base, top, emphasis, entries };
  return entries;
}

/** @param {Resources} resources @param {Frame} frame @param {Uint32Array} entries */
function updateLists({ lists }, frame, entries) {
  const { positions, from, positionsVersion, styleVersion } = frame;
  if (from && lists.positions.holds(from) && !lists.from.holds(from)) {
    // the previous map is already on the GPU
    [lists.positions, lists.from] = [lists.from, lists.positions];
  }
  const format = frame.dims === 2 ? 'pairs' : 'triples';
  lists.positions.update(format, positions, positionsVersion);
  lists.from.update(format, from ?? NO_VALUES, from ? positionsVersion : 0);
  lists.order.update('indices', entries, 0);
  lists.flags.update('flags', frame.flags, styleVersion);
  lists.colors.update('colors', frame.colors, styleVersion);
  lists.sizes.update('shares', frame.sizes ?? NO_VALUES, styleVersion);
  lists.density.update('flags', frame.density, positionsVersion);
  lists.sprites.update('pixels', frame.sprites?.rgb ?? NO_VALUES, styleVersion);
  lists.isSprite.update('flags', frame.isSprite ?? NO_VALUES, styleVersion);
}

/** @param {Frame} frame @returns {boolean} Whether patches are drawn as images. */
function hasSprites(frame) {
  return (
    frame.sprites !== null && Math.round(frame.pointSize * frame.ratio * SPRITE_SCALE) >= MIN_SPRITE
  );
}

/** @param {WebGL2RenderingContext} gl @param {Resources} resources @param {Frame} frame */
function setUniforms(gl, { program, lists }, frame) {
  const { uniform } = program;
  const samplers = {
    uPositions: lists.positions,
    uFrom: lists.from,
    uOrder: lists.order,
    uFlags: lists.flags,
    uColors: lists.colors,
    uSizes: lists.sizes,
    uDensity: lists.density,
    uSprites: lists.sprites,
    uIsSprite: lists.isSprite,
  };
  Object.entries(samplers).forEach(([name, list], unit) => {
    gl.activeTexture(gl.TEXTURE1 + unit);
    gl.bindTexture(gl.TEXTURE_2D, list.texture);
    gl.uniform1i(uniform(name), unit + 1);
  });
  gl.uniformMatrix3fv(uniform('uTurn'), true, orbitMatrix(frame.orbit));
  gl.uniform2f(uniform('uResolution'), gl.drawingBufferWidth, gl.drawingBufferHeight);
  const colors = {
    uBackground: frame.background,
    uInk: inkOf(frame),
    uDimmed: dimmedColor(frame),
  };
  for (const [name, color] of Object.entries(colors))
    gl.uniform3fv(
      uniform(name),
      color.map((part) => part / 255),
    );
  const numbers = {
    uBlend: frame.from ? frame.blend : 1,
    uRatio: frame.ratio,
    uDiameter: frame.pointSize * frame.ratio,
    uOutline: Math.round((frame.sprites?.outline ?? 0) * frame.ratio),
    uFill: frame.sprites?.fill ?? 0,
    uOpacity: frame.opacity,
  };
  for (const [name, value] of Object.entries(numbers)) gl.uniform1f(uniform(name), value);
  const integers = {
    uNPoints: frame.nPoints,
    uNQueries: frame.nQueries,
    uIsDeep: frame.dims === 3,
    uSide: frame.sprites?.side ?? 1,
    uSharesColors: frame.colors.length === frame.nPoints,
    uSharesSizes: frame.sizes?.length === frame.nPoints,
    uHasSizes: frame.sizes !== null,
    uHasSprites: hasSprites(frame),
    uHasSpriteMask: frame.isSprite !== null,
  };
  for (const [name, value] of Object.entries(integers)) gl.uniform1i(uniform(name), Number(value));
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {Resources} resources
 * @param {Float32Array} texels
 * @param {number} n
 */
function bindCells(gl, { program, cells }, texels, n) {
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, cells);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, 3, n, 0, gl.RGBA, gl.FLOAT, texels);
  gl.uniform1i(program.uniform('uCells'), 0);
}

/** @param {WebGL2RenderingContext} gl @param {Frame} frame */
function drawTiles(gl, frame) {
  if (!frame.tiles) return;
  gl.enable(gl.SCISSOR_TEST);
  for (const { left, top, right, bottom, color } of tileRectangles(frame)) {
    const [red, green, blue] = unpack(color).map((part) => part / 255);
    gl.clearColor(red, green, blue, 1);
    gl.scissor(left, gl.drawingBufferHeight - bottom, right - left, bottom - top);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }
  gl.disable(gl.SCISSOR_TEST);
}
