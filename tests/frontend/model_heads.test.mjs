/** Models whose layers have different numbers of heads, or none. */

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  countAbsent,
  countHeads,
  headMask,
  headsOf,
  layeredOrder,
  layerRows,
  whyMissing,
} from '../../frontend/js/compute/model_heads.js';
import { sortedHeads } from '../../frontend/js/data/head_measure_columns.js';
import { arrangeGrid, cellAtPlace, cellInSlot } from '../../frontend/js/map/arrangement.js';
import { neighbourOf } from '../../frontend/js/state/selectors.js';

const NONE = { n_heads: 0, absent: 'no softmax attention here' };
const SKIPPED = { n_heads: 0, absent: 'not captured' };
/** Layers 2, 4 and 5 have 3, 1 and 2 heads. */
const MODEL = {
  n_layers: 7,
  n_heads: 3,
  layers: [NONE, NONE, {}, NONE, { n_heads: 1 }, { n_heads: 2 }, SKIPPED],
};
const EVEN = { n_layers: 2, n_heads: 2, layers: [{}, {}] };

test('heads are those of layers that have some, and cells keep their numbers', () => {
  assert.equal(countHeads(MODEL), 6);
  assert.deepEqual(headsOf(MODEL).at(-1), { layer: 5, head: 1 });
  assert.equal(headMask(MODEL).join(''), '000000111000100110000');
  assert.deepEqual([...layeredOrder(MODEL)], [6, 7, 8, 12, -1, -1, 15, 16, -1]);
  assert.equal(layeredOrder(EVEN), null);
});

test('rows are layers with heads, and say between them which layers have none and why', () => {
  assert.deepEqual(layerRows(MODEL), {
    layers: [2, 4, 5],
    notes: [
      'L0–L1 no softmax attention here',
      'L3 no softmax attention here',
      '',
      'L6 not captured',
    ],
  });
  assert.deepEqual(layerRows(EVEN), { layers: [0, 1], notes: ['', '', ''] });
  assert.deepEqual(Object.fromEntries(countAbsent(MODEL)), {
    'no softmax attention here': 3,
    'not captured': 1,
  });
});

test('a head that does not exist is told with the reason', () => {
  for (const [layer, head, words] of [
    [2, 2, null],
    [3, 0, 'Layer 3 has no heads: no softmax attention here'],
    [6, 0, 'Layer 6 has no heads: not captured'],
    [4, 1, 'Head 1 is outside 0..0 of layer 4'],
    [2, 3, 'Head 3 is outside 0..2'],
    [7, 0, 'Layer 7 is outside 0..6'],
  ])
    assert.equal(whyMissing(MODEL, { layer, head }), words);
});

test('a head beside another is of the next layer that has heads', () => {
  const beside = (layer, head, direction) => {
    const next = neighbourOf({ layer, head }, direction, MODEL);
    return next && [next.layer, next.head];
  };
  assert.deepEqual(beside(2, 2, 'down'), [4, 0]);
  assert.deepEqual(beside(4, 0, 'up'), [2, 0]);
  assert.equal(beside(5, 1, 'down'), null);
  assert.equal(beside(2, 0, 'up'), null);
  assert.equal(beside(4, 0, 'right'), null);
});

for (const room of [
  { width: 1100, height: 800 },
  { width: 400, height: 600 },
])
  test(`each head has a place of its own in a grid of ${room.width} pixels`, () => {
    const values = Float64Array.from({ length: 21 }, (_, cell) => cell % 5);
    for (const order of [null, sortedHeads(MODEL, values, true)]) {
      const grid = arrangeGrid(MODEL, room, order);
      const found = new Set();
      for (let slot = 0; slot < grid.slots.n; slot++) {
        const cell = cellInSlot(grid, slot);
        if (cell < 0) continue;
        found.add(cell);
        const middle = grid.cellSize / 2;
        const place = { x: grid.cells.x[cell] + middle, y: grid.cells.y[cell] + middle };
        assert.equal(cellAtPlace(grid, { k: 1, x: 0, y: 0 }, place), cell);
      }
      const expected = headsOf(MODEL).map(({ layer, head }) => layer * 3 + head);
      assert.deepEqual(
        [...found].sort((a, b) => a - b),
        expected,
      );
      assert.equal(grid.cells.n, 21);
    }
  });
