import assert from 'node:assert/strict';
import test from 'node:test';
import { createLevels } from '../../frontend/js/render/labels.js';
import { spreadOrder } from '../../frontend/js/compute/spread.js';

/** Numbers that look like chance, the same in every run. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Labels in one dense cluster and scattered around it. */
function makeBoxes(n, seed) {
  const random = randomFrom(seed);
  const around = () => (random() < 0.5 ? 300 + 40 * random() : 800 * random());
  return {
    n,
    height: 14,
    x: Float32Array.from({ length: n }, around),
    y: Float32Array.from({ length: n }, around),
    width: Float32Array.from({ length: n }, () => 8 + 120 * random()),
  };
}

const ZOOMS = [0.5, 0.6, 0.7, 0.95, 1, 1.3, 2, 2.1, 3.7, 6, 11, 25, 60];

function overlaps({ x, y, width, height }, a, b, zoom) {
  const isBeside = x[a] * zoom >= x[b] * zoom + width[b] || x[b] * zoom >= x[a] * zoom + width[a];
  return !isBeside && Math.abs(y[a] - y[b]) * zoom < height;
}

test('no two labels overlap at any zoom', () => {
  for (const seed of [1, 2, 3, 4]) {
    const boxes = makeBoxes(400, seed);
    const levels = createLevels(boxes);
    for (const zoom of ZOOMS) {
      const shown = levels.at(zoom);
      for (let a = 0; a < shown.length; a++) {
        for (let b = 0; b < a; b++)
          assert.ok(
            !overlaps(boxes, shown[a], shown[b], zoom),
            `${shown[a]} covers ${shown[b]} at ${zoom}`,
          );
      }
    }
  }
});

test('zooming in keeps the shown labels and adds more', () => {
  for (const seed of [5, 6, 7]) {
    const levels = createLevels(makeBoxes(400, seed));
    const steps = ZOOMS.map((zoom) => new Set(levels.at(zoom)));
    for (let at = 1; at < steps.length; at++)
      assert.ok([...steps[at - 1]].every((label) => steps[at].has(label)));
    assert.ok(steps[0].size > 0 && steps.at(-1).size > 2 * steps[0].size);
  }
});

test('labels of the same word are kept apart until zoomed in', () => {
  const boxes = {
    ...{ n: 4, height: 14, apart: 100, words: [7, 7, 8, 7] },
    ...{ x: [0, 60, 60, 400], y: [0, 0, 40, 0], width: [30, 30, 30, 30] },
  };
  const levels = createLevels(boxes);
  assert.deepEqual([...levels.at(1)].sort(), [0, 2, 3]);
  assert.deepEqual([...levels.at(3)].sort(), [0, 1, 2, 3]);
});

test('labels at a zoom do not depend on the zooms requested before', () => {
  const boxes = makeBoxes(300, 8);
  const [inwards, outwards] = [createLevels(boxes), createLevels(boxes)];
  const there = ZOOMS.map((zoom) => [...inwards.at(zoom)]);
  const back = ZOOMS.toReversed()
    .map((zoom) => [...outwards.at(zoom)])
    .toReversed();
  assert.deepEqual(back, there);
});

test('the first label and isolated labels are always shown', () => {
  const boxes = { n: 3, x: [10, 12, 500], y: [10, 10, 500], width: [60, 60, 60], height: 14 };
  assert.deepEqual([...createLevels(boxes).at(1)].sort(), [0, 2]);
});

test('of labels at the same place only the first is shown', () => {
  const boxes = { n: 2, x: [10, 10], y: [10, 10], width: [60, 20], height: 14 };
  assert.deepEqual([...createLevels(boxes).at(60)], [0]);
  assert.equal(createLevels({ n: 0, x: [], y: [], width: [], height: 14 }).at(2).length, 0);
});

test('spreadOrder() is a permutation whose start is spread over the range', () => {
  for (const n of [0, 1, 2, 3, 10, 97, 1000]) {
    assert.deepEqual(
      [...spreadOrder(n)].sort((a, b) => a - b),
      Array.from({ length: n }, (_, i) => i),
    );
  }
  const first = [...spreadOrder(1000).subarray(0, 10)].sort((a, b) => a - b);
  for (let at = 1; at < first.length; at++) assert.ok(first[at] - first[at - 1] > 30);
});
