import assert from 'node:assert/strict';
import test from 'node:test';
import {
  arrangeGrid,
  arrangeHead,
  cellAtPlace,
  centredOn,
  contained,
  gridInPlace,
  headInPlace,
  isLeft,
  openedCell,
  slotBeside,
  slotsInSight,
  titlesOf,
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

test('a head that is opened and closed by zooming keeps its place on screen', () => {
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

test('zooming opens the head nearest to the mouse once it fills 90 % of the view', () => {
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

test('zoom thresholds for opening and closing a head do not overlap', () => {
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

test('sorted heads fill the slots of the grid in the given order', () => {
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

test('slotBeside() stops at the edges of the grid', () => {
  const grid = { nRows: 2, nColumns: 3 };
  const steps = [
    { down: -1, right: 0 },
    { down: 1, right: 0 },
    { down: 0, right: -1 },
    { down: 0, right: 1 },
  ];
  assert.deepEqual(
    steps.map((step) => slotBeside(0, step, grid)),
    [0, 3, 0, 1],
  );
  assert.deepEqual(
    steps.map((step) => slotBeside(5, step, grid)),
    [2, 5, 4, 5],
  );
  assert.equal(slotBeside(4, { down: -1e6, right: -1e6 }, grid), 0);
});

const WINDOWS = [
  { width: 1035, height: 635 },
  { width: 1315, height: 914 },
  { width: 1616, height: 994 },
];
const PHONE = { width: 390, height: 674 };

for (const [n_layers, n_heads] of [
  [1, 1],
  [6, 12],
  [12, 12],
  [30, 9],
  [32, 32],
  [80, 64],
  [2, 64],
])
  for (const room of [...WINDOWS, PHONE]) {
    const model = { n_layers, n_heads };
    const name = `${n_layers} × ${n_heads} heads in ${room.width} × ${room.height}`;

    test(`${name} fit the view or scroll with maps of at least 88 px`, () => {
      const grid = arrangeGrid(model, room);
      const { cells, home, isList, isScrolling, nColumns, size, slots, title, view } = grid;
      assert.equal(cells.n, n_layers * n_heads);
      assert.equal(home.y, view.top);
      const reach = { right: home.x + home.k * size.width, bottom: home.y + home.k * size.height };
      assert.equal(isScrolling, reach.right > view.right + 1 || reach.bottom > view.bottom + 1);
      assert.ok(home.k * grid.cellSize >= (isScrolling ? 88 : 44));
      assert.equal(isList, isScrolling && room === PHONE);
      // the width is used; titles lie above their maps and below those of the row before
      if (isScrolling && !isList) assert.ok(size.width > 0.6 * (view.right - view.left));
      if (isList) assert.equal(nColumns, 1);
      else if (n_layers > 1) assert.ok(slots.y[nColumns] - title >= slots.y[0] + slots.size[0]);
    });

    test(`${name} all fit in fit mode, with no title over a map`, () => {
      const grid = arrangeGrid(model, room, null, true);
      const { home, size, view } = grid;
      assert.ok(home.x >= view.left && home.y === view.top && !grid.isScrolling);
      assert.ok(home.x + home.k * size.width <= view.right + 1);
      assert.ok(home.y + home.k * size.height <= view.bottom + 1);
      const { height, room: words } = titlesOf(grid, home.k, 16);
      assert.ok(height <= grid.title * home.k);
      if (n_heads * n_layers > 200) assert.equal(words, 'none');
    });
  }

test('a grid stays in view when panned, and is centred at the smallest zoom', () => {
  const grid = arrangeGrid({ n_layers: 30, n_heads: 9 }, WINDOWS[1]);
  const { view, size } = grid;
  assert.equal(contained(grid, { k: 1, x: 900, y: 500 }).y, view.top);
  assert.equal(contained(grid, { k: 1, x: 0, y: -1e5 }).y, view.bottom - size.height);
  const { min: k } = grid.limits;
  const out = contained(grid, { k, x: -300, y: -2000 });
  assert.equal(out.y, view.top);
  assert.ok(Math.abs(out.x + (k * size.width) / 2 - (view.left + view.right) / 2) < 0.01);
});

test('visible slots and the head under the mouse follow from the grid transform', () => {
  const order = Int32Array.from({ length: 80 * 64 }, (_, i) => 80 * 64 - 1 - i);
  const grid = arrangeGrid({ n_layers: 80, n_heads: 64 }, WINDOWS[1], order);
  const transform = centredOn(grid, 40 * 64 + 20);
  const { top, bottom, left, right } = slotsInSight(grid, transform, grid.view);
  const [row, column] = [39, 43]; // where the order has that head
  assert.ok(top < row && row < bottom && left < column && column < right);
  assert.ok((bottom - top) * (right - left) < 200);
  const middle = (side, from, pitch) => side + from * pitch + 40;
  const place = {
    x: middle(transform.x, column, grid.pitch.x),
    y: middle(transform.y, row, grid.pitch.y),
  };
  assert.equal(cellAtPlace(grid, transform, place), 40 * 64 + 20);
  assert.equal(cellAtPlace(grid, transform, { ...place, x: transform.x - 5 }), -1);
});

test('between() interpolates the positions of heads', () => {
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

test('a phone shows small grids whole and larger ones as a list', () => {
  const phone = { width: 390, height: 620 };
  const isList = (nLayers, nHeads, isFitted = false) =>
    arrangeGrid({ n_layers: nLayers, n_heads: nHeads }, phone, null, isFitted).isList;
  assert.deepEqual([isList(3, 4), isList(4, 6), isList(12, 12)], [false, true, true]);
  assert.equal(isList(4, 6, true), false, 'all heads at once, where that is asked for');
});
