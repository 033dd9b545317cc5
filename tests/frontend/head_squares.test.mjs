import assert from 'node:assert/strict';
import test from 'node:test';
import { layoutSquares } from '../../frontend/js/compute/head_squares.js';

for (const [nLayers, nHeads, width, isSorted] of [
  [6, 12, 380, false],
  [2, 2, 380, false],
  [80, 64, 300, false],
  [80, 64, 300, true],
  [3, 4, 20, true],
])
  test(`every square of ${nLayers} × ${nHeads} heads in ${width} px has a place of its own`, () => {
    const squares = layoutSquares({ nLayers, nHeads }, width, isSorted);
    const half = squares.pitch / 2;
    for (let slot = 0; slot < squares.n; slot++) {
      const { x, y } = squares.placeOf(slot);
      assert.equal(squares.slotAt(x + half, y + half), slot);
      assert.ok(y + squares.pitch <= squares.height);
      assert.ok(x + squares.pitch <= Math.max(width, 26 + squares.left));
    }
    assert.equal(squares.slotAt(squares.left - 1, 5), -1);
    assert.equal(squares.slotAt(squares.left + 5, squares.height + squares.pitch), -1);
  });

test('only squares in sight are drawn, and all of those', () => {
  const squares = layoutSquares({ nLayers: 80, nHeads: 64 }, 300, false);
  const [top, bottom] = [1000, 1400];
  const [first, end] = squares.within(top, bottom);
  assert.ok(end - first < 400);
  for (let slot = 0; slot < squares.n; slot++) {
    const { y } = squares.placeOf(slot);
    if (y + squares.pitch > top && y < bottom) assert.ok(slot >= first && slot < end, `${slot}`);
  }
  assert.equal(squares.within(squares.height - 10, squares.height + 500)[1], squares.n);
});

test('heads of a layer stand on one line where they fit, else on even lines', () => {
  assert.equal(layoutSquares({ nLayers: 6, nHeads: 12 }, 380, false).columns, 12);
  const deep = layoutSquares({ nLayers: 80, nHeads: 64 }, 300, false);
  assert.equal(deep.columns, 10);
  assert.ok(deep.placeOf(64).y > deep.placeOf(63).y + deep.pitch); // a gap between two layers
});
