/**
 * Reads safetensors files of named arrays: the length of the header, the header as JSON, and the
 * bytes of all arrays.
 */

import { decodeArray, DecodeError } from '../compute/decode.js';

/** @import { Dtype, NumberArray } from '../compute/decode.js' */

/** Maximum size of a header; ours have some thousand bytes. */
const MAX_HEADER = 1 << 24;
/** @type {Record<string, Dtype>} */
const DTYPE_OF = { F32: 'float32', I32: 'int32', U8: 'uint8', U16: 'uint16' };

/** @typedef {{dtype: Dtype, shape: number[], values: NumberArray}} Tensor */

/**
 * @param {ArrayBuffer} buffer the whole file
 * @returns {{facts: Record<string, string>, tensors: Map<string, Tensor>}} `facts` is the part of
 *   the header that is no array
 * @throws {DecodeError} If the file is malformed or incomplete.
 */
export function readSafetensors(buffer) {
  const { header, start } = readHeader(buffer);
  const { __metadata__: facts = {}, ...entries } = header;
  if (!isRecord(facts) || Object.values(facts).some((fact) => typeof fact !== 'string'))
    throw new DecodeError('the facts of the file are no words');
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  let end = 0;
  const inOrder = Object.entries(entries)
    .map(([name, entry]) => readEntry(name, entry))
    .sort((a, b) => a.first - b.first || a.last - b.last);
  for (const { name, dtype, shape, first, last } of inOrder) {
    if (first !== end)
      throw new DecodeError(
        `the array “${clip(name)}” begins at byte ${first}, the one before it ends at ${end}`,
      );
    if (start + last > buffer.byteLength)
      throw new DecodeError(
        `the array “${clip(name)}” ends at byte ${last} of ${buffer.byteLength - start}`,
      );
    tensors.set(name, decodeArray(buffer.slice(start + first, start + last), dtype, shape));
    end = last;
  }
  if (start + end !== buffer.byteLength)
    throw new DecodeError(`${buffer.byteLength - start - end} bytes are of no array`);
  return { facts: /** @type {Record<string, string>} */ (facts), tensors };
}

/** @param {ArrayBuffer} buffer @returns {{header: Record<string, unknown>, start: number}} */
function readHeader(buffer) {
  if (buffer.byteLength < 8)
    throw new DecodeError(
      `the file has ${buffer.byteLength} bytes, its first number alone takes 8`,
    );
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (length > MAX_HEADER || length > buffer.byteLength - 8)
    throw new DecodeError(
      `the header is said to have ${length} bytes, ${buffer.byteLength - 8} came`,
    );
  let header;
  try {
    header = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(buffer, 8, length)),
    );
  } catch (error) {
    throw new DecodeError(
      `the header is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!isRecord(header)) throw new DecodeError('the header is no list of arrays');
  return { header, start: 8 + length };
}

/** @param {string} name @param {unknown} entry */
function readEntry(name, entry) {
  const { dtype: code, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const dtype = typeof code === 'string' && Object.hasOwn(DTYPE_OF, code) ? DTYPE_OF[code] : null;
  if (!dtype)
    throw new DecodeError(
      `the array “${clip(name)}” is of “${clip(String(code))}”, which cannot be read`,
    );
  if (!isCounts(shape)) throw new DecodeError(`the array “${clip(name)}” has no shape`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw new DecodeError(`the array “${clip(name)}” does not say which bytes are its own`);
  return { name, dtype, shape, first: offsets[0], last: offsets[1] };
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @returns {value is number[]} */
function isCounts(value) {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

/** @param {string} text */
function clip(text) {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
