import assert from 'node:assert/strict';
import test from 'node:test';
import { layoutGrid, projectPoint } from '../../frontend/js/compute/geometry.js';
import { csvCell } from '../../frontend/js/compute/csv.js';
import {
  countMarked,
  fileName,
  markedRows,
  placesIn,
  toCsv,
  toJson,
} from '../../frontend/js/marked_points/table.js';
import { isInside, pointsInside } from '../../frontend/js/render/polygon.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { makePositions } from '../browser/pages/scene.js';

const SQUARE = [
  [10, 10],
  [50, 10],
  [50, 50],
  [10, 50],
];
/** A horseshoe that is open at the top. */
const HORSESHOE = [
  [0, 0],
  [10, 0],
  [10, 30],
  [30, 30],
  [30, 0],
  [40, 0],
  [40, 40],
  [0, 40],
];

test('isInside() does not depend on the direction of the outline', () => {
  for (const outline of [SQUARE, SQUARE.toReversed()]) {
    assert.ok(isInside(outline, 30, 30));
    for (const [x, y] of [
      [5, 30],
      [55, 30],
      [30, 5],
      [30, 55],
      [-100, 10],
    ])
      assert.ok(!isInside(outline, x, y));
  }
});

test('a place in the bay of a concave outline is outside', () => {
  assert.ok(!isInside(HORSESHOE, 20, 15));
  assert.ok(isInside(HORSESHOE, 5, 15));
  assert.ok(isInside(HORSESHOE, 20, 35));
});

test('isInside() counts a corner at the height of the place once', () => {
  const diamond = [
    [0, 10],
    [10, 0],
    [20, 10],
    [10, 20],
  ];
  assert.ok(isInside(diamond, 5, 10));
  assert.ok(!isInside(diamond, -5, 10));
  assert.ok(!isInside(diamond, 25, 10));
});

test('an outline of fewer than three corners contains no point', () => {
  assert.ok(!isInside([], 0, 0));
  assert.ok(
    !isInside(
      [
        [0, 0],
        [10, 10],
      ],
      5,
      5,
    ),
  );
  assert.deepEqual(
    pointsInside(frame(), 0, [
      [0, 0],
      [10, 10],
    ]),
    [],
  );
});

function frame(overrides = {}) {
  const { cells } = layoutGrid({ nLayers: 1, nHeads: 2, width: 600, height: 300 });
  const dims = overrides.dims ?? 2;
  return {
    width: 600,
    height: 300,
    ratio: 1,
    dims,
    transform: { k: 1.5, x: 7, y: -4 },
    orbit: { yaw: 0.4, pitch: 0.2 },
    cells,
    ready: Uint8Array.of(1, 1),
    positions: makePositions(2, 100, dims),
    from: null,
    blend: 1,
    nPoints: 200,
    nQueries: 100,
    density: new Uint8Array(400),
    flags: new Uint8Array(200),
    ...overrides,
  };
}

test('pointsInside() returns the visible points in an outline in 2-D and 3-D', () => {
  const outline = [
    [100, 80],
    [320, 60],
    [300, 330],
    [180, 150],
  ];
  for (const scene of [frame(), frame({ dims: 3 })]) {
    const inside = Array.from({ length: 200 }, (_, point) => point).filter((point) =>
      isInside(outline, ...projectPoint(scene, 0, point).slice(0, 2)),
    );
    assert.ok(inside.length > 3 && inside.length < 200);
    assert.deepEqual(pointsInside(scene, 0, outline), inside);
    scene.flags[inside[1]] = FLAG.hidden;
    assert.deepEqual(
      pointsInside(scene, 0, outline),
      inside.filter((point) => point !== inside[1]),
    );
    assert.deepEqual(pointsInside({ ...scene, ready: Uint8Array.of(0, 1) }, 0, outline), []);
  }
});

const TOKENS = {
  n: 3,
  text: ['=1+1', 'a "b", c', 'rain'],
  sequence: [0, 0, 1],
  position: [0, 1, 0],
  tokenType: ['text', 'text', 'text'],
  row: null,
  column: null,
  sequences: { start: [0, 2], length: [2, 1], text: ['-x\ny', 'it rains'], columns: {} },
};
const SUBJECT = {
  dataset: 'demo',
  model: 'tiny',
  at: { layer: 1, head: 2 },
  state: { method: 'pca', dims: 2 },
};
const MARKED = Uint8Array.of(1, 1, 0, 0, 0, 1);

test('countMarked() counts queries and keys separately', () => {
  assert.deepEqual(countMarked(MARKED, 3), { query: 2, key: 1 });
});

test('rows of marked points have tokens and sentences instead of indices', () => {
  const rows = markedRows(MARKED, TOKENS, () => [0.25, 1]);
  assert.deepEqual(rows[2], {
    kind: 'key',
    token: 'rain',
    position: 1,
    sequence: 'it rains',
    coordinates: [0.25, 1],
  });
  const { points, ...rest } = JSON.parse(toJson(SUBJECT, rows));
  assert.deepEqual(rest, {
    dataset: 'demo',
    model: 'tiny',
    method: 'pca',
    dims: 2,
    layer: 1,
    head: 2,
  });
  assert.deepEqual(points[2], {
    kind: 'key',
    token: 'rain',
    position: 1,
    sequence: 'it rains',
    x: 0.25,
    y: 1,
  });
});

test('corpus text is quoted in CSV and cannot be a formula', () => {
  const csv = toCsv(
    SUBJECT,
    markedRows(MARKED, TOKENS, () => [0, 0.5]),
  );
  assert.equal(
    csv,
    [
      '\uFEFFdataset,model,method,dims,layer,head,kind,token,position,sequence,x,y',
      `demo,tiny,pca,2,1,2,query,'=1+1,1,"'-x\ny",0,0.5`,
      `demo,tiny,pca,2,1,2,query,"a ""b"", c",2,"'-x\ny",0,0.5`,
      'demo,tiny,pca,2,1,2,key,rain,1,it rains,0,0.5',
      '',
    ].join('\r\n'),
  );
  assert.deepEqual(['+1', '-1', '@x', '\tx', '＝1', 'x=1', ''].map(csvCell), [
    "'+1",
    "'-1",
    "'@x",
    "'\tx",
    "'＝1",
    'x=1',
    '',
  ]);
  assert.equal(csvCell(-3), '-3');
});

test('rows of unknown tokens have the text they stand for', () => {
  const rows = markedRows(MARKED, { ...TOKENS, surface: ['=🙂', null, null] }, () => null);
  assert.deepEqual(
    rows.map(({ surface }) => surface),
    ['=🙂', '', ''],
  );
  const [head, first] = toCsv(SUBJECT, rows).split('\r\n');
  assert.deepEqual(
    [head.split(',').indexOf('surface'), first.split(',').slice(7, 10)],
    [8, ["'=1+1", "'=🙂", '1']],
  );
});

test('a point without coordinates has empty CSV cells', () => {
  const csv = toCsv(
    { ...SUBJECT, at: null, state: { method: 'pca', dims: 3 } },
    markedRows(Uint8Array.of(0, 0, 1, 0, 0, 0), TOKENS, () => null),
  );
  assert.equal(csv.split('\r\n')[1], 'demo,tiny,pca,3,,,query,rain,1,it rains,,,');
});

test('placesIn() returns coordinates as shares of the map of the cell', () => {
  const placeOf = placesIn(
    { positions: Uint16Array.of(0, 0, 0, 0, 65535, 0, 13107, 65535), nPoints: 2, dims: 2 },
    1,
    (point) => (point === 5 ? 1 : -1),
  );
  assert.deepEqual(placeOf(5), [0.2, 1]);
  assert.equal(placeOf(0), null);
});

test('the file name has dataset, map and head, with unsafe characters replaced', () => {
  assert.equal(fileName(SUBJECT, 'csv'), 'demo-pca-2d-L1-H2-marked.csv');
  assert.equal(
    fileName({ ...SUBJECT, dataset: '../a b', at: null }, 'json'),
    '.._a_b-pca-2d-marked.json',
  );
});
