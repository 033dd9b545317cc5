import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  DATASET_COLUMNS,
  formatDate,
  formatSize,
  sortedDatasets,
  formatState,
} from '../../frontend/js/data/dataset_table.js';

const NOTHING = {
  state: 'building',
  version: null,
  reason: null,
  model: null,
  modality: null,
  n_layers: null,
  n_heads: null,
  n_heads_total: null,
  n_sequences: null,
  n_tokens: null,
  corpus: null,
  maps: null,
  n_bytes: null,
  published_at: null,
  progress: null,
};
const entries = [
  {
    ...NOTHING,
    id: 'b10',
    state: 'complete',
    n_bytes: 500,
    n_layers: 2,
    n_heads: 3,
    n_heads_total: 6,
    maps: ['pca-2d', 'pca-3d', 'attention-tsne-2d'],
    published_at: '2026-11-24T12:00:00Z',
  },
  { ...NOTHING, id: 'new' },
  {
    ...NOTHING,
    id: 'b9',
    state: 'complete',
    n_bytes: 500,
    n_layers: 12,
    n_heads: 12,
    n_heads_total: 144,
    published_at: '2026-11-23T12:00:00Z',
  },
  {
    ...NOTHING,
    id: 'c',
    state: 'complete',
    n_bytes: 2_000_000,
    published_at: '2025-01-02T12:00:00Z',
  },
];
/** @param {string} name @param {boolean} isDescending */
const order = (name, isDescending) =>
  sortedDatasets(entries, name, isDescending).map(({ id }) => id);
/** @param {string} name @param {number} i */
const words = (name, i) =>
  DATASET_COLUMNS.find((column) => column.name === name).format(entries[i]);

test('names sort in natural order, numbers by size, and unknown values last', () => {
  assert.deepEqual(order('id', false), ['b9', 'b10', 'c', 'new']);
  assert.deepEqual(order('id', true), ['new', 'c', 'b10', 'b9']);
  assert.deepEqual(order('size', true), ['c', 'b9', 'b10', 'new']);
  assert.deepEqual(order('size', false), ['b9', 'b10', 'c', 'new']);
  assert.deepEqual(order('published', true), ['b10', 'b9', 'c', 'new']);
  assert.deepEqual(order('heads', true), ['b9', 'b10', 'c', 'new']);
  assert.deepEqual(
    entries.map(({ id }) => id),
    ['b10', 'new', 'b9', 'c'],
  );
});

test('cells list each method once and show a dash for unknown values', () => {
  assert.equal(words('heads', 2), '12 × 12');
  assert.equal(words('methods', 0), 'pca, attention-tsne');
  for (const name of ['model', 'corpus', 'heads', 'tokens', 'methods', 'size', 'published'])
    assert.equal(words(name, 1), '–');
});

test('formatSize() chooses the unit by size', () => {
  const said = [0, 999, 1000, 33_100_000, 999_900_000, 1.25e9, 5e11].map(formatSize);
  assert.deepEqual(said, ['0 B', '999 B', '1.0 kB', '33.1 MB', '1000 MB', '1.3 GB', '500 GB']);
});

test('states and dates are formatted as text', () => {
  const progress = {
    phase: 'maps',
    message: '',
    n_units_done: 1,
    n_units: 3,
    remaining_seconds: null,
  };
  assert.equal(formatState({ ...NOTHING, id: 'a', progress }), 'building, 33 %');
  assert.equal(formatState({ ...NOTHING, id: 'a', state: 'stopped', progress }), 'stopped');
  assert.equal(formatState({ ...NOTHING, id: 'a', state: 'outdated' }), 'other version');
  assert.equal(formatDate(Date.parse('2026-03-04T12:00:00')), '2026-03-04');
  assert.equal(formatDate(Number.NaN), '–');
});
