import assert from 'node:assert/strict';
import test from 'node:test';

import {
  formatAdvice,
  formatBytes,
  formatChosen,
  formatDuration,
  formatEstimate,
  nameFor,
  formatState,
} from '../../frontend/js/jobs/labels.js';

const OPTIONS = {
  models: [],
  methods: [],
  dims: [],
  endings: {
    text: ['.txt', '.csv', '.invented'],
    table: ['.csv', '.invented'],
    image: ['.png', '.jpg'],
  },
  max_text_bytes: 50e6,
  max_image_bytes: 200e6,
  max_images: 3,
  max_waiting: 8,
};
const ESTIMATE = {
  n_sequences: 39,
  n_sequences_total: 200,
  n_tokens: 1000,
  n_heads: 72,
  n_maps: 144,
  seconds: 190,
  n_bytes: 42.3e6,
  n_bytes_building: 80e6,
};
const REQUEST = {
  model: 'demo-bert',
  modality: 'text',
  dataset_id: 'mine',
  methods: ['pca'],
  dims: [2],
  max_tokens: 1000,
  title: 'mine.csv',
  n_files: 1,
  n_bytes: 4151,
  skip_bad_sequences: false,
  keep_vectors: 'none',
};
const JOB = {
  id: '0123456789abcdef',
  state: 'estimated',
  since_utc: '',
  message: null,
  is_cancelling: false,
  can_resume: false,
  n_before: null,
  estimate: ESTIMATE,
  progress: null,
  version: null,
  request: REQUEST,
};

/** @param {string[]} names */
const files = (...names) => names.map((name) => ({ name, size: 100 }));

test('formatEstimate() gives time, size, tokens, heads and maps in round numbers', () => {
  assert.equal(
    formatEstimate(ESTIMATE, REQUEST),
    'About 3 min and 42 MB: 1\u202f000 tokens in 39 of 200 sentences, 72 heads, 144 maps',
  );
  assert.match(
    formatEstimate({ ...ESTIMATE, n_sequences: 200 }, { ...REQUEST, modality: 'image' }),
    /in 200 images,/,
  );
});

test('durations and sizes are formatted with a suitable unit', () => {
  assert.deepEqual([0.2, 14, 33, 54.9, 58, 95, 3000, 9000].map(formatDuration), [
    '5 s',
    '15 s',
    '35 s',
    '55 s',
    '1 min',
    '2 min',
    '50 min',
    '3 h',
  ]);
  assert.deepEqual([1, 512, 4151, 25_000, 1.2e6, 33e6, 2.4e9].map(formatBytes), [
    '1 byte',
    '512 bytes',
    '4.2 kB',
    '25 kB',
    '1.2 MB',
    '33 MB',
    '2.4 GB',
  ]);
});

test('formatState() describes each state of a job', () => {
  const running = { ...JOB, state: 'running' };
  const progress = {
    phase: 'maps',
    message: '',
    n_units_done: 30,
    n_units: 144,
    remaining_seconds: 200,
    heartbeat_utc: '',
    cluster: null,
  };
  assert.equal(formatState({ ...JOB, state: 'waiting', n_before: 2 }), 'Waiting for 2 other jobs');
  assert.equal(formatState({ ...JOB, state: 'waiting', n_before: 0 }), 'Starting …');
  assert.equal(formatState(running), 'Loading the model · about 3 min in all');
  assert.equal(
    formatState({ ...running, progress }),
    'Computing maps · 30 of 144 · about 3 min left',
  );
  const workers = (/** @type {number} */ n, /** @type {string[]} */ ...hosts) => {
    const cluster = { n_workers: n, hosts, dashboard: null };
    return formatState({ ...running, progress: { ...progress, cluster } }).split(' left · ')[1];
  };
  assert.equal(workers(1, 'node1'), '1 worker on node1');
  assert.equal(workers(64, 'a', 'b', 'c', 'd'), '64 workers on 4 hosts');
  assert.equal(workers(2), '2 workers');
  assert.equal(workers(0), 'no worker is connected');
  assert.equal(formatState({ ...running, is_cancelling: true }), 'Cancelling …');
  assert.equal(
    formatState({ ...JOB, state: 'failed', message: 'mine.csv, line 3: a zero byte' }),
    'Failed: mine.csv, line 3: a zero byte',
  );
  assert.equal(formatState({ ...JOB, state: 'cancelled' }), 'Cancelled');
});

test('formatAdvice() says what to do about a failed job, and what a dataset will lack', () => {
  assert.match(formatAdvice({ ...JOB, state: 'failed', can_resume: true }), /Resume/);
  assert.match(formatAdvice({ ...JOB, state: 'failed' }), /estimate again/);
  assert.equal(formatAdvice({ ...JOB, state: 'done' }), '');
  const estimate = { ...ESTIMATE, lost: '--keep-vectors none: no attention' };
  assert.equal(formatAdvice({ ...JOB, estimate }), estimate.lost);
});

test('formatChosen() accepts one text or several images, else gives the problem', () => {
  assert.deepEqual(formatChosen(files('a.csv'), OPTIONS), {
    modality: 'text',
    hasColumns: true,
    words: 'a.csv, 100 bytes',
    problem: null,
  });
  assert.deepEqual(formatChosen(files('a.PNG', 'b.jpg'), OPTIONS), {
    modality: 'image',
    hasColumns: false,
    words: '2 files, 200 bytes',
    problem: null,
  });
  const problems = [
    [files('a.csv', 'b.csv'), /one text/],
    [files('a.csv', 'b.png'), /only images/],
    [files('a.svg'), /“a\.svg” is not taken/],
    [files('archive.zip'), /not taken/],
    [[{ name: 'a.csv', size: 0 }], /empty/],
    [[{ name: 'a.csv', size: 50e6 + 1 }], /more than 50 MB/],
    [files('1.png', '2.png', '3.png', '4.png'), /4 images are more than 3/],
  ];
  for (const [chosen, reason] of problems) {
    const { modality, problem } = formatChosen(/** @type {any} */ (chosen), OPTIONS);
    assert.equal(modality, null);
    assert.match(String(problem), /** @type {RegExp} */ (reason));
  }
  assert.equal(formatChosen([], OPTIONS).problem, null);
  const asked = ['a.INVENTED', 'a.txt'].map((name) => formatChosen(files(name), OPTIONS));
  assert.deepEqual(
    asked.map(({ hasColumns }) => hasColumns),
    [true, false],
    'a text column is asked for where the server says that there are columns',
  );
});

test('nameFor() makes a valid, unused dataset id from model and file name', () => {
  assert.equal(nameFor('demo-bert', 'My Reviews (2).csv', []), 'demo-bert-my-reviews-2');
  assert.equal(
    nameFor('demo-bert', 'mine.csv', ['demo-bert-mine', 'demo-bert-mine-2']),
    'demo-bert-mine-3',
  );
  for (const file of ['🦦.csv', '../../etc/passwd', `${'x'.repeat(300)}.csv`, '.csv', '__.csv'])
    assert.match(nameFor('m', file, []), /^[a-z0-9][a-z0-9._-]{0,63}$/);
});
