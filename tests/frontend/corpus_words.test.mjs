import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  accountSummary,
  formatAccount,
  formatLeftOut,
} from '../../frontend/js/data/corpus_account.js';
import { DATASET_COLUMNS } from '../../frontend/js/data/dataset_table.js';
import { formatCaption } from '../../frontend/js/figure/caption.js';

const ACCOUNT = {
  unit: 'row',
  n_read: 1412,
  n_taken: 1400,
  n_cut: 3,
  notes: [],
  left_out: [
    { reason: 'blank', n: 9, examples: ['line 4', 'line 9', 'line 12', 'line 13'] },
    { reason: 'not JSON', n: 3, examples: ['line 77'] },
  ],
};
const WHOLE = { ...ACCOUNT, n_read: 1, n_taken: 1, n_cut: 0, left_out: [] };

test('the corpus account counts rows, with reasons and examples for rows left out', () => {
  assert.equal(
    accountSummary(ACCOUNT),
    '1\u202f412 rows read, 1\u202f400 taken (3 cut), 12 left out',
  );
  assert.deepEqual(formatLeftOut(ACCOUNT), [
    '9 blank (line 4, line 9, line 12, …)',
    '3 not JSON (line 77, …)',
  ]);
  assert.equal(formatAccount(WHOLE), '1 row read, all taken');
});

test('the sequences column shows "n of total" if rows were left out', () => {
  const { format } = /** @type {any} */ (DATASET_COLUMNS.find(({ name }) => name === 'sequences'));
  assert.equal(
    format({ n_sequences: 1400, corpus: { account: ACCOUNT } }),
    '1\u202f400 of 1\u202f412',
  );
  assert.equal(format({ n_sequences: 1, corpus: { account: WHOLE } }), '1');
  assert.equal(format({ n_sequences: 7, corpus: { account: null } }), '7');
  assert.equal(format({ n_sequences: null, corpus: null }), '–');
});

test('a caption includes the corpus account only if rows were left out', () => {
  const model = {
    name: 'tiny',
    source: 'tiny',
    revision: null,
    weights_sha256: 'a'.repeat(64),
    modality: 'text',
  };
  /** @param {object | undefined} account */
  const caption = (account) => {
    const manifest = {
      model,
      corpus: { name: 'mine', account },
      n_sequences: 1,
      n_tokens: 5,
      seed: 0,
      maps: {},
    };
    return formatCaption(
      /** @type {any} */ ({ state: { at: null, method: null }, manifest, heads: null, colors: '' }),
    )[0];
  };
  assert.match(
    caption(ACCOUNT),
    /1 sentence, 5 tokens; 1.412 rows read, 1.400 taken \(3 cut\), 12 left out\)/,
  );
  assert.match(caption(WHOLE), /1 sentence, 5 tokens\)/);
  assert.match(caption(undefined), /1 sentence, 5 tokens\)/);
});
