import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternNow } from '../../frontend/js/compute/attention.js';
import { heaviestLines } from '../../frontend/js/compute/heaviest_lines.js';
import { sinksWithoutHidden, weightBetween } from '../../frontend/js/compute/hidden_tokens.js';
import {
  ruleOfHead,
  sinkWeight,
  visibleSpan,
  withSinks,
} from '../../frontend/js/compute/score_rule.js';
import { beyondProducts } from '../../frontend/js/controls/head_summary.js';
import { squaresOf } from '../../frontend/js/sequence/pattern_matrix.js';
import { meanSpread } from '../../frontend/js/compute/sequence_scores.js';

const N = 7;
const PLAIN = { scaling: 0.5, is_causal: false, max_distance: null };
const BIAS = {
  offsets: [-4, 0, 2],
  values: [
    [0, 0, 0],
    [-2, 1, 0],
  ],
};
/** The bias of head 1 by hand, from −6 to 6. */
const BY_HAND = [-2, -2, -2, -1.25, -0.5, 0.25, 1, 0.5, 0, 0, 0, 0, 0];
/** Layers, and the score of a product and an offset, by hand. */
const CASES = {
  'a soft cap': [{ ...PLAIN, softcap: 1.5 }, (s) => 1.5 * Math.tanh(s / 1.5)],
  'a bias': [{ ...PLAIN, bias: BIAS }, (s, offset) => s + BY_HAND[offset + 6]],
  'a sink': [{ ...PLAIN, sinks: [9, 0.7] }, (s) => s],
  chunks: [{ ...PLAIN, is_causal: true, chunk: 3 }, (s) => s],
  'a block': [{ ...PLAIN, is_causal: true, block: [2, 5] }, (s) => s],
  'a window that reaches farther ahead': [{ ...PLAIN, max_distance: 1, max_ahead: 3 }, (s) => s],
  'all of them': [
    { ...PLAIN, softcap: 2, bias: BIAS, sinks: [9, -1], max_distance: 2 },
    (s, offset) => 2 * Math.tanh(s / 2) + BY_HAND[offset + 6],
  ],
};
const inBlock = ({ block: [start, end] = [0, 0] }, at) => start <= at && at < end;
const rows = (seed) => ({
  values: Float32Array.from({ length: 2 * N }, (_, i) => 3 * Math.sin(seed * (i + 1))),
  width: 2,
});
const [QUERIES, KEYS] = [rows(1.7), rows(2.3)];

for (const [name, [layer, scoreOf]] of Object.entries(CASES))
  test(`attention with ${name} is the softmax of scores computed by hand`, () => {
    const rule = ruleOfHead(layer, 1);
    const pattern = patternNow(QUERIES, KEYS, N, rule);
    for (let i = 0; i < N; i++) {
      const weights = Array.from({ length: N }, (_, j) => {
        const isSeen =
          (!layer.is_causal || j <= i || [i, j].every((at) => inBlock(layer, at))) &&
          i - j <= (layer.max_distance ?? N) &&
          j - i <= (layer.max_ahead ?? layer.max_distance ?? N) &&
          Math.floor(i / (layer.chunk ?? N)) === Math.floor(j / (layer.chunk ?? N));
        const product =
          QUERIES.values[2 * i] * KEYS.values[2 * j] +
          QUERIES.values[2 * i + 1] * KEYS.values[2 * j + 1];
        const [first, last] = visibleSpan(rule, i, N);
        assert.equal(j >= first && j <= last, isSeen);
        return isSeen ? Math.exp(scoreOf(0.5 * product, j - i)) : 0;
      });
      const sink = layer.sinks ? Math.exp(layer.sinks[1]) : 0;
      const total = weights.reduce((sum, weight) => sum + weight, sink);
      const row = pattern.subarray(i * N, (i + 1) * N);
      weights.forEach((weight, j) => assert.ok(Math.abs(row[j] - weight / total) < 1e-6));
      assert.ok(Math.abs(sinkWeight(row) - sink / total) < 1e-6);
    }
  });

test('a sink counts as a key in entropy and keys for 90 %', () => {
  const rule = { ...PLAIN, is_causal: true, sink: 0 };
  // The query sees its own key and the sink, evenly.
  assert.deepEqual(meanSpread(Float32Array.of(0.5), 1, rule), [2, 1, 1]);
});

const SUNK = withSinks(
  {
    at: { layer: 0, head: 0 },
    sequence: 0,
    weight: 'none',
    n: 2,
    pattern: Float32Array.of(0.25, 0, 0.5, 0.375),
  },
  { layers: [{ ...PLAIN, sinks: [0] }] },
);

test('the weight of the sink is 1 minus the sum of its row', () => {
  assert.deepEqual([...SUNK.sinks], [0.75, 0.125]);
  assert.equal(weightBetween(SUNK, { kind: 'query', position: 1 }, 2), 0.125);
  assert.equal(weightBetween(SUNK, { kind: 'key', position: 2 }, 0), 0.75);
  const weighed = { ...SUNK, weight: 'value', sinks: undefined };
  assert.equal(withSinks(weighed, { layers: [{ sinks: [0] }] }).sinks, undefined);
  assert.deepEqual(
    [...sinksWithoutHidden(SUNK.sinks, [{ kind: 'query', position: 0 }])],
    [0, 0.125],
  );
});

test('heaviestLines() includes lines to the sink as the last key', () => {
  const lines = heaviestLines(SUNK, { source: { kind: 'key', position: 2 } });
  assert.deepEqual(
    lines.slice(-2).map(({ query, key }) => [query, key]),
    [
      [0, 2],
      [1, 2],
    ],
  );
});

test('beyondProducts() gives the shares of positional bias and sink', () => {
  const columns = [
    { name: 'variance_beyond_qk', values: Float64Array.of(0.374, NaN) },
    { name: 'sink_mass', values: Float64Array.of(0.125, 0.5) },
  ];
  assert.equal(
    beyondProducts(columns, 0, { ...PLAIN, bias: BIAS }),
    '37 % of score variance is positional bias, 13 % of attention goes to the sink',
  );
  assert.equal(beyondProducts(columns, 1, PLAIN), '50 % of attention goes to the sink');
  assert.equal(beyondProducts([], 0, PLAIN), '');
});

test('the heat map of a head with a sink has its weights in the first column', () => {
  const attention = {
    n: 2,
    pattern: Float32Array.of(0.5, 0.25, 0.125, 0.125),
    sinks: Float32Array.of(0.25, 0.75),
  };
  const spans = { query: [0, 2], key: [0, 2] };
  assert.deepEqual(squaresOf(attention, spans), {
    width: 3,
    height: 2,
    values: Float32Array.of(0.25, 0.5, 0.25, 0.75, 0.125, 0.125),
  });
});
