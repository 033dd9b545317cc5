import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from '../../frontend/js/user_sequences/answer.js';
import { readSafetensors } from '../../frontend/js/user_sequences/safetensors.js';
import { answerOf, answerParts, MANIFEST, safetensors } from './live_answers.mjs';

/** A file with a header of one's own. */
function withHeader(header, nBytes = 0) {
  const head = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + head.length + nBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  return bytes.buffer;
}

test('readSafetensors() returns arrays with names, dtypes and shapes', () => {
  const { facts, tensors } = readSafetensors(
    safetensors(
      {
        a: [[3], Uint8Array.of(7, 8, 9)],
        b: [[2, 1], Float32Array.of(0.5, -2)],
        none: [[0, 4], new Int32Array(0)],
      },
      { words: { n: 1 } },
    ),
  );
  assert.deepEqual([...tensors.get('a').values], [7, 8, 9]);
  assert.deepEqual(
    [tensors.get('b').shape, [...tensors.get('b').values]],
    [
      [2, 1],
      [0.5, -2],
    ],
  );
  assert.equal(tensors.get('none').values.length, 0);
  assert.deepEqual(JSON.parse(facts.words), { n: 1 });
});

test('a file truncated at any byte throws a DecodeError', () => {
  const whole = safetensors({ a: [[2], Float32Array.of(1, 2)] }, { words: 1 });
  for (let end = 0; end < whole.byteLength; end++)
    assert.throws(
      () => readSafetensors(whole.slice(0, end)),
      { name: 'DecodeError' },
      `${end} bytes`,
    );
  assert.doesNotThrow(() => readSafetensors(whole));
});

test('an invalid header throws an error that says what is wrong', () => {
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  assert.throws(() => readSafetensors(withHeader({ a: entry }, 8)), /4 bytes are of no array/);
  assert.throws(
    () => readSafetensors(withHeader({ a: entry, b: { ...entry, data_offsets: [8, 12] } }, 12)),
    /begins at byte 8, the one before it ends at 4/,
  );
  assert.throws(
    () => readSafetensors(withHeader({ a: entry, b: { ...entry, data_offsets: [0, 4] } }, 4)),
    /begins at byte 0/,
  );
  assert.throws(
    () => readSafetensors(withHeader({ a: { ...entry, shape: [2] } }, 4)),
    /takes 8 bytes, 4 came/,
  );
  assert.throws(
    () => readSafetensors(withHeader({ a: { ...entry, shape: [-1] } }, 4)),
    /has no shape/,
  );
  assert.throws(
    () => readSafetensors(withHeader({ a: { ...entry, dtype: '__proto__' } }, 4)),
    /cannot be read/,
  );
  assert.throws(
    () => readSafetensors(withHeader({ a: { ...entry, data_offsets: [4, 0] } }, 4)),
    /which bytes/,
  );
  assert.throws(() => readSafetensors(withHeader('[1]')), /no list of arrays/);
  assert.throws(() => readSafetensors(withHeader('{"a"')), /no JSON/);
  assert.throws(() => readSafetensors(withHeader({ __metadata__: { a: 1 } })), /no words/);
});

test('an impossible header length throws before memory is allocated', () => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
  assert.throws(() => readSafetensors(bytes.buffer), /header is said to have/);
});

test('readAnswer() returns the tokens as one sequence with vectors and positions', () => {
  const answer = readAnswer(answerOf(['[CLS]', 'a', 'b']), MANIFEST, 'a b');
  assert.deepEqual(
    [answer.n, answer.columns.text, [...answer.columns.position], answer.columns.sequences.text],
    [3, ['[CLS]', 'a', 'b'], [0, 1, 2], ['a b']],
  );
  assert.deepEqual(
    [
      answer.places.get('pca-2d').placed,
      answer.places.get('pca-2d').steps.length,
      answer.nPartners,
    ],
    ['exact', 2 * 2 * 6 * 2, 3],
  );
});

test('readAnswer() rejects other weights, other shapes and missing positions', () => {
  assert.throws(
    () => readAnswer(answerOf(['a'], { weights: 'other' }), MANIFEST, 'a'),
    /other weights \(other\) than the dataset \(abc\)/,
  );
  const { tensors, facts } = answerParts(['a', 'b']);
  assert.throws(
    () =>
      readAnswer(
        safetensors({ ...tensors, queries: [[2, 2, 1, 4], tensors.queries[1]] }, facts),
        MANIFEST,
        'a',
      ),
    /queries is float32 of shape 2 × 2 × 1 × 4, not Float32Array of 2 × 2 × 2 × 2/,
  );
  assert.throws(
    () =>
      readAnswer(
        safetensors({ ...tensors, norms: [[2, 2, 2, 4], new Int32Array(32)] }, facts),
        MANIFEST,
        'a',
      ),
    /norms is int32/,
  );
  const rest = Object.fromEntries(
    Object.entries(tensors).filter(([name]) => name !== 'place:pca-2d'),
  );
  assert.throws(() => readAnswer(safetensors(rest, facts), MANIFEST, 'a'), /no place:pca-2d/);
  assert.throws(
    () =>
      readAnswer(
        safetensors(
          { ...tensors, 'place:pca-2d': [[2, 2, 4, 2], new Float32Array(32).fill(NaN)] },
          facts,
        ),
        MANIFEST,
        'a',
      ),
    /has no place/,
  );
  assert.throws(
    () => readAnswer(safetensors(tensors, { maps: {} }), MANIFEST, 'a'),
    /does not tell its sequence/,
  );
});
