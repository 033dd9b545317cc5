import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoader } from '../../frontend/js/data/loader.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { createUserSequences } from '../../frontend/js/user_sequences/user_sequences.js';

const MANIFEST = {
  model: { modality: 'text' },
  n_layers: 1,
  n_heads: 2,
  n_tokens: 4,
  keep_vectors: { choice: 'all' },
  maps: { 'pca-2d': {}, 'tsne-2d': {} },
};
const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });

/** A loader over a server that answers at once, and the questions it was asked. */
async function loaded(t, { entry = {}, description = {}, state = {} } = {}) {
  const asked = [];
  const answers = {
    datasets: () => [{ id: 'd', state: 'complete', version: 'v1', modality: 'text', ...entry }],
    description: (id) => ({
      id,
      state: 'complete',
      manifest: MANIFEST,
      maps_ready: {},
      ...description,
    }),
    tokens: () => ({
      n: 4,
      sequence: Int32Array.of(0, 0, 1, 1),
      sequences: { length: Int32Array.of(2, 2), text: ['a b', 'c d'] },
    }),
    heads: () => new Map([['0,1', { maps: { 'pca-2d': {} } }]]),
    headMap: (_id, name, dims, at) => ({ name, dims, at }),
  };
  const api = new Proxy(
    {},
    {
      get:
        (_target, what) =>
        async (...parts) => {
          asked.push([what, ...parts.filter((part) => !(part instanceof AbortSignal))]);
          return (answers[what] ?? (() => what))(...parts);
        },
    },
  );
  const nothing = () => {};
  const userSequences = createUserSequences(nothing, {
    ...{ changed: nothing, moved: nothing, arrived: nothing },
  });
  const loader = createLoader(api, nothing, undefined, undefined, userSequences);
  t.after(loader.destroy);
  const follow = async (next) => {
    for (let i = 0; i < 4; i++) {
      loader.update({ ...DEFAULTS, dataset: 'd', method: 'pca', ...next });
      await settled();
    }
  };
  await follow(state);
  return { facts: loader.facts, asked, answers, follow, names: () => asked.map(([what]) => what) };
}

test('the grid view sends each of its six requests once', async (t) => {
  const { names, facts } = await loaded(t);
  assert.deepEqual(names().sort(), [
    'datasets',
    'description',
    'grid',
    'gridTokens',
    'heads',
    'tokens',
  ]);
  assert.equal(facts.grid.status, 'ready');
});

test('a map that the dataset does not have is not requested', async (t) => {
  const { names } = await loaded(t, { state: { method: 'umap' } });
  assert.ok(!names().includes('grid'));
});

test('an open head with a selected token requests its map and attention', async (t) => {
  const { asked } = await loaded(t, {
    state: { at: { layer: 0, head: 1 }, selected: { kind: 'key', token: 3 } },
  });
  assert.deepEqual(
    asked.find(([what]) => what === 'headMap'),
    ['headMap', 'd', 'pca-2d', 2, { layer: 0, head: 1 }],
  );
  assert.deepEqual(
    asked.find(([what]) => what === 'attention'),
    ['attention', 'd', { layer: 0, head: 1 }, 1, 'none'],
  );
  assert.deepEqual(
    asked.find(([what]) => what === 'aggregate'),
    ['aggregate', 'd', { layer: 0, head: 1 }, 2, 'none'],
  );
});

test('nothing that needs attention is requested where no vectors are stored', async (t) => {
  const { names } = await loaded(t, {
    description: { manifest: { ...MANIFEST, keep_vectors: { choice: 'none' } } },
    state: {
      at: { layer: 0, head: 1 },
      selected: { kind: 'key', token: 3 },
      hasStrongest: true,
      pairs: [{ query: 1, key: 2, isStrong: true }],
    },
  });
  assert.ok(names().includes('headMap'));
  const needing = ['attention', 'aggregate', 'partners', 'pairs'];
  assert.deepEqual(
    names().filter((name) => needing.includes(name)),
    [],
  );
});

test('norms are requested only by the norm colour modes', async (t) => {
  const { asked, names, follow } = await loaded(t);
  await follow({ color: 'norm' });
  await follow({ color: 'norm-shared' });
  await follow({ color: 'norm', at: { layer: 0, head: 0 } });
  assert.deepEqual(
    names().filter((name) => name.endsWith('Norms')),
    ['gridNorms', 'gridNorms', 'headNorms'],
  );
  assert.deepEqual(
    asked.filter(([what]) => what === 'gridNorms').map(([, , scale]) => scale),
    ['kind', 'head'],
  );
});

test('the fit to marked pairs is requested only if all pairs lie in the corpus', async (t) => {
  const { asked, facts, follow, names } = await loaded(t);
  const pairs = [{ query: 1, key: 3, isStrong: true }];
  await follow({ pairs: [{ ...pairs[0], key: 4 }] });
  assert.ok(!names().includes('pairs'));
  await follow({ pairs });
  assert.deepEqual(
    asked.filter(([what]) => what === 'pairs'),
    [['pairs', 'd', pairs]],
  );
  assert.equal(facts.pairs.status, 'ready');
  await follow({});
  assert.equal(facts.pairs.value, null);
});

test('patches are requested for image datasets', async (t) => {
  const { names } = await loaded(t, { entry: { modality: 'image' } });
  assert.ok(names().includes('patches'));
});

test('a damaged or outdated dataset gets no further request', async (t) => {
  for (const state of ['damaged', 'outdated']) {
    const { names, facts } = await loaded(t, { entry: { state } });
    assert.deepEqual(names(), ['datasets']);
    assert.equal(facts.description.value, null);
  }
});

test('only the description is requested while a build has no manifest', async (t) => {
  const { names } = await loaded(t, {
    entry: { state: 'building', version: 'building-0' },
    description: { state: 'building', manifest: null },
  });
  assert.deepEqual(names(), ['datasets', 'description']);
});

test('the map of a running build is reloaded as it grows and kept meanwhile', async (t) => {
  const growing = { state: 'building', maps_ready: { 'pca-2d': 0 } };
  const { names, follow, answers, facts } = await loaded(t, {
    entry: { state: 'building', version: 'building-0' },
    description: growing,
  });
  assert.ok(!names().includes('grid'));
  const nGrids = () => names().filter((name) => name === 'grid').length;
  for (const n of [1, 2]) {
    answers.datasets = () => [
      { id: 'd', state: 'building', version: `building-${n}`, modality: 'text' },
    ];
    answers.description = (id) => ({
      id,
      manifest: MANIFEST,
      state: 'building',
      maps_ready: { 'pca-2d': n },
    });
    facts.datasets.again();
    await settled();
    await follow({});
    assert.equal(nGrids(), n);
    assert.equal(facts.grid.value, 'grid');
  }
});

test('during a build a head map is requested only if the head lists it', async (t) => {
  const { follow, asked } = await loaded(t, {
    entry: { state: 'building', version: 'building-1' },
    description: { state: 'building', maps_ready: { 'pca-2d': 1 } },
  });
  await follow({ at: { layer: 0, head: 0 } });
  await follow({ at: { layer: 0, head: 1 } });
  assert.deepEqual(
    asked.filter(([what]) => what === 'headMap').map((parts) => parts.at(-1)),
    [{ layer: 0, head: 1 }],
  );
});
