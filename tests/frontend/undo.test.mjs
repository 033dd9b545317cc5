import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastMarked, readMarked, writeMarked } from '../../frontend/js/marked_points/codec.js';
import { DEFAULTS, ENTRIES } from '../../frontend/js/state/choices.js';
import { createStore } from '../../frontend/js/state/store.js';
import { createUndo, formatChange } from '../../frontend/js/state/undo.js';

const POINT = { kind: 'query', token: 3 };

function begin(first = {}) {
  const clock = { now: 0 };
  const store = createStore({ dataset: 'a', ...first });
  const undo = createUndo(store, () => clock.now);
  /** A choice that comes long after the one before. */
  const choose = (change, mode) => {
    clock.now += 5000;
    store.set(change, mode);
  };
  return { clock, store, undo, choose };
}

test('choices are undone and redone one by one', () => {
  const { store, undo, choose } = begin();
  const states = [store.get()];
  for (const change of [
    { selected: POINT },
    { hidden: [{ kind: 'key', position: 2 }] },
    { color: 'norm' },
    { marked: 'query-1-4' },
  ]) {
    choose(change);
    states.push(store.get());
  }
  for (const state of states.slice(0, -1).reverse()) {
    undo.back();
    assert.deepEqual(store.get(), state);
  }
  undo.back(); // there is nothing more
  assert.deepEqual(store.get(), states[0]);
  for (const state of states.slice(1)) {
    undo.forth();
    assert.deepEqual(store.get(), state);
  }
  assert.equal(undo.future, null);
});

test('undo keeps head, dimensions and theme that were chosen later', () => {
  const { store, undo, choose } = begin({ at: { layer: 0, head: 0 } });
  choose({ selected: POINT });
  choose({ at: { layer: 2, head: 1 } });
  choose({ dims: 3 });
  choose({ theme: 'dark' }, 'none');
  assert.equal(undo.past, 'selecting a point');
  undo.back();
  const { at, dims, theme, selected } = store.get();
  assert.deepEqual(
    { at, dims, theme, selected },
    { at: { layer: 2, head: 1 }, dims: 3, theme: 'dark', selected: null },
  );
});

test('every choice with an undo label can be undone, and no other', () => {
  const places = ENTRIES.filter(([, { undo }]) => !undo).map(([name]) => name);
  for (const name of ['camera', 'theme']) assert.ok(places.includes(name), name);
  for (const name of Object.keys(DEFAULTS)) {
    const { store, undo, choose } = begin();
    choose({ [name]: name === 'dims' ? 3 : name === 'dataset' ? 'b' : 'other' });
    assert.equal(undo.past === null, places.includes(name), name);
    undo.back();
    if (!places.includes(name)) assert.deepEqual(store.get()[name], DEFAULTS[name]);
  }
});

test('quick changes of a search are one undo step, and a pause starts another', () => {
  const { clock, store, undo } = begin();
  for (const search of ['a', 'ap', 'april']) {
    clock.now += 200;
    store.set({ search }, 'replace');
  }
  clock.now += 3000;
  store.set({ search: 'may' }, 'replace');
  assert.equal(undo.past, 'search for “may”');
  undo.back();
  assert.equal(store.get().search, 'april');
  undo.back();
  assert.equal(store.get().search, '');
  assert.equal(undo.past, null);
});

test('a search that is typed and deleted again is no undo step', () => {
  const { clock, store, undo } = begin();
  for (const search of ['a', '']) {
    clock.now += 200;
    store.set({ search }, 'replace');
  }
  assert.equal(undo.past, null);
});

test('two clicks are two undo steps, however fast', () => {
  const { store, undo } = begin();
  store.set({ selected: POINT });
  store.set({ selected: { kind: 'key', token: 5 } });
  undo.back();
  assert.deepEqual(store.get().selected, POINT);
});

test('a change by reconciliation belongs to the undo step before it', () => {
  const { store, undo, choose } = begin();
  choose({ selected: POINT, hidden: [{ kind: 'key', position: 1 }] });
  choose({ selected: null });
  store.set({ hidden: [] }, 'reconcile');
  undo.back();
  assert.deepEqual(store.get().hidden, [{ kind: 'key', position: 1 }]);
  assert.deepEqual(store.get().selected, POINT);
});

test('a change by reconciliation alone is no undo step', () => {
  const { undo, choose } = begin({ color: 'row' });
  choose({ color: null }, 'reconcile');
  assert.equal(undo.past, null);
});

test('a new choice clears the redo steps', () => {
  const { undo, choose } = begin();
  choose({ color: 'norm' });
  undo.back();
  assert.equal(undo.future, 'colour');
  choose({ selected: POINT });
  assert.equal(undo.future, null);
});

test('a change by the Back button of the browser is an undo step', () => {
  const { store, undo, choose } = begin();
  choose({ selected: POINT });
  choose({ selected: null }, 'none');
  undo.back();
  assert.deepEqual(store.get().selected, POINT);
});

test('undo steps are cleared when the dataset changes', () => {
  const { undo, choose } = begin();
  choose({ selected: POINT });
  choose({ dataset: 'b', selected: null });
  assert.equal(undo.past, null);
});

test('the last 100 undo steps are kept', () => {
  const { store, undo, choose } = begin();
  for (let token = 0; token < 130; token++) choose({ selected: { kind: 'key', token } });
  let n = 0;
  while (undo.past) {
    undo.back();
    n++;
  }
  assert.equal(n, 100);
  assert.deepEqual(store.get().selected, { kind: 'key', token: 29 });
});

test('undo and redo are announced until the next choice', () => {
  const { undo, choose } = begin();
  choose({ selected: POINT });
  undo.back();
  assert.equal(undo.announcement, 'Undone: selecting a point');
  undo.forth();
  assert.equal(undo.announcement, 'Redone: selecting a point');
  choose({ color: 'norm' });
  assert.equal(undo.announcement, '');
});

test('an undo step is named after its most important choice', () => {
  assert.equal(
    formatChange({
      before: { selected: POINT, hidden: [1] },
      after: { selected: null, hidden: [] },
    }),
    'clearing the selection',
  );
  assert.equal(
    formatChange({ before: { search: 'a' }, after: { search: `${'x'.repeat(60)}` } }),
    `search for “${'x'.repeat(24)}…”`,
  );
});

test('readMarked() reverses writeMarked()', () => {
  const marked = new Uint8Array(40);
  for (const point of [0, 1, 2, 7, 19, 20, 38, 39]) marked[point] = 1;
  assert.equal(writeMarked(marked), 'query-0-2.7.19.key-0.18-19');
  assert.deepEqual(readMarked(writeMarked(marked), 20), marked);
  assert.equal(writeMarked(new Uint8Array(40)), '');
  assert.equal(readMarked('', 20), null);
});

test('readMarked() ignores points beyond the corpus', () => {
  assert.deepEqual(readMarked('query-1-9.key-7', 3), Uint8Array.of(0, 1, 1, 0, 0, 0));
  assert.equal(readMarked('key-7', 3), null);
  assert.equal(lastMarked('query-1-9.key-7'), 9);
  assert.equal(lastMarked(''), -1);
});

test('a selection in linked panes is undone in both until a dataset changes', () => {
  const compare = { dataset: 'b', method: 'pca', dims: 2, at: null, camera: null, turn: null };
  const { clock, store, undo, choose } = begin({ compare });
  choose({ selected: POINT });
  clock.now += 20;
  store.set({ beside: { ...DEFAULTS.beside, selected: { kind: 'query', token: 9 } } }, 'reconcile');
  choose({ compare: { ...compare, at: { layer: 1, head: 0 } } });
  assert.equal(undo.past, 'selecting a point');
  undo.back();
  assert.deepEqual(
    [store.get().selected, store.get().beside.selected, store.get().compare.at],
    [null, null, { layer: 1, head: 0 }],
  );
  undo.forth();
  choose({ compare: { ...compare, dataset: 'c' } });
  assert.equal(undo.past, null);
});
