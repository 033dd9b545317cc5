/**
 * Which renderer draws: WebGL2 on a GPU, Canvas 2D where WebGL would be computed in software or is
 * missing.
 */

import { createScatter } from './scatter.js';
import { createScatter2d } from './scatter2d.js';

/** @typedef {import('../types.d.ts').Renderer} Renderer */

/** Names under which browsers report a GPU that is none. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|microsoft basic|apple software/i;

/**
 * Make the renderer that suits this machine.
 * @param {HTMLCanvasElement} canvas
 * @param {{force?: Renderer['name'] | null}} [options] `force` chooses one, for tests and for
 *   doubters.
 * @returns {Renderer}
 */
export function createRenderer(canvas, { force = null } = {}) {
  const name = force ?? (isSoftware(probeGpu()) ? 'canvas2d' : 'webgl2');
  return name === 'webgl2' ? createScatter(canvas) : createScatter2d(canvas);
}

/**
 * @param {string | null} gpu
 * @returns {boolean} Whether a GPU of this name computes on the processor, or is missing.
 */
export function isSoftware(gpu) {
  return gpu === null || SOFTWARE.test(gpu);
}

/**
 * Ask what draws WebGL here, on a canvas that is thrown away.
 * @param {() => Pick<HTMLCanvasElement, 'getContext'>} [createCanvas]
 * @returns {string | null} Name of the GPU, or null if WebGL2 is missing or slow by the browser's
 *   own word.
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
