import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatasetDialog } from '../../frontend/js/dialogs/dataset_dialog.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { openDocument, press } from './dom.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>\u202edaed';

/** @param {string} id @param {number | null} tokens */
const entryOf = (id, tokens) => ({
  ...{ id, state: tokens === null ? 'building' : 'complete', version: null, reason: null },
  ...{ modality: null, n_layers: null, n_heads: null, n_heads_total: null },
  ...{ n_sequences: null, n_tokens: tokens },
  ...{ model: { name: HOSTILE, source: null }, corpus: { name: HOSTILE, account: null } },
  ...{ maps: null, n_bytes: null, published_at: null, progress: null },
});

/** The dialog over four datasets, of which the second is open. */
function opened() {
  const document = openDocument();
  const entries = [
    ...[entryOf('few', 60), entryOf('growing', null)],
    ...[entryOf('pictures', 150), entryOf('words', 300)],
  ];
  const went = [];
  const dialog = createDatasetDialog(document.body, {
    actions: { openDataset: (id) => went.push(id) },
    facts: { datasets: { value: entries } },
    store: { get: () => ({ ...DEFAULTS, dataset: 'growing' }) },
  });
  const all = (selector) => [...document.body.querySelectorAll(selector)];
  const names = () => all('.sequences__open').map((button) => button.textContent);
  const sort = (label) => all('.sequences__sort').find(({ textContent }) => textContent === label);
  return { all, dialog, document, names, sort, went };
}

test('a click on a heading sorts the datasets, and another reverses the order', () => {
  const { all, dialog, names, sort } = opened();
  const direction = () =>
    all('th[aria-sort]').map((head) => [head.textContent, head.getAttribute('aria-sort')]);
  dialog.open();
  assert.deepEqual(
    all('thead button').map(({ textContent }) => textContent),
    ['Dataset', 'State', 'Model', 'Corpus', 'Tokens'],
    'columns without a value are left out',
  );
  assert.deepEqual(names(), ['few', 'growing', 'pictures', 'words']);
  assert.deepEqual(direction(), [['Dataset', 'ascending']]);
  sort('Tokens').click();
  assert.deepEqual(names(), ['words', 'pictures', 'few', 'growing']);
  assert.deepEqual(direction(), [['Tokens', 'descending']]);
  sort('Tokens').click();
  assert.deepEqual(names(), ['few', 'pictures', 'words', 'growing'], 'unknown stays last');
  assert.deepEqual(direction(), [['Tokens', 'ascending']]);
});

test('arrow keys move from the open dataset, and the greeting marks no dataset', () => {
  const { all, dialog, document, went } = opened();
  dialog.open();
  for (const [key, name] of [
    [null, 'growing'],
    ['ArrowDown', 'pictures'],
    ['End', 'words'],
    ['ArrowDown', 'words'],
    ['Home', 'few'],
  ]) {
    if (key) press(document, key);
    assert.equal(document.activeElement.textContent, name);
  }
  document.activeElement.click();
  assert.deepEqual([went, all('dialog')], [['few'], []]);
  dialog.greet();
  assert.deepEqual([all('dialog').length, all('[aria-current]').length], [1, 0]);
});

test('names of models and corpora are shown as text, not HTML', () => {
  const { all, dialog } = opened();
  dialog.open();
  const [row] = all('tbody tr');
  const words = [...row.querySelectorAll('td')].map(({ textContent }) => textContent);
  assert.deepEqual([words[1], words[2]], [HOSTILE, HOSTILE]);
  assert.equal(all('img').length, 0);
  assert.equal(row.querySelectorAll('bdi').length, words.length + 1);
});

test('columns are chosen in the menu and the choice is stored', () => {
  const stored = new Map();
  globalThis.localStorage = {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => stored.set(key, value),
  };
  const headings = ({ all }) => all('thead button').map(({ textContent }) => textContent);
  const first = opened();
  first.dialog.open();
  const boxes = first.all('.column-menu label');
  assert.deepEqual(
    boxes.map(({ textContent }) => textContent),
    ['State', 'Model', 'Corpus', 'Tokens'],
  );
  boxes[1].querySelector('input').click();
  assert.deepEqual(headings(first), ['Dataset', 'State', 'Corpus', 'Tokens']);
  assert.equal(first.all('tbody tr')[0].children.length, 4);
  const again = opened();
  again.dialog.open();
  assert.deepEqual(headings(again), ['Dataset', 'State', 'Corpus', 'Tokens']);
  again.all('.column-menu input')[1].click();
  assert.deepEqual(headings(again), ['Dataset', 'State', 'Model', 'Corpus', 'Tokens']);
  delete globalThis.localStorage;
});
