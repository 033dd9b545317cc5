import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recall, remember } from '../../frontend/js/ui/preferences.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { byFamily } from '../../frontend/js/controls/dataset_choice.js';
import { nActive } from '../../frontend/js/controls/filters.js';

const ENTRY = {
  state: 'complete',
  modality: 'text',
  n_layers: 2,
  n_heads: 3,
  n_heads_total: 6,
  n_sequences: 1,
  n_tokens: 700,
  progress: null,
};

test('datasets are grouped by model family in list order, unknown families last', () => {
  const groups = byFamily([
    { ...ENTRY, id: 'a', model: { family: 'gpt2' } },
    {
      id: 'b',
      state: 'building',
      model: null,
      modality: null,
      n_layers: null,
      n_heads: null,
      n_heads_total: null,
      n_sequences: null,
      n_tokens: null,
      progress: { phase: 'maps', n_units_done: 1, n_units: 3 },
    },
    { ...ENTRY, id: 'c', model: { family: 'strange' }, state: 'damaged' },
    {
      ...ENTRY,
      id: 'e',
      model: null,
      n_heads_total: null,
      n_sequences: null,
      n_tokens: null,
      state: 'outdated',
    },
    { ...ENTRY, id: 'd', model: { family: 'gpt2' }, modality: 'image', n_sequences: 15 },
  ]);
  assert.deepEqual(groups, [
    {
      family: 'GPT-2',
      options: [
        { id: 'a', words: 'a · 6 heads · 1 sentence · 1\u202f400 points' },
        { id: 'd', words: 'd · 6 heads · 15 images · 1\u202f400 points' },
      ],
    },
    {
      family: 'strange',
      options: [{ id: 'c', words: 'c (damaged) · 6 heads · 1 sentence · 1\u202f400 points' }],
    },
    {
      family: 'Unknown',
      options: [
        { id: 'b', words: 'b (building, 33 %)' },
        { id: 'e', words: 'e (other version)' },
      ],
    },
  ]);
});

test('a filter counts where it hides points: norms in a head, attention with a selection', () => {
  const filters = { kind: 'key', type: null, position: [0, 0.5], norm: [0.1, 1], attention: 0.2 };
  assert.equal(nActive({ ...DEFAULTS, filters }), 2);
  assert.equal(nActive({ ...DEFAULTS, filters, at: { layer: 0, head: 0 } }), 3);
  assert.equal(
    nActive({
      ...DEFAULTS,
      filters,
      at: { layer: 0, head: 0 },
      selected: { kind: 'key', token: 0 },
    }),
    4,
  );
  assert.equal(nActive({ ...DEFAULTS, filters: DEFAULTS.filters }), 0);
});

test('without localStorage remember() does nothing and recall() returns null', () => {
  const storage = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get() {
      throw new Error('switched off');
    },
  });
  try {
    remember('name', 'value');
    assert.equal(recall('name'), null);
  } finally {
    if (storage) Object.defineProperty(globalThis, 'localStorage', storage);
    else delete globalThis.localStorage;
  }
});
