import assert from 'node:assert/strict';
import test from 'node:test';
import {
  arrangeGrid,
  arrangeHead,
  besideSlot,
  gridInPlace,
  headInPlace,
  isLeft,
  openedCell,
} from '../../frontend/js/map/arrangement.js';
import { between } from '../../frontend/js/map/sliding.js';

const ROOM = { width: 1100, height: 800 };
const SHAPES = [
  [1, 1],
  [1, 2],
  [4, 8],
  [12, 12],
  [48, 25],
];

test('a head that is opened and left by zooming keeps its place on the screen', () => {
  for (const [nLayers, nHeads] of SHAPES) {
    const grid = arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, ROOM);
    const head = arrangeHead(ROOM);
    const cell = grid.cells.n - 1;
    const before = { k: 3.1, x: -170, y: 45 };
    const opened = headInPlace(grid, cell, before, head);
    assert.ok(Math.abs(opened.k * head.cellSize - before.k * grid.cells.size[cell]) < 1e-6);
    const after = gridInPlace(grid, cell, opened, head);
    for (const part of ['k', 'x', 'y'])
      assert.ok(Math.abs(after[part] - before[part]) < 1e-6, part);
  }
});

test('the head that is nearest to the mouse is opened once it fills the room', () => {
  const grid = arrangeGrid({ n_layers: 4, n_heads: 8 }, ROOM);
  const fill = ROOM.height / grid.cellSize;
  const middle = {
    x: grid.cells.x[11] + grid.cellSize / 2,
    y: grid.cells.y[11] + grid.cellSize / 2,
  };
  for (const [share, cell] of [
    [0.89, -1],
    [0.91, 11],
    [2, 11],
  ]) {
    const k = share * fill;
    const transform = { k, x: 300 - middle.x * k, y: 200 - middle.y * k };
    assert.equal(openedCell(grid, transform, ROOM, { x: 300, y: 200 }), cell);
    if (cell >= 0)
      assert.equal(
        openedCell(grid, transform, ROOM, { x: 300, y: 200 - 0.52 * k * grid.cellSize }),
        cell,
      );
  }
});

test('opening and leaving never take turns', () => {
  for (const [nLayers, nHeads] of SHAPES) {
    for (const room of [ROOM, { width: 400, height: 900 }, { width: 1800, height: 500 }]) {
      const grid = arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, room);
      const head = arrangeHead(room);
      const k = (0.9 * Math.min(room.width, room.height)) / grid.cellSize;
      const opened = headInPlace(grid, 0, { k, x: 0, y: 0 }, head);
      assert.ok(!isLeft(head, opened));
      assert.ok(!isLeft(head, { ...opened, k: opened.k * 0.7 }));
      const left = gridInPlace(grid, 0, { k: 0.59 * head.home.k, x: 0, y: 0 }, head);
      assert.ok(isLeft(head, { k: 0.59 * head.home.k, x: 0, y: 0 }));
      assert.equal(openedCell(grid, { ...left, k: left.k * 1.3 }, room, { x: 10, y: 10 }), -1);
    }
  }
});

test('sorted heads take the places of the grid in their order', () => {
  const model = { n_layers: 2, n_heads: 3 };
  const plain = arrangeGrid(model, ROOM);
  const sorted = arrangeGrid(model, ROOM, Int32Array.of(4, 0, 5, 3, 1, 2));
  assert.deepEqual([sorted.cells.x[4], sorted.cells.y[4]], [plain.cells.x[0], plain.cells.y[0]]);
  assert.deepEqual([sorted.cells.x[2], sorted.cells.y[2]], [plain.cells.x[5], plain.cells.y[5]]);
  assert.deepEqual(sorted.slots, plain.cells);
  assert.deepEqual([sorted.home, sorted.limits], [plain.home, plain.limits]);
  const fill = ROOM.height / sorted.cellSize;
  const middle = {
    x: sorted.cells.x[4] + sorted.cellSize / 2,
    y: sorted.cells.y[4] + sorted.cellSize / 2,
  };
  assert.equal(
    openedCell(sorted, { k: fill, x: 300 - middle.x * fill, y: 200 - middle.y * fill }, ROOM, {
      x: 300,
      y: 200,
    }),
    4,
  );
});

test('the place beside another ends at the edges of the grid', () => {
  const model = { n_layers: 2, n_heads: 3 };
  assert.deepEqual(
    ['up', 'down', 'left', 'right'].map((way) => besideSlot(0, way, model)),
    [-1, 3, -1, 1],
  );
  assert.deepEqual(
    ['up', 'down', 'left', 'right'].map((way) => besideSlot(5, way, model)),
    [2, -1, 4, -1],
  );
});

test('heads on their way lie between their places', () => {
  const model = { n_layers: 1, n_heads: 2 };
  const [from, to] = [
    arrangeGrid(model, ROOM).cells,
    arrangeGrid(model, ROOM, Int32Array.of(1, 0)).cells,
  ];
  const half = between(from, to, 0.5);
  assert.deepEqual([half.x[0], half.x[1]], [half.x[1], half.x[0]]);
  assert.deepEqual(between(from, to, 0), from);
  assert.deepEqual(between(from, to, 1), to);
});
