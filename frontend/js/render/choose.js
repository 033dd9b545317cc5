/**
 * Choice of the renderer: WebGL2 on a GPU, Canvas 2D where WebGL is missing or rendered in
 * software.
 */

import { createScatter } from './scatter.js';
import { createScatter2d } from './scatter2d.js';

/** @typedef {import('../types.d.ts').Renderer} Renderer */

/** Names that browsers report for software renderers. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|microsoft basic|apple software/i;

/**
 * Create the renderer that suits this machine.
 * @param {HTMLCanvasElement} canvas
 * @param {{force?: Renderer['name'] | null}} [options] `force` overrides the choice, for tests and
 *   debugging.
 * @returns {Renderer}
 */
export function createRenderer(canvas, { force = null } = {}) {
  const name = force ?? (isSoftware(probeGpu()) ? 'canvas2d' : 'webgl2');
  return name === 'webgl2' ? createScatter(canvas) : createScatter2d(canvas);
}

/**
 * @param {string | null} gpu
 * @returns {boolean} Whether a GPU of this name is a software renderer or missing.
 */
export function isSoftware(gpu) {
  return gpu === null || SOFTWARE.test(gpu);
}

/**
 * Query the name of the WebGL2 GPU on a temporary canvas.
 * @param {() => Pick<HTMLCanvasElement, 'getContext'>} [createCanvas]
 * @returns {string | null} Name of the GPU, or null if WebGL2 is missing or the browser reports a
 *   major performance caveat.
 */
export function probeGpu(createCanvas = () => document.createElement('canvas')) {
  const gl = /** @type {WebGL2RenderingContext | null} */ (
    createCanvas().getContext('webgl2', {
      failIfMajorPerformanceCaveat: true,
      antialias: false,
      depth: false,
    })
  );
  if (!gl) return null;
  const debug = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(debug ? debug.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return name;
}
