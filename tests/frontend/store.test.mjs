import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { createStore } from '../../frontend/js/state/store.js';

test('the state and its nested objects are frozen', () => {
  const store = createStore({ at: { layer: 1, head: 2 }, selected: { kind: 'key', token: 3 } });
  const state = store.get();
  for (const part of [state, state.at, state.selected]) assert.ok(Object.isFrozen(part));
});

test('choices that are not given have their defaults', () => {
  assert.deepEqual(createStore({ dims: 3 }).get(), { ...DEFAULTS, dims: 3 });
});

test('a listener is called with the new state, the previous one and the history mode', () => {
  const store = createStore();
  const heard = [];
  store.subscribe((state, previous, history) =>
    heard.push([state.search, previous.search, history]),
  );
  store.set({ search: 'april' }, 'replace');
  store.set({ search: 'may' });
  assert.deepEqual(heard, [
    ['april', '', 'replace'],
    ['may', 'april', 'push'],
  ]);
});

test('a change without effect does not call the listeners', () => {
  const store = createStore({ at: { layer: 1, head: 2 } });
  let nTold = 0;
  store.subscribe(() => {
    nTold++;
  });
  store.set({ at: { layer: 1, head: 2 }, search: '' });
  assert.equal(nTold, 0);
  store.set({ at: { layer: 1, head: 3 } });
  store.set({ selected: { kind: 'query', token: 0 } });
  store.set({ selected: { kind: 'key', token: 0 } });
  assert.equal(nTold, 3);
});

test('set() throws for a name that is not a choice', () => {
  assert.throws(() => createStore().set({ tokens: [] }), /"tokens" is not a choice/);
});

test('a listener is not called after it has unsubscribed', () => {
  const store = createStore();
  let nTold = 0;
  store.subscribe(() => {
    nTold++;
  })();
  store.set({ dims: 3 });
  assert.equal(nTold, 0);
});
