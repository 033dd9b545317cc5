/** Programs and list textures of the WebGL2 renderer. */

import { ROW } from './shaders.js';

/**
 * Compile and link a program.
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertexSource
 * @param {string} fragmentSource
 * @returns {{program: WebGLProgram, uniform: (name: string) => WebGLUniformLocation | null}}
 * @throws {Error} With the driver's log, unless the context is lost.
 */
export function createProgram(gl, vertexSource, fragmentSource) {
  const program = gl.createProgram();
  const sources = [
    [gl.VERTEX_SHADER, vertexSource],
    [gl.FRAGMENT_SHADER, fragmentSource],
  ];
  const shaders = sources.map(([type, source]) => {
    const shader = /** @type {WebGLShader} */ (gl.createShader(Number(type)));
    gl.shaderSource(shader, String(source));
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    return shader;
  });
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = shaders
      .map((shader) => gl.getShaderInfoLog(shader))
      .concat(gl.getProgramInfoLog(program));
    throw new Error(`the graphics driver refused the shaders: ${logs.filter(Boolean).join(' ')}`);
  }
  for (const shader of shaders) gl.deleteShader(shader);
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const locations = new Map();
  return {
    program,
    uniform(name) {
      if (!locations.has(name)) locations.set(name, gl.getUniformLocation(program, name));
      return locations.get(name) ?? null;
    },
  };
}

/**
 * Texture formats of lists: sized format, format, type and numbers per texel.
 * @param {WebGL2RenderingContext} gl
 */
export function listFormats(gl) {
  return {
    pairs: { internal: gl.RG16UI, format: gl.RG_INTEGER, type: gl.UNSIGNED_SHORT, parts: 2 },
    triples: { internal: gl.RGB16UI, format: gl.RGB_INTEGER, type: gl.UNSIGNED_SHORT, parts: 3 },
    indices: { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT, parts: 1 },
    flags: { internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE, parts: 1 },
    shares: { internal: gl.R8, format: gl.RED, type: gl.UNSIGNED_BYTE, parts: 1 },
    colors: { internal: gl.RGBA8, format: gl.RGBA, type: gl.UNSIGNED_BYTE, parts: 4 },
    pixels: { internal: gl.RGB8, format: gl.RGB, type: gl.UNSIGNED_BYTE, parts: 3 },
  };
}

/** @typedef {keyof ReturnType<typeof listFormats>} ListFormat */

/**
 * A texture that holds a list of numbers in rows of ROW texels. It is uploaded again only if the
 * version or the array changes.
 * @param {WebGL2RenderingContext} gl
 */
export function createList(gl) {
  const texture = gl.createTexture();
  /** @type {ArrayLike<number> | null} */
  let uploaded = null;
  let uploadedVersion = NaN;
  return {
    texture,
    /** @param {ArrayLike<number>} values */
    holds: (values) => uploaded === values,
    /**
     * @param {ListFormat} name
     * @param {Uint8Array | Uint16Array | Uint32Array} values
     * @param {number} version
     */
    update(name, values, version) {
      if (uploaded === values && uploadedVersion === version) return;
      uploaded = values;
      uploadedVersion = version;
      const how = listFormats(gl)[name];
      uploadList(
        gl,
        texture,
        how,
        name === 'colors'
          ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
          : values,
      );
    },
    destroy: () => gl.deleteTexture(texture),
  };
}

/** @typedef {ReturnType<typeof createList>} List */

/**
 * @param {WebGL2RenderingContext} gl
 * @param {WebGLTexture} texture
 * @param {{internal: number, format: number, type: number, parts: number}} how
 * @param {Uint8Array | Uint16Array | Uint32Array} values
 */
function uploadList(gl, texture, { internal, format, type, parts }, values) {
  const nTexels = Math.max(1, Math.ceil(values.length / parts));
  const nWhole = Math.floor(nTexels / ROW);
  const rest = nTexels % ROW;
  const maxRows = gl.getParameter(gl.MAX_TEXTURE_SIZE);
  if (nWhole + 1 > maxRows)
    throw new Error(`this GPU holds ${maxRows * ROW} points at once, the map has ${nTexels}`);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  const width = nWhole ? ROW : nTexels;
  gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, nWhole + (rest ? 1 : 0), 0, format, type, null);
  if (!values.length) return;
  if (nWhole) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, nWhole, format, type, values, 0);
  if (rest)
    gl.texSubImage2D(
      gl.TEXTURE_2D,
      0,
      0,
      nWhole,
      rest,
      1,
      format,
      type,
      values,
      nWhole * ROW * parts,
    );
}
