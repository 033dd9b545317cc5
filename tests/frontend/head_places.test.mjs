import assert from 'node:assert/strict';
import test from 'node:test';
import {
  fitHeads,
  headNear,
  headTowards,
  placeNames,
} from '../../frontend/js/compute/head_map_layout.js';

import { imageOf } from '../../frontend/js/map/head_map_text.js';

const ROOM = { width: 640, height: 400 };

/** Heads that look like chance, the same in every run. */
function scattered(n) {
  return Array.from({ length: n }, (_, i) => ({
    x: Math.sin(12.9898 * i) % 1,
    y: (Math.sin(78.233 * i) % 1) / 2,
  }));
}

test('fitHeads() fills the room with one scale for both axes and y upwards', () => {
  const heads = [
    { x: 0, y: 0 },
    { x: 3, y: 0 },
    { x: 0, y: 1 },
  ];
  const { x, y, scale } = fitHeads(heads, ROOM, 20);
  assert.equal(scale, 200);
  assert.deepEqual([...x], [20, 620, 20]);
  assert.deepEqual([...y], [300, 300, 100]);
});

test('coincident heads, or a single one, are placed in the middle', () => {
  for (const heads of [
    [{ x: 5, y: 5 }],
    [
      { x: 1, y: 1 },
      { x: 1, y: 1 },
    ],
  ]) {
    const { x, y } = fitHeads(heads, ROOM, 20);
    assert.ok(x.every((value) => value === 320) && y.every((value) => value === 200));
  }
});

test('names of heads overlap neither each other nor a dot', () => {
  for (const n of [1, 12, 72, 400]) {
    const places = fitHeads(scattered(n), ROOM, 30);
    const size = {
      widthOf: (i) => 30 + (i % 3) * 6,
      height: 13,
      reach: 6,
    };
    const boxes = placeNames(places, size, ROOM, [3]).map(({ head, left, top }) => ({
      head,
      left,
      top,
      right: left + size.widthOf(head),
      bottom: top + size.height,
    }));
    assert.ok(boxes.length > Math.min(n, 12) / 2, `${boxes.length} of ${n}`);
    boxes.forEach((a, i) => {
      assert.ok(a.left >= 0 && a.top >= 0 && a.right <= ROOM.width && a.bottom <= ROOM.height);
      assert.ok(
        boxes
          .slice(i + 1)
          .every(
            (b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top,
          ),
      );
      for (let head = 0; head < n && a.head !== 3; head++) {
        const [x, y] = [places.x[head], places.y[head]];
        assert.ok(
          x + 6 <= a.left || x - 6 >= a.right || y + 6 <= a.top || y - 6 >= a.bottom,
          `a name covers head ${head}`,
        );
      }
    });
  }
});

test('the name of the open head is placed first', () => {
  const places = {
    x: Float32Array.of(100, 104, 96, 100),
    y: Float32Array.of(100, 112, 88, 124),
    scale: 1,
  };
  const size = { widthOf: () => 200, height: 12, reach: 6 };
  for (const first of [0, 3])
    assert.equal(placeNames(places, size, { width: 320, height: 240 }, [first])[0].head, first);
});

test('headNear() returns the nearest head within reach, else -1', () => {
  const places = { x: Float32Array.of(10, 50), y: Float32Array.of(10, 10), scale: 1 };
  assert.equal(headNear(places, { x: 28, y: 10 }, 20), 0);
  assert.equal(headNear(places, { x: 32, y: 10 }, 20), 1);
  assert.equal(headNear(places, { x: 30, y: 60 }, 20), -1);
});

test('an arrow key moves to the nearest head in its direction, if there is one', () => {
  const places = { x: Float32Array.of(0, 100, 60, 0), y: Float32Array.of(0, 0, 50, 90), scale: 1 };
  assert.equal(headTowards(places, 0, 'ArrowRight'), 1);
  assert.equal(headTowards(places, 0, 'ArrowDown'), 3);
  assert.equal(headTowards(places, 2, 'ArrowUp'), 1);
  assert.equal(headTowards(places, 0, 'ArrowLeft'), 0);
  assert.equal(headTowards(places, 0, 'Enter'), null);
});

test('the first names may cover dots, and say so', () => {
  const places = fitHeads(scattered(5000), ROOM, 30);
  const size = { widthOf: () => 40, height: 13, reach: 3 };
  const names = placeNames(places, size, ROOM, [7, 1234]);
  assert.deepEqual([names[0].head, names[1].head], [7, 1234]);
  assert.ok(names[0].isOver);
  assert.ok(names.slice(2).every(({ isOver }) => !isOver));
});

test('where layers have different numbers of heads, a dot has the colour of its own head', () => {
  const heads = [
    { layer: 0, head: 0, x: 0, y: 0, nearest: [] },
    { layer: 2, head: 0, x: 1, y: 1, nearest: [] },
  ];
  const column = { name: 'self', values: Float64Array.of(0, 1, 1, 1, 0, 1), range: [0, 1] };
  const inside = Uint8Array.of(1, 0, 0, 0, 1, 0);
  const cells = Int32Array.of(0, 4);
  const { looks } = imageOf({ heads }, column, inside, 'light', 'safe', null, cells);
  assert.equal(looks[0].color, looks[1].color);
  assert.ok(looks.every(({ isOutside }) => !isOutside));
});
