import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  bulkWindows,
  clipOf,
  farPoints,
  mixWindows,
} from '../../frontend/js/compute/map_bounds.js';
import { projectPoint } from '../../frontend/js/compute/geometry.js';
import { pointsInside } from '../../frontend/js/render/polygon.js';
import { atBorder } from '../../frontend/js/map/far_points.js';

const ONE = Uint8Array.of(1);

/**
 * An even square of 20 x 20 points, whose middle and side are shares of the map, and further
 * points.
 */
function square(x, y, side, ...far) {
  const points = [];
  for (let row = 0; row < 20; row++)
    for (let column = 0; column < 20; column++)
      points.push([x + ((column + 0.5) / 20 - 0.5) * side, y + ((row + 0.5) / 20 - 0.5) * side]);
  return Uint16Array.from([...points, ...far].flat(), (share) => Math.round(share * 65535));
}

test('the window of a map with a few outliers shows the other points', () => {
  const positions = square(0.3, 0.6, 0.4, [0.99, 0.5], [0.98, 0.55]);
  const [x, y, side] = bulkWindows(positions, ONE, 402);
  assert.ok(Math.abs(x - 0.3) < 0.01 && Math.abs(y - 0.6) < 0.01);
  assert.ok(side > 0.39 && side < 0.46);
  assert.deepEqual(farPoints(positions, Float32Array.of(x, y, side), 402), [[400, 401]]);
});

test('the whole map is shown if a window gains little or leaves out many points', () => {
  assert.equal(bulkWindows(square(0.5, 0.5, 0.95), ONE, 400), null);
  assert.equal(bulkWindows(square(0.4, 0.5, 0.75, [0.99, 0.5]), ONE, 401), null);
  const blob = Array.from({ length: 20 }, () => [0.99, 0.5]); // 20 of 420 points
  assert.equal(bulkWindows(square(0.3, 0.5, 0.4, ...blob), ONE, 420), null);
  assert.equal(bulkWindows(new Uint16Array(0), ONE, 0), null);
});

test('each cell has its own window, and a cell not ready has the whole map', () => {
  const far = square(0.3, 0.6, 0.4, [0.99, 0.5]);
  const even = square(0.5, 0.5, 0.95, [0.5, 0.5]);
  const windows = bulkWindows(
    Uint16Array.from([...far, ...even, ...far]),
    Uint8Array.of(1, 1, 0),
    401,
  );
  assert.deepEqual([...windows.subarray(3)], [0.5, 0.5, 1, 0.5, 0.5, 1]);
  assert.ok(windows[2] < 0.5);
});

test('the window of coincident points is at least a tenth of the map', () => {
  const positions = Uint16Array.from(
    [...Array.from({ length: 99 }, () => [20000, 30000]), [65535, 30000]].flat(),
  );
  assert.ok(Math.abs(bulkWindows(positions, ONE, 100)[2] - 0.1) < 1e-6);
});

test('a window is centred in its cell with one scale, and clipped only in a grid', () => {
  const frame = {
    dims: 2,
    transform: { k: 2, x: 10, y: 20 },
    positions: Uint16Array.of(
      0.4 * 65535,
      0.5 * 65535,
      0.5 * 65535,
      0.5 * 65535,
      0.4 * 65535,
      0.6 * 65535,
      65535,
      65535,
    ),
    from: null,
    blend: 1,
    nPoints: 4,
    density: new Uint8Array(8),
    flags: new Uint8Array(4),
    ready: ONE,
    windows: Float32Array.of(0.4, 0.5, 0.5, 0.5, 0.5, 1),
    cells: {
      n: 2,
      x: Float32Array.of(0, 100),
      y: Float32Array.of(0, 0),
      size: Float32Array.of(90, 90),
    },
  };
  const [middle, right, up] = [0, 1, 2].map((point) => projectPoint(frame, 0, point));
  assert.ok(Math.abs(middle[0] - 100) < 0.02 && Math.abs(middle[1] - 110) < 0.02);
  assert.ok(Math.abs(right[0] - middle[0] - 0.2 * 180 * 0.92) < 0.02);
  assert.ok(Math.abs(middle[1] - up[1] - (right[0] - middle[0])) < 0.02);
  assert.deepEqual(clipOf(frame, 0), { left: 10, top: 20, side: 180 });
  assert.equal(clipOf(frame, 1), null);
  assert.equal(
    clipOf(
      { ...frame, cells: { n: 1, x: frame.cells.x, y: frame.cells.y, size: frame.cells.size } },
      0,
    ),
    null,
  );
  // An outline that reaches over the border of its cell does not mark what is not drawn there.
  assert.deepEqual(
    pointsInside(frame, 0, [
      [0, -500],
      [900, -500],
      [900, 900],
      [0, 900],
    ]),
    [0, 1, 2],
  );
});

test('mixWindows() interpolates windows during a transition', () => {
  const to = Float32Array.of(0.4, 0.6, 0.5);
  assert.deepEqual(
    [...mixWindows(null, to, 0.5)].map((share) => Number(share.toFixed(3))),
    [0.45, 0.55, 0.75],
  );
  assert.equal(mixWindows(null, to, 1), to);
  assert.equal(mixWindows(null, null, 0.3), null);
});

test('far points at the same place of the border share one mark', () => {
  assert.deepEqual(
    atBorder([
      { x: 3, y: 0.2 },
      { x: 9, y: 0.201 },
      { x: -0.5, y: -4 },
    ]),
    [
      { x: 1, y: 0.2 },
      { x: -0.5, y: -1 },
    ],
  );
});
