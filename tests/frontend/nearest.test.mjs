import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareNearest,
  formatCompared,
  nearestOthers,
} from '../../frontend/js/compute/nearest.js';

// Three queries, then three keys, on a line.
const line = {
  positions: Uint16Array.of(10, 0, 20, 0, 30, 0, 12, 0, 25, 0, 0, 0),
  dims: 2,
  nTokens: 3,
  offset: [-15, 0],
  scale: 1,
  nearness: 'distance',
};

test('the nearest keys of a query are at the least distance, and so for a key', () => {
  assert.deepEqual(nearestOthers(line, 0), [3, 5, 4]);
  assert.deepEqual(nearestOthers(line, 2, 2), [4, 3]);
  // both are five away: the earlier token comes first
  assert.deepEqual(nearestOthers(line, 4), [1, 2, 0]);
});

test('by the product a key is nearer the farther out it lies in the direction of the query', () => {
  // Query 2 is at +15; the keys are at −3, +10 and −15.
  assert.deepEqual(nearestOthers({ ...line, nearness: 'product' }, 2), [4, 3, 5]);
  // Query 0 is at −5.
  assert.deepEqual(nearestOthers({ ...line, nearness: 'product' }, 0), [5, 3, 4]);
});

test('distances in space have three axes', () => {
  const space = {
    ...line,
    positions: Uint16Array.of(0, 0, 0, 9, 9, 9, 1, 1, 40, 5, 5, 5),
    dims: 3,
    nTokens: 2,
    offset: [0, 0, 0],
  };
  assert.deepEqual(nearestOthers(space, 0), [3, 2]);
});

test('what is strongest and what is near are compared as points of the other kind', () => {
  const compared = compareNearest([{ token: 1 }, { token: 2 }], [4, 3], 0, 3);
  assert.deepEqual(compared, { strongest: [4, 5], nearest: [4, 3], nBoth: 1 });
  assert.equal(
    formatCompared(compared, true),
    '1 of its 2 strongest keys (lines) are among the 2 nearest here (rings).',
  );
  assert.deepEqual(compareNearest([{ token: 1 }], [0], 4, 3).strongest, [1]);
});
