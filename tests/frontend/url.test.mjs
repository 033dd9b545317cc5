import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { placeOf } from '../../frontend/js/state/pane_state.js';
import { fitsMarked, readQuery, writeQuery } from '../../frontend/js/state/url.js';

const FULL = {
  ...DEFAULTS,
  dataset: 'demo-bert',
  method: 'attention-tsne',
  dims: 3,
  at: { layer: 3, head: 7 },
  isFitted: true,
  camera: { zoom: 2.351, x: -0.12, y: 1.3046 },
  turn: { yaw: -31.5, pitch: 20.05 },
  selected: { kind: 'key', token: 41 },
  marked: 'query-3-9.12.key-4',
  color: 'position-mod-5',
  search: ' April & may',
  hasLines: false,
  searchMode: 'regex',
  lineCount: 5,
  lineThreshold: 0.125,
  isLineAlone: false,
  hasStrongest: true,
  weight: 'output',
  below: 'squares',
  imageLinks: 'all',
  imageThreshold: 0.2,
  isImageMean: true,
  hidden: [
    { kind: 'query', position: 3 },
    { kind: 'key', position: 12 },
  ],
  hasLabels: false,
  dotSize: 1.5,
  isDotByNorm: true,
  isWhole: true,
  similarWith: 'other.model-2',
  filters: { kind: 'key', type: 'word', position: [0.25, 1], norm: [0, 0.5], attention: 0.1 },
  pairs: [
    { query: 12, key: 40, isStrong: true },
    { query: 5, key: 7, isStrong: false },
  ],
  compare: {
    ...placeOf(DEFAULTS),
    dataset: 'demo-gpt2',
    method: 'umap',
    dims: 3,
    at: { layer: 1, head: 0 },
    isFitted: false,
    camera: { zoom: 1.5, x: 0.25, y: 0.75 },
    turn: { yaw: -30, pitch: 12.5 },
  },
  beside: {
    ...DEFAULTS.beside,
    selected: { kind: 'key', token: 38 },
    marked: 'query-1-3',
    hidden: [{ kind: 'key', position: 2 }],
    pairs: [{ query: 3, key: 4, isStrong: true }],
  },
  score: 'induction',
  order: 'rank_correlation',
  isOrderRising: true,
  filterScore: 'hue_similarity',
  scoreRange: [-0.25, 1200.5],
};
const PLAIN = {
  ...DEFAULTS,
  dataset: 'demo-bert',
  method: 'attention-tsne',
  dims: 3,
  at: { layer: 3, head: 7 },
  selected: { kind: 'key', token: 41 },
  color: 'position-mod-5',
  hasLines: false,
};
/** What an address cannot say. */
const REMEMBERED = { theme: DEFAULTS.theme, palette: DEFAULTS.palette };

test('writeQuery() writes readable parameters without defaults', () => {
  assert.equal(
    writeQuery(PLAIN),
    '?dataset=demo-bert&method=attention-tsne&dims=3&layer=3&head=7' +
      '&selected=key-41&color=position-mod-5&lines=off',
  );
  assert.equal(writeQuery(DEFAULTS), '');
});

test('readQuery() reverses writeQuery()', () => {
  const { choices, notices } = readQuery(writeQuery(FULL));
  assert.deepEqual(notices, []);
  assert.deepEqual({ ...choices, ...REMEMBERED }, FULL);
});

test('the second pane is written as readable parameters', () => {
  const compare = {
    dataset: 'demo-gpt2',
    method: 'pca',
    dims: 2,
    at: { layer: 2, head: 5 },
    camera: null,
    turn: null,
  };
  const beside = { ...DEFAULTS.beside, selected: { kind: 'key', token: 3 } };
  assert.equal(
    writeQuery({ ...DEFAULTS, dataset: 'demo-bert', compare, beside }),
    '?dataset=demo-bert&compare.dataset=demo-gpt2&compare.method=pca' +
      '&compare.layer=2&compare.head=5&compare.selected=key-3',
  );
  assert.equal(readQuery('?dataset=a').choices.compare, null);
});

test('valid parameters of a second pane are kept if others are invalid', () => {
  const { choices, notices } = readQuery(
    '?dataset=a&compare.dataset=b&compare.dims=4&compare.layer=1&compare.head=2',
  );
  const at = { layer: 1, head: 2 };
  assert.deepEqual(choices.compare, { ...placeOf(DEFAULTS), dataset: 'b', at });
  assert.equal(notices.length, 1);
});

test('any text of a search is kept in an address', () => {
  for (const search of ['a b', '%41', '<img src=x>', '\u202eevil', '日本語', '&x=1#y', '+']) {
    assert.equal(readQuery(writeQuery({ ...DEFAULTS, search })).choices.search, search);
  }
});

test('marked points that would make an address too long are left out', () => {
  const most = `query-${Array.from({ length: 400 }, (_, i) => 2 * i + 1).join('.')}`;
  assert.equal(writeQuery({ ...DEFAULTS, dataset: 'a', marked: most }), '?dataset=a');
  assert.equal(fitsMarked({ marked: most }), false);
  assert.equal(fitsMarked({ marked: 'query-1' }), true);
});

test('theme and palette are written on request, and read', () => {
  const query = writeQuery(FULL, { theme: 'dark', palette: 'classic' });
  assert.ok(query.endsWith('&theme=dark&palette=classic'));
  assert.deepEqual(readQuery(query).choices, { ...FULL, theme: 'dark', palette: 'classic' });
});

test('choices missing in an address have defaults, except theme and palette', () => {
  const { choices } = readQuery('');
  assert.deepEqual({ ...choices, ...REMEMBERED }, DEFAULTS);
  assert.ok(!('theme' in choices) && !('palette' in choices));
});

for (const [query, left] of [
  ['?dataset=../etc', 'dataset'],
  ['?method=Magic!', 'method'],
  ['?dims=4', 'dims'],
  ['?layer=1', 'layer'],
  ['?head=1', 'head'],
  ['?layer=-1&head=0', 'layer'],
  ['?layer=1e3&head=0', 'layer'],
  ['?selected=value-3', 'selected'],
  ['?selected=query', 'selected'],
  ['?zoom=2', 'zoom'],
  ['?zoom=0&center=0.5_0.5', 'zoom'],
  ['?zoom=2&center=0.5', 'zoom'],
  ['?zoom=1e3&center=0.5_0.5', 'zoom'],
  ['?center=0.5_0.5', 'center'],
  ['?turn=20', 'turn'],
  ['?turn=20_120', 'turn'],
  ['?turn=NaN_0', 'turn'],
  ['?theme=system', 'theme'],
  ['?palette=pink', 'palette'],
  ['?marked=3-9', 'marked'],
  ['?marked=query-9-3', 'marked'],
  ['?marked=value-3', 'marked'],
  [`?marked=query-${Array.from({ length: 400 }, (_, i) => 2 * i + 1).join('.')}`, 'marked'],
  ['?color=%3Cb%3E', 'color'],
  ['?lines=on', 'lines'],
  ['?search-mode=fuzzy', 'search-mode'],
  ['?line-count=0', 'line-count'],
  ['?line-threshold=1.5', 'line-threshold'],
  ['?weight=key', 'weight'],
  ['?hidden=query-1.value-2', 'hidden'],
  [`?hidden=${Array.from({ length: 501 }, (_, i) => `key-${i}`).join('.')}`, 'hidden'],
  ['?dot=1e3', 'dot'],
  ['?positions=0.8-0.2', 'positions'],
  ['?norms=0.5', 'norms'],
  ['?attention=2', 'attention'],
  ['?kind=value', 'kind'],
  ['?pairs=strong-12-40.mild-5-7', 'pairs'],
  ['?colour=type', 'colour'],
  ['?compare.method=pca', 'compare.method'],
  ['?compare.dataset=../etc', 'compare.dataset'],
  ['?compare.search=rain', 'compare.search'],
  ['?compare.center=0.5_0.5', 'compare.center'],
  ['?score=Induction!', 'score'],
  ['?order=__proto__', 'order'],
  ['?order-from=lowest', 'order-from'],
  ['?filter=a-b', 'filter'],
  ['?score-min=0.3', 'score-min'],
  ['?score-max=1', 'score-max'],
]) {
  test(`${query} is ignored with one notice`, () => {
    const { choices, notices } = readQuery(query);
    assert.equal(notices.length, 1);
    assert.ok(notices[0].includes(`${left}=`), notices[0]);
    assert.deepEqual({ ...choices, ...REMEMBERED }, DEFAULTS);
  });
}

test('older addresses with line-scope and strongest keep their meaning', () => {
  const { choices, notices } = readQuery('?line-scope=selected&strongest=off');
  assert.deepEqual([choices.isLineAlone, choices.hasStrongest, notices], [true, false, []]);
  assert.equal(
    writeQuery({ ...DEFAULTS, isLineAlone: false, hasStrongest: true }),
    '?line-scope=all&strongest=on',
  );
});

test('a notice quotes only the start of a long parameter', () => {
  const { notices } = readQuery(`?color=${'<'.repeat(5000)}`);
  assert.ok(notices[0].length < 200);
});

test('valid parameters are kept if others are invalid', () => {
  const { choices, notices } = readQuery('?dataset=a&method=B!&search=c');
  assert.deepEqual(
    [choices.dataset, choices.method, choices.search, notices.length],
    ['a', null, 'c', 1],
  );
});

test('a score range is read with the tint score or a filter score', () => {
  const { choices, notices } = readQuery('?score=induction&order=induction&score-min=0.3');
  assert.deepEqual(
    [choices.score, choices.order, choices.filterScore, choices.scoreRange, notices],
    ['induction', 'induction', null, [0.3, null], []],
  );
  assert.deepEqual(readQuery('?filter=entropy&score-max=-1').choices.scoreRange, [null, -1]);
  assert.equal(readQuery('?score=entropy&score-max=1e3').notices.length, 1);
  assert.equal(writeQuery({ ...DEFAULTS, scoreRange: [0.1, null] }), '');
});
