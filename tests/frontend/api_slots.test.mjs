import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlot } from '../../frontend/js/data/slots.js';

/** A slot, and questions whose answers are given by hand. */
function made() {
  const asked = [];
  let nChanged = 0;
  const slot = createSlot('a thing', () => {
    nChanged++;
  });
  const load = (name) => (signal) =>
    new Promise((resolve, reject) => {
      asked.push({ name, signal, resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { slot, asked, load, changes: () => nChanged };
}

const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });

test('a slot holds the loaded value with its key', async () => {
  const { slot, asked, load, changes } = made();
  slot.want('g', 'k', load('one'));
  assert.deepEqual([slot.status, slot.value], ['loading', null]);
  asked[0].resolve(1);
  await settled();
  assert.deepEqual([slot.status, slot.value, slot.key, changes()], ['ready', 1, 'k', 2]);
});

test('the same key is loaded only once', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'k', load('one'));
  slot.want('g', 'k', load('two'));
  asked[0].resolve(1);
  await settled();
  slot.want('g', 'k', load('three'));
  assert.equal(asked.length, 1);
});

test('the latest request wins, even if an earlier response arrives later', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'a', load('a'));
  slot.want('g', 'b', load('b'));
  assert.ok(asked[0].signal.aborted);
  asked[1].resolve('B');
  asked[0].resolve('A');
  await settled();
  assert.deepEqual([slot.value, slot.key, slot.status], ['B', 'b', 'ready']);
});

test('the old value is kept while another key of the same dataset loads', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'a', load('a'));
  asked[0].resolve('A');
  await settled();
  slot.want('g', 'b', load('b'));
  assert.deepEqual([slot.value, slot.key, slot.status], ['A', 'a', 'loading']);
});

test('a value that is still held is not loaded again', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'a', load('a'));
  asked[0].resolve('A');
  await settled();
  slot.want('g', 'b', load('b'));
  slot.want('g', 'a', load('a again'));
  assert.deepEqual([slot.value, slot.key, slot.status, asked.length], ['A', 'a', 'ready', 2]);
  assert.ok(asked[1].signal.aborted);
  assert.equal(await slot.answerTo('a'), 'A');
});

test('the value of one dataset is cleared while another dataset loads', async () => {
  const { slot, asked, load } = made();
  slot.want('one', 'a', load('a'));
  asked[0].resolve('A');
  await settled();
  slot.want('two', 'b', load('b'));
  assert.deepEqual([slot.value, slot.key], [null, null]);
});

test('a failed load is kept as an error and repeated only by again()', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'a', load('a'));
  asked[0].reject(new Error('no'));
  await settled();
  slot.want('g', 'a', load('a'));
  assert.deepEqual([slot.status, slot.error?.message, asked.length], ['failed', 'no', 1]);
  slot.again();
  asked[1].resolve('A');
  await settled();
  assert.deepEqual([slot.status, slot.error, slot.value], ['ready', null, 'A']);
});

test('a response that arrives after drop() is ignored', async () => {
  const { slot, asked, load } = made();
  slot.want('g', 'a', load('a'));
  slot.drop();
  asked[0].resolve('A');
  await settled();
  assert.deepEqual([slot.status, slot.value], ['idle', null]);
});

test('the value is extended at each read and null while nothing is loaded', async () => {
  let suffix = '';
  const slot = createSlot(
    'x',
    () => {},
    () => null,
    (value, key) => `${value} to ${key}${suffix}`,
  );
  assert.equal(slot.value, null);
  slot.want('g', 'k', async () => 'answer');
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
  assert.equal(slot.value, 'answer to k');
  suffix = ' and more';
  assert.equal(slot.value, 'answer to k and more');
});
