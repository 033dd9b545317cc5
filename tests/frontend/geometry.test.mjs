import assert from 'node:assert/strict';
import test from 'node:test';
import {
  cellAt,
  cellCoefficients,
  cellVisibility,
  clampTransform,
  fitTransform,
  INSET,
  layoutGrid,
  layoutHead,
  orbitMatrix,
  projectPoint,
  suitablePointSize,
  toScreen,
  toWorld,
  turnOrbit,
  zoomAt,
  zoomedCell,
  zoomLimits,
} from '../../frontend/js/compute/geometry.js';

/** A frame of one cell from (10, 20) to (110, 120) on the screen. */
function frame(overrides = {}) {
  return {
    width: 400,
    height: 300,
    ratio: 1,
    dims: 2,
    transform: { k: 2, x: 10, y: 20 },
    orbit: { yaw: 0, pitch: 0 },
    cells: { n: 1, x: Float32Array.of(0), y: Float32Array.of(0), size: Float32Array.of(50) },
    positions: Uint16Array.of(0, 0, 65535, 65535),
    from: null,
    blend: 1,
    nPoints: 2,
    ...overrides,
  };
}
const near = (actual, expected, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('a grid has a row per layer, a column per head and fits its viewport', () => {
  for (const [nLayers, nHeads] of [
    [1, 1],
    [6, 12],
    [12, 12],
    [32, 4],
    [2, 40],
    [80, 64],
  ]) {
    const grid = layoutGrid({ nLayers, nHeads, width: 900, height: 700, gap: 6, title: 12 });
    assert.equal(grid.cells.n, nLayers * nHeads);
    assert.ok(
      grid.width <= 900.01 && grid.height <= 700.01,
      `${nLayers} × ${nHeads}: ${grid.width} × ${grid.height}`,
    );
    const last = grid.cells.n - 1;
    near(grid.cells.x[last] + grid.cellSize, grid.width, 0.01);
    near(grid.cells.y[last] + grid.cellSize, grid.height, 0.01);
    assert.equal(grid.cells.y[0], grid.title);
  }
});

test('a grid of small cells has no titles', () => {
  assert.equal(layoutGrid({ nLayers: 6, nHeads: 12, width: 900, height: 700 }).title, 12);
  assert.equal(layoutGrid({ nLayers: 80, nHeads: 64, width: 900, height: 700 }).title, 0);
});

test('cell (layer, head) has the index layer · heads + head', () => {
  const { cells, cellSize } = layoutGrid({ nLayers: 3, nHeads: 5, width: 500, height: 400 });
  assert.equal(cells.x[2 * 5 + 4], 4 * (cellSize + 6));
  assert.equal(cells.y[2 * 5 + 4], cells.y[2 * 5]);
});

test('a count that is not a positive integer throws an error with the number', () => {
  assert.throws(
    () => layoutGrid({ nLayers: 0, nHeads: 2, width: 9, height: 9 }),
    /nLayers .* is 0/,
  );
});

test('a head view fills the shorter side of its viewport less the margin', () => {
  assert.equal(layoutHead({ width: 900, height: 700, margin: 50 }).cellSize, 600);
});

test('fitting centres the content and does not enlarge it', () => {
  assert.deepEqual(fitTransform({ width: 100, height: 100 }, { width: 300, height: 200 }), {
    k: 1,
    x: 100,
    y: 50,
  });
  assert.equal(fitTransform({ width: 1000, height: 100 }, { width: 300, height: 200 }).k, 0.3);
});

test('toWorld() reverses toScreen()', () => {
  const transform = { k: 2.5, x: -30, y: 12 };
  const [x, y] = toWorld(transform, ...toScreen(transform, 17, -4));
  near(x, 17);
  near(y, -4);
});

test('zooming keeps the point under the mouse and stops at its limits', () => {
  const transform = { k: 1, x: 20, y: 40 };
  const before = toWorld(transform, 120, 90);
  const zoomed = zoomAt(transform, 3, 120, 90, { min: 0.5, max: 10 });
  assert.equal(zoomed.k, 3);
  toWorld(zoomed, 120, 90).forEach((value, axis) => near(value, before[axis]));
  assert.equal(zoomAt(transform, 100, 0, 0, { min: 0.5, max: 10 }).k, 10);
  assert.equal(zoomAt(transform, 0.01, 0, 0, { min: 0.5, max: 10 }).k, 0.5);
});

test('zoom goes from half of what fits to eight times a cell that fills the viewport', () => {
  assert.deepEqual(zoomLimits({ width: 1000, height: 500 }, { width: 500, height: 400 }, 50), {
    min: 0.25,
    max: 64,
  });
});

test('content cannot be dragged out of the viewport', () => {
  const content = { width: 100, height: 100 };
  const viewport = { width: 300, height: 200 };
  assert.deepEqual(clampTransform({ k: 1, x: 5000, y: -5000 }, content, viewport), {
    k: 1,
    x: 220,
    y: -20,
  });
  assert.deepEqual(clampTransform({ k: 1, x: 7, y: 9 }, content, viewport), { k: 1, x: 7, y: 9 });
});

test('cellAt() returns the cell under the cursor and -1 in a gap', () => {
  const { cells, cellSize } = layoutGrid({
    nLayers: 2,
    nHeads: 3,
    width: 300,
    height: 200,
    gap: 10,
    title: 10,
  });
  const transform = { k: 2, x: 5, y: 5 };
  const middle = (cell) =>
    toScreen(transform, cells.x[cell] + cellSize / 2, cells.y[cell] + cellSize / 2);
  for (let cell = 0; cell < 6; cell++)
    assert.equal(cellAt(cells, transform, ...middle(cell)), cell);
  assert.equal(cellAt(cells, transform, ...toScreen(transform, cellSize + 5, 20)), -1);
});

test('a cell counts as zoomed into only when it fills most of the viewport', () => {
  const { cells } = layoutGrid({
    nLayers: 2,
    nHeads: 2,
    width: 200,
    height: 200,
    gap: 0,
    title: 0,
  });
  const viewport = { width: 200, height: 200 };
  assert.equal(zoomedCell(cells, { k: 1, x: 0, y: 0 }, viewport), -1);
  assert.equal(zoomedCell(cells, { k: 2, x: -200, y: 0 }, viewport), 1);
});

test('coordinates run from the lower left to the upper right, within the inset', () => {
  const margin = 100 * INSET;
  const [left, bottom] = projectPoint(frame(), 0, 0);
  const [right, top] = projectPoint(frame(), 0, 1);
  near(left, 10 + margin);
  near(bottom, 120 - margin);
  near(right, 110 - margin);
  near(top, 20 + margin);
});

test('a blend of 0.25 places a point a quarter of the way', () => {
  const still = projectPoint(frame({ positions: Uint16Array.of(16384, 16384, 0, 0) }), 0, 0);
  const moving = projectPoint(
    frame({
      from: Uint16Array.of(0, 0, 0, 0),
      positions: Uint16Array.of(65535, 65535, 0, 0),
      blend: 0.25,
    }),
    0,
    0,
  );
  near(moving[0], still[0], 0.01);
  near(moving[1], still[1], 0.01);
});

test('the rotation is orthogonal for any angles', () => {
  const m = orbitMatrix({ yaw: 0.7, pitch: -0.4 });
  for (let row = 0; row < 3; row++) {
    for (let other = 0; other < 3; other++) {
      let dot = 0;
      for (let axis = 0; axis < 3; axis++) dot += m[3 * row + axis] * m[3 * other + axis];
      near(dot, row === other ? 1 : 0);
    }
  }
});

test('a 3-D map from the front has x to the right, y upwards and the near point larger', () => {
  const middle = 32767.5;
  const deep = frame({
    dims: 3,
    positions: Uint16Array.of(65535, middle, 0, 65535, middle, 65535),
    nPoints: 2,
  });
  const nearPoint = projectPoint(deep, 0, 0);
  const farPoint = projectPoint(deep, 0, 1);
  assert.ok(nearPoint[0] > farPoint[0] && farPoint[0] > 60);
  assert.ok(nearPoint[2] < 0 && farPoint[2] > 0);
  near(nearPoint[1], 70, 0.01);
});

test('a yaw of 90 degrees turns depth into x', () => {
  const deep = frame({
    dims: 3,
    positions: Uint16Array.of(32768, 32768, 65535),
    nPoints: 1,
    orbit: { yaw: Math.PI / 2, pitch: 0 },
  });
  const [x, , depth] = projectPoint(deep, 0, 0);
  assert.ok(x > 90);
  near(depth, 0, 1e-4);
});

test('a positive pitch moves far points up', () => {
  const deep = frame({
    dims: 3,
    positions: Uint16Array.of(32768, 32768, 65535),
    nPoints: 1,
    orbit: { yaw: 0, pitch: 0.5 },
  });
  assert.ok(projectPoint(deep, 0, 0)[1] < 69);
});

test('projectPoint() gives the same result with precomputed coefficients', () => {
  const deep = frame({
    dims: 3,
    positions: Uint16Array.of(100, 60000, 2000),
    nPoints: 1,
    orbit: { yaw: 1, pitch: 0.5 },
  });
  assert.deepEqual(projectPoint(deep, 0, 0, cellCoefficients(deep, 0)), projectPoint(deep, 0, 0));
});

test('dragging rotates the map, with the pitch limited to 90 degrees', () => {
  const turned = turnOrbit({ yaw: 0, pitch: 0 }, 100, 1e6);
  near(turned.yaw, 0.8);
  near(turned.pitch, Math.PI / 2);
});

test('cellVisibility() tells cells inside, partly inside and outside the view', () => {
  assert.equal(cellVisibility(frame(), 0), 'inside');
  assert.equal(cellVisibility(frame({ transform: { k: 2, x: -50, y: 20 } }), 0), 'partly');
  assert.equal(cellVisibility(frame({ transform: { k: 2, x: -500, y: 20 } }), 0), 'outside');
  assert.equal(cellVisibility(frame({ transform: { k: 2, x: 10, y: 301 } }), 0), 'outside');
});

test('the point size decreases with the number of points in a cell', () => {
  assert.equal(suitablePointSize(90, 20000), 1);
  assert.equal(suitablePointSize(800, 100), 9);
  assert.ok(suitablePointSize(800, 10000) > suitablePointSize(800, 40000));
});
