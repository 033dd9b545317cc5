import assert from 'node:assert/strict';
import test from 'node:test';
import { layoutGrid, projectPoint } from '../../frontend/js/compute/geometry.js';
import { createPicker, nearestPoint } from '../../frontend/js/render/picking.js';
import { makePositions } from '../browser/pages/scene.js';

function frame(overrides = {}) {
  const { cells } = layoutGrid({ nLayers: 2, nHeads: 3, width: 600, height: 400 });
  const dims = overrides.dims ?? 2;
  const nPoints = 400;
  return {
    width: 600,
    height: 400,
    ratio: 1,
    dims,
    transform: { k: 1, x: 0, y: 0 },
    orbit: { yaw: 0.4, pitch: 0.2 },
    cells,
    ready: new Uint8Array(6).fill(1),
    positions: makePositions(6, nPoints / 2, dims),
    from: null,
    blend: 1,
    nPoints,
    nQueries: nPoints / 2,
    flags: new Uint8Array(nPoints),
    ...overrides,
  };
}
/** The same answer by the plain definition, point after point. */
function slowest(scene, cell, x, y, radius) {
  let best = [-1, Infinity];
  for (let point = 0; point < scene.nPoints; point++) {
    const [px, py] = projectPoint(scene, cell, point);
    const distance = Math.hypot(px - x, py - y);
    if (distance <= radius && distance <= best[1]) best = [point, distance];
  }
  return best[0];
}

test('nearestPoint() finds the nearest point in a 2-D map', () => {
  const scene = frame();
  for (let step = 0; step < 200; step++) {
    const [x, y] = [(step * 37) % 180, (step * 53) % 180];
    assert.equal(nearestPoint(scene, 0, x, y, 12), slowest(scene, 0, x, y, 12));
  }
});

test('a point is picked at its place in 2-D, in 3-D and during a transition', () => {
  const moving = { from: makePositions(6, 200, 2, 2), blend: 0.3 };
  for (const scene of [frame(), frame({ dims: 3 }), frame(moving)]) {
    const picker = createPicker();
    for (let cell = 0; cell < 6; cell++) {
      const [x, y] = projectPoint(scene, cell, 57);
      const found = picker.pick(scene, x, y, 5);
      assert.equal(found?.cell, cell);
      const [foundX, foundY] = projectPoint(scene, cell, found.point);
      assert.ok(Math.hypot(foundX - x, foundY - y) <= 5);
    }
  }
});

test('nothing is picked beyond the radius, between cells or in a map not ready', () => {
  const scene = frame();
  const picker = createPicker();
  const [x, y] = projectPoint(scene, 1, 3);
  assert.notEqual(picker.pick(scene, x, y, 5), null);
  assert.equal(picker.pick({ ...scene, ready: new Uint8Array(6) }, x, y, 5), null);
  assert.equal(picker.pick(scene, scene.cells.x[1] - 2, y, 5), null);
  assert.equal(nearestPoint(scene, 1, -500, -500, 20), -1);
});

test('hidden points are never picked', () => {
  const scene = frame();
  const [x, y] = projectPoint(scene, 2, 9);
  scene.flags.fill(1);
  assert.equal(createPicker().pick(scene, x, y, 50), null);
});

test('a hit wins over a plain point that is a little nearer, a dimmed one loses', () => {
  const positions = Uint16Array.of(30000, 30000, 30500, 30000);
  const scene = frame({
    positions,
    nPoints: 2,
    nQueries: 1,
    cells: layoutGrid({ nLayers: 1, nHeads: 1, width: 300, height: 300 }).cells,
    ready: Uint8Array.of(1),
  });
  const [x, y] = projectPoint(scene, 0, 0);
  assert.equal(nearestPoint(scene, 0, x, y, 10), 0);
  assert.equal(nearestPoint({ ...scene, flags: Uint8Array.of(0, 4) }, 0, x, y, 10), 1);
  assert.equal(nearestPoint({ ...scene, flags: Uint8Array.of(2, 0) }, 0, x, y, 10), 1);
});

test('of two points behind each other the near one is picked', () => {
  const positions = Uint16Array.of(32768, 32768, 1000, 32768, 32768, 64000);
  const scene = frame({ dims: 3, orbit: { yaw: 0, pitch: 0 }, positions, nPoints: 2, nQueries: 1 });
  const [x, y] = projectPoint(scene, 0, 0);
  assert.equal(nearestPoint(scene, 0, x, y, 10), 0);
});

test('the index picks the same point as a pass over all points', () => {
  const positions = makePositions(1, 3000, 2);
  for (let point = 0; point < 600; point += 2)
    positions.copyWithin(2 * (5000 + point / 2), 2 * point, 2 * point + 2); // two at one place
  positions.set([0, 0, 65535, 65535, 0, 65535], 0);
  const flags = Uint8Array.from(
    { length: 6000 },
    (_, point) => [0, 0, 1, 2, 4, 8][(point * 7) % 6],
  );
  const base = frame({
    cells: { n: 1, x: Float32Array.of(12), y: Float32Array.of(12), size: Float32Array.of(500) },
    ready: Uint8Array.of(1),
    nPoints: 6000,
    nQueries: 3000,
    positions,
  });
  let nFound = 0;
  for (const transform of [
    { k: 1, x: 0, y: 0 },
    { k: 0.5, x: 80, y: 40 },
    { k: 40, x: -7000, y: -9000 },
  ]) {
    for (const flagged of [new Uint8Array(6000), flags]) {
      const scene = { ...base, transform, flags: flagged };
      const picker = createPicker();
      for (let step = 0; step < 600; step++) {
        const [x, y] = [((step * 37) % 640) - 20, ((step * 53) % 440) - 20];
        const wanted = nearestPoint(scene, 0, x, y, 11);
        assert.equal(picker.pick(scene, x, y, 11)?.point ?? -1, wanted);
        if (wanted >= 0) nFound++;
      }
    }
  }
  assert.ok(nFound > 600);
});

test('the index is rebuilt for another map and respects points hidden later', () => {
  const one = frame({
    cells: { n: 1, x: Float32Array.of(0), y: Float32Array.of(0), size: Float32Array.of(400) },
    ready: Uint8Array.of(1),
    nPoints: 2,
    nQueries: 1,
    positions: Uint16Array.of(0, 0, 65535, 65535),
    flags: new Uint8Array(2),
  });
  const other = { ...one, positions: Uint16Array.of(65535, 65535, 0, 0) };
  const picker = createPicker();
  const [x, y] = projectPoint(one, 0, 0);
  assert.equal(picker.pick(one, x, y, 5)?.point, 0);
  assert.equal(picker.pick(other, x, y, 5)?.point, 1);
  assert.equal(picker.pick({ ...one, flags: Uint8Array.of(1, 0) }, x, y, 5), null);
});
