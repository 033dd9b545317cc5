/**
 * Array files of NumPy (.npy, versions 1 and 2, little endian, C order) as the arrays that the page
 * draws.
 */

import { decodeArray, DecodeError } from './decode.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"
const DTYPE_OF = { u1: 'uint8', u2: 'uint16', u4: 'uint32', i4: 'int32', f4: 'float32' };
const HEADER = /^\{'descr': '[<|]([a-z]\d)', 'fortran_order': False, 'shape': \(([\d, ]*)\), ?\}/;

/** @typedef {ReturnType<typeof decodeArray>} NpyArray */

/**
 * @param {ArrayBuffer} buffer the whole file
 * @returns {NpyArray}
 * @throws {DecodeError} If it is not such a file.
 */
export function readNpy(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 12 || MAGIC.some((byte, i) => view.getUint8(i) !== byte))
    throw new DecodeError('the file is no array of NumPy');
  const isFirst = view.getUint8(6) === 1;
  const start = isFirst ? 10 : 12;
  const end = start + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder('latin1').decode(
    new Uint8Array(buffer, start, Math.max(0, Math.min(end, buffer.byteLength) - start)),
  );
  const [, code, dims] = HEADER.exec(header) ?? [];
  const dtype = DTYPE_OF[/** @type {keyof typeof DTYPE_OF} */ (code)];
  if (!dtype) throw new DecodeError(`arrays with the header ${header.slice(0, 80)} cannot be read`);
  return decodeArray(
    buffer.slice(end),
    dtype,
    dims
      .split(',')
      .filter((part) => part.trim())
      .map(Number),
  );
}
