import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLOR_MODES, colorPoints, modesFor } from '../../frontend/js/color/color_modes.js';
import { pointFlags, pointsOutside } from '../../frontend/js/color/point_flags.js';
import { ABSENT, densitySteps } from '../../frontend/js/compute/density.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { attention, tokenScores } from '../../frontend/js/compute/head_attention.js';
import {
  cropped,
  presentPoints,
  rowLabel,
  rowName,
  spansOf,
} from '../../frontend/js/compute/head_parts.js';
import { bulkWindows } from '../../frontend/js/compute/map_bounds.js';
import { pairs } from '../../frontend/js/compute/pair_scores.js';
import { readTokens } from '../../frontend/js/data/tokens.js';
import { createDerived } from '../../frontend/js/data/derived.js';
import { findInPart, findTokens, indexWords } from '../../frontend/js/data/search.js';
import { headsCsv } from '../../frontend/js/dialogs/head_measure_table.js';
import { outsideText, parseHead } from '../../frontend/js/dialogs/palette_entries.js';
import { columnsOf, rowsOf, searchedText } from '../../frontend/js/dialogs/sequence_table.js';
import { reconcile } from '../../frontend/js/state/selectors.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { formatHead, formatPosition, formatTitle } from '../../frontend/js/ui/labels.js';

const RULE = { scaling: 1, is_causal: false, max_distance: null };
const LAYERS = ['encoder', 'encoder', 'decoder', 'cross', 'decoder', 'cross'].map((part) => ({
  ...RULE,
  is_causal: part === 'decoder',
  part,
}));
/** Two sequences: source a b c and target x y, source b and target z b. */
const TOKENS = readTokens({
  text: ['a', 'b', 'c', 'x', 'y', 'b', 'z', 'b'],
  token_id: [0, 1, 2, 3, 4, 1, 5, 1],
  sequence: [0, 0, 0, 0, 0, 1, 1, 1],
  position: [0, 1, 2, 0, 1, 0, 0, 1],
  token_type: new Array(8).fill('text'),
  sequences: {
    start: [0, 5],
    length: [5, 3],
    text: ['a b c', 'b'],
    n_source: [3, 1],
    target_text: ['x y', 'z b'],
  },
});

test('rows are named by what they are and counted apart; of other models they are layers', () => {
  const names = LAYERS.map((_, layer) => rowName(LAYERS, layer));
  assert.deepEqual(names, ['E0', 'E1', 'D0', 'X0', 'D1', 'X1']);
  assert.equal(rowLabel(LAYERS, 5), 'Cross-attention layer 1');
  assert.deepEqual([rowName([RULE, RULE], 1), rowName(null, 7)], ['L1', 'L7']);
  assert.equal(formatTitle({ layer: 4, head: 2 }, LAYERS), 'D1 H2');
  assert.equal(formatHead({ layer: 4, head: 2 }, LAYERS), 'Decoder layer 1, head 2');
});

test('tables have the names of rows beside their numbers, where there are any', () => {
  const columns = [{ name: 'entropy', values: [0.5, 0.25], nRows: [3, 4] }];
  const of = { dataset: 'd', model: 'm', map: null, nHeads: 1 };
  const [titles, , second] = headsCsv({ ...of, layers: LAYERS.slice(2) }, columns, null).split(
    '\r\n',
  );
  assert.match(titles, /layer,head,row,entropy/);
  assert.match(second, /,1,0,X0,0\.25/);
  assert.doesNotMatch(headsCsv({ ...of, layers: [RULE] }, columns, null), /row,/);
});

test('the palette finds heads by the names of their rows', () => {
  assert.deepEqual(parseHead('X1H5', LAYERS), { layer: 5, head: 5 });
  assert.deepEqual(parseHead('d1 h0', LAYERS), { layer: 4, head: 0 });
  assert.deepEqual(parseHead('e1', LAYERS), { layer: 1, head: null });
  assert.equal(parseHead('X1H5', [RULE]), null);
  const model = { n_layers: 6, n_heads: 8, layers: LAYERS };
  assert.match(outsideText('x7h1', model), /no row X7/);
  assert.match(outsideText('X1H9', model), /Head 9 is outside 0\.\.7/);
});

test('heads have the queries and keys of one text each, and a pattern of these alone', () => {
  assert.deepEqual(spansOf('cross', 5, 3), { query: [3, 5], key: [0, 3] });
  assert.deepEqual(spansOf('decoder', 5, 3), { query: [3, 5], key: [3, 5] });
  assert.deepEqual(spansOf(null, 5, 3), { query: [0, 5], key: [0, 5] });
  const whole = Float32Array.from({ length: 25 }, (_, i) => i);
  assert.deepEqual(cropped(whole, 5, spansOf('cross', 5, 3)), {
    width: 3,
    height: 2,
    values: Float32Array.of(15, 16, 17, 20, 21, 22),
  });
});

test('positions are told within their text', () => {
  assert.equal(formatPosition(TOKENS, 4), 'position 2 of 2 of the target text');
  assert.equal(formatPosition(TOKENS, 2), 'position 3 of 3 of the source text');
});

const MANIFEST = { layers: LAYERS, n_heads: 1 };
/** (point) of the three parts: queries, then keys. */
const PRESENT = {
  encoder: [1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0],
  decoder: [0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1],
  cross: [0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0],
};

test('each head has the points of its texts, and others are neither drawn nor counted', () => {
  const all = presentPoints(TOKENS, MANIFEST, null, null);
  assert.deepEqual([...all.subarray(0, 16)], PRESENT.encoder);
  assert.deepEqual([...all.subarray(2 * 16, 3 * 16)], PRESENT.decoder);
  const cross = presentPoints(TOKENS, MANIFEST, null, { layer: 3, head: 0 });
  assert.deepEqual([...cross], PRESENT.cross);
  const drawn = presentPoints(TOKENS, MANIFEST, Int32Array.of(1, 4), { layer: 3, head: 0 });
  assert.deepEqual([...drawn], [0, 1, 1, 0]);
  assert.equal(presentPoints({ n: 8 }, MANIFEST, null, null), null);

  const flags = pointFlags({
    tokens: TOKENS,
    drawn: null,
    hits: null,
    selected: null,
    present: cross,
  });
  assert.deepEqual(
    [...flags].map((flag) => Number(!(flag & FLAG.hidden))),
    PRESENT.cross,
  );
  const positions = new Uint16Array(2 * 16);
  const steps = densitySteps(positions, 2, 1, null, cross);
  assert.deepEqual(
    [...steps].map((step) => Number(step !== ABSENT)),
    PRESENT.cross,
  );
});

test('the table of sentences has the target texts, and finds words in them', () => {
  const columns = columnsOf(TOKENS, null);
  const target = columns.find(({ name }) => name === 'target_text');
  assert.deepEqual([target.valueOf(0), target.valueOf(1)], ['x y', 'z b']);
  assert.deepEqual(rowsOf(searchedText(TOKENS), 'z', columns[0], false), [1]);
});

test('the range of norms is that of the points that a head has', () => {
  const rows = Float32Array.from({ length: 32 }, (_, i) => [i >> 2, 10 + (i >> 2), 0, 0][i % 4]);
  const ready = (value) => ({ status: 'ready', key: '', value });
  const derived = createDerived({
    tokens: ready(TOKENS),
    description: ready({ id: 'pair', manifest: MANIFEST }),
    headNorms: ready(rows),
    pairs: ready(null),
  });
  const norms = derived.norms({ layer: 3, head: 0 });
  assert.deepEqual([...norms.subarray(0, 8)], [3, 3, 3, 3, 4, 3, 6, 7], 'queries of targets');
  assert.deepEqual([...norms.subarray(8)], [10, 11, 12, 10, 10, 15, 10, 10], 'keys of sources');
  assert.equal(derived.norms(null)[0], 0);
});

test('points that a head does not have leave its window and density as they are', () => {
  const near = Array.from({ length: 40 }, (_, i) => [30000 + 40 * i, 30000 + 40 * (i % 7)]);
  const withAbsent = Uint16Array.from([...near, [0, 0], [0, 0], [65535, 65535]].flat());
  const present = Uint8Array.from({ length: 43 }, (_, i) => Number(i < 40));
  const alone = bulkWindows(Uint16Array.from(near.flat()), Uint8Array.of(1), 40);
  assert.deepEqual(bulkWindows(withAbsent, Uint8Array.of(1), 43, present), alone);
  assert.notDeepEqual(bulkWindows(withAbsent, Uint8Array.of(1), 43), alone);
});

test('an open head finds words of its own texts', () => {
  const found = findTokens(indexWords(TOKENS), 'b');
  assert.equal(found.nHits, 3);
  const inEncoder = findInPart(found, TOKENS, 'encoder');
  assert.deepEqual([inEncoder.nHits, inEncoder.nSequences], [2, 2]);
  assert.equal(findInPart(found, TOKENS, 'decoder').nHits, 1);
  assert.equal(findInPart(found, TOKENS, 'cross').nHits, 3);
});

test('in a cross head a token is selected as what it is there', () => {
  const description = {
    id: 'pair',
    state: 'complete',
    best_maps: {},
    maps_ready: {},
    manifest: {
      n_layers: 6,
      n_heads: 1,
      n_tokens: 8,
      scores: [],
      layers: LAYERS,
      model: { modality: 'text' },
      keep_vectors: { choice: 'all' },
      maps: { 'pca-2d': {} },
    },
  };
  const facts = {
    datasets: { value: [{ id: 'pair', state: 'complete' }] },
    description: { value: description },
    tokens: { value: TOKENS },
  };
  const changeOf = (layer, selected) => {
    const state = { ...DEFAULTS, dataset: 'pair', method: 'pca', at: { layer, head: 0 }, selected };
    return reconcile(state, facts).change;
  };
  assert.deepEqual(changeOf(3, { kind: 'query', token: 1 }), {
    selected: { kind: 'key', token: 1 },
  });
  assert.deepEqual(changeOf(3, { kind: 'query', token: 3 }), {});
  assert.deepEqual(changeOf(2, { kind: 'query', token: 1 }), {}, 'a decoder head has neither');
});

/** An exported site with one sequence, whose vectors of absent points are zeros. */
function siteOf(params = '') {
  const vectors = {
    queries: { width: 1, values: Float32Array.of(0, 0, 0, 1, Math.log(3)) },
    keys: { width: 1, values: Float32Array.of(0, 1, 2, 0, 0) },
  };
  return {
    manifest: {
      n_layers: 1,
      n_heads: 1,
      n_tokens: 5,
      layers: [{ ...RULE, part: 'cross' }],
      keep_vectors: { choice: 'all', n_sequences: 1, n_tokens: 5 },
    },
    hasVectors: Uint8Array.of(1),
    lengths: Int32Array.of(5),
    starts: Int32Array.of(0),
    nSource: Int32Array.of(3),
    vectors: { of: async (_manifest, _at, part) => vectors[part] },
    params: new URLSearchParams(params),
    signal: new AbortController().signal,
    pause: async () => {},
  };
}

test('an exported site computes attention from target to source, and 0 elsewhere', async () => {
  const { shape, values } = await attention(siteOf(), { layer: 0, head: 0 }, 0);
  assert.deepEqual(shape, [5, 5]);
  const last = [...values.subarray(20)];
  assert.deepEqual(
    last.map((weight) => Math.round(1e5 * weight)),
    [7692, 23077, 69231, 0, 0],
  );
  assert.ok(values.subarray(0, 15).every((weight) => weight === 0));
  const scores = (await tokenScores(siteOf(), { layer: 0, head: 0 })).values;
  assert.ok(Number.isNaN(scores[0]) && Number.isNaN(scores[9]), 'no query, no key');
  const columns = [1, 3, 5].map((at) => scores[at]);
  assert.ok(Math.abs(columns.reduce((sum, each) => sum + each, 0) - 3) < 1e-5, 'their mean is 1');
});

test('pairs are compared with the keys of a head, and none where it lacks a point', async () => {
  const answer = await pairs(siteOf('strong=4-2,4-3'));
  assert.equal(answer.heads.length, 1);
  const [found, none] = answer.heads[0].pairs;
  assert.deepEqual([found.rank, found.percentile], [1, 0.833_333_3]);
  assert.ok(Math.abs(found.weight - 0.692_307_7) < 1e-6);
  assert.equal(none, null);
  assert.deepEqual((await pairs(siteOf('strong=0-1'))).heads, []);
});

/** An image of 2 × 1 patches between words. */
const MIXED = readTokens({
  text: ['<s>', '', '', ' red', ' red'],
  token_id: [0, 9, 9, 4, 4],
  sequence: [0, 0, 0, 0, 0],
  position: [0, 1, 2, 3, 4],
  token_type: ['special', 'patch', 'patch', 'text', 'text'],
  row: [null, 0, 0, null, null],
  column: [null, 0, 1, null, null],
  hue: [null, 0.1, 0.2, null, null],
  brightness: [null, 0.5, 0.6, null, null],
  sequences: { start: [0], length: [5], text: [' red red'], columns: { label: ['red'] } },
});

test('colour modes of images with texts fit patches, words or both', () => {
  const names = modesFor('image-text').map(({ name }) => name);
  for (const name of ['patch', 'type', 'token-type', 'position', 'frequency', 'hue'])
    assert.ok(names.includes(name), name);
  assert.ok(!names.includes('sentence-length'));
  assert.ok(!modesFor('image').some(({ name }) => name === 'token-type'));
  const valuesOf = (name) =>
    COLOR_MODES.find((mode) => mode.name === name).values({ tokens: MIXED });
  assert.deepEqual([...valuesOf('position')], [0, NaN, NaN, 0.75, 1]);
  assert.deepEqual([...valuesOf('frequency')], [1, NaN, NaN, 2, 2]);
  assert.deepEqual([...valuesOf('token-type').values], [2, 0, 0, 1, 1]);
  const context = { tokens: MIXED, drawn: null, nCells: 1, theme: 'light' };
  const { legend } = colorPoints('token-type', context);
  assert.deepEqual(
    legend.entries.map(({ label }) => label),
    ['patch', 'word', 'special token'],
  );
});

test('images with texts are searched by words and by their label, and filtered by type', () => {
  assert.deepEqual([...findTokens(indexWords(MIXED), 'red').hits], [0, 1, 1, 1, 1]);
  const outside = pointsOutside({
    tokens: MIXED,
    drawn: null,
    filters: { ...DEFAULTS.filters, type: 'word' },
    norms: null,
    selected: null,
    attention: null,
  });
  assert.deepEqual([...outside.subarray(0, 5)], [0, 1, 1, 0, 0]);
});
