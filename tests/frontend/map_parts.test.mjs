import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { densityContours } from '../../frontend/js/compute/contours.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import {
  cellCoefficients,
  DEFAULT_ORBIT,
  projectPlace,
} from '../../frontend/js/compute/geometry.js';
import { emphasised, sourceOf } from '../../frontend/js/map/head_layer.js';
import { createLabelLayouts } from '../../frontend/js/map/label_layout.js';
import { cellsWithRoom, placedLabels } from '../../frontend/js/map/labels.js';
import { isLassoPress, markedPoints } from '../../frontend/js/map/lasso.js';
import { isFitting, loadedMap } from '../../frontend/js/map/map_frame.js';
import { axisEnds } from '../../frontend/js/map/orbit_gizmo.js';
import { createSight } from '../../frontend/js/map/sight.js';

const AT = { layer: 1, head: 0 };
const CHOICE = { at: AT, method: 'pca', dims: 2 };
const slot = (value) => ({ value, status: 'ready' });
const factsOf = ({ grid = null, gridTokens = null, headMap = null }) => ({
  grid: slot(grid),
  gridTokens: slot(gridTokens),
  headMap: slot(headMap),
  heads: slot(null),
});

test('loadedMap() returns null for a map of another method, dimensions or head', () => {
  const headMap = { name: 'pca-2d', at: AT, positions: new Uint16Array(4) };
  const shown = loadedMap(CHOICE, factsOf({ headMap }));
  assert.deepEqual([shown.name, shown.drawn, [...shown.ready]], ['pca-2d 1,0', null, [1]]);
  for (const other of [{ dims: 3 }, { method: 'umap' }, { at: { layer: 0, head: 0 } }])
    assert.equal(loadedMap({ ...CHOICE, ...other }, factsOf({ headMap })), null);
  const grid = { name: 'pca-2d', positions: headMap.positions, ready: Uint8Array.of(1) };
  const gridTokens = Int32Array.of(3);
  const all = { ...CHOICE, at: null };
  assert.equal(loadedMap(all, factsOf({ grid, gridTokens })).drawn, gridTokens);
  assert.equal(loadedMap(all, factsOf({ grid })), null);
  assert.equal(loadedMap({ ...all, dims: 3 }, factsOf({ grid, gridTokens })), null);
});

test('isFitting() is false if map and style differ in the number of heads or points', () => {
  const map = { positions: new Uint16Array(2 * 6 * 2), ready: new Uint8Array(2) };
  const flags = new Uint8Array(6);
  assert.ok(isFitting(map, { flags }, { n: 2 }, 2));
  assert.ok(!isFitting(map, { flags }, { n: 1 }, 2));
  assert.ok(!isFitting(map, { flags }, { n: 2 }, 3));
  assert.ok(!isFitting(map, { flags: new Uint8Array(4) }, { n: 2 }, 2));
});

test('the selected point, the hovered one and its counterparts are emphasised', () => {
  const selected = { kind: 'query', token: 2 };
  const hover = { get: () => ({ kind: 'key', token: 0 }), others: () => [3, 9] };
  const tokens = { n: 5 };
  const head = { at: AT, compare: null, selected };
  assert.deepEqual(emphasised(head, tokens, null, hover), [2, 5, 8]);
  assert.deepEqual(emphasised(head, null, null, hover), []);
  // The grid draws tokens 0, 2 and 4; what is pointed at is of another pane.
  const drawn = Int32Array.of(0, 2, 4);
  assert.deepEqual(emphasised({ ...head, at: null }, tokens, drawn, hover), [1]);
  assert.deepEqual(emphasised({ ...head, at: null, compare: {} }, tokens, drawn, hover), [1, 3]);
});

test('highlighted lines start at the hovered point, else at the selected one', () => {
  const tokens = { n: 4, sequence: [0, 0, 1, 1] };
  const selected = { kind: 'query', token: 0 };
  const [own, other] = [1, 2].map((token) => ({ kind: 'key', token }));
  assert.equal(sourceOf(selected, tokens, own), own);
  assert.equal(sourceOf(selected, tokens, other), selected);
  assert.equal(sourceOf(selected, tokens, null), selected);
});

/** One head of eight tokens of two sentences, 600 × 400 CSS pixels. */
function headFrame(flags = new Uint8Array(16)) {
  return {
    width: 600,
    height: 400,
    dims: 2,
    orbit: DEFAULT_ORBIT,
    transform: { k: 1, x: 0, y: 0 },
    cells: { n: 1, x: [0], y: [0], size: [400] },
    ready: Uint8Array.of(1),
    positions: Uint16Array.from({ length: 32 }, (_, i) => i * 2000),
    from: null,
    blend: 1,
    windows: null,
    density: new Uint8Array(16),
    flags,
    nPoints: 16,
    nQueries: 8,
  };
}

const TOKENS = {
  n: 8,
  text: ['the', 'rain', 'fell', '.', 'no', 'rain', 'fell', '.'],
  row: null,
  column: null,
  tokenType: Array(8).fill('text'),
  sequence: [0, 0, 0, 0, 1, 1, 1, 1],
  position: [0, 1, 2, 3, 0, 1, 2, 3],
  sequences: { start: [0, 4], length: [4, 4], columns: {} },
};
const FONT = { css: '12px sans-serif', lineHeight: 14 };

test('a search labels its hits, and a selection its sequence with positions', () => {
  const layoutOf = createLabelLayouts((text) => 6 * text.length);
  const subject = { state: { at: AT, selected: null }, tokens: TOKENS, drawn: null };
  const flags = Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 1 ? FLAG.hit : FLAG.dimmed));
  const searching = { ...subject, frame: headFrame(flags) };
  const found = layoutOf(searching, 0, FONT);
  assert.deepEqual([...new Set(found.words)], ['rain']);
  assert.equal(layoutOf(searching, 0, FONT), found, 'it is kept while nothing changes');
  const chosen = Uint8Array.from(flags, (_, i) => (i % 8 < 4 ? FLAG.selected : FLAG.dimmed));
  const selected = { kind: 'query', token: 1 };
  const state = { at: AT, selected };
  const ofSelection = layoutOf({ ...subject, state, frame: headFrame(chosen) }, 0, FONT);
  assert.equal(ofSelection.first, 1);
  assert.equal(ofSelection.words[0], '2:rain');
  assert.deepEqual(ofSelection.words.toSorted().slice(0, 4), [
    '1:the',
    '1:the',
    '2:rain',
    '2:rain',
  ]);
});

test('heads of the grid have labels only if they are visible, ready and large', () => {
  const grid = {
    ...headFrame(),
    cells: { n: 3, x: [0, 100, 200], y: [0, 0, 0], size: [90, 90, 90] },
    ready: Uint8Array.of(1, 1, 0),
  };
  assert.deepEqual(cellsWithRoom(grid, false), []);
  const near = { ...grid, transform: { k: 3, x: -280, y: 0 } };
  assert.deepEqual(cellsWithRoom(near, false), [1]);
  assert.deepEqual(cellsWithRoom(headFrame(), true), [0]);
});

test('a label without room on the right is placed on the left if that is free', () => {
  const labels = { words: ['a', 'b', 'c'], x: [10, 90, 94], y: [10, 10, 12], width: [20, 20, 20] };
  const layout = { ...labels, points: [0, 1, 2], first: -1, levels: { at: () => [0, 1, 2] } };
  const place = {
    transform: { k: 1, x: 0, y: 0 },
    room: { left: 0, right: 100, top: 0, bottom: 100, least: -Infinity },
    gaps: { plain: 5, emphasised: 9 },
    lineHeight: 14,
  };
  const written = (pointed) =>
    placedLabels(layout, place, pointed).map(({ words, x }) => `${words} ${x}`);
  assert.deepEqual(written(null), ['a 15', 'b 65']);
  // What is under the mouse is written first, and nothing over it.
  assert.deepEqual(written({ words: 'm', x: 20, y: 12, width: 60 }), ['m 20']);
});

test('markedPoints() maps drawn points to points of the corpus', () => {
  assert.deepEqual([...markedPoints([0, 4], 3, 3, null)], [1, 0, 0, 0, 1, 0]);
  // The grid draws tokens 1 and 4 of five: its points are queries 1, 4 and keys 1, 4.
  const marked = markedPoints([1, 2], 2, 5, Int32Array.of(1, 4));
  assert.deepEqual([...marked], [0, 0, 0, 0, 1, 0, 1, 0, 0, 0]);
});

test('dragging with Shift draws a lasso, except in a head in 3-D', () => {
  const press = { type: 'pointerdown', button: 0, shiftKey: true };
  assert.ok(isLassoPress(press, false, { at: AT, dims: 2 }));
  assert.ok(isLassoPress(press, false, { at: null, dims: 3 }));
  assert.ok(!isLassoPress(press, false, { at: AT, dims: 3 }));
  assert.ok(isLassoPress(press, true, { at: AT, dims: 3 }));
  assert.ok(!isLassoPress({ ...press, button: 2 }, true, { at: AT, dims: 2 }));
  assert.ok(!isLassoPress({ ...press, shiftKey: false }, false, { at: AT, dims: 2 }));
  assert.ok(!isLassoPress({ type: 'touchstart', touches: [1, 2] }, true, { at: AT, dims: 2 }));
});

test('the camera is reported once it rests, unless the page had requested it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rested = mock.fn();
  let current = { camera: null, turn: null };
  const sight = createSight(() => current, rested);
  const camera = { zoom: 2, x: 0.5, y: 0.5 };
  sight.changed();
  t.mock.timers.tick(1000);
  assert.equal(rested.mock.callCount(), 0, 'the map lies as it was');
  current = { camera, turn: null };
  sight.changed();
  t.mock.timers.tick(300);
  sight.changed();
  t.mock.timers.tick(300);
  assert.equal(rested.mock.callCount(), 0, 'the gesture goes on');
  t.mock.timers.tick(300);
  assert.deepEqual(rested.mock.calls[0].arguments, [current]);
  const wanted = { camera: { ...camera, zoom: 3 }, turn: null };
  sight.ask(wanted);
  sight.pin();
  assert.deepEqual(sight.pinned, wanted.camera);
  current = wanted;
  sight.changed();
  t.mock.timers.tick(1000);
  assert.equal(rested.mock.callCount(), 1);
  sight.unpin();
  assert.equal(sight.pinned, null);
});

test('the axes in the corner have the directions of the rotated map', () => {
  const frame = {
    dims: 3,
    cells: { n: 1, x: [0], y: [0], size: [100] },
    transform: { k: 1, x: 0, y: 0 },
    orbit: { yaw: 0.7, pitch: -0.4 },
  };
  const middle = 32767.5;
  const c = cellCoefficients(frame, 0);
  axisEnds(frame.orbit).forEach(({ x, y, depth }, axis) => {
    const place = [middle, middle, middle];
    place[axis] += 100;
    const [right, down, away] = projectPlace(c, place).map((part, i) => part - [50, 50, 0][i]);
    assert.ok(Math.abs(right * y - down * x) < 1e-3 && right * x + down * y > 0, `axis ${axis}`);
    assert.equal(Math.sign(away), Math.sign(depth));
  });
});

test('contours enclose 50 % and 90 % of the visible points of a kind', () => {
  let state = 3;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const cloud = () => 32768 + 9000 * (random() + random() + random() - 1.5);
  const n = 3000;
  const positions = Uint16Array.from({ length: 4 * n }, cloud);
  const flags = new Uint8Array(2 * n);
  positions.fill(60000, 2 * n, 2 * n + 200);
  flags.fill(FLAG.hidden, n, n + 100);
  const contours = densityContours(positions, flags, null);
  assert.deepEqual(
    contours.map(({ kind, isInner }) => [kind, isInner]),
    [0, 1].flatMap((kind) => [true, false].map((isInner) => [kind, isInner])),
  );
  for (const { kind, segments, isInner } of contours) {
    let nInside = 0;
    for (let point = kind * n + 100; point < (kind + 1) * n; point++) {
      const [x, y] = positions.subarray(2 * point, 2 * point + 2);
      let isInside = false; // crosses the lines an odd number of times on the way to the right
      for (let at = 0; at < segments.length; at += 4) {
        const [fromX, fromY, toX, toY] = segments.slice(at, at + 4);
        if (fromY > y === toY > y) continue;
        if (fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX) > x) isInside = !isInside;
      }
      if (isInside) nInside++;
    }
    const share = nInside / (n - 100);
    assert.ok(Math.abs(share - (isInner ? 0.5 : 0.9)) < 0.04, `kind ${kind}: ${share}`);
  }
});
