import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXAMPLES, normRatios } from '../../frontend/js/data/examples.js';

/** @param {number} head @param {Record<string, number | null>} scores @param {number} [scale] */
const headWith = (head, scores, scale = 1) => ({
  layer: 0,
  head,
  alignment_scale: scale,
  scores: Object.fromEntries(
    Object.entries(scores).map(([name, value]) => [
      name,
      { value, n_rows: value === null ? 0 : 50 },
    ]),
  ),
});
const manifest = {
  maps: { 'pca-2d': {}, 'attention-tsne-2d': {} },
  alignment: { scale: 'norm ratio' },
};
const words = ['[CLS]', ' April', 'april', 'rain', 'April', 'spring', 'rain', 'rain', 'rain'];
const tokens = {
  text: words,
  tokenType: words.map((word) => (word === '[CLS]' ? 'special' : 'text')),
  sequences: { start: Int32Array.of(0, 3), length: Int32Array.of(3, 6), text: ['', ''] },
};

/** @param {string} name @param {readonly object[]} heads @param {object} [change] */
function prepare(name, heads, change = {}) {
  const byName = new Map(heads.map((head) => [`0,${head.head}`, head]));
  return EXAMPLES.find((example) => example.name === name)?.prepare({
    ...{ manifest, heads: byName, tokens },
    ...change,
  });
}

test('the previous-token example opens the head with the highest score', () => {
  const found = prepare('previous', [
    headWith(0, { previous: 0.2 }),
    headWith(1, { previous: 0.987 }),
    headWith(2, { previous: null }),
  ]);
  assert.deepEqual(found.choices.at, { layer: 0, head: 1 });
  assert.equal(found.choices.method, 'attention-tsne');
  assert.deepEqual(found.choices.selected, { kind: 'query', token: 6 });
  assert.match(found.text, /L0 H1 pays 0\.99 .*50 rows/);
  assert.equal(prepare('previous', [headWith(0, { previous: null })]), null);
});

test('the positions example skips heads with near-uniform attention', () => {
  const found = prepare('positions', [
    headWith(0, { content_dependence: 0.01, entropy: 0.95 }),
    headWith(1, { content_dependence: 0.05, entropy: 0.2 }),
    headWith(2, { content_dependence: 0.4, entropy: 0.1 }),
  ]);
  assert.deepEqual(found.choices.at, { layer: 0, head: 1 });
  assert.match(found.text, /variability 0\.05/);
});

test('the word example searches the most frequent word of at least five letters', () => {
  assert.deepEqual(prepare('word', []).choices, { search: 'april', searchMode: 'whole' });
  assert.equal(prepare('word', [], { tokens: { ...tokens, text: words.map(() => 'rain') } }), null);
});

test('norm ratios come from the score or, without it, from the alignment', () => {
  const found = prepare('norms', [
    headWith(0, { norm_ratio: 2 }),
    headWith(1, { norm_ratio: 0.25 }),
    headWith(2, { norm_ratio: 3 }),
  ]);
  assert.deepEqual(found.choices.at, { layer: 0, head: 1 });
  assert.match(found.text, /keys are 4\.0 times as long as the queries/);
  assert.equal(normRatios(manifest)(headWith(0, {}, 0.5)), 4);
  assert.equal(normRatios({ alignment: { scale: 'search' } })(headWith(0, {}, 0.5)), null);
  assert.equal(prepare('norms', [headWith(0, {}, null)]), null);
});
