import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barsFigure } from '../../frontend/js/figure/bars_figure.js';
import { withChunks } from '../../frontend/js/figure/png_chunks.js';
import { crc32 } from 'node:zlib';
import { formatCaption, figureTitle, wrapped } from '../../frontend/js/figure/caption.js';
import { pageSize } from '../../frontend/js/figure/figure_theme.js';
import { headsFigure } from '../../frontend/js/figure/heads_figure.js';
import { legendMarkup } from '../../frontend/js/figure/legend.js';
import { node, serialise } from '../../frontend/js/figure/markup.js';
import { countPoints, hasPatchImages, pointShapes } from '../../frontend/js/figure/points.js';
import { sentenceFigure } from '../../frontend/js/figure/sentence_figure.js';
import { fileNameOf } from '../../frontend/js/ui/download.js';
import { layoutHead, projectPoint } from '../../frontend/js/compute/geometry.js';
import { setMethods } from '../../frontend/js/data/projection_methods.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { fidelityRows, pointRows, tableCsv, tableJson } from '../../frontend/js/figure/tables.js';
import { makePositions } from '../browser/pages/scene.js';

const measure = (words, size = 12) => words.length * size * 0.5;
const LOOKS = {
  ...pageSize(null),
  theme: 'light',
  paper: '#ffffff',
  ink: '#17191f',
  soft: '#55585f',
  line: '#e2e2de',
  query: '#1a5fc2',
  key: '#ad4a00',
  warning: '#855300',
  measure,
};
const N_TOKENS = 60;

function frame(overrides = {}) {
  const dims = overrides.dims ?? 2;
  const { cells } = layoutHead({ width: 700, height: 500 });
  return {
    width: 700,
    height: 500,
    ratio: 1,
    dims,
    transform: { k: 1, x: 100, y: 0 },
    orbit: { yaw: 0.4, pitch: 0.2 },
    cells,
    ready: Uint8Array.of(1),
    positions: makePositions(1, N_TOKENS, dims),
    from: null,
    blend: 1,
    nPoints: 2 * N_TOKENS,
    nQueries: N_TOKENS,
    colors: Uint32Array.from({ length: 2 * N_TOKENS }, (_, point) =>
      point < N_TOKENS ? 0xffc86414 : 0xff0a64f0,
    ),
    flags: new Uint8Array(2 * N_TOKENS),
    pointSize: 8,
    sizes: null,
    density: new Uint8Array(2 * N_TOKENS),
    opacity: 1,
    sprites: null,
    isSprite: null,
    background: [255, 255, 255],
    positionsVersion: 1,
    styleVersion: 1,
    emphasis: [],
    ...overrides,
  };
}
const EVERYTHING = { left: -1e4, top: -1e4, right: 1e4, bottom: 1e4 };

/** Where a shape is drawn. */
function middleOf({ name, attributes }) {
  if (name === 'circle') return [attributes.cx, attributes.cy];
  const [, x, top, reach] = /^M(\S+) (\S+)l(\S+) /.exec(attributes.d).map(Number);
  return [x, top + reach];
}

test('serialise() escapes text and replaces characters that XML does not allow', () => {
  const hostile = '</text><script>alert(1)</script>&"\u0000\u0008\ud800\ufffe\u{1f600}';
  const written = serialise(node('text', { title: hostile, x: 1.23456 }, hostile));
  const safe = '&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;';
  const signs = '\ufffd\ufffd\ufffd\ufffd\u{1f600}';
  assert.equal(written, `<text title="${safe}&quot;${signs}" x="1.23">${safe}"${signs}</text>`);
  assert.equal(serialise(node('a', { b: null, c: undefined }, node('d'))), '<a><d/></a>');
});

test('each visible point is one shape: a disc for a query, a diamond for a key', () => {
  for (const scene of [frame(), frame({ dims: 3 })]) {
    scene.flags[3] = scene.flags[70] = FLAG.hidden;
    const [plain, standouts] = pointShapes(scene, EVERYTHING);
    assert.equal(plain.children.length, 2 * N_TOKENS - 2);
    assert.equal(standouts.children.length, 0);
    const wanted = Array.from({ length: 2 * N_TOKENS }, (_, point) => point)
      .filter((point) => !(scene.flags[point] & FLAG.hidden))
      .map((point) => {
        const place = projectPoint(scene, 0, point).slice(0, 2).map(Math.round);
        return `${point < N_TOKENS ? 'circle' : 'path'} ${place}`;
      })
      .sort();
    assert.deepEqual(
      plain.children.map((shape) => `${shape.name} ${middleOf(shape).map(Math.round)}`).sort(),
      wanted,
    );
    if (scene.dims === 2)
      for (const { name, attributes } of plain.children)
        assert.equal(attributes.fill, name === 'circle' ? '#1464c8' : '#f0640a');
  }
});

test('points outside the visible area are left out', () => {
  const [plain] = pointShapes(frame(), { left: 100, top: 0, right: 350, bottom: 500 });
  const n = Array.from(
    { length: 2 * N_TOKENS },
    (_, point) => projectPoint(frame(), 0, point)[0],
  ).filter((x) => x <= 358).length;
  assert.ok(n > 10 && n < 2 * N_TOKENS);
  assert.equal(plain.children.length, n);
});

test('highlighted points are drawn once, last, larger and with an outline', () => {
  const scene = frame({ emphasis: [5] });
  scene.flags.fill(FLAG.dimmed);
  scene.flags[5] = scene.flags[65] = FLAG.selected;
  scene.flags[7] = FLAG.hit;
  const [plain, standouts] = pointShapes(scene, EVERYTHING);
  assert.equal(plain.children.length + standouts.children.length, 2 * N_TOKENS);
  assert.deepEqual(
    standouts.children.map(({ children }) => children.length),
    [3, 3, 3],
  ); // each with its outline
  const [last] = standouts.children.slice(-1);
  const mark = last.children.at(-1);
  assert.deepEqual(
    middleOf(mark).map(Math.round),
    projectPoint(scene, 0, 5).slice(0, 2).map(Math.round),
  );
  assert.equal(mark.attributes.fill, '#1464c8');
  assert.ok(mark.attributes.r > 4 * 1.7);
  assert.equal(plain.children[0].attributes.fill, '#d1d1d2'); // whatever its kind
});

test('marks are fainter in denser places, and larger ones have an edge', () => {
  const density = new Uint8Array(2 * N_TOKENS).fill(254);
  const [plain] = pointShapes(frame({ pointSize: 1 }), EVERYTHING);
  const [dense] = pointShapes(frame({ pointSize: 1, density }), EVERYTHING);
  const [opacity, faint] = [plain, dense].map(({ children }) => children[0].attributes);
  assert.ok(opacity['fill-opacity'] > 0.9 && faint['fill-opacity'] < 0.85);
  assert.equal(plain.attributes.stroke, undefined);
  const [large] = pointShapes(frame(), EVERYTHING);
  assert.equal(large.attributes.stroke, '#ffffff');
  assert.equal(large.attributes['stroke-width'], 1.6);
});

test('dots sized by norm are scaled as in the map', () => {
  const [plain] = pointShapes(frame({ sizes: new Uint8Array(2 * N_TOKENS).fill(51) }), EVERYTHING);
  assert.ok(
    plain.children
      .filter(({ name }) => name === 'circle')
      .every(({ attributes }) => Math.abs(attributes.r - 0.8) < 1e-9),
  );
});

test('countPoints() counts points of ready cells that are not hidden', () => {
  const scene = frame();
  scene.flags[0] = FLAG.hidden;
  assert.equal(countPoints(scene), 2 * N_TOKENS - 1);
  assert.equal(countPoints({ ...scene, ready: Uint8Array.of(0) }), 0);
  assert.equal(hasPatchImages(scene), false);
  assert.equal(
    hasPatchImages({ ...scene, sprites: { rgb: new Uint8Array(0), side: 8, nTokens: 0 } }),
    true,
  );
});

const MANIFEST = {
  id: 'demo',
  n_layers: 2,
  n_heads: 3,
  n_sequences: 40,
  n_tokens: 1200,
  seed: 7,
  attentionviz_version: '0.1.0',
  patch_grid: null,
  model: {
    name: 'tiny',
    source: 'lab/tiny',
    revision: 'abcdef0123',
    weights_sha256: '53aa51172d142c89d9012cce',
    modality: 'text',
  },
  corpus: { name: '<b>sentences</b>', columns: [] },
  maps: {
    'tsne-2d': { method: 'tsne', dims: 2, parameters: { perplexity: 30, early_exaggeration: 4 } },
  },
};
const HEADS = new Map([
  [
    '0,0',
    {
      layer: 0,
      head: 0,
      maps: {
        'tsne-2d': {
          fidelity: {
            ...{ recall_at_10: 0.25, recall_at_100: 0.125 },
            ...{ rank_correlation: -0.5, trustworthiness: 0.75 },
          },
          offset: [-1, 2],
          scale: 0.5,
          fallback: null,
        },
      },
    },
  ],
  [
    '0,1',
    {
      layer: 0,
      head: 1,
      maps: {
        'tsne-2d': {
          fidelity: {
            ...{ recall_at_10: 0.75, recall_at_100: null },
            ...{ rank_correlation: null, trustworthiness: 0.85 },
          },
          offset: [0, 0],
          scale: 1,
          fallback: 'few points',
        },
      },
    },
  ],
]);

test('a caption has model, weights, corpus, map, parameters, seed, fidelity and version', () => {
  setMethods([{ name: 'tsne', label: 't-SNE', help: 'Near means alike.' }]);
  const state = { ...DEFAULTS, method: 'tsne', at: { layer: 0, head: 0 } };
  assert.equal(figureTitle(state, MANIFEST, true, null), 'tiny · Layer 0, head 0 · t-SNE, 2-D');
  assert.deepEqual(
    formatCaption({
      state,
      manifest: MANIFEST,
      heads: HEADS,
      colors: 'position',
      shown: 'Zoom 2.',
    }),
    [
      'Model: \u2068tiny\u2069 (\u2068lab/tiny\u2069; revision abcdef0123, ' +
        'weights sha256 53aa51172d14). ' +
        'Corpus: \u2068<b>sentences</b>\u2069 (40 sentences, 1\u202f200 tokens).',
      'Map: tsne-2d (perplexity 30, early exaggeration 4, seed 7). Near means alike.',
      'Fidelity: recall@10 0.25, recall@100 0.13, rank correlation −0.50, trustworthiness 0.75.',
      'Colour: position. Zoom 2.',
      'Maps and scores by AttentionViz 0.1.0.',
    ],
  );
});

test('the caption of a grid has mean fidelity, and that of a sentence no map', () => {
  const state = { ...DEFAULTS, method: 'tsne' };
  assert.equal(
    formatCaption({ state, manifest: MANIFEST, heads: HEADS, colors: 'type' })[2],
    'Fidelity, mean over heads: recall@10 0.50, recall@100 0.13, rank correlation −0.50, ' +
      'trustworthiness 0.80.',
  );
  assert.ok(
    !formatCaption({ state, manifest: MANIFEST, heads: HEADS, colors: '' }).some((line) =>
      /tsne|Fidelity/.test(line),
    ),
  );
});

test('wrapped lines fit the width and keep every letter', () => {
  const words = `one two three ${'x'.repeat(30)} four`;
  const lines = wrapped(words, 10, (line) => line.length);
  assert.ok(lines.every((line) => line.length <= 10));
  assert.equal(lines.join('').replaceAll(' ', ''), words.replaceAll(' ', ''));
  assert.deepEqual(
    wrapped('', 10, (line) => line.length),
    [''],
  );
});

test('a legend wraps into rows and says how many classes are left out', () => {
  const entries = Array.from({ length: 50 }, (_, i) => ({
    label: `class ${i}`,
    colors: ['#000000', '#ffffff'],
    shapes: ['disc', 'diamond'],
  }));
  const { markup, height } = legendMarkup(
    { kind: 'swatches', title: 'topic', entries, note: '' },
    [],
    400,
    LOOKS,
  );
  assert.equal(markup.length, 1 + 40 + 1);
  assert.ok(height > 40 && height % 20 === 0);
  assert.ok(serialise(node('g', {}, ...markup)).includes('and 10 more'));
});

test('a sentence has a line per visible weight, and numbers for the selection', () => {
  const tokens = {
    text: ['<a>', ' b', 'c'],
    tokenType: ['text', 'text', 'text'],
    row: null,
    column: null,
  };
  const pattern = Float32Array.of(1, 0, 0, 0.6, 0.395, 0.005, 0.2, 0.3, 0.5);
  const body = sentenceFigure(
    {
      tokens,
      start: 0,
      n: 3,
      attention: { n: 3, pattern },
      selected: { kind: 'query', token: 2 },
      hidden: [{ kind: 'key', position: 1 }],
    },
    LOOKS,
  );
  const written = serialise(node('svg', {}, ...body.markup));
  assert.equal(written.match(/<line /g).length, 6);
  assert.equal(written.match(/&lt;a&gt;/g).length, 2);
  assert.equal(written.match(/line-through/g).length, 1);
  assert.ok(written.includes('stroke-opacity="0.71" stroke-width="2.5"'));
  assert.ok(written.includes('stroke-opacity="0.2" stroke-width="1"'), 'of other tokens, faint');
  const told = /class="weight"[^>]*>([\d.]+)</g;
  assert.deepEqual(
    [...written.matchAll(told)].map(([, number]) => number),
    ['0.20', '0.30', '0.50'],
  );
  assert.equal(body.height, 28 + 3 * 16);
  const sunk = sentenceFigure(
    {
      tokens,
      start: 0,
      n: 3,
      attention: {
        n: 3,
        pattern: pattern.map((x) => x / 2),
        sinks: Float32Array.of(0.5, 0.5, 0.5),
      },
      selected: { kind: 'query', token: 2 },
      hidden: [],
    },
    LOOKS,
  );
  const ofSink = serialise(node('svg', {}, ...sunk.markup));
  assert.equal(sunk.height, 28 + 4 * 16, 'the sink is the last key');
  assert.ok(ofSink.includes('>sink<'));
  assert.deepEqual(
    [...ofSink.matchAll(told)].map(([, number]) => number),
    ['0.10', '0.15', '0.25', '0.50'],
  );
});

const TOKENS = {
  n: 2,
  text: ['=1+1', 'rain'],
  tokenType: ['text', 'text'],
  sequence: [0, 0],
  position: [0, 1],
  row: null,
  column: null,
};

test('pointRows() gives coordinates in units of the map, queries first', () => {
  const map = {
    name: 'tsne-2d',
    dims: 2,
    at: { layer: 0, head: 0 },
    positions: Uint16Array.of(0, 1, 2, 3, 4, 65535, 6, 7),
  };
  const rows = pointRows(map, HEADS.get('0,0').maps['tsne-2d'], TOKENS);
  assert.deepEqual(rows[2], {
    kind: 'key',
    token_idx: 0,
    sequence_idx: 0,
    position: 1,
    text: '=1+1',
    x: 1,
    y: 32769.5,
  });
  assert.deepEqual(
    rows.map(({ x }) => x),
    [-1, 0, 1, 2],
  );
  const deep = pointRows(
    { ...map, dims: 3, positions: Uint16Array.from({ length: 12 }, (_, i) => i) },
    { offset: [0, 0, -9], scale: 1 },
    TOKENS,
  );
  assert.deepEqual([deep[3].x, deep[3].y, deep[3].z], [9, 10, 2]);
  assert.equal(tableCsv(rows).split('\r\n')[1], "query,0,0,1,'=1+1,-1,2.5");
});

test('the fidelity table has a row per head and map, with undefined values empty', () => {
  const csv = tableCsv(fidelityRows(HEADS)).split('\r\n');
  assert.deepEqual(csv, [
    '\uFEFFlayer,head,map,recall_at_10,recall_at_100,rank_correlation,trustworthiness,fallback',
    '0,0,tsne-2d,0.25,0.125,-0.5,0.75,',
    '0,1,tsne-2d,0.75,,,0.85,few points',
    '',
  ]);
  const { fidelity, ...of } = JSON.parse(tableJson('fidelity', fidelityRows(HEADS), MANIFEST, {}));
  assert.equal(fidelity[1].rank_correlation, null);
  assert.deepEqual(of, {
    dataset: 'demo',
    model: 'tiny',
    source: 'lab/tiny',
    revision: 'abcdef0123',
    weights_sha256: '53aa51172d142c89d9012cce',
    corpus: '<b>sentences</b>',
    seed: 7,
    attentionviz_version: '0.1.0',
  });
});

test('fileNameOf() joins its parts and replaces unsafe characters', () => {
  assert.equal(fileNameOf(['../a b', null, 'L1-H2', ''], 'svg'), '__a_b-L1-H2.svg');
  assert.equal(fileNameOf(['demo', 'pca-2d', 'all-heads'], 'png'), 'demo-pca-2d-all-heads.png');
});

test('bars are clipped at the largest value and omitted for missing weights', () => {
  const series = [
    { name: 'a', values: [0.1, null, NaN, 0.4], color: '#111111', isPale: (i) => i === 3 },
  ];
  const { markup } = barsFigure(
    { labels: ['−1', '', '', '+2'], series, largest: 0.2, isCausal: false },
    LOOKS,
  );
  const written = markup.map(serialise).join('');
  const bars = markup.find(({ attributes }) => attributes.class === 'bars').children;
  assert.equal(bars.length, 2);
  assert.equal(bars[1].attributes.height, 2 * bars[0].attributes.height);
  assert.deepEqual(
    bars.map(({ attributes }) => attributes['fill-opacity']),
    [null, 0.4],
  );
  assert.match(written, /key after query/);
  assert.doesNotMatch(
    serialise(
      node(
        'g',
        {},
        ...barsFigure({ labels: ['0'], series, largest: 1, isCausal: true }, LOOKS).markup,
      ),
    ),
    /key after query/,
  );
});

test('a figure of the map of heads keeps distances, dims heads and rings the open one', () => {
  const heads = [
    [0, 0],
    [1, 0],
    [0, 2],
  ].map(([x, y], head) => ({ layer: 0, head, x, y, nearest: [] }));
  const looks = [
    { color: '#010203', isOutside: false, title: 'L0 H0', words: '' },
    { color: null, isOutside: true, title: 'L0 H1', words: '' },
    { color: '#040506', isOutside: false, title: 'L0 H2', words: '' },
  ];
  const { markup } = headsFigure(
    {
      map: { heads, stress: 0, n_rows: 1, map_method: '' },
      column: null,
      looks,
      stops: [],
      nLayers: 1,
    },
    2,
    LOOKS,
  );
  const dots = markup
    .find(({ attributes }) => attributes.class === 'heads')
    .children.map(({ attributes }) => attributes);
  assert.ok(Math.abs(2 * (dots[1].cx - dots[0].cx) - (dots[0].cy - dots[2].cy)) < 1e-3);
  assert.deepEqual(
    dots.map(({ fill }) => fill),
    ['#010203', 'none', '#040506'],
  );
  assert.deepEqual(
    dots.map(({ opacity }) => opacity),
    [null, 0.3, null],
  );
  const ring = markup.find(({ attributes }) => attributes.class === 'open').attributes;
  assert.deepEqual([ring.cx, ring.cy], [dots[2].cx, dots[2].cy]);
});

test('a PNG has its title in an iTXt chunk and its resolution in a pHYs chunk', () => {
  const png = Uint8Array.from([...Array(33).keys(), 7, 8]);
  const made = withChunks(png, { Title: 'a · ü' }, 11811.02);
  const bytes = Buffer.from(made);
  assert.deepEqual([...made.subarray(0, 33)], [...png.subarray(0, 33)]);
  assert.deepEqual([...made.subarray(-2)], [7, 8]);
  const text = bytes.indexOf('iTXt');
  const content = Buffer.concat([Buffer.from('Title\0\0\0\0\0'), Buffer.from('a · ü')]);
  assert.equal(bytes.readUInt32BE(text - 4), content.length);
  assert.ok(bytes.subarray(text + 4, text + 4 + content.length).equals(content));
  const crc = crc32(bytes.subarray(text, text + 4 + content.length));
  assert.equal(bytes.readUInt32BE(text + 4 + content.length), crc);
  const size = bytes.indexOf('pHYs') + 4;
  assert.deepEqual(
    [0, 4].map((at) => bytes.readUInt32BE(size + at)),
    [11811, 11811],
  ); // 300 dpi
});
