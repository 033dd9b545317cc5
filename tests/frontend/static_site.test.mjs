import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attentionPattern,
  coarse,
  longSequences,
  strongestRows,
  weighKeys,
} from '../../frontend/js/compute/attention.js';
import { readNpy } from '../../frontend/js/compute/npy.js';
import { isNotStored, readError } from '../../frontend/js/data/transport.js';
import { createSite, fileOf } from '../../frontend/js/site/site.js';

const never = async () => {};
const rows = (width, ...values) => ({ width, values: Float32Array.from(values) });

/** An array file as NumPy writes it. */
function npy(descr, shape, values) {
  const lengths = `${shape.join(', ')}${shape.length === 1 ? ',' : ''}`;
  const facts = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${lengths}), }`;
  const header = `${facts.padEnd(117)}\n`;
  const head = Uint8Array.of(
    0x93,
    ...Buffer.from('NUMPY'),
    1,
    0,
    header.length,
    0,
    ...Buffer.from(header),
  );
  return new Uint8Array([...head, ...new Uint8Array(values.buffer)]).buffer;
}

test('readNpy() returns dtype, shape and values of an array file', () => {
  const found = readNpy(npy('<u2', [2, 3], Uint16Array.of(1, 2, 3, 4, 5, 65535)));
  assert.deepEqual(
    [found.dtype, found.shape, [...found.values]],
    ['uint16', [2, 3], [1, 2, 3, 4, 5, 65535]],
  );
  assert.deepEqual(readNpy(npy('|u1', [2], Uint8Array.of(7, 8))).shape, [2]);
});

test('readNpy() throws for a file that is not a valid array', () => {
  assert.throws(
    () => readNpy(new TextEncoder().encode('<!doctype html><p>404').buffer),
    /no array of NumPy/,
  );
  assert.throws(() => readNpy(npy('<f8', [1], Float64Array.of(1))), /cannot be read/);
  assert.throws(() => readNpy(npy('<f4', [3], Float32Array.of(1))), /takes 12 bytes, 4 came/);
});

test('attentionPattern() is the softmax over the keys visible to each query', async () => {
  const queries = rows(1, 9, 0, Math.log(3), 0);
  const keys = rows(1, 9, 0, 1, 2);
  const all = await attentionPattern(
    queries,
    keys,
    1,
    2,
    2,
    { scaling: 1, is_causal: false, max_distance: null },
    never,
  );
  assert.deepEqual(
    [...all].map((weight) => weight.toFixed(3)),
    ['0.500', '0.500', '0.250', '0.750'],
  );
  const causal = await attentionPattern(
    queries,
    keys,
    1,
    3,
    3,
    { scaling: 1, is_causal: true, max_distance: 1 },
    never,
  );
  assert.deepEqual([causal[0], causal[1], causal[2], causal[6]], [1, 0, 0, 0]);
  assert.equal(causal[7] + causal[8], 1);
});

test('large scores do not overflow', async () => {
  const pattern = await attentionPattern(
    rows(1, 1e4, 1e4),
    rows(1, 1, 2),
    0,
    1,
    2,
    { scaling: 1, is_causal: false, max_distance: null },
    never,
  );
  assert.deepEqual([...pattern], [0, 1]);
});

test('weighKeys() weights keys and normalises rows, except rows of zeros', () => {
  const pattern = Float32Array.of(0.5, 0.5, 1, 0);
  weighKeys(pattern, 2, (key) => [0, 2][key]);
  assert.deepEqual([...pattern], [0, 1, 0, 0]);
});

test('strongestRows() puts the earlier token first if scores are equal', async () => {
  const found = await strongestRows(rows(1, 2), 0, rows(1, 1, 3, 3, 0), 4, 0.5, 3, never);
  assert.deepEqual(found, [
    { token: 1, score: 3 },
    { token: 2, score: 3 },
    { token: 0, score: 1 },
  ]);
});

test('longSequences() returns all long sequences, or a sample spread evenly', () => {
  assert.deepEqual(longSequences([3, 9, 5, 7], 5, 1e9), { chosen: [1, 2, 3], nFound: 3 });
  const many = Array.from({ length: 100 }, () => 10);
  const { chosen, nFound } = longSequences(many, 10, 500);
  assert.deepEqual([chosen, nFound], [[0, 24, 49, 74, 99], 100]);
});

test('coarse() reduces a long pattern to the means of equal blocks', () => {
  const { side, blocks } = coarse(
    Float32Array.from({ length: 9 }, (_, i) => i),
    3,
    2,
  );
  assert.deepEqual([side, [...blocks]], [2, [0, 1.5, 4.5, 6]]);
});

test('fileOf() ignores the version and the order of parameters', () => {
  const named = (query) => fileOf('datasets/a/projections/pca-2d', new URLSearchParams(query));
  assert.equal(named('layer=1&head=2&v=0123'), 'datasets/a/projections/pca-2d--head-2--layer-1');
  assert.equal(named('head=2&layer=1'), named('layer=1&head=2'));
});

test('a missing file of a site is a JSON error "not_exported"', async () => {
  const site = createSite('https://host.example/x/', async () => new Response('', { status: 404 }));
  const answer = await site(new URL('https://host.example/x/api/v1/datasets/a/heads'), {
    headers: { Accept: 'application/json' },
  });
  assert.equal(answer.status, 404);
  assert.deepEqual((await answer.json()).error, {
    code: 'not_exported',
    message: 'This site was exported without datasets/a/heads.json.',
  });
});

/** A site of one head; of its two sequences, of 2 and 3 tokens, some are stored. */
function siteKeeping(keep_vectors) {
  const manifest = {
    id: 'a',
    n_layers: 1,
    n_heads: 1,
    n_key_heads: 1,
    n_sequences: 2,
    n_tokens: 5,
    layers: [{ scaling: 1, is_causal: false, max_distance: null }],
    keep_vectors,
  };
  const vectors = npy('<f4', [3, 1], Float32Array.of(0, Math.log(3), 0));
  const files = {
    'datasets/a.json': () => Response.json({ manifest }),
    'datasets/a/sequences/length.npy': () => new Response(npy('<i4', [2], Int32Array.of(2, 3))),
    'datasets/a/vector_tokens.npy': () => new Response(npy('<i4', [3], Int32Array.of(2, 3, 4))),
    'datasets/a/heads/0/0/queries.npy': () => new Response(vectors),
    'datasets/a/heads/0/0/keys.npy': () => new Response(vectors),
  };
  const base = 'https://host.example/api/v1/';
  const site = createSite('https://host.example/', async (url) =>
    files[String(url).slice(base.length)](),
  );
  return async (path) => {
    const answer = await site(new URL(`datasets/a/heads/0/0/${path}`, base));
    if (!answer.ok) {
      const error = await readError(answer);
      assert.ok(isNotStored(error));
      return error.message;
    }
    return [...new Float32Array(await answer.arrayBuffer())].map((n) => Number(n.toFixed(2)));
  };
}

test('an exported site gives some of the texts, and reads their file once', async () => {
  const files = {
    'datasets/a/sequences/text.npy': npy('|u1', [5], new Uint8Array(Buffer.from('abcde'))),
    'datasets/a/sequences/text_end.npy': npy('<i4', [3], Int32Array.of(2, 2, 5)),
  };
  const asked = [];
  const site = createSite('http://x/', async (url) => {
    asked.push(String(url).slice('http://x/api/v1/'.length));
    return new Response(files[asked.at(-1)]);
  });
  const textOf = async (start, stop) =>
    (
      await site(`http://x/api/v1/datasets/a/sequences/text?start=${start}&stop=${stop}&v=1`)
    ).text();
  assert.deepEqual(
    [await textOf(0, 1), await textOf(1, 3), await textOf(0, 3)],
    ['ab', 'cde', 'abcde'],
  );
  assert.deepEqual(asked.sort(), Object.keys(files).sort());
});

test('an exported site says of which sequences it has no vectors', async () => {
  const ask = siteKeeping({ choice: 'sample', n_sequences: 1, n_tokens: 3 });
  assert.deepEqual((await ask('attention/1')).slice(0, 3), [0.33, 0.33, 0.33]);
  assert.match(await ask('attention/0'), /sequence 0 cannot be shown.*of 1 of 2 sequences/);
  assert.match(await ask('neighbours/1'), /token 1 cannot be shown/);
  const scores = await ask('token_scores');
  assert.deepEqual(scores.map(Number.isNaN), [...Array(4).fill(true), ...Array(6).fill(false)]);
  const none = siteKeeping({ choice: 'none', n_sequences: 0, n_tokens: 0 });
  assert.match(await none('attention/1'), /stores no queries and keys/);
  assert.match(await none('token_scores'), /stores no queries and keys/);
});
