import assert from 'node:assert/strict';
import test from 'node:test';
import {
  decodeArray,
  DecodeError,
  decodePositions,
  decodeReady,
  parseShape,
  readArray,
  unpackTriples,
} from '../../frontend/js/compute/decode.js';

test('decodeArray() decodes every dtype', () => {
  const arrays = {
    uint8: Uint8Array.of(0, 255),
    uint16: Uint16Array.of(1, 65535),
    uint32: Uint32Array.of(7, 4294967295),
    int32: Int32Array.of(-5, 5),
    float32: Float32Array.of(-0.5, 3),
  };
  for (const [dtype, values] of Object.entries(arrays)) {
    assert.deepEqual(decodeArray(values.buffer, dtype, [1, 2]), { dtype, shape: [1, 2], values });
  }
});

test('too few bytes throw an error with the expected and actual number', () => {
  assert.throws(() => decodeArray(new ArrayBuffer(10), 'uint16', [3, 2]), /12 bytes, 10 came/);
});

test('an unknown dtype throws an error, also "constructor"', () => {
  assert.throws(() => decodeArray(new ArrayBuffer(8), 'float64', [1]), /"float64"/);
  assert.throws(() => decodeArray(new ArrayBuffer(8), 'constructor', [1]), DecodeError);
  assert.throws(() => decodeArray(new ArrayBuffer(8), null, [1]), DecodeError);
});

test('parseShape() rejects malformed shapes', () => {
  assert.deepEqual(parseShape('6,12,4882,2'), [6, 12, 4882, 2]);
  for (const text of ['', '3,', '3,-1', '3,x', ' 3'])
    assert.throws(() => parseShape(text), DecodeError);
  assert.throws(() => parseShape(null), /X-Shape/);
});

test('readArray() takes dtype and shape from the response headers', async () => {
  const values = Uint16Array.of(1, 2, 3, 4);
  const response = new Response(values, { headers: { 'X-Dtype': 'uint16', 'X-Shape': '2,2' } });
  assert.deepEqual((await readArray(response)).values, values);
});

test('packed triples are unpacked to within half a quantization step', () => {
  const wanted = [
    [0, 0, 0],
    [65535, 65535, 65535],
    [12345, 54321, 40000],
  ];
  const packed = Uint32Array.from(
    wanted,
    ([x, y, z]) => ((x >> 5) | ((y >> 5) << 11) | ((z >> 6) << 22)) >>> 0,
  );
  const triples = unpackTriples(packed);
  wanted
    .flat()
    .forEach((value, at) => assert.ok(Math.abs(triples[at] - value) <= (at % 3 === 2 ? 32 : 16)));
});

test('positions of other dimensions than requested are rejected', () => {
  const flat = decodeArray(new Uint16Array(8).buffer, 'uint16', [4, 2]);
  assert.equal(decodePositions(flat, 2), flat.values);
  assert.throws(() => decodePositions(flat, 3), /4 × 2 does not hold 3-D/);
  assert.equal(
    decodePositions(decodeArray(new Uint32Array(4).buffer, 'uint32', [2, 2]), 3).length,
    12,
  );
});

test('decodeReady() returns 1 for heads that are ready and checks their number', () => {
  assert.deepEqual(decodeReady('0101', 4), Uint8Array.of(0, 1, 0, 1));
  assert.deepEqual(decodeReady(null, 2), Uint8Array.of(1, 1));
  assert.throws(() => decodeReady('01', 4), /2 heads, the model has 4/);
});
