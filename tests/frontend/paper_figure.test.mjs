/** Figures laid out for paper: text of 6 to 8 points that lies on the page and covers no other. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrangeGrid, arrangeHead } from '../../frontend/js/map/arrangement.js';
import { barsFigure } from '../../frontend/js/figure/bars_figure.js';
import { makeSheet, sheetMarkup, toSvg } from '../../frontend/js/figure/figure_page.js';
import { serialise } from '../../frontend/js/figure/markup.js';
import { pageSize } from '../../frontend/js/figure/figure_theme.js';
import { headsFigure } from '../../frontend/js/figure/heads_figure.js';
import { allHeadsFigure, heatFigure } from '../../frontend/js/figure/heat_figure.js';
import { imageFigure } from '../../frontend/js/figure/image_figure.js';
import { mapFigure } from '../../frontend/js/figure/map_figure.js';
import { markKinds } from '../../frontend/js/figure/map_marks.js';
import { paperMap } from '../../frontend/js/figure/paper_map.js';
import { sentenceFigure } from '../../frontend/js/figure/sentence_figure.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { makePositions } from '../browser/pages/scene.js';
import { openDocument } from './dom.mjs';

const document = openDocument(); // pixels of heat maps and images are drawn on its canvases

const WIDTHS_MM = [85, 89, 174, 183];
/** About the widths of Helvetica. */
const measure = (words, size, weight = 400) => words.length * size * (weight > 400 ? 0.58 : 0.53);
const styleOf = (widthMm) => ({
  ...pageSize(widthMm),
  ...{ theme: 'light', paper: '#ffffff', ink: '#17191f', soft: '#55585f', line: '#e2e2de' },
  ...{ query: '#1a5fc2', key: '#ad4a00', warning: '#855300', measure },
});
const RAMP = new Uint32Array(256).fill(0xff804020);
const N_TOKENS = 20;
/** So many points would be pixels, which need a browser. */
const HIDDEN = new Uint8Array(2 * N_TOKENS).fill(FLAG.hidden);
const ROOM = { width: 900, height: 700 };

/** A map on the screen: of the heads of a model, or of one head. */
function seenMap(model, overrides = {}) {
  const room = overrides.room ?? ROOM;
  const arrangement = model
    ? arrangeGrid(model, room, null, overrides.isFitted)
    : arrangeHead(room);
  const { cells } = arrangement;
  const frame = {
    ...{ ...room, ratio: 1, dims: 2, transform: arrangement.home, cells, pointSize: 3 },
    ...{ orbit: { yaw: 0.4, pitch: 0.2 }, ready: new Uint8Array(cells.n).fill(1) },
    ...{ positions: makePositions(cells.n, N_TOKENS, overrides.dims ?? 2), from: null, blend: 1 },
    ...{ nPoints: 2 * N_TOKENS, nQueries: N_TOKENS, flags: new Uint8Array(2 * N_TOKENS) },
    colors: new Uint32Array(2 * N_TOKENS).fill(0xffc86414),
    ...{ sizes: null, density: new Uint8Array(cells.n * 2 * N_TOKENS), opacity: 1, sprites: null },
    ...{ isSprite: null, background: [255, 255, 255], emphasis: [], positionsVersion: 1 },
    ...{ styleVersion: 1, tiles: null },
    ...overrides,
  };
  return { arrangement, frame };
}

const MODELS = {
  'a grid of 6 × 12 heads': { n_layers: 6, n_heads: 12 },
  'a grid of 30 × 9 heads': { n_layers: 30, n_heads: 9 },
  'a grid of 80 × 64 heads': { n_layers: 80, n_heads: 64 },
  'a grid of 2 × 2 heads': { n_layers: 2, n_heads: 2 },
};
const COMPARED = {
  lines: { from: [3, 3], to: [30, 36], weights: [0.8, 0.8], width: 1.25, dash: [5, 4] },
  rings: [30, 37],
  words: '1 of its 2 strongest keys (dashed) are among the 2 nearest here (rings).',
};

/** A map as a figure, with its kinds of lines. */
function mapOn(style, model, { labels = [], isSorted = false, ...overrides } = {}) {
  const nHeads = model?.n_heads ?? null;
  const laidOut = paperMap(seenMap(model, overrides), nHeads, style.widthPx, style.sharpness);
  const lines = { from: [3, 3], to: [25, 39], weights: [1, 0.5], width: 2 };
  const drawing = {
    ...{ ...laidOut, legend: null, axis: null, contours: [], labels },
    ...(model ? { lines: [], compared: null } : { lines: [lines], compared: COMPARED }),
  };
  const cells =
    model &&
    Array.from({ length: model.n_layers * nHeads }, (_, i) => ({
      ...{ title: `L${Math.floor(i / nHeads)} H${i % nHeads}`, number: '0.45', isWarning: false },
    }));
  const options = { cells, nHeads: nHeads ?? 1, isPixels: false, isSorted };
  const body = mapFigure(drawing, style, options);
  return { body, marks: markKinds(drawing, 'sentence') };
}

const pattern = (n) => Float32Array.from({ length: n * n }, (_, i) => (i % n) / n ** 2);
const TOKENS = {
  text: Array.from({ length: 12 }, (_, i) => 'incomprehensibilities'.slice(0, 2 + 2 * i)),
  tokenType: Array(12).fill('text'),
  row: null,
  column: null,
};
const PATCHES = {
  text: Array(10).fill(''),
  tokenType: ['class', ...Array(9).fill('patch')],
  row: Array.from({ length: 10 }, (_, i) => Math.floor((i - 1) / 3)),
  column: Array.from({ length: 10 }, (_, i) => (i - 1) % 3),
};
const GRID = { n_rows: 3, n_columns: 3, image_width_px: 96, image_height_px: 96 };
const OFFSETS = Array.from({ length: 127 }, (_, i) => i - 63);

/** All kinds of figures. */
const KINDS = {
  'a head': (style) => mapOn(style, null),
  'a head in 3-D': (style) => mapOn(style, null, { dims: 3 }),
  ...Object.fromEntries(
    Object.entries(MODELS).map(([name, model]) => [name, (style) => mapOn(style, model)]),
  ),
  'a grid of 80 × 64 heads that is seen whole': (style) =>
    mapOn(style, MODELS['a grid of 80 × 64 heads'], { isFitted: true, flags: HIDDEN }),
  'a list of heads': (style) =>
    mapOn(style, MODELS['a grid of 30 × 9 heads'], { room: { width: 390, height: 600 } }),
  'a sentence': (style) => ({
    body: sentenceFigure(
      {
        ...{ tokens: TOKENS, start: 0, n: 12, attention: { n: 12, pattern: pattern(12) } },
        ...{ selected: { kind: 'query', token: 3 }, hidden: [] },
      },
      style,
    ),
  }),
  bars: (style) => ({
    body: barsFigure(
      {
        labels: OFFSETS.map((i) => (i > 0 ? `+${i}` : i < 0 ? `−${-i}` : '0')),
        series: ['this sentence', 'mean'].map((name) => ({
          ...{ name, values: OFFSETS.map(() => 0.1), color: '#111111', isPale: () => false },
        })),
        ...{ largest: 0.2, isCausal: false },
      },
      style,
    ),
  }),
  'heat maps': (style) => ({
    body: heatFigure(
      ['this sentence', 'mean'].map((name) => ({ name, pattern: { n: 5, pattern: pattern(5) } })),
      RAMP,
      style,
    ),
  }),
  'means of all heads': (style) => ({
    body: allHeadsFigure(
      { n: 2, patterns: new Float32Array(32 * 32 * 4) },
      { n_layers: 32, n_heads: 32 },
      RAMP,
      style,
    ),
  }),
  'the map of heads': (style) => ({
    body: headsFigure(
      {
        map: { heads: OFFSETS.map((i) => ({ layer: 1, head: i + 63, x: i % 9, y: i % 7 })) },
        looks: OFFSETS.map((i) => ({
          ...{ color: '#010203', isOutside: false, words: '' },
          title: `L1 H${i + 63}`,
        })),
      },
      2,
      style,
    ),
  }),
  'an image': (style) => ({
    body: imageFigure(
      {
        ...{ tokens: PATCHES, start: 0, n: 10, weights: { n: 10, pattern: pattern(10) } },
        ...{ selected: { kind: 'query', token: 3 }, grid: GRID },
        state: { ...DEFAULTS, imageLinks: 'heat' },
      },
      { naturalWidth: 96, naturalHeight: 96 },
      style,
    ),
  }),
};
/** Columns of a corpus may have any name, and any classes. */
const LONG = '国際連合教育科学文化機関'.repeat(6);
const LEGEND = {
  ...{ kind: 'swatches', title: LONG, note: '' },
  entries: Array.from({ length: 12 }, (_, i) => ({
    ...{
      label: i === 5 ? LONG : `a rather long class ${i}`,
      colors: ['#000000'],
      shapes: ['disc'],
    },
  })),
};
const RAMPS = {
  ...{ kind: 'ramp', title: LONG, note: '', missing: null },
  ramps: ['query', 'key'].map((label) => ({
    ...{ label, stops: ['#000000', '#ffffff'], range: ['0.123', '1234.5'] },
  })),
};

/** Text of a drawing with its printed size in points and its box in millimetres. */
function textsOf({ name, attributes, children }, mm, [x, y] = [0, 0], size = NaN, out = []) {
  const [, dx, dy] = /^translate\((\S+) (\S+)\)$/.exec(attributes.transform ?? '') ?? [0, 0, 0];
  const at = [x + Number(dx), y + Number(dy)];
  const own = attributes['font-size'] ?? size;
  const anchor = attributes['text-anchor'];
  for (const child of children) {
    if (name === 'text') {
      const width = measure(child, own, attributes['font-weight'] ?? 400) * mm;
      const shift = { start: 0, middle: 0.5, end: 1 }[anchor ?? 'start'];
      const left = (at[0] + (attributes.x ?? 0)) * mm - shift * width;
      const bottom = (at[1] + attributes.y) * mm;
      const box = { left, right: left + width, top: bottom - 0.7 * own * mm, bottom };
      out.push({
        words: child,
        pt: (own * mm * 72) / 25.4,
        box,
        isTurned: /rot/.test(attributes.transform),
      });
    } else if (typeof child !== 'string') textsOf(inherited(child, anchor), mm, at, own, out);
  }
  return out;
}

/** An element with what its parent says of the anchor of text. */
function inherited(element, anchor) {
  const attributes = { 'text-anchor': anchor, ...element.attributes };
  return { ...element, attributes };
}

const overlap = (a, b) =>
  Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.05 &&
  Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.05;

for (const [kind, make] of Object.entries(KINDS))
  test(`text of ${kind} is 6 to 8 pt on paper, within the page and without overlap`, () => {
    for (const widthMm of WIDTHS_MM)
      for (const legend of [LEGEND, RAMPS]) {
        const style = styleOf(widthMm);
        const { body, marks } = make(style);
        const caption = Array(4).fill(
          'What is seen, in a sentence of some length. '.repeat(4).trim(),
        );
        const title = 'a-model-with-a-long-name · Layer 11, head 11 · Attention t-SNE, 2-D · Means';
        const sheet = makeSheet({ body, marks, legend, caption, title }, style);
        const root = sheetMarkup(sheet, 1);
        assert.equal(root.attributes.width, `${widthMm}mm`);
        const heightMm = Number.parseFloat(root.attributes.height);
        assert.ok(heightMm < 247, `${heightMm} mm is higher than a page`);
        assert.ok(body.width <= style.widthPx + 1, `${body.width} of ${style.widthPx}`);
        const texts = textsOf(root, widthMm / Number(root.attributes.viewBox.split(' ')[2]));
        assert.ok(texts.length > 4);
        const level = texts.filter(({ isTurned }) => !isTurned);
        for (const { words, pt } of texts)
          assert.ok(pt >= 6 && pt <= 8, `${words} has ${pt} pt at ${widthMm} mm`);
        for (const { words, box } of level)
          assert.ok(
            box.left >= 0 && box.right <= widthMm && box.top >= 0 && box.bottom <= heightMm,
            `${words} leaves the page of ${widthMm} mm: ${JSON.stringify(box)}`,
          );
        for (const [i, one] of level.entries())
          for (const other of level.slice(i + 1))
            assert.ok(!overlap(one.box, other.box), `${one.words} covers ${other.words}`);
      }
  });

const written = ({ markup }) => markup.map(serialise).join('');

test('a map has rings and both kinds of lines, and the legend explains each', () => {
  const style = styleOf(89);
  const { body, marks } = mapOn(style, null);
  const drawn = written(body);
  const groups = ['class="lines" ', 'class="corpus-lines" ', 'class="rings" '];
  for (const group of groups) assert.equal(drawn.split(group).length, 2, group);
  const rings = /class="rings" .*?<\/g>/.exec(drawn)[0];
  assert.equal(rings.match(/<circle /g).length, COMPARED.rings.length);
  const words = ['attention in this sentence', 'highest q·k in the corpus', 'nearest in this map'];
  assert.deepEqual(
    marks.map((mark) => mark.words),
    words,
  );
  const sheet = { body, legend: null, caption: [], title: '' };
  const [legend, bare] = [marks, []].map((each) =>
    serialise(sheetMarkup(makeSheet({ ...sheet, marks: each }, style), 1)),
  );
  for (const each of words) assert.ok(legend.includes(each) && !bare.includes(each));
  assert.match(legend, /<line x1="0" [^>]*stroke-width="2"\/>/);
  assert.match(legend, /<line x1="0" [^>]*stroke-width="1.25" stroke-dasharray="5 4"\/>/);
});

test('a label that would be cut by the edge of a figure is left out', () => {
  const labels = [-4, 60, 410].map((x) => ({ words: `at ${x}`, x, y: 90, isKey: false }));
  const drawn = written(mapOn(styleOf(89), null, { labels }).body);
  assert.deepEqual(drawn.match(/at -?\d+/g), ['at 60']);
});

test('small cells show numbers, or head names if the grid is sorted by score', () => {
  const model = { n_layers: 2, n_heads: 8 };
  const [plain, sorted] = [false, true].map((isSorted) =>
    written(mapOn(styleOf(89), model, { isSorted }).body),
  );
  assert.ok(plain.includes('>0.45<') && !plain.includes('>L0 H0<'));
  assert.ok(sorted.includes('>L0 H0<') && !sorted.includes('>0.45<'));
  const wide = written(mapOn(styleOf(183), model, { isSorted: true }).body);
  assert.ok(wide.includes('>L0 H0<') && wide.includes('>0.45<'));
});

test('an image in an SVG is scaled down until it is below the size limit', () => {
  const canvas = { width: 8, height: 8, toDataURL: () => 'x'.repeat(1.2e7) };
  const small = { width: 4, height: 4, toDataURL: () => 'data:small', getContext: () => null };
  const create = document.createElement;
  document.createElement = () => small;
  const images = [{ x: 0, y: 0, width: 8, height: 8, canvas }];
  const body = { width: 8, height: 8, images, markup: [] };
  const sheet = makeSheet({ body, legend: null, caption: [], title: '' }, styleOf(89));
  const svg = toSvg(sheet);
  document.createElement = create;
  assert.match(svg, /<image [^>]*width="8" height="8" href="data:small"/);
});
