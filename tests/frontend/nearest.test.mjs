import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareNearest,
  formatCompared,
  nearestOthers,
} from '../../frontend/js/compute/nearest.js';
import { axisOf } from '../../frontend/js/compute/biplot_axis.js';

// Three queries, then three keys, on a line.
const line = {
  positions: Uint16Array.of(10, 0, 20, 0, 30, 0, 12, 0, 25, 0, 0, 0),
  dims: 2,
  nTokens: 3,
  offset: [-15, 0],
  scale: 1,
  nearness: 'distance',
};

test('nearestOthers() sorts points of the other kind by distance', () => {
  assert.deepEqual(nearestOthers(line, 0), [3, 5, 4]);
  assert.deepEqual(nearestOthers(line, 2, 2), [4, 3]);
  // both are five away: the earlier token comes first
  assert.deepEqual(nearestOthers(line, 4), [1, 2, 0]);
});

test('by product, nearestOthers() sorts keys by their dot product with the query', () => {
  // Query 2 is at +15; the keys are at −3, +10 and −15.
  assert.deepEqual(nearestOthers({ ...line, nearness: 'product' }, 2), [4, 3, 5]);
  // Query 0 is at −5.
  assert.deepEqual(nearestOthers({ ...line, nearness: 'product' }, 0), [5, 3, 4]);
});

test('distances in 3-D use all three axes', () => {
  const space = {
    ...line,
    positions: Uint16Array.of(0, 0, 0, 9, 9, 9, 1, 1, 40, 5, 5, 5),
    dims: 3,
    nTokens: 2,
    offset: [0, 0, 0],
  };
  assert.deepEqual(nearestOthers(space, 0), [3, 2]);
});

test('compareNearest() counts the strongest partners among the nearest points', () => {
  const compared = compareNearest([{ token: 1 }, { token: 2 }], [4, 3], 0, 3, 'distance');
  assert.deepEqual([compared.strongest, compared.nearest, compared.nBoth], [[4, 5], [4, 3], 1]);
  assert.equal(
    formatCompared(compared, true),
    '1 of its 2 strongest keys (dashed) are among the 2 nearest here (rings).',
  );
  assert.match(
    formatCompared({ ...compared, nearness: 'product' }, true),
    /ranked highest by this map/,
  );
  assert.deepEqual(compareNearest([{ token: 1 }], [0], 4, 3, 'distance').strongest, [1]);
});

test('in a biplot the score of a key is its projection on the query', () => {
  const cell = { n: 1, x: [0], y: [0], size: [500] };
  const still = { width: 500, height: 500, dims: 2, windows: null, cells: cell };
  const frame = { ...still, transform: { k: 1, x: 0, y: 0 } };
  const [origin, query] = [
    [20000, 30000],
    [40000, 45000],
  ];
  const shareOf = (key) => {
    const axis = axisOf(frame, origin, query, key);
    const [[keyX, keyY], [x, y]] = axis.foot;
    const [along, tip] = [axis.ahead[0], axis.ahead[1]].map(([toX, toY]) => [
      toX - axis.origin[0],
      toY - axis.origin[1],
    ]);
    assert.deepEqual(along, [0, 0], 'begins at the origin');
    const away = (keyX - x) * tip[0] + (keyY - y) * tip[1];
    assert.ok(Math.abs(away) < 1e-6, 'a right angle');
    assert.ok(
      axis.ahead.flat().every((part) => part >= 0 && part <= 500),
      'in sight',
    );
    return ((x - axis.origin[0]) * tip[0] + (y - axis.origin[1]) * tip[1]) / Math.hypot(...tip);
  };
  const product = (key) =>
    (key[0] - 20000) * (query[0] - 20000) + (key[1] - 30000) * (query[1] - 30000);
  const keys = [
    [50000, 30000],
    [20000, 64000],
    [3000, 9000],
  ];
  const [first, ...others] = keys.map((key) => shareOf(key) / product(key));
  for (const other of others) assert.ok(Math.abs(other / first - 1) < 1e-9);
  assert.equal(axisOf(frame, origin, null, null).ahead, null);
});
