import assert from 'node:assert/strict';
import test from 'node:test';
import { densityOf, densitySteps } from '../../frontend/js/compute/density.js';
import { isSoftware, probeGpu } from '../../frontend/js/render/choose.js';
import { orderEntries } from '../../frontend/js/render/gl_frame.js';
import { linesByOpacity } from '../../frontend/js/render/lines.js';
import {
  createProjected,
  drawStamp,
  placeFlat,
  splatBlocks,
  splatPixels,
} from '../../frontend/js/render/splat.js';
import { coverage, createStamps } from '../../frontend/js/render/stamps.js';
import {
  dimColors,
  dimmedColor,
  drawOrder,
  farToNear,
  markOpacity,
  mixPacked,
  standoutOf,
} from '../../frontend/js/render/style.js';

const WHITE = -1;
const BLACK = -16777216;
/** Coefficients under which stored coordinates are pixels, y downwards. */
const PLAIN = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0.5, 0.5);

test('points are drawn once, in a fixed order that mixes queries and keys', () => {
  const draw = (nPoints) => drawOrder({ flags: new Uint8Array(nPoints), nPoints });
  const { base, nDimmed, top } = draw(2000);
  assert.equal(nDimmed + top.length, 0);
  assert.deepEqual(
    [...base].sort((a, b) => a - b),
    Array.from({ length: 2000 }, (_, point) => point),
  );
  for (let start = 0; start < 2000; start += 200) {
    const nQueries = base.subarray(start, start + 200).filter((point) => point < 1000).length;
    assert.ok(nQueries > 70 && nQueries < 130, `${nQueries} of 200`);
  }
  draw(7);
  assert.deepEqual(draw(2000).base, base);
});

test('the draw order is dimmed, plain, hits, selected, without hidden points', () => {
  const flags = Uint8Array.of(0, 2, 4, 8, 1, 2 | 4, 1 | 8, 0);
  const { base, nDimmed, top } = drawOrder({ flags, nPoints: 8, nQueries: 4 });
  assert.equal(nDimmed, 1);
  assert.equal(base[0], 1);
  assert.deepEqual([...base.subarray(1)].sort(), [0, 7]);
  assert.deepEqual([...top.subarray(0, 2)].sort(), [2, 5]);
  assert.deepEqual([...top.subarray(2)], [3]);
});

test('orderEntries() encodes the look of each point and omits hidden points', () => {
  const frame = { flags: Uint8Array.of(0, 4, 8, 1, 16, 16 | 8), emphasis: [0, 3] };
  const entries = orderEntries(frame, Uint32Array.of(0), Uint32Array.of(1, 4, 2, 5));
  assert.deepEqual(
    [...entries].map((entry) => [entry >>> 29, entry & 0x1fffffff]),
    [
      [0, 0],
      [1, 1],
      [4, 4],
      [2, 2],
      [4, 5],
      [3, 0],
    ],
  );
});

test('user points are drawn above hits and below selected points, and larger', () => {
  const { top } = drawOrder({
    flags: Uint8Array.of(8, 16, 4, 16 | 8, 16 | 1, 2),
    nPoints: 6,
    nQueries: 3,
  });
  assert.deepEqual([top[0], top[1], [...top.subarray(2)].sort()], [2, 1, [0, 3]]);
  assert.ok(
    standoutOf(16, false).scale > standoutOf(8, false).scale && standoutOf(16, false).ring > 0,
  );
  assert.ok(
    standoutOf(16, true).scale > standoutOf(16, false).scale,
    'the point under the mouse is the largest',
  );
});

test('farToNear() sorts points by depth, and ties keep their order', () => {
  assert.deepEqual(
    [...farToNear(Uint32Array.of(0, 1, 2, 3), Float32Array.of(-0.5, 0.5, 0, 0))],
    [1, 2, 3, 0],
  );
});

test('markOpacity() decreases with overlap but stays above 0.1', () => {
  assert.equal(markOpacity(0.2, 1), markOpacity(1, 1));
  assert.ok(markOpacity(1, 1) > markOpacity(4, 1) && markOpacity(4, 1) > markOpacity(30, 1));
  assert.ok(markOpacity(1e9, 1) > 0.1);
  assert.equal(markOpacity(4, 0.5), markOpacity(4, 1) / 2);
  assert.ok(markOpacity(1, 8) < 1);
});

test('density is that of the bin of a point relative to a uniform distribution', () => {
  for (const dims of [2, 3]) {
    const [side, total] = [dims === 2 ? 40 : 12, dims === 2 ? 1600 : 1728];
    const even = Uint16Array.from({ length: total * dims }, (_, at) => {
      const place = Math.floor(Math.floor(at / dims) / side ** (at % dims)) % side;
      return ((place + 0.5) * 65536) / side;
    });
    const steps = densitySteps(even, dims, 1, null);
    const middle = Math.floor(side / 2) * (dims === 2 ? side + 1 : side * side + side + 1);
    assert.equal(densityOf(steps[middle]), 1);
    const heaped = even.slice().fill(30000, 0, (dims * total) / 2);
    const found = densitySteps(heaped, dims, 1, null);
    assert.ok(densityOf(found[0]) > 50 * densityOf(found[total - 1]));
  }
});

test('density is relative to the window that the cell shows', () => {
  const part = Float32Array.of(0.5, 0.5, 0.1);
  const within = Uint16Array.from({ length: 800 }, (_, at) => 29500 + ((at * 7919) % 6500));
  const whole = densitySteps(within, 2, 1, null);
  const shown = densitySteps(within, 2, 1, part);
  assert.ok(densityOf(shown[0]) < 8 && densityOf(whole[0]) > 20);
});

test('dimmed points and patches have a colour close to the background', () => {
  const [dimmed] = dimColors(Int32Array.of(0xff0000ff | 0), [255, 255, 255]);
  const parts = [dimmed & 255, (dimmed >> 8) & 255, (dimmed >> 16) & 255];
  assert.ok(parts.every((part) => part === parts[0] && part > 200 && part < 230));
  for (const background of [
    [255, 255, 255],
    [17, 19, 24],
  ]) {
    const away = dimmedColor({ background }).map((part, i) => Math.abs(part - background[i]));
    assert.ok(Math.max(...away) - Math.min(...away) < 4 && away[0] > 35 && away[0] < 60);
  }
});

test('hits are at least five pixels wide and have an outline', () => {
  const { minSize, ring } = standoutOf(4, false);
  assert.ok(minSize >= 5 && ring > 0);
});

test('mixPacked() mixes each colour channel on its own', () => {
  assert.equal(mixPacked(BLACK, WHITE, 256), WHITE);
  assert.equal(mixPacked(WHITE, BLACK, 256), BLACK);
  assert.equal(mixPacked(WHITE, BLACK, 0), WHITE);
  const red = 0xff0000ff | 0;
  const half = mixPacked(WHITE, red, 128);
  assert.deepEqual([half & 255, (half >> 8) & 255, (half >> 16) & 255], [255, 127, 127]);
});

test('a disc and a diamond of the same size cover the same area', () => {
  const area = (shape) => {
    let sum = 0;
    for (let x = -9.5; x < 10; x++) for (let y = -9.5; y < 10; y++) sum += coverage(shape, x, y, 5);
    return sum;
  };
  assert.ok(Math.abs(area('disc') - Math.PI * 25) < 1.5);
  assert.ok(Math.abs(area('disc') - area('diamond')) < 3);
});

test('stamps of the same look are cached', () => {
  const stamps = createStamps(100);
  assert.equal(stamps('disc', 5, 1, 2), stamps('disc', 5.1, 1, 2));
  assert.notEqual(stamps('disc', 5, 1, 2), stamps('diamond', 5, 1, 2));
  assert.notEqual(stamps('disc', 5, 1, 2), stamps('disc', 5, 2, 1));
});

test('points outside the image are not drawn and do not wrap around', () => {
  const image = { pixels: new Int32Array(20).fill(WHITE), width: 5, height: 4 };
  const positions = Uint16Array.of(4, 0, 5, 1, 0, 4, 2, 1);
  for (const size of [1, 2]) {
    const projected = createProjected(4);
    projected.opacity.fill(256);
    placeFlat(projected, { positions, from: null, blend: 1, start: 0 }, PLAIN, image, size);
    assert.deepEqual(
      [...projected.place].map((place) => place >= 0),
      size === 1 ? [true, false, false, true] : [false, false, false, true],
    );
    (size === 1 ? splatPixels : splatBlocks)(
      image,
      projected,
      Uint32Array.of(0, 1, 2, 3),
      new Int32Array(4).fill(BLACK),
    );
  }
  const drawn = [...image.pixels].flatMap((pixel, at) => (pixel === BLACK ? [at] : []));
  assert.deepEqual(drawn, [4, 7, 8, 12, 13]);
});

test('a blend of 0.25 places a point a quarter of the way between two maps', () => {
  const projected = createProjected(1);
  const image = { pixels: new Int32Array(100), width: 10, height: 10 };
  placeFlat(
    projected,
    { positions: Uint16Array.of(8, 0), from: Uint16Array.of(0, 8), blend: 0.25, start: 0 },
    PLAIN,
    image,
    1,
  );
  assert.equal(projected.place[0], 6 * 10 + 2);
});

test('a stamp that crosses the border is clipped', () => {
  const image = { pixels: new Int32Array(64).fill(WHITE), width: 8, height: 8 };
  drawStamp(image, createStamps(8)('disc', 4, 2, 2), 0, 4, BLACK, 256);
  const columns = new Set(
    [...image.pixels].flatMap((pixel, at) => (pixel === WHITE ? [] : [at % 8])),
  );
  assert.ok(columns.has(0) && !columns.has(7), [...columns].join());
  drawStamp(image, createStamps(8)('disc', 4, 2, 2), 500, 4, BLACK, 256);
});

test('lines are grouped by weight, without those of weight 0 or to hidden points', () => {
  const lines = { from: [0, 1, 2, 3], to: [4, 4, 5, 4], weights: [0.99, 0.03, 0.5, 0] };
  const groups = linesByOpacity(lines, Uint8Array.of(0, 0, 0, 0, 0, 1));
  assert.deepEqual(
    groups.flatMap((group, step) => group.map((line) => [step, line])),
    [
      [0, 1],
      [15, 0],
    ],
  );
});

test('isSoftware() recognises software renderers by name', () => {
  const software = [
    'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)',
    'llvmpipe (LLVM 15)',
    'Microsoft Basic Render Driver',
    'Mesa softpipe',
    null,
  ];
  software.forEach((name) => assert.ok(isSoftware(name), String(name)));
  [
    'ANGLE (NVIDIA, NVIDIA GeForce RTX 3060)',
    'Apple GPU',
    'Mesa Intel(R) UHD Graphics 620',
  ].forEach((name) => assert.ok(!isSoftware(name), name));
});

test('probeGpu() returns null without WebGL2', () => {
  assert.equal(
    probeGpu(() => ({ getContext: () => null })),
    null,
  );
});
