import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPairing } from '../../frontend/js/state/pairing.js';
import {
  fitsByHead,
  MAX_PAIRS,
  numbersOf,
  pairOf,
  pairQuery,
  rankedHeads,
  readPairs,
  withPair,
  writePairs,
} from '../../frontend/js/compute/pairs.js';
import { pairs } from '../../frontend/js/compute/pair_scores.js';
import { formatNumber, shortNumbers } from '../../frontend/js/data/pair_text.js';

const A = { query: 12, key: 40, isStrong: true };
const B = { query: 5, key: 7, isStrong: false };
const numbers = (rank, weight = null) => ({ score: 1, percentile: 0.5, rank, weight });
const ANSWER = {
  pairs: [
    { query: 12, key: 40, wish: 'strong', is_same_sequence: true },
    { query: 5, key: 7, wish: 'weak', is_same_sequence: false },
  ],
  n_keys: 1000,
  n_keys_total: 1000,
  heads: [
    { layer: 0, head: 0, fit: 0.25, pairs: [numbers(900, 0.001), numbers(1)] },
    { layer: 0, head: 1, fit: 0.75, pairs: [numbers(1, 0.5), numbers(12)] },
    { layer: 1, head: 0, fit: 0.75, pairs: [numbers(3), numbers(4)] },
  ],
};

test('pairOf() takes a query and a key in either order, else returns null', () => {
  const [query, key] = [
    { kind: 'query', token: 1 },
    { kind: 'key', token: 2 },
  ];
  assert.deepEqual(pairOf(query, key), { query: 1, key: 2 });
  assert.deepEqual(pairOf(key, query), { query: 1, key: 2 });
  for (const [one, other] of [
    [query, query],
    [key, key],
    [null, key],
    [query, null],
  ])
    assert.equal(pairOf(one, other), null);
});

test('withPair() adds a pair once and changes its wish in place', () => {
  const both = withPair(withPair([], A), B);
  assert.deepEqual(both, [A, B]);
  assert.equal(withPair(both, { ...A }), both);
  assert.deepEqual(withPair(both, { ...A, isStrong: false }), [{ ...A, isStrong: false }, B]);
  const full = Array.from({ length: MAX_PAIRS }, (_, key) => ({ query: 0, key, isStrong: true }));
  assert.equal(withPair(full, A), full);
  assert.equal(withPair(full, { ...full[3], isStrong: false })[3].isStrong, false);
});

test('readPairs() reverses writePairs() and rejects malformed text', () => {
  assert.equal(writePairs([A, B]), 'strong-12-40.weak-5-7');
  assert.deepEqual(readPairs('strong-12-40.weak-5-7'), [A, B]);
  const many = Array.from({ length: MAX_PAIRS + 1 }, (_, key) => ({ ...A, key }));
  assert.equal(readPairs(writePairs(many)), null);
  assert.equal(readPairs(writePairs(many.slice(1))).length, MAX_PAIRS);
  for (const text of [
    '',
    'strong',
    '12-40',
    'strong-12',
    'strong-12-40-1',
    'mild-1-2',
    'strong-1--2',
    'strong-1-2.',
    'strong-1-2.weak-1-2',
    'strong-1e3-2',
  ])
    assert.equal(readPairs(text), null, text);
});

test('pairQuery() lists strong and weak pairs as parameters', () => {
  assert.equal(pairQuery([A, B, { ...A, key: 9 }]), 'strong=12-40,12-9&weak=5-7');
  assert.equal(pairQuery([B]), 'weak=5-7');
});

test('heads are ranked by fit, with ties in model order and of the same rank', () => {
  assert.deepEqual(
    rankedHeads(ANSWER).map(({ layer, head }) => [layer, head]),
    [
      [0, 1],
      [1, 0],
      [0, 0],
    ],
  );
  assert.deepEqual(
    [...fitsByHead(ANSWER)],
    [
      ['0,1', { fit: 0.75, rank: 1 }],
      ['1,0', { fit: 0.75, rank: 1 }],
      ['0,0', { fit: 0.25, rank: 3 }],
    ],
  );
  assert.equal(ANSWER.heads[0].fit, 0.25);
});

test('numbersOf() finds a pair by its tokens, else returns null', () => {
  const found = numbersOf(ANSWER, { layer: 0, head: 1 }, B);
  assert.deepEqual([found.rank, found.isSameSequence], [12, false]);
  assert.equal(numbersOf(ANSWER, { layer: 0, head: 1 }, { query: 7, key: 5 }), null);
  assert.equal(numbersOf(ANSWER, null, A), null);
  assert.equal(numbersOf(null, { layer: 0, head: 1 }, A), null);
});

test('formatNumber() gives the reason for a pair without weight', () => {
  const words = (i, head) => formatNumber(numbersOf(ANSWER, head, [A, B][i]), ANSWER, 'text');
  assert.equal(words(0, { layer: 0, head: 1 }), 'rank 1 of 1\u202f000 · weight 0.500');
  assert.equal(words(0, { layer: 1, head: 0 }), 'rank 3 of 1\u202f000 · not visible to this query');
  assert.equal(words(1, { layer: 0, head: 1 }), 'rank 12 of 1\u202f000 · in another sentence');
  assert.deepEqual(
    [shortNumbers(numbers(3, 0.123)), shortNumbers(numbers(3))],
    ['#3 0.12', '#3 –'],
  );
});

function pairing(state, choice = 'all') {
  const [marked, said] = [[], []];
  const made = createPairing(
    { get: () => ({ pairs: [], selected: null, ...state }) },
    { markPair: (pair) => marked.push(pair) },
    (text) => said.push(text),
    () => ({ n_tokens: 100, keep_vectors: { choice } }),
  );
  return { made, marked, said };
}

test('a click marks a pair only in pairing mode and with a point of the other kind', () => {
  const { made, marked, said } = pairing({ selected: { kind: 'query', token: 3 } });
  const [key, query] = [
    { kind: 'key', token: 8 },
    { kind: 'query', token: 8 },
  ];
  assert.equal(made.take(key), false);
  made.set('weak');
  assert.equal(made.take(query), false);
  assert.equal(made.take(key), true);
  made.set('strong');
  assert.equal(made.take(key), true);
  assert.deepEqual(marked, [
    { query: 3, key: 8, isStrong: false },
    { query: 3, key: 8, isStrong: true },
  ]);
  assert.deepEqual(said, []);
});

test('a pair that cannot be marked is refused with the reason', () => {
  const none = pairing({});
  none.made.mark({ kind: 'key', token: 1 }, true);
  assert.match(none.said[0], /Select a query or a key first/);
  const same = pairing({ selected: { kind: 'key', token: 3 } });
  same.made.mark({ kind: 'key', token: 1 }, true);
  same.made.mark(null, true);
  assert.match(same.said[0], /A pair needs a query/);
  assert.equal(same.said.length, 2);
  const full = pairing({
    selected: { kind: 'key', token: 3 },
    pairs: Array.from({ length: MAX_PAIRS }, (_, query) => ({ query, key: 9, isStrong: true })),
  });
  full.made.mark({ kind: 'query', token: 1 }, true);
  assert.match(full.said[0], /20 pairs/);
  const without = pairing({ selected: { kind: 'key', token: 3 } }, 'none');
  without.made.mark({ kind: 'query', token: 1 }, true);
  assert.match(without.said[0], /No queries and keys are stored/);
  const refused = [none, same, full, without].flatMap(({ marked }) => marked);
  assert.deepEqual(refused, []);
});

test('an exported site computes the ranks and weights of pairs', async () => {
  // Scores of query 0 with the keys: 3, 1, 2, 1, -5; the first three tokens are one sequence.
  const queries = { width: 1, values: Float32Array.of(1, 1, 1, 1, 1) };
  const keys = { width: 1, values: Float32Array.of(3, 1, 2, 1, -5) };
  const site = (rule, params) => ({
    manifest: {
      keep_vectors: { choice: 'all', n_sequences: 2, n_tokens: 5 },
      n_layers: 1,
      n_heads: 1,
      n_tokens: 5,
      layers: [{ scaling: 1, is_causal: false, max_distance: null, ...rule }],
    },
    starts: Int32Array.of(0, 3),
    hasVectors: Uint8Array.of(1, 1),
    lengths: Int32Array.of(3, 2),
    params: new URLSearchParams(params),
    pause: async () => {},
    vectors: { of: async (_manifest, _at, part) => (part === 'keys' ? keys : queries) },
  });
  const {
    heads: [head],
    pairs: listed,
  } = await pairs(site({}, 'strong=0-0,0-3&weak=0-1'));
  assert.deepEqual(
    listed.map(({ is_same_sequence: isSame }) => isSame),
    [true, false, true],
  );
  assert.deepEqual(
    head.pairs.map(({ rank, percentile, weight }) => [rank, percentile, weight]),
    [
      [1, 0.9, 0.665241],
      [3, 0.4, null],
      [3, 0.4, 0.0900306],
    ],
  );
  assert.equal(head.fit, 0.6333333);
  const causal = await pairs(site({ is_causal: true }, 'strong=0-1,1-0'));
  assert.deepEqual(
    causal.heads[0].pairs.map(({ weight }) => weight),
    [null, 0.8807971],
  );
  await assert.rejects(() => pairs(site({}, 'weak=0-5')), /outside 0\.\.4/);
  await assert.rejects(() => pairs(site({}, '')), /0 pairs/);
});
