import assert from 'node:assert/strict';
import test from 'node:test';
import { blockMeans, blockStarts } from '../../frontend/js/compute/block_means.js';
import { layoutSquares } from '../../frontend/js/compute/head_squares.js';

for (const [nLayers, nHeads, width, isSorted] of [
  [6, 12, 380, false],
  [2, 2, 380, false],
  [80, 64, 300, false],
  [80, 64, 300, true],
  [3, 4, 20, true],
])
  test(`slotAt() finds each square of ${nLayers} × ${nHeads} heads in ${width} px`, () => {
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

test('within() returns the visible squares', () => {
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

test('heads of a layer share one line if they fit, else they wrap evenly', () => {
  assert.equal(layoutSquares({ nLayers: 6, nHeads: 12 }, 380, false).columns, 12);
  const deep = layoutSquares({ nLayers: 80, nHeads: 64 }, 300, false);
  assert.equal(deep.columns, 10);
  assert.ok(deep.placeOf(64).y > deep.placeOf(63).y + deep.pitch); // a gap between two layers
});

test('blockMeans() reduces a matrix to the means of its blocks', () => {
  const values = Float32Array.of(
    1,
    0,
    0,
    0,
    0,
    0.5,
    0.5,
    0,
    0,
    0.25,
    0.25,
    0.5,
    0,
    0,
    1,
    0,
    1,
    2,
    3,
  );
  const four = { width: 4, height: 4, values: values.subarray(0, 16) };
  // blocks: (1 + 0 + 0 + 0.5) / 4, (0 + 0 + 0.5 + 0) / 4, (0 + 0.25 + 0 + 0) / 4, (0.75 + 1) / 4
  assert.deepEqual([...blockMeans(four, 2).values], [0.375, 0.125, 0.0625, 0.4375]);
  assert.equal(blockMeans(four, 4), four);
  const wide = { width: 3, height: 1, values: Float32Array.of(1, 2, 6) };
  assert.deepEqual(blockMeans(wide, 2), { width: 2, height: 1, values: Float32Array.of(1, 4) });
});

test('blockMeans() weights blocks by the number of tokens they stand for', () => {
  // five tokens sent as three blocks of 1, 2 and 2, and drawn as two: of 1 and of 4 tokens
  const edges = blockStarts(5, 3);
  assert.deepEqual([...edges], [0, 1, 3, 5]);
  const sent = { width: 3, height: 3, values: Float32Array.of(8, 4, 0, 2, 1, 3, 6, 5, 7) };
  // the first token; (2 * 4 + 2 * 0) / 4; (2 * 2 + 2 * 6) / 4; (4 * 1 + 4 * 3 + 4 * 5 + 4 * 7) / 16
  assert.deepEqual([...blockMeans(sent, 2, edges).values], [8, 2, 4, 4]);
  // sent as 2, 2 and 3 of seven tokens: the latter two blocks count 2 and 3
  const seven = { width: 3, height: 3, values: Float32Array.of(0, 5, 10, 0, 5, 10, 0, 5, 10) };
  const [, right] = blockMeans(seven, 2, blockStarts(7, 3)).values;
  assert.equal(right, 8); // (2 * 5 + 3 * 10) / 5
});
