import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tintedBy } from '../../frontend/js/state/actions.js';
import {
  createHeadScores,
  filteredBy,
  isFiltered,
  formatRange,
} from '../../frontend/js/data/head_measure_state.js';
import {
  bestPlaces,
  columnOf,
  headsWithin,
  makeColumn,
  orderOf,
  rangeAt,
  ranksOf,
  formatMeasureValue,
  slotsOf,
} from '../../frontend/js/data/head_measure_columns.js';
import { binOf, histogramOf, shareOf, valueAt } from '../../frontend/js/compute/histogram.js';
import { nameHeads, explainHeadName, formatHeadName } from '../../frontend/js/data/head_names.js';
import { topBehaviour } from '../../frontend/js/controls/head_summary.js';
import { headsCsv } from '../../frontend/js/dialogs/head_measure_table.js';
import { rowWindow } from '../../frontend/js/ui/row_window.js';
import {
  setMeasures,
  formatMissing,
  numbersFor,
  PAIR_FIT,
  measureFacts,
  measuresFor,
  formatUnit,
} from '../../frontend/js/data/head_measures.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { knownPart, strongestOffset, ticksOf } from '../../frontend/js/compute/offset_profile.js';
import { formatCell } from '../../frontend/js/ui/labels.js';

setMeasures([
  {
    name: 'induction',
    label: 'Induction',
    help: 'h',
    formula: 'f',
    source: 's',
    modality: 'text',
    low: 0,
    high: 1,
    unit: 'share',
    until: null,
  },
  {
    name: 'mean_distance',
    label: 'Mean distance',
    help: 'h',
    formula: 'f',
    source: 's',
    modality: null,
    low: 0,
    high: null,
    unit: 'tokens',
    until: null,
  },
  {
    name: 'same_row',
    label: 'Same row',
    help: 'h',
    formula: 'f',
    source: 's',
    modality: 'image',
    low: 0,
    high: 1,
    unit: 'share',
    until: null,
  },
  {
    name: 'distance',
    label: 'Distance (until 0.3.1)',
    help: 'h',
    formula: 'f',
    source: 's',
    modality: 'text',
    low: 0,
    high: null,
    unit: 'tokens',
    until: '0.3.1',
  },
]);

const SCORES = ['induction', 'mean_distance', 'same_row'];
const MODEL = { n_layers: 2, n_heads: 3, model: { modality: 'text' }, scores: SCORES };
/** As another version built it. */
const FORMER = { ...MODEL, scores: ['distance', 'induction', 'of a later version'] };
/** Head (layer, head) by index; the second has no row, and the last is not there. */
const VALUES = [0.2, null, 0.9, 0.2, 0.5];
const HEADS = new Map(
  VALUES.map((value, i) => {
    const at = { layer: Math.floor(i / 3), head: i % 3 };
    return [
      `${at.layer},${at.head}`,
      {
        ...at,
        maps: { 'pca-2d': { fidelity: { recall_at_10: i / 10 } } },
        scores: { induction: { value, n_rows: value === null ? 0 : 10 + i } },
      },
    ];
  }),
);
const COLUMN = makeColumn('induction', HEADS, MODEL, 'pca-2d');

test('a column has values, row counts and range of all heads in layer order', () => {
  assert.deepEqual([...COLUMN.values], [0.2, NaN, 0.9, 0.2, 0.5, NaN]);
  assert.deepEqual([...COLUMN.nRows], [10, 0, 12, 13, 14, -1]);
  assert.deepEqual([COLUMN.range, COLUMN.nKnown], [[0.2, 0.9], 4]);
});

test('fidelity measures are columns with the values of the shown map', () => {
  assert.deepEqual(
    [...makeColumn('recall_at_10', HEADS, MODEL, 'pca-2d').values],
    [0, 0.1, 0.2, 0.3, 0.4, NaN],
  );
  assert.equal(makeColumn('recall_at_10', HEADS, MODEL, 'umap-2d').nKnown, 0);
  assert.deepEqual(makeColumn('recall_at_10', HEADS, MODEL, 'umap-2d').range, [0, 0]);
});

test('heads sort in both directions, with ties in layer order, missing values last', () => {
  assert.deepEqual([...orderOf(COLUMN.values, false)], [2, 4, 0, 3, 1, 5]);
  assert.deepEqual([...orderOf(COLUMN.values, true)], [0, 3, 4, 2, 1, 5]);
  assert.deepEqual([...orderOf(Float64Array.of(-0.5, 0, -2), false)], [1, 0, 2]);
});

test('slotsOf() is the inverse of an order', () => {
  const order = orderOf(COLUMN.values, false);
  slotsOf(order).forEach((slot, head) => assert.equal(order[slot], head));
});

test('ranks start at the highest value, ties share one, missing values have none', () => {
  assert.deepEqual([...COLUMN.ranks], [3, 0, 1, 3, 2, 0]);
  assert.deepEqual([...ranksOf(Float64Array.of(1, 1, 1, 0))], [1, 1, 1, 4]);
});

test('bestPlaces() returns the measures in which a head ranks best', () => {
  const other = makeColumn('recall_at_10', HEADS, MODEL, 'pca-2d');
  assert.deepEqual(bestPlaces([COLUMN, other], 4, 2), [
    { name: 'recall_at_10', rank: 1, nKnown: 5 },
    { name: 'induction', rank: 2, nKnown: 4 },
  ]);
  assert.deepEqual(
    bestPlaces([COLUMN, other], 1, 2).map(({ name }) => name),
    ['recall_at_10'],
  );
  assert.deepEqual(bestPlaces([COLUMN], 5, 2), []);
});

test('a histogram counts each value once, with the upper end in the last bin', () => {
  assert.deepEqual(
    [...histogramOf(Float64Array.of(0, 0.24, 0.25, 0.5, 1, NaN), [0, 1], 4)],
    [2, 1, 1, 1],
  );
  assert.deepEqual([...histogramOf(Float64Array.of(3, 3), [3, 3], 5)], [0, 0, 2, 0, 0]);
  assert.deepEqual(
    [binOf(-5, [0, 1], 4), binOf(9, [0, 1], 4), shareOf(0.25, [0, 0.5])],
    [0, 3, 0.5],
  );
});

test('headsWithin() includes both ends of the range and no missing values', () => {
  assert.deepEqual([...headsWithin(COLUMN.values, [0.2, 0.5]).inside], [1, 0, 0, 1, 1, 0]);
  assert.equal(headsWithin(COLUMN.values, [0.2, 0.5]).n, 3);
  assert.equal(headsWithin(COLUMN.values, [null, 0.3]).n, 2);
  assert.equal(headsWithin(COLUMN.values, [null, null]).n, 4);
});

test('rangeAt() rounds slider values and returns null at the ends of the scale', () => {
  assert.deepEqual(rangeAt([0, 1], [0.31, 1]), [0.31, null]);
  assert.deepEqual(rangeAt([0.123456, 0.9], [0, 0.5]), [null, 0.5117]);
  assert.deepEqual(rangeAt([0, 4000], [0.5, 0.75]), [2000, 3000]);
  assert.deepEqual(rangeAt([0, 0.00004], [0.5, 1]), [0.00002, null]);
  assert.deepEqual(rangeAt([2, 2], [0.5, 1]), [2, null]);
});

test('formatMeasureValue() chooses the number of digits by size', () => {
  assert.deepEqual(
    [0.456, 12.34, 1234.5, -0.25, -0.001, NaN].map((value) => formatMeasureValue(value)),
    ['0.46', '12.3', '1235', '−0.25', '0.00', '–'],
  );
  assert.equal(formatMeasureValue(0.4567, 3), '0.457');
});

test('text and image models have their own scores, followed by fidelity measures', () => {
  assert.deepEqual(
    measuresFor(MODEL).map(({ name }) => name),
    ['induction', 'mean_distance'],
  );
  assert.deepEqual(
    numbersFor({ ...MODEL, model: { modality: 'image' } }, false).map(({ name }) => name),
    [
      ...['mean_distance', 'same_row'],
      ...['recall_at_10', 'recall_at_100', 'rank_correlation', 'trustworthiness'],
    ],
  );
  assert.deepEqual(
    [formatUnit('mean_distance'), formatUnit('induction'), measureFacts('later').label],
    [' tokens', '', 'later'],
  );
});

test('a dataset has only the scores it was built with', () => {
  assert.deepEqual(
    measuresFor(FORMER).map(({ label }) => label),
    ['Distance (until 0.3.1)', 'Induction'],
  );
  const column = makeColumn('mean_distance', HEADS, FORMER, 'pca-2d');
  assert.equal(formatMissing('mean_distance', column.nRows[0]), 'this dataset has no such score');
  assert.equal(
    formatMissing('mean_distance', makeColumn('mean_distance', HEADS, MODEL, 'pca-2d').nRows[0]),
    'not computed yet',
  );
  const scores = createHeadScores(
    { heads: { value: HEADS }, description: { value: { manifest: FORMER } } },
    () => null,
  );
  const chosen = {
    ...DEFAULTS,
    method: 'pca',
    score: 'mean_distance',
    order: 'mean_distance',
    scoreRange: [1, null],
  };
  assert.deepEqual(
    [scores.order(chosen), scores.within(chosen)],
    [null, null],
    'the other pane sorts and steps back by it, this one does not',
  );
});

test('the fit to marked pairs is a measure only while pairs are marked', () => {
  assert.ok(numbersFor(MODEL, true).some(({ name }) => name === PAIR_FIT));
  assert.ok(!numbersFor(MODEL, false).some(({ name }) => name === PAIR_FIT));
  /** @type {Map<string, {fit: number, rank: number}> | null} */
  let fits = null;
  const scores = createHeadScores(
    { heads: { value: HEADS }, description: { value: { manifest: MODEL } } },
    () => fits,
  );
  const state = {
    ...DEFAULTS,
    method: 'pca',
    score: PAIR_FIT,
    order: PAIR_FIT,
    scoreRange: [0.5, null],
  };
  assert.deepEqual(
    [scores.column(PAIR_FIT, state), scores.order(state), scores.within(state)],
    [null, null, null],
  );
  fits = new Map([
    ['0,1', { fit: 0.9, rank: 1 }],
    ['1,0', { fit: 0.4, rank: 3 }],
    ['1,2', { fit: 0.6, rank: 2 }],
  ]);
  assert.deepEqual([...scores.column(PAIR_FIT, state).values], [NaN, 0.9, NaN, 0.4, NaN, 0.6]);
  assert.deepEqual([...scores.order(state)], [1, 5, 3, 0, 2, 4]);
  assert.deepEqual([...scores.within(state).inside], [0, 1, 0, 0, 0, 1]);
  assert.match(
    headsCsv(
      { dataset: 'a', model: 'm', map: null, nHeads: 3 },
      [scores.column(PAIR_FIT, state)],
      null,
    ),
    /^\uFEFFdataset,model,map,layer,head,pair_fit\r\n.*\r\na,m,,0,1,0\.9\r\n/,
  );
  assert.match(formatMissing(PAIR_FIT, -1), /not compared yet/);
  fits = new Map([['0,0', { fit: 0.2, rank: 1 }]]);
  assert.equal(scores.column(PAIR_FIT, state).values[0], 0.2);
});

test('formatMissing() gives the reason for a missing value', () => {
  assert.equal(
    formatMissing('induction', 0),
    'no row has an earlier copy of its own token with a token after it',
  );
  assert.match(formatMissing('induction', -1), /not computed/);
  assert.match(formatMissing('later', 0), /^no row has/);
  assert.match(formatMissing('recall_at_10', -1), /not defined for this map/);
});

const STATE = { ...DEFAULTS, method: 'pca' };

test('order() and within() return the same objects while the choices are the same', () => {
  const scores = createHeadScores(
    { heads: { value: HEADS }, description: { value: { manifest: MODEL } } },
    () => null,
  );
  assert.equal(scores.order(STATE), null);
  const sorted = { ...STATE, order: 'induction' };
  assert.deepEqual([...scores.order(sorted)], [2, 4, 0, 3, 1, 5]);
  assert.equal(scores.order(sorted), scores.order({ ...sorted, hasLabels: false }));
  assert.notEqual(scores.order(sorted), scores.order({ ...sorted, isOrderRising: true }));
  const filtered = { ...STATE, score: 'induction', scoreRange: [0.4, null] };
  assert.equal(scores.within(filtered).n, 2);
  assert.equal(scores.within(filtered), scores.within({ ...filtered }));
  assert.equal(scores.within({ ...filtered, scoreRange: DEFAULTS.scoreRange }), null);
  assert.equal(scores.within({ ...filtered, score: null }), null);
});

test('columns are computed anew when the heads are loaded anew', () => {
  const facts = { heads: { value: HEADS }, description: { value: { manifest: MODEL } } };
  const scores = createHeadScores(facts, () => null);
  const before = scores.column('induction', STATE);
  assert.equal(scores.column('induction', { ...STATE }), before);
  facts.heads.value = new Map([['0,0', { layer: 0, head: 0, maps: {}, scores: {} }]]);
  assert.equal(scores.column('induction', STATE).nKnown, 0);
  assert.equal(scores.hasAny(), false);
  facts.heads.value = null;
  assert.equal(scores.column('induction', STATE), null);
});

test('the range filter keeps its score when the tint changes', () => {
  const filtered = { ...DEFAULTS, score: 'induction', scoreRange: [0.4, null] };
  assert.deepEqual(tintedBy('mean_distance', filtered), {
    score: 'mean_distance',
    filterScore: 'induction',
  });
  assert.deepEqual(
    tintedBy('induction', { ...filtered, score: 'mean_distance', filterScore: 'induction' }),
    { score: 'induction', filterScore: null },
  );
  assert.deepEqual(tintedBy('mean_distance', { ...filtered, scoreRange: DEFAULTS.scoreRange }), {
    score: 'mean_distance',
    filterScore: null,
  });
  assert.equal(filteredBy({ score: 'mean_distance', filterScore: 'induction' }), 'induction');
  assert.ok(isFiltered(filtered) && !isFiltered({ ...filtered, score: null }));
});

test('formatRange() names the score of the range', () => {
  const state = { ...DEFAULTS, score: 'induction', scoreRange: [0.4, null] };
  assert.equal(formatRange(state), 'Induction from 0.40');
  assert.equal(
    formatRange({ ...state, filterScore: 'mean_distance', scoreRange: [null, 12.5] }),
    'Mean distance up to 12.5',
  );
  assert.equal(formatRange({ ...state, scoreRange: [-0.1, 0.5] }), 'Induction from −0.10 to 0.50');
});

test('the CSV has values in full with row counts, and empty cells for missing ones', () => {
  const subject = { dataset: '=cmd()', model: 'a, "b"', map: 'pca-2d', nHeads: 3 };
  const columns = [makeColumn('recall_at_10', HEADS, MODEL, 'pca-2d'), COLUMN];
  const lines = headsCsv(subject, columns, Int32Array.of(2, 1, 5)).split('\r\n');
  assert.deepEqual(lines, [
    '\uFEFFdataset,model,map,layer,head,recall_at_10,induction,induction_n_rows',
    '\'=cmd(),"a, ""b""",pca-2d,0,2,0.2,0.9,12',
    '\'=cmd(),"a, ""b""",pca-2d,0,1,0.1,,0',
    '\'=cmd(),"a, ""b""",pca-2d,1,2,,,',
    '',
  ]);
  assert.equal(headsCsv(subject, columns, null).split('\r\n').length, 8);
});

test('rowWindow() returns the visible rows and a few beyond', () => {
  assert.deepEqual(rowWindow(1000, 28, 0, 560, 4), { first: 0, last: 24 });
  assert.deepEqual(rowWindow(1000, 28, 14_000, 560, 4), { first: 496, last: 524 });
  assert.deepEqual(rowWindow(1000, 28, 27_440, 560, 4), { first: 976, last: 1000 });
  assert.deepEqual(rowWindow(3, 28, 9000, 560), { first: 0, last: 3 });
});

test('the label of a cell has its score, rank, recall and warning', () => {
  const fidelity = { recall_at_10: 0.05, rank_correlation: 0, trustworthiness: 0 };
  const score = { words: '0.42', label: 'Induction', more: ['place 3 of 72'] };
  assert.equal(
    formatCell({ layer: 2, head: 5 }, fidelity, true, score),
    'L2 H5 0.42 Induction, layer 2, head 5, place 3 of 72, 0.05 recall@10, ' +
      'nearness is not attention here',
  );
  assert.equal(
    formatCell({ layer: 2, head: 5 }, null, false, score),
    'L2 H5 0.42 Induction, layer 2, head 5, place 3 of 72, map not computed yet',
  );
  assert.equal(
    formatCell({ layer: 2, head: 5 }, fidelity, true),
    'L2 H5 0.05 recall@10, layer 2, head 5, nearness is not attention here',
  );
});

test('ticks of an offset profile are at zero and round offsets', () => {
  const offsets = Array.from({ length: 65 }, (_, i) => i - 32);
  assert.deepEqual(
    ticksOf(offsets).map(({ label: words }) => words),
    ['−30', '−20', '−10', '0', '+10', '+20', '+30'],
  );
  assert.deepEqual(
    ticksOf([-3, -2, -1, 0]).map(({ i, label: words }) => [i, words]),
    [
      [0, '−3'],
      [1, '−2'],
      [2, '−1'],
      [3, '0'],
    ],
  );
});

test('knownPart() removes offsets without rows from both ends of a profile', () => {
  const profile = {
    offsets: [-3, -2, -1, 0, 1],
    weights: [null, 0.3, null, 0.2, null],
    n_rows: [0, 5, 0, 6, 0],
  };
  assert.deepEqual(knownPart(profile), {
    offsets: [-2, -1, 0],
    weights: [0.3, null, 0.2],
    n_rows: [5, 0, 6],
  });
  assert.equal(knownPart({ offsets: [0, 1], weights: [null, null], n_rows: [0, 0] }), null);
});

test('strongestOffset() ignores offsets without rows', () => {
  assert.equal(
    strongestOffset({ offsets: [-2, -1, 0], weights: [null, 0.3, 0.2], n_rows: [0, 5, 6] }),
    1,
  );
  assert.equal(strongestOffset({ offsets: [-2, -1], weights: [null, null], n_rows: [0, 0] }), -1);
  assert.equal(strongestOffset({ offsets: [-1, 0], weights: [0, 0], n_rows: [1, 1] }), 0);
});

test('strongestOffset() ignores weights of few rows if others have more', () => {
  assert.equal(
    strongestOffset({ offsets: [-2, -1, 0], weights: [0.9, 0.3, 0.2], n_rows: [9, 10, 400] }),
    1,
  );
});

test('a head is named after its highest score at or above the threshold', () => {
  const rule = { threshold: 0.5, reason: 'r', min_rows: 30 };
  /** @param {string} name @param {string | null} label */
  const score = (name, label) => ({
    ...{ help: 'h', formula: 'f', source: 's', modality: null, low: 0, high: 1, until: null },
    ...{ name, label: name, unit: 'share', head_name: label && { label, ...rule } },
  });
  setMeasures([
    score('previous', 'previous token'),
    score('first', 'first token'),
    score('x', null),
  ]);
  const manifest = { n_layers: 1, n_heads: 5, scores: ['previous', 'first', 'x'] };
  /**
   * @param {number} head
   * @param {number | null} previous
   * @param {number} first
   * @param {number} nRows
   */
  const scored = (head, previous, first, nRows) => ({
    ...{ layer: 0, head },
    scores: {
      previous: { value: previous, n_rows: nRows },
      first: { value: first, n_rows: nRows },
      x: { value: 1, n_rows: nRows },
    },
  });
  const heads = new Map([
    ['0,0', scored(0, 0.5, 0.1, 30)],
    ['0,1', scored(1, 0.6, 0.7, 30)],
    ['0,2', scored(2, 0.499, 0.2, 30)],
    ['0,3', scored(3, 0.9, 0.1, 29)],
    ['0,4', scored(4, null, 0.8, 935)],
  ]);
  const columns = manifest.scores.map((name) => makeColumn(name, heads, manifest, null));
  const names = nameHeads(columns);
  assert.deepEqual(
    names.map((name) => name && formatHeadName(name)),
    ['previous token 0.50', 'first token 0.70', null, null, 'first token 0.80'],
  );
  assert.match(explainHeadName(names[4]), /0\.800 .*935 rows.* 0\.50 /);
  assert.equal(topBehaviour(columns, 1, names[1]), 'first token (rank 2 of 5)');
  assert.equal(topBehaviour(columns, 2, null), 'x (rank 1 of 5)');
});

test('a ratio has a logarithmic axis unless a value is zero', () => {
  const facts = { name: 'norm_ratio', label: 'Norm ratio', modality: null, scale: 'log' };
  setMeasures([facts]);
  /** @param {number[]} values */
  const columnWith = (values) =>
    columnOf('norm_ratio', Float64Array.from(values), new Int32Array(values.length));
  const { range } = columnWith([0.25, 1, 16]);
  assert.deepEqual(range, [0.25, 16, true]);
  assert.ok(Math.abs(shareOf(1, range) - 1 / 3) < 1e-12);
  assert.ok(Math.abs(valueAt(1 / 3, range) - 1) < 1e-12);
  assert.deepEqual(rangeAt(range, [1 / 3, 1]), [1, null]);
  assert.deepEqual([...histogramOf(Float64Array.of(0.25, 1, 16), range, 3)], [1, 1, 1]);
  assert.deepEqual(columnWith([0, 1]).range, [0, 1]);
});
