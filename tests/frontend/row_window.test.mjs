import assert from 'node:assert/strict';
import { test } from 'node:test';

import { windowOf } from '../../frontend/js/ui/row_window.js';

test('rows in sight are there with twelve beyond each edge, and no others', () => {
  const positions = windowOf(512, 100, 113, 105);
  assert.deepEqual([positions[0], positions.at(-1), positions.length], [88, 124, 37]);
});

test('a list has no rows before its first and after its last', () => {
  assert.deepEqual(windowOf(3, -0.2, 13, 1), [0, 1, 2]);
  assert.deepEqual(windowOf(20, 15.5, 28.5, 19).at(-1), 19);
  assert.deepEqual(windowOf(0, 0, 10, 0), []);
});

test('the row that Tab reaches stays, before or after what is seen, in its place', () => {
  assert.deepEqual(windowOf(512, 100, 101, 3).slice(0, 2), [3, 88]);
  assert.deepEqual(windowOf(512, 100, 101, 400).slice(-2), [112, 400]);
});
