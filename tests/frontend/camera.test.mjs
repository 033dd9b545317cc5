import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cameraOf,
  gridSightOf,
  gridTransformOf,
  orbitOf,
  shiftIntoSight,
  transformOf,
  turnOf,
} from '../../frontend/js/map/camera.js';
import { DEFAULT_ORBIT } from '../../frontend/js/compute/geometry.js';
import { createStore } from '../../frontend/js/state/store.js';
import { readQuery, writeQuery } from '../../frontend/js/state/url.js';

const CONTENT = {
  home: { k: 0.9, x: 44, y: 30 },
  size: { width: 1100, height: 740 },
  room: { width: 1160, height: 804 },
};

test('a grid of another width restores the same zoom, row and column', () => {
  const grid = { ...CONTENT, view: { left: 44, top: 30 }, limits: { min: 0.1, max: 9 } };
  const [wide, narrow] = [
    { ...grid, pitch: { x: 150, y: 120 } },
    { ...grid, pitch: { x: 92, y: 110 }, view: { left: 40, top: 26 }, home: { k: 1, x: 0, y: 0 } },
  ];
  const place = gridSightOf({ k: 1.8, x: 44 - 1.8 * 300, y: 30 - 1.8 * 840 }, wide);
  assert.deepEqual(place, { zoom: 2, column: 2, row: 7 });
  assert.deepEqual(gridTransformOf(place, narrow), { k: 2, x: 40 - 2 * 184, y: 26 - 2 * 770 });
});

test('the home position of a map has a zoom of 1', () => {
  assert.equal(cameraOf(CONTENT.home, CONTENT).zoom, 1);
});

test('a camera read from the address is within 0.2 px of the original at any zoom', () => {
  for (const zoom of [0.5, 1, 1.2345678, 7, 63.21, 480]) {
    for (const [x, y] of [
      [0.5, 0.5],
      [0.123456789, 0.987654321],
      [-0.3, 1.2],
    ]) {
      const transform = transformOf({ zoom, x, y }, CONTENT);
      const { choices } = readQuery(
        writeQuery({ ...createStore().get(), camera: cameraOf(transform, CONTENT) }),
      );
      const again = transformOf(choices.camera, CONTENT);
      for (const [screenX, screenY] of [
        [0, 0],
        [1160, 804],
        [580, 402],
      ]) {
        // The content at this place of the viewport, and where it lies after the way through the
        // address.
        const [contentX, contentY] = [
          (screenX - transform.x) / transform.k,
          (screenY - transform.y) / transform.k,
        ];
        assert.ok(Math.abs(contentX * again.k + again.x - screenX) < 0.2, `${zoom} ${x}`);
        assert.ok(Math.abs(contentY * again.k + again.y - screenY) < 0.2, `${zoom} ${y}`);
      }
    }
  }
});

test('the camera keeps its centre in a window of another size', () => {
  const camera = cameraOf(transformOf({ zoom: 3, x: 0.25, y: 0.75 }, CONTENT), CONTENT);
  const other = {
    home: { k: 0.5, x: 20, y: 10 },
    size: { width: 900, height: 600 },
    room: { width: 700, height: 500 },
  };
  const { k, x, y } = transformOf(camera, other);
  assert.ok(Math.abs(0.25 * 900 * k + x - 350) < 1e-6 && Math.abs(0.75 * 600 * k + y - 250) < 1e-6);
  assert.equal(k, 1.5);
});

test('turnOf() gives degrees modulo 360, and null for the default orbit', () => {
  assert.equal(turnOf(DEFAULT_ORBIT), null);
  assert.equal(orbitOf(null), DEFAULT_ORBIT);
  assert.deepEqual(turnOf({ yaw: 2 * Math.PI + Math.PI / 6, pitch: -Math.PI / 4 }), {
    yaw: 30,
    pitch: -45,
  });
  assert.ok(Math.abs(orbitOf({ yaw: 30, pitch: -45 }).yaw - Math.PI / 6) < 1e-12);
});

test('zoom and turn are kept between heads and reset with view, dims or dataset', () => {
  const camera = { zoom: 2, x: 0.5, y: 0.5 };
  const turn = { yaw: 10, pitch: 5 };
  const at = { layer: 0, head: 0 };
  const after = (first, change) => {
    const store = createStore({ dataset: 'a', method: 'pca', camera, turn, ...first });
    store.set(change);
    return [store.get().camera, store.get().turn];
  };
  for (const change of [
    { at: { layer: 1, head: 1 } },
    { method: 'tsne' },
    { selected: { kind: 'key', token: 1 } },
  ])
    assert.deepEqual(after({ at }, change), [camera, turn]);
  for (const change of [{ at: null }, { dims: 3 }, { dataset: 'b' }])
    assert.deepEqual(after({ at }, change), [null, null]);
  assert.deepEqual(after({ at: null }, { dims: 3 }), [camera, turn]);
  assert.deepEqual(after({ at: null }, { at }), [null, null]);
  // an address says all at once
  assert.deepEqual(after({ at: null }, { at, camera, turn }), [camera, turn]);
  // it is only found out which datasets there are
  assert.deepEqual(after({ dataset: null, at }, { dataset: 'a' }), [camera, turn]);
});

test('shiftIntoSight() returns the shortest shift, and none for a visible part', () => {
  const transform = { k: 2, x: -100, y: 0 };
  const window = { left: 10, top: 10, right: 390, bottom: 290 };
  const shift = (x, y, size = 0) =>
    shiftIntoSight(transform, { x, y, width: size, height: size }, window);
  assert.deepEqual(shift(100, 50), { x: 0, y: 0 });
  assert.deepEqual(shift(50, 0), { x: 10, y: 10 });
  assert.deepEqual(shift(250, 200), { x: -10, y: -110 });
  assert.deepEqual(shift(240, 50, 20), { x: -30, y: 0 });
});
