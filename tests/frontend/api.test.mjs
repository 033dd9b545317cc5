import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../../frontend/js/data/api.js';
import { readTokens } from '../../frontend/js/data/tokens.js';
import { ServerError } from '../../frontend/js/data/transport.js';

const signal = new AbortController().signal;

/** An interface whose answers are given, and what it was asked for. */
function withAnswers(answers) {
  const asked = [];
  const api = createApi('http://lab/prefix/', async (url) => {
    asked.push(String(url));
    const answer = answers[asked.length - 1] ?? answers.at(-1);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { api, asked };
}

function arrayAnswer(values, shape, headers = {}) {
  const dtype = values.constructor.name.replace('Array', '').toLowerCase();
  return new Response(values.buffer, {
    headers: { 'X-Dtype': dtype, 'X-Shape': shape.join(','), ...headers },
  });
}

test('request URLs are relative to the page, with percent-encoded dataset ids', async () => {
  const { api, asked } = withAnswers([
    Response.json({ datasets: [], methods: [], scores: [] }),
    Response.json({}),
    Response.json({}),
  ]);
  await api.datasets(signal);
  await api.description('a/../b', signal);
  assert.deepEqual(asked, [
    'http://lab/prefix/api/v1/datasets',
    'http://lab/prefix/api/v1/datasets/a%2F..%2Fb',
  ]);
  assert.equal(api.imageUrl('a', 3), 'http://lab/prefix/api/v1/datasets/a/images/3');
});

test('grid() returns the positions of all heads and which heads are ready', async () => {
  const { api } = withAnswers([
    arrayAnswer(new Uint16Array(2 * 1 * 3 * 2), [2, 1, 3, 2], { 'X-Ready': '10' }),
  ]);
  const map = await api.grid('d', 'pca-2d', 2, signal);
  assert.deepEqual(
    [map.name, map.dims, map.positions.length, [...map.ready]],
    ['pca-2d', 2, 12, [1, 0]],
  );
});

test('grid() unpacks packed 3-D positions', async () => {
  const { api } = withAnswers([arrayAnswer(new Uint32Array(4), [1, 2, 2])]);
  const map = await api.grid('d', 'pca-3d', 3, signal);
  assert.equal(map.positions.length, 12);
});

test('attention() returns the pattern with its head, sequence and size', async () => {
  const { api, asked } = withAnswers([arrayAnswer(Float32Array.of(1, 0, 0.5, 0.5), [2, 2])]);
  const attention = await api.attention('d', { layer: 1, head: 2 }, 7, 'none', signal);
  assert.equal(asked[0], 'http://lab/prefix/api/v1/datasets/d/heads/1/2/attention/7');
  assert.deepEqual(
    { ...attention, pattern: [...attention.pattern] },
    { at: { layer: 1, head: 2 }, sequence: 7, weight: 'none', n: 2, pattern: [1, 0, 0.5, 0.5] },
  );
});

test('an array of another dtype or size than expected is rejected', async () => {
  const short = new Response(new ArrayBuffer(3), {
    headers: { 'X-Dtype': 'int32', 'X-Shape': '2' },
  });
  await assert.rejects(withAnswers([short]).api.gridTokens('d', signal), /8 bytes, 3 came/);
  const wrong = arrayAnswer(new Uint8Array(2), [2]);
  await assert.rejects(
    withAnswers([wrong]).api.gridTokens('d', signal),
    /uint8 where Int32Array was due/,
  );
});

test('an error response throws a ServerError with status, code and message', async () => {
  const answer = Response.json(
    { error: { code: 'dataset_not_found', message: 'there is no dataset x' } },
    { status: 404 },
  );
  const error = await withAnswers([answer])
    .api.tokens('x', signal)
    .catch((reason) => reason);
  assert.ok(error instanceof ServerError);
  assert.deepEqual(
    [error.status, error.code, error.message],
    [404, 'dataset_not_found', 'there is no dataset x'],
  );
});

test('an HTML error page of a proxy throws an error with its status', async () => {
  const answer = new Response('<html>Bad gateway</html>', { status: 502 });
  await assert.rejects(withAnswers([answer]).api.datasets(signal), /answered 502 without a reason/);
});

test('a failed fetch throws an error that the server cannot be reached', async () => {
  await assert.rejects(
    withAnswers([new TypeError('fetch failed')]).api.datasets(signal),
    /reach the server/,
  );
});

test('token columns become typed arrays with -1 for null', () => {
  const tokens = readTokens({
    text: ['[CLS]', ''],
    token_id: [0, 1],
    sequence: [0, 0],
    position: [0, 1],
    token_type: ['class', 'patch'],
    row: [null, 2],
    column: [null, 0],
    hue: [null, 0.25],
    brightness: [null, 0.5],
    sequences: { start: [0], length: [2], text: ['a.png'], columns: { label: ['cat'] } },
  });
  assert.deepEqual([tokens.n, ...tokens.row, ...tokens.hue], [2, -1, 2, -1, 0.25]);
  assert.ok(tokens.tokenId instanceof Int32Array && tokens.sequences.start instanceof Int32Array);
  assert.deepEqual(tokens.sequences.columns, { label: ['cat'] });
});

test('heads() turns columns into one record per head and omits maps not ready', async () => {
  const column = {
    recall_at_100: [0.25, null],
    rank_correlation: [0, null],
    trustworthiness: [1, null],
    fallback: [null, null],
  };
  const columns = {
    ...{ layer: [0, 0], head: [0, 1], alignment_scale: [2, null] },
    scores: { previous: { value: [null, null], n_rows: [0, null] } },
    maps: { 'pca-2d': { ...column, is_ready: [true, false], recall_at_10: [0.5, null] } },
    best_maps: { 'best-2d': ['pca-2d', null] },
  };
  const { api, asked } = withAnswers([
    Response.json(columns),
    Response.json({ layer: 0, head: 1 }),
  ]);
  const heads = await api.heads('d', signal);
  assert.deepEqual(heads.get('0,0'), {
    ...{ layer: 0, head: 0, alignment_scale: 2 },
    scores: { previous: { value: null, n_rows: 0 } },
    maps: {
      'pca-2d': {
        fidelity: {
          ...{ recall_at_10: 0.5, recall_at_100: 0.25 },
          ...{ rank_correlation: 0, trustworthiness: 1 },
        },
        fallback: null,
      },
    },
    best_maps: { 'best-2d': 'pca-2d' },
  });
  assert.deepEqual(heads.get('0,1'), {
    ...{ layer: 0, head: 1, alignment_scale: null, scores: {}, maps: {} },
    best_maps: { 'best-2d': null },
  });
  await api.headDetails('d', { layer: 0, head: 1 }, signal);
  assert.equal(asked[1], 'http://lab/prefix/api/v1/datasets/d/heads/0/1');
});
