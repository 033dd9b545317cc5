import assert from 'node:assert/strict';
import test from 'node:test';
import { arrangeGrid, arrangeHead, gridInPlace, headInPlace, isLeft, openedCell } from '../../frontend/js/arrangement.js';

const ROOM = { width: 1100, height: 800 };
const SHAPES = [[1, 1], [1, 2], [4, 8], [12, 12], [48, 25]];

test('a head that is opened and left by zooming keeps its place on the screen', () => {
  for (const [nLayers, nHeads] of SHAPES) {
    const grid = arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, ROOM);
    const head = arrangeHead(ROOM);
    const cell = grid.cells.n - 1;
    const before = { k: 3.1, x: -170, y: 45 };
    const opened = headInPlace(grid, cell, before, head);
    assert.ok(Math.abs(opened.k * head.cellSize - before.k * grid.cells.size[cell]) < 1e-6);
    const after = gridInPlace(grid, cell, opened, head);
    for (const part of ['k', 'x', 'y']) assert.ok(Math.abs(after[part] - before[part]) < 1e-6, part);
  }
});

test('the head that is nearest to the mouse is opened once it fills the room', () => {
  const grid = arrangeGrid({ n_layers: 4, n_heads: 8 }, ROOM);
  const fill = ROOM.height / grid.cellSize;
  const middle = { x: grid.cells.x[11] + grid.cellSize / 2, y: grid.cells.y[11] + grid.cellSize / 2 };
  for (const [share, cell] of [[0.89, -1], [0.91, 11], [2, 11]]) {
    const k = share * fill;
    const transform = { k, x: 300 - middle.x * k, y: 200 - middle.y * k };
    assert.equal(openedCell(grid, transform, ROOM, { x: 300, y: 200 }), cell);
    if (cell >= 0) assert.equal(openedCell(grid, transform, ROOM, { x: 300, y: 200 - 0.52 * k * grid.cellSize }), cell);
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
