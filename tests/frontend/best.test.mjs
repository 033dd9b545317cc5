import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bestCounts,
  hasMap,
  headsReady,
  mapOf,
  methodOf,
  offeredMethods,
  shownMethod,
} from '../../frontend/js/data/best_map.js';
import { setMethods } from '../../frontend/js/data/projection_methods.js';
import { fidelityOf, meanFidelity } from '../../frontend/js/data/points.js';

setMethods(
  ['biplot', 'pca', 'attention-tsne'].map((name) => ({
    name,
    label: name.toUpperCase(),
    help: '',
  })),
);
const fact = (recall) => ({
  fidelity: { recall_at_10: recall, rank_correlation: 0.5, trustworthiness: null },
});
const head = (layer, number, maps, ...best) => [
  `${layer},${number}`,
  {
    layer,
    head: number,
    maps: Object.fromEntries(Object.entries(maps).map(([name, recall]) => [name, fact(recall)])),
    best_maps: { 'best-2d': best[0] ?? null, 'best-3d': best[1] ?? null },
  },
];
const heads = new Map([
  head(0, 0, { 'biplot-2d': 0.4, 'attention-tsne-2d': 0.6 }, 'attention-tsne-2d', 'biplot-3d'),
  head(0, 1, { 'biplot-2d': 0.7, 'pca-2d': 0.7 }, 'biplot-2d'),
  head(1, 0, { 'pca-2d': null }, 'pca-2d'),
  head(1, 1, {}),
]);
const at = (layer, number) => ({ layer, head: number });

test('the best map of a head is the one named by the server', () => {
  assert.equal(mapOf(heads, at(0, 0), 'best-2d'), 'attention-tsne-2d');
  assert.equal(mapOf(heads, at(0, 0), 'best-3d'), 'biplot-3d');
});

test('mapOf() returns null for a head without maps and other map names unchanged', () => {
  assert.equal(mapOf(heads, at(1, 1), 'best-2d'), null);
  assert.equal(mapOf(null, at(0, 0), 'best-2d'), null);
  assert.equal(mapOf(heads, at(1, 1), 'pca-3d'), 'pca-3d');
  assert.equal(methodOf('attention-tsne-3d'), 'attention-tsne');
});

test('the fidelity of the best map is that of the map it refers to', () => {
  assert.equal(fidelityOf(heads, at(0, 0), 'best-2d')?.recall_at_10, 0.6);
  assert.equal(meanFidelity(heads, 'best-2d')?.recall_at_10, (0.6 + 0.7) / 2);
  assert.equal(shownMethod({ method: 'best', dims: 2 }, heads, at(0, 1)), 'biplot');
  assert.equal(shownMethod({ method: 'best', dims: 2 }, heads, null), 'best');
});

test('bestCounts() counts heads by their best map, the most frequent first', () => {
  assert.equal(
    bestCounts(new Map([...heads, head(2, 0, { 'biplot-2d': 1 }, 'biplot-2d')]), 'best-2d'),
    '2 × BIPLOT, 1 × ATTENTION-TSNE, 1 × PCA',
  );
});

test('the best map is available if any map of the same dimensions is', () => {
  const maps = { 'pca-2d': { method: 'pca', dims: 2, parameters: {} } };
  assert.deepEqual(
    [
      hasMap(maps, 'best', 2),
      hasMap(maps, 'best', 3),
      hasMap(maps, 'pca', 2),
      hasMap(maps, 'tsne', 2),
    ],
    [true, false, true, false],
  );
  assert.equal(headsReady({ 'pca-2d': 4, 'biplot-2d': 7, 'biplot-3d': 9 }, 'best', 2), 7);
  assert.equal(headsReady({}, 'best', 2), 0);
  assert.equal(offeredMethods().at(-1)?.name, 'best');
});
