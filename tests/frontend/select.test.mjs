import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neighbourOf, reconcile } from '../../frontend/js/state/selectors.js';
import { drawnPoint, pointOf, selectedAt } from '../../frontend/js/data/points.js';
import { setMethods } from '../../frontend/js/data/projection_methods.js';
import { setMeasures, PAIR_FIT } from '../../frontend/js/data/head_measures.js';
import { CLEARED, DEFAULTS } from '../../frontend/js/state/choices.js';

setMethods(
  ['biplot', 'pca', 'attention-tsne', 'tsne', 'umap'].map((name) => ({
    name,
    label: name,
    help: '',
  })),
);

const MANIFEST = {
  model: { modality: 'text' },
  scores: ['induction', 'same_row'],
  n_layers: 2,
  n_heads: 3,
  n_tokens: 10,
  keep_vectors: { choice: 'all' },
  maps: { 'pca-2d': {}, 'tsne-2d': {}, 'tsne-3d': {} },
};

function facts({
  datasets = [{ id: 'a', state: 'complete' }],
  manifest = MANIFEST,
  state = 'complete',
  mapsReady = {},
  best = {},
} = {}) {
  return {
    datasets: { value: datasets },
    tokens: { value: null },
    description: {
      value: { id: 'a', state, manifest, maps_ready: mapsReady, best_maps: best },
    },
  };
}

test('the first dataset shown is a complete one if there is any', () => {
  const datasets = [
    { id: 'x', state: 'damaged' },
    { id: 'y', state: 'building' },
    { id: 'z', state: 'complete' },
  ];
  assert.equal(reconcile(DEFAULTS, facts({ datasets })).change.dataset, 'z');
  assert.equal(reconcile(DEFAULTS, facts({ datasets: datasets.slice(0, 2) })).change.dataset, 'y');
  assert.deepEqual(reconcile(DEFAULTS, facts({ datasets: [] })).change, {});
});

test('an address without a dataset applies to the one that is shown', () => {
  assert.deepEqual(
    reconcile({ ...DEFAULTS, at: { layer: 1, head: 1 }, color: 'norm' }, facts()).change,
    { dataset: 'a' },
  );
});

test('an unknown dataset is replaced with a notice and its choices are cleared', () => {
  const state = {
    ...DEFAULTS,
    dataset: 'gone',
    at: { layer: 1, head: 1 },
    selected: { kind: 'query', token: 1 },
  };
  const { change, notices } = reconcile(state, facts());
  assert.deepEqual(change, { ...CLEARED, dataset: 'a' });
  assert.deepEqual([change.at, change.selected], [null, null]);
  assert.match(notices[0], /no dataset “gone”/);
});

test('the first map is the best according to the server, else the first listed', () => {
  const best = { 'best-2d': 'tsne-2d', 'best-3d': 'tsne-3d' };
  const first = (state, found = facts({ best })) => reconcile({ ...state, dataset: 'a' }, found);
  assert.deepEqual(first(DEFAULTS), { change: { method: 'tsne', dims: 2 }, notices: [] });
  assert.deepEqual(first({ ...DEFAULTS, dims: 3 }).change, { method: 'tsne', dims: 3 });
  assert.deepEqual(first(DEFAULTS, facts()).change, { method: 'pca', dims: 2 });
  assert.deepEqual(first({ ...DEFAULTS, method: 'pca' }).change, {}, 'an address keeps its method');
});

test('during a build the first map is one with heads that are ready', () => {
  const growing = facts({ state: 'building', mapsReady: { 'pca-2d': 0, 'tsne-2d': 2 } });
  assert.equal(reconcile({ ...DEFAULTS, dataset: 'a' }, growing).change.method, 'tsne');
});

test('a map that was not built is replaced by another, with a notice', () => {
  const wished = reconcile({ ...DEFAULTS, dataset: 'a', method: 'pca', dims: 3 }, facts());
  assert.deepEqual(wished.change, { method: 'pca', dims: 2 });
  assert.equal(wished.notices.length, 1);
  assert.deepEqual(reconcile({ ...DEFAULTS, dataset: 'a', method: 'umap' }, facts()).change, {
    method: 'pca',
    dims: 2,
  });
});

test('heads, tokens and colours outside the dataset are dropped with a notice', () => {
  const state = {
    ...DEFAULTS,
    dataset: 'a',
    method: 'pca',
    at: { layer: 1, head: 3 },
    selected: { kind: 'key', token: 10 },
    color: 'row',
  };
  const { change, notices } = reconcile(state, facts());
  assert.deepEqual(change, { at: null, selected: null, color: null });
  assert.match(notices[0], /Head 3 is outside 0\.\.2/);
  assert.match(notices[1], /Token 10 is outside 0\.\.9/);
  assert.match(notices[2], /“row”/);
});

test('pairs outside the corpus are dropped with a notice, the others are kept', () => {
  const pairs = [
    { query: 1, key: 10, isStrong: true },
    { query: 9, key: 0, isStrong: false },
  ];
  const { change, notices } = reconcile(
    { ...DEFAULTS, dataset: 'a', method: 'pca', pairs },
    facts(),
  );
  assert.deepEqual(change, { pairs: [pairs[1]] });
  assert.match(notices[0], /outside 0\.\.9 are dropped: 1 of 2/);
});

test('pairs and the filter by attention are dropped where no vectors are stored', () => {
  const manifest = { ...MANIFEST, keep_vectors: { choice: 'none' } };
  const state = { ...DEFAULTS, dataset: 'a', method: 'pca' };
  assert.deepEqual(reconcile(state, facts({ manifest })), { change: {}, notices: [] });
  const filters = { ...DEFAULTS.filters, kind: 'key' };
  const { change, notices } = reconcile(
    {
      ...state,
      pairs: [{ query: 1, key: 2, isStrong: true }],
      filters: { ...filters, attention: 0.5 },
    },
    facts({ manifest }),
  );
  assert.deepEqual(change, { pairs: [], filters });
  assert.match(notices.join(), /No queries and keys are stored/);
});

test('the description of another dataset is ignored', () => {
  const state = { ...DEFAULTS, dataset: 'b', at: { layer: 9, head: 9 } };
  assert.deepEqual(
    reconcile(
      state,
      facts({
        datasets: [
          { id: 'a', state: 'complete' },
          { id: 'b', state: 'complete' },
        ],
      }),
    ),
    { change: {}, notices: [] },
  );
});

test('neighbourOf() returns null at the edges of the model', () => {
  assert.deepEqual(neighbourOf({ layer: 0, head: 1 }, 'right', MANIFEST), { layer: 0, head: 2 });
  assert.deepEqual(neighbourOf({ layer: 0, head: 1 }, 'down', MANIFEST), { layer: 1, head: 1 });
  assert.equal(neighbourOf({ layer: 0, head: 2 }, 'right', MANIFEST), null);
  assert.equal(neighbourOf({ layer: 0, head: 2 }, 'up', MANIFEST), null);
});

test('pointOf() and selectedAt() number all queries, then all keys', () => {
  for (const point of [0, 4, 5, 9]) assert.equal(pointOf(selectedAt(point, 5), 5), point);
  assert.deepEqual(selectedAt(5, 5), { kind: 'key', token: 0 });
});

test('drawnPoint() finds a point of the corpus among the drawn ones', () => {
  const drawn = Int32Array.of(1, 3, 4);
  assert.equal(drawnPoint({ kind: 'query', token: 3 }, drawn, 5), 1);
  assert.equal(drawnPoint({ kind: 'key', token: 3 }, drawn, 5), 4);
  assert.equal(drawnPoint({ kind: 'key', token: 2 }, drawn, 5), -1);
  assert.equal(drawnPoint({ kind: 'key', token: 2 }, null, 5), 7);
});

test('hidden tokens are cleared without a selected sequence', () => {
  const state = {
    ...DEFAULTS,
    dataset: 'a',
    method: 'pca',
    hidden: [{ kind: 'key', position: 1 }],
  };
  assert.deepEqual(reconcile(state, facts()).change, { hidden: [] });
});

test('scores that the dataset lacks are dropped with their range and a notice', () => {
  setMeasures([
    { name: 'induction', label: 'Induction', modality: 'text' },
    { name: 'same_row', label: 'Same row', modality: 'image' },
  ]);
  const chosen = { ...DEFAULTS, dataset: 'a', method: 'pca' };
  const { change, notices } = reconcile(
    { ...chosen, score: 'same_row', order: 'same_row', scoreRange: [0.5, null] },
    facts(),
  );
  assert.deepEqual(change, { score: null, order: null, scoreRange: DEFAULTS.scoreRange });
  assert.deepEqual(notices, ['This dataset has no head score “Same row”.']);
  assert.deepEqual(
    reconcile(
      { ...chosen, score: 'induction', filterScore: 'recall_at_10', scoreRange: [0.5, null] },
      facts(),
    ).change,
    {},
  );
  assert.deepEqual(
    reconcile({ ...chosen, score: 'induction', order: 'gone', scoreRange: [0.5, null] }, facts())
      .change,
    { order: null },
  );
  setMeasures([{ name: 'distance', label: 'Distance (until 0.3.1)', modality: 'text' }]);
  assert.deepEqual(
    reconcile({ ...chosen, score: 'distance' }, facts()).notices,
    ['This dataset has no head score “Distance (until 0.3.1)”.'],
    'it is known, but not of this dataset',
  );
});

test('tint, order and filter by the fit to pairs are dropped without pairs', () => {
  const pairs = [{ query: 1, key: 2, isStrong: true }];
  const state = {
    ...DEFAULTS,
    dataset: 'a',
    method: 'pca',
    score: PAIR_FIT,
    order: PAIR_FIT,
    filterScore: PAIR_FIT,
    scoreRange: [0.5, null],
    pairs,
  };
  assert.deepEqual(reconcile(state, facts()), { change: {}, notices: [] });
  const { change, notices } = reconcile({ ...state, pairs: [] }, facts());
  assert.deepEqual(change, {
    score: null,
    order: null,
    filterScore: null,
    scoreRange: DEFAULTS.scoreRange,
  });
  assert.deepEqual(notices, [
    'No pair is marked, so heads have no fit to pairs; ' +
      'they are in the order of layers and heads again.',
  ]);
  assert.deepEqual(
    reconcile({ ...state, pairs: [], beside: { ...DEFAULTS.beside, pairs } }, facts()).notices,
    [],
  );
});
