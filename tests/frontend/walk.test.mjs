import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countWalk, nextPoint, wantedPoints } from '../../frontend/js/compute/point_order.js';

// Three tokens, the last of another sentence: points 0..2 are queries, 3..5 their keys.
const TOKENS = { n: 3, sequence: Int32Array.of(0, 0, 1) };
const all = () => true;

/** The points that a key leads through. */
function path(isWanted, step, n, from = -1, isLeap = false) {
  const points = [];
  for (let at = from; points.length < n;)
    points.push((at = nextPoint(TOKENS, isWanted, at, step, isLeap)));
  return points;
}

test('nextPoint() moves token by token, each query before its key, and wraps around', () => {
  assert.deepEqual(path(all, 1, 7), [0, 3, 1, 4, 2, 5, 0]);
  assert.deepEqual(path(all, -1, 3), [5, 2, 4]);
});

test('nextPoint() with isLeap moves to the first point of another sentence', () => {
  assert.deepEqual(path(all, 1, 2, 3, true), [2, 0]);
  assert.equal(nextPoint(TOKENS, all, 4, -1, true), 5);
});

test('nextPoint() skips hidden points, and in a search all but hits', () => {
  const flags = Uint8Array.of(0, 1, 0, 0, 0, 0);
  assert.deepEqual(path(wantedPoints(flags, null), 1, 5), [0, 3, 4, 2, 5]);
  assert.deepEqual(path(wantedPoints(flags, Uint8Array.of(0, 2, 1)), 1, 4), [4, 2, 5, 4]);
  assert.deepEqual(path(wantedPoints(flags, new Uint8Array(3)), 1, 1), [0]);
});

test('nextPoint() returns -1 without points and stays at a single one', () => {
  assert.equal(
    nextPoint(TOKENS, () => false, -1, 1),
    -1,
  );
  assert.equal(
    nextPoint(TOKENS, () => false, 2, 1),
    -1,
  );
  assert.equal(
    nextPoint(TOKENS, (point) => point === 2, 2, 1),
    2,
  );
  assert.equal(
    nextPoint(TOKENS, (point) => point === 2, 2, 1, true),
    2,
  );
});

test('countWalk() gives the place of a point among the wanted ones', () => {
  assert.deepEqual(countWalk(3, all, 4), { at: 4, all: 6 });
  assert.deepEqual(countWalk(3, wantedPoints(Uint8Array.of(1, 0, 0, 0, 0, 0), null), 3), {
    at: 1,
    all: 5,
  });
});
