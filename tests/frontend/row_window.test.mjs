import assert from 'node:assert/strict';
import { test } from 'node:test';

import { windowOf } from '../../frontend/js/ui/row_window.js';

test('the window has the visible rows and twelve beyond each edge', () => {
  const positions = windowOf(512, 100, 113, 105);
  assert.deepEqual([positions[0], positions.at(-1), positions.length], [88, 124, 37]);
});

test('the window is clipped to the first and last row of the list', () => {
  assert.deepEqual(windowOf(3, -0.2, 13, 1), [0, 1, 2]);
  assert.deepEqual(windowOf(20, 15.5, 28.5, 19).at(-1), 19);
  assert.deepEqual(windowOf(0, 0, 10, 0), []);
});

test('the window includes the focusable row outside of it, in order', () => {
  assert.deepEqual(windowOf(512, 100, 101, 3).slice(0, 2), [3, 88]);
  assert.deepEqual(windowOf(512, 100, 101, 400).slice(-2), [112, 400]);
});
