import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWarming } from '../../frontend/js/user_sequences/warming.js';
import { MANIFEST } from './live_answers.mjs';

const WANTED = { dataset: 'd', version: 'v1', manifest: MANIFEST, maps: ['pca-2d'] };
const IMAGES = {
  ...WANTED,
  dataset: 'i',
  manifest: { ...MANIFEST, model: { ...MANIFEST.model, modality: 'image' } },
};
const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 5);
  });

/** Warming over a server that answers when it is told to, at a time that is set. */
function begin() {
  const calls = [];
  const clock = { ms: 0 };
  const send = (dataset, content, maps) =>
    new Promise((resolve, reject) => {
      calls.push({
        dataset,
        content,
        maps,
        answer: resolve,
        refuse: () => reject(new Error('busy')),
      });
    });
  return { calls, clock, warming: createWarming(send, () => clock.ms) };
}

test('a text model is warmed up once, with one letter and the shown maps', async () => {
  const { calls, warming } = begin();
  warming.warm(WANTED, ['pca-2d']);
  warming.warm(WANTED, ['pca-2d']);
  assert.deepEqual(
    calls.map(({ dataset, content, maps }) => [dataset, content.kind, content.text, maps]),
    [['d', 'text', 'a', ['pca-2d']]],
  );
  assert.equal(warming.isReady('d'), false);
  calls[0].answer();
  await settled();
  assert.equal(warming.isReady('d'), true);
  warming.warm(WANTED, ['pca-2d']);
  assert.equal(calls.length, 1);
});

test('a model is warmed up again after five idle minutes or a failure', async () => {
  const { calls, clock, warming } = begin();
  warming.noteAnswer('d');
  clock.ms = 299_000;
  warming.warm(WANTED, ['pca-2d']);
  assert.equal(calls.length, 0);
  clock.ms = 301_000;
  warming.warm(WANTED, ['pca-2d']);
  assert.equal(calls.length, 1);
  calls[0].refuse();
  await settled();
  assert.equal(warming.isReady('d'), false);
  warming.warm(WANTED, ['pca-2d']);
  assert.equal(calls.length, 2);
});

test('an image model is warmed up with a one-pixel PNG, if a map is shown', async () => {
  const { calls, warming } = begin();
  warming.warm(IMAGES, []);
  assert.equal(calls.length, 0);
  warming.warm(IMAGES, ['pca-2d']);
  const { kind, file } = calls[0].content;
  const bytes = new Uint8Array(await file.arrayBuffer());
  assert.deepEqual(
    [kind, file.type, bytes.length, String.fromCharCode(...bytes.subarray(1, 4))],
    ['image', 'image/png', 67, 'PNG'],
  );
});
