import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '../../frontend/js/compute/rgba.js';
import { drawDots } from '../../frontend/js/render/dots.js';

const RED = pack([200, 0, 0]);

/** A picture of 20 × 20 pixels with these dots, and its pixels. */
function drawn(dots) {
  const picture = { data: new Uint8ClampedArray(4 * 400), width: 20, height: 20 };
  const all = { radius: 5, outline: null, ratio: 1, ...dots };
  drawDots(picture, { ...all, x: Float32Array.from(dots.x), y: Float32Array.from(dots.y) });
  return (x, y) => [...picture.data.subarray(4 * (20 * y + x), 4 * (20 * y + x) + 4)];
}

test('a dot is its colour inside, its outline at the edge, and nothing beyond', () => {
  const at = drawn({
    ...{ x: [10.5], y: [10.5], radius: 5.5 },
    ...{ colors: Uint32Array.of(RED), outline: [0, 0, 99] },
  });
  assert.deepEqual(at(10, 10), [200, 0, 0, 255]);
  assert.deepEqual(at(15, 10), [0, 0, 99, 255]);
  assert.deepEqual(at(17, 10), [0, 0, 0, 0]);
});

test('a pale dot lets through what is below, and dots at the edge are cut', () => {
  const pale = (RED & 0xffffff) | (51 << 24);
  const blue = pack([0, 0, 200]);
  const colors = Uint32Array.of(blue, pale);
  const at = drawn({ x: [0, 0], y: [3, 3], colors });
  assert.deepEqual(at(0, 3), [40, 0, 160, 255]);
  assert.equal(drawn({ x: [10], y: [10], colors: Uint32Array.of(pale) })(10, 10)[3], 51);
});
