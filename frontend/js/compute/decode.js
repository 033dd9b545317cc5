/**
 * Turn the bytes of an array response into typed arrays. Bytes are little endian, as on every
 * platform that browsers run on.
 */

const ARRAY_OF = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
};

/** @typedef {keyof typeof ARRAY_OF} Dtype */
/** @typedef {Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array} NumberArray */

/** A response body that does not match its headers. */
export class DecodeError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'DecodeError';
  }
}

/**
 * @param {string | null} text The X-Shape header, such as "6,12,4882,2".
 * @returns {number[]}
 */
export function parseShape(text) {
  if (text === null) throw new DecodeError('the array came without its shape (header X-Shape)');
  if (!/^\d+(,\d+)*$/.test(text))
    throw new DecodeError(`"${text.slice(0, 40)}" is not a shape such as "6,12,4882,2"`);
  return text.split(',').map(Number);
}

/**
 * Return a typed-array view of a buffer, without a copy.
 * @param {ArrayBuffer} buffer
 * @param {string | null} dtype The X-Dtype header.
 * @param {number[]} shape
 * @returns {{dtype: Dtype, shape: number[], values: NumberArray}}
 * @throws {DecodeError} If the dtype is unknown or the number of bytes does not fit the shape.
 */
export function decodeArray(buffer, dtype, shape) {
  const name = String(dtype);
  if (!isDtype(name))
    throw new DecodeError(
      `arrays of "${name.slice(0, 40)}" cannot be read, only ${Object.keys(ARRAY_OF).join(', ')}`,
    );
  const TypedArray = ARRAY_OF[name];
  const expected = shape.reduce(
    (product, length) => product * length,
    TypedArray.BYTES_PER_ELEMENT,
  );
  if (buffer.byteLength !== expected) {
    throw new DecodeError(
      `${name} of shape ${shape.join(' × ')} takes ${expected} bytes, ${buffer.byteLength} came`,
    );
  }
  return { dtype: name, shape, values: new TypedArray(buffer) };
}

/**
 * Read the array of a response.
 * @param {Response} response
 * @returns {Promise<{dtype: Dtype, shape: number[], values: NumberArray}>}
 */
export async function readArray(response) {
  const shape = parseShape(response.headers.get('X-Shape'));
  const dtype = response.headers.get('X-Dtype');
  return decodeArray(await response.arrayBuffer(), dtype, shape);
}

/**
 * Unpack a 3-D grid, stored as x | y << 11 | z << 22 with 11, 11 and 10 bits, to the scale of the
 * other maps. Each value is dequantised to the middle of its step: the error is at most half a step
 * (16, 16 and 32 of 65535).
 * @param {Uint32Array} packed
 * @returns {Uint16Array} Three coordinates a point.
 */
export function unpackTriples(packed) {
  const triples = new Uint16Array(packed.length * 3);
  for (let point = 0, at = 0; point < packed.length; point++, at += 3) {
    const bits = packed[point];
    triples[at] = ((bits & 2047) << 5) | 16;
    triples[at + 1] = (((bits >>> 11) & 2047) << 5) | 16;
    triples[at + 2] = ((bits >>> 22) << 6) | 32;
  }
  return triples;
}

/**
 * The positions of a map response, packed or plain, as Uint16 with `dims` numbers a point.
 * @param {{dtype: Dtype, shape: number[], values: NumberArray}} array
 * @param {2 | 3} dims
 * @returns {Uint16Array}
 * @throws {DecodeError} If the array does not hold positions of that many dimensions.
 */
export function decodePositions({ dtype, shape, values }, dims) {
  if (values instanceof Uint32Array && dims === 3) return unpackTriples(values);
  if (values instanceof Uint16Array && shape.at(-1) === dims) return values;
  throw new DecodeError(`${dtype} of shape ${shape.join(' × ')} does not hold ${dims}-D positions`);
}

/**
 * Which heads of a map are computed, from the X-Ready header.
 * @param {string | null} text A 0 or 1 per head, layer by layer; null means all.
 * @param {number} nCells
 * @returns {Uint8Array}
 */
export function decodeReady(text, nCells) {
  if (text === null) return new Uint8Array(nCells).fill(1);
  if (text.length !== nCells)
    throw new DecodeError(`X-Ready tells of ${text.length} heads, the model has ${nCells}`);
  return Uint8Array.from(text, (digit) => (digit === '1' ? 1 : 0));
}

/** @param {string} name @returns {name is Dtype} */
function isDtype(name) {
  return Object.hasOwn(ARRAY_OF, name);
}
