import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changePane,
  createPaneStore,
  secondState,
  reconcileLinked,
} from '../../frontend/js/state/pane_state.js';
import { createActivePane } from '../../frontend/js/state/active_pane.js';
import { createHover } from '../../frontend/js/state/hover.js';
import { createLink, matchSequences } from '../../frontend/js/data/token_links.js';
import { createSlot } from '../../frontend/js/data/slots.js';
import { DEFAULTS, NO_MARKS } from '../../frontend/js/state/choices.js';
import {
  commonTokens,
  patternDifference,
  rowsSideBySide,
} from '../../frontend/js/compute/token_alignment.js';
import { alignSequences } from '../../frontend/js/data/sequence_alignment.js';
import { differenceRows, formatSubtracted } from '../../frontend/js/sequence/comparison.js';
import { createUndo } from '../../frontend/js/state/undo.js';
import { readQuery, writeQuery } from '../../frontend/js/state/url.js';
import { createStore } from '../../frontend/js/state/store.js';

const TOKEN = { kind: 'query', token: 4 };
const pane = (dataset, choices = {}) => ({
  dataset,
  method: 'pca',
  dims: 2,
  at: null,
  camera: null,
  turn: null,
  ...choices,
});
const two = (a, compare, selected = null) => ({
  ...DEFAULTS,
  ...a,
  compare,
  beside: { ...NO_MARKS, selected },
});
const after = (state, name, change, isLinked = true) => ({
  ...state,
  ...changePane(state, name, change, isLinked),
});

/** One side of a link: sentences as lists of tokens, those in brackets are marks. */
function textSide(
  name,
  sentences,
  texts = sentences.map((tokens) => tokens.filter((token) => token[0] !== '[').join(' ')),
) {
  const text = sentences.flat();
  const start = sentences.map((_, i) => sentences.slice(0, i).flat().length);
  const sequence = Int32Array.from(sentences.flatMap((tokens, i) => tokens.map(() => i)));
  const tokenType = text.map((token) => (token[0] === '[' ? 'special' : 'text'));
  const sequences = {
    start: Int32Array.from(start),
    length: Int32Array.from(sentences, ({ length }) => length),
    text: texts,
    columns: {},
  };
  return {
    name,
    manifest: { model: { modality: 'text' }, corpus: { sha256: name } },
    tokens: { n: text.length, text, sequence, tokenType, sequences },
  };
}

/** Images of n × n patches after a class token. */
function imageSide(name, n, files, sha256 = 'same') {
  const all = files.flatMap((_, sequence) =>
    Array.from({ length: n * n + 1 }, (_unused, i) => ({ sequence, i })),
  );
  const tokens = {
    n: all.length,
    text: all.map(() => ''),
    sequence: Int32Array.from(all, ({ sequence }) => sequence),
    tokenType: all.map(({ i }) => (i === 0 ? 'class' : 'patch')),
    row: Int32Array.from(all, ({ i }) => Math.floor((i - 1) / n)),
    column: Int32Array.from(all, ({ i }) => (i === 0 ? -1 : (i - 1) % n)),
    sequences: {
      start: Int32Array.from(files, (_, i) => i * (n * n + 1)),
      length: Int32Array.from(files, () => n * n + 1),
      text: files,
      columns: {},
    },
  };
  return {
    name,
    manifest: {
      model: { modality: 'image' },
      corpus: { sha256 },
      patch_grid: { n_rows: n, n_columns: n, n_prefix_tokens: 1 },
    },
    tokens,
  };
}

test('a pane has its own dataset, map and head, and shares all other choices', () => {
  const state = two(
    { dataset: 'a', search: 'rain', color: 'position' },
    pane('b', { at: { layer: 1, head: 2 } }),
  );
  const second = secondState(state);
  assert.deepEqual(
    [second.dataset, second.at, second.search, second.color],
    ['b', { layer: 1, head: 2 }, 'rain', 'position'],
  );
  assert.equal(secondState(state), second);
  assert.equal(secondState(DEFAULTS), DEFAULTS);
  const next = after(after(state, 'B', { method: 'tsne', search: 'sun' }), 'A', { dims: 3 });
  assert.deepEqual(
    [next.method, next.dims, next.compare.method, next.compare.dims, next.search],
    [null, 3, 'tsne', 2, 'sun'],
  );
});

test('with one pane changePane() returns the change unchanged', () => {
  const change = { dataset: 'b', selected: TOKEN };
  assert.equal(changePane(DEFAULTS, 'A', change, true), change);
});

test('panes of one dataset share one selection', () => {
  for (const name of ['A', 'B']) {
    const next = after(two({ dataset: 'a' }, pane('a')), name, { selected: TOKEN, hidden: [] });
    assert.deepEqual(
      [next.selected, secondState(next).selected, next.beside],
      [TOKEN, TOKEN, NO_MARKS],
    );
    assert.equal(after(next, name, { selected: null }).selected, null);
  }
});

test('a selection clears that of a linked pane until it is reconciled', () => {
  const [a, b] = [
    textSide('a', [['[CLS]', 'walk', '##ing', '[SEP]']], ['walking']),
    textSide('b', [['walking']]),
  ];
  const link = createLink(a, b);
  const state = two({ dataset: 'a', selected: { kind: 'key', token: 1 } }, pane('b'), {
    kind: 'key',
    token: 0,
  });
  const open = after(state, 'A', { selected: { kind: 'query', token: 2 } });
  assert.equal(open.beside.selected, null);
  assert.deepEqual(reconcileLinked(open, link).beside.selected, { kind: 'query', token: 0 });
  const back = after(state, 'B', { selected: { kind: 'query', token: 0 } });
  assert.equal(back.selected, null);
  assert.deepEqual(reconcileLinked(back, link), { selected: { kind: 'query', token: 1 } });
  const mark = after(state, 'A', { selected: { kind: 'key', token: 0 } });
  assert.deepEqual(reconcileLinked(mark, link), {});
  const none = after(state, 'B', { selected: null, hidden: [] });
  assert.deepEqual([none.selected, none.beside.selected], [null, null]);
});

test('a locked pane keeps its selection, and follows the other one when unlocked', () => {
  const other = { kind: 'key', token: 9 };
  const store = createStore({ dataset: 'a', method: 'pca', selected: TOKEN });
  const [a, b] = ['A', 'B'].map((name) => createPaneStore(store, name, () => true));
  a.setBeside({});
  const undo = createUndo(store, () => 0);
  b.toggleLock();
  a.set({ selected: other, hidden: [{ kind: 'key', position: 1 }] });
  assert.deepEqual([a.get().selected, b.get().selected, b.get().hidden], [other, TOKEN, []]);
  const query = writeQuery(store.get());
  assert.match(query, /locked=B.*compare\.selected=query-4/);
  assert.deepEqual(secondState({ ...DEFAULTS, ...readQuery(query).choices }).selected, TOKEN);
  undo.back();
  undo.back();
  assert.deepEqual(
    [store.get().locked, b.get().selected, store.get().beside],
    [null, TOKEN, NO_MARKS],
  );
  undo.forth();
  undo.forth();
  b.toggleLock();
  assert.deepEqual([b.get().selected, store.get().beside], [other, NO_MARKS]);
  b.set({ selected: TOKEN });
  assert.deepEqual(a.get().selected, TOKEN, 'both follow each other again');
  b.toggleLock();
  a.set({ selected: other });
  a.set({ camera: { zoom: 2, x: 0.5, y: 0.5 } });
  a.toggleLock();
  assert.deepEqual([a.get().selected, b.get().selected], [other, TOKEN], 'both are locked');
  b.closeBeside();
  assert.doesNotMatch(writeQuery(store.get()), /locked/);
});

test('a locked pane keeps its selection also between linked datasets', () => {
  const [one, two] = [textSide('a', [['x', 'y']], ['xy']), textSide('b', [['x', 'y']], ['xy'])];
  const link = createLink(one, two);
  const store = createStore({ dataset: 'a', compare: pane('b'), locked: 'A' });
  const [a, b] = ['A', 'B'].map((name) => createPaneStore(store, name, () => true));
  const reconciled = () => store.set(reconcileLinked(store.get(), link));
  b.set({ selected: { kind: 'query', token: 1 } });
  reconciled();
  assert.deepEqual([a.get().selected, b.get().selected.token], [null, 1]);
  a.toggleLock();
  reconciled();
  assert.equal(a.get().selected.token, 1);
});

test('panes of datasets that are not linked have separate selections', () => {
  const next = after(
    two({ dataset: 'a', selected: TOKEN }, pane('z')),
    'B',
    { selected: { kind: 'key', token: 9 }, hidden: [] },
    false,
  );
  assert.deepEqual([next.selected, next.beside.selected], [TOKEN, { kind: 'key', token: 9 }]);
});

test('after a pane changes its dataset each pane keeps its own selection', () => {
  const cleared = { at: null, selected: null, hidden: [], color: null, filters: DEFAULTS.filters };
  const same = two({ dataset: 'a', selected: TOKEN, color: 'position' }, pane('a'));
  const parted = after(same, 'A', { ...cleared, dataset: 'b' });
  assert.deepEqual(
    [parted.dataset, parted.selected, parted.beside.selected, parted.color],
    ['b', null, TOKEN, 'position'],
  );
  const joined = after(parted, 'A', { ...cleared, dataset: 'a' });
  assert.deepEqual([joined.selected, joined.beside.selected], [TOKEN, null]);
});

test('a head or dataset opens in a second pane, and either pane can be closed', () => {
  const store = createStore({ dataset: 'a', method: 'pca', selected: TOKEN });
  const [a, b] = ['A', 'B'].map((name) => createPaneStore(store, name, () => true));
  a.setBeside({ at: { layer: 0, head: 1 } });
  assert.deepEqual(
    [b.get().dataset, b.get().at, b.get().selected, a.get().at],
    ['a', { layer: 0, head: 1 }, TOKEN, null],
  );
  b.setBeside({ dataset: 'c', at: null });
  assert.deepEqual([a.get().dataset, a.get().selected, b.get().selected], ['c', null, TOKEN]);
  b.closeBeside();
  assert.deepEqual(
    [store.get().compare, a.get().dataset, a.get().at, a.get().selected],
    [null, 'a', { layer: 0, head: 1 }, TOKEN],
  );
});

test('matchSequences() matches sentences by text, repeated ones in order', () => {
  assert.deepEqual(
    [...matchSequences(['x', 'y', 'x', 'z', 'x'], ['x', 'z', 'x', 'w'])],
    [0, -1, 2, 1, -1],
  );
});

test('a link within one dataset maps each token to itself', () => {
  const side = textSide('a', [['x', 'y']]);
  assert.deepEqual(createLink(side, side).partners(1, true), [1]);
});

test('tokens of common sentences are linked by words, special tokens by their end', () => {
  const first = textSide(
    'a',
    [
      ['[CLS]', 'only', 'here', '[SEP]'],
      ['[CLS]', 'heron', '##s', 'fly', '[SEP]'],
    ],
    ['only here', 'Herons fly'],
  );
  const link = createLink(
    first,
    textSide(
      'b',
      [
        ['Her', 'ons', ' fly'],
        ['[BOS]', 'what', ' else'],
      ],
      ['Herons fly', 'what else'],
    ),
  );
  assert.equal(link.kind, 'word');
  assert.equal(link.label, '1 sentence in both, linked by the words');
  assert.deepEqual(
    [0, 1, 4, 5, 6, 7, 8].map((token) => link.partners(token, true)),
    [[], [], [], [0, 1], [1, 0], [2], []],
  );
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((token) => link.partners(token, false)),
    [[5, 6], [5, 6], [7], [], []],
  );
});

test('datasets without common sentences or of other modality are not linked', () => {
  const link = createLink(textSide('a', [['x']]), textSide('b', [['y']]));
  assert.deepEqual([link.kind, link.partners(0, true)], ['none', []]);
  assert.equal(createLink(textSide('a', [['x']]), imageSide('b', 2, ['x'])).kind, 'none');
  assert.equal(
    createLink(imageSide('a', 2, ['x']), imageSide('b', 2, ['x'], 'other')).kind,
    'none',
  );
});

test('patches are linked by place in the image, and class tokens with each other', () => {
  const link = createLink(imageSide('a', 2, ['p', 'q']), imageSide('b', 4, ['q', 'p']));
  assert.equal(link.label, '2 images in both, linked by the place in the image');
  assert.deepEqual(link.partners(0, true), [17]);
  assert.deepEqual(
    link.partners(1, true).toSorted((x, y) => x - y),
    [18, 19, 22, 23],
  ); // upper left quarter of "p"
  assert.deepEqual(
    link.partners(4, true).toSorted((x, y) => x - y),
    [28, 29, 32, 33],
  );
  for (const [fine, coarse] of [
    [18, 1],
    [21, 2],
    [33, 4],
    [17, 0],
  ])
    assert.deepEqual(link.partners(fine, false), [coarse]);
  const odd = createLink(imageSide('a', 3, ['p']), imageSide('b', 2, ['p']));
  for (let token = 0; token < 10; token++) assert.equal(odd.partners(token, true).length, 1);
});

test('a value that the other pane has or is loading is not requested again', async () => {
  const settled = () =>
    new Promise((resolve) => {
      setTimeout(resolve);
    });
  const first = createSlot('a thing', () => {});
  const second = createSlot(
    'a thing',
    () => {},
    (key) => first.answerTo(key),
  );
  let nAsked = 0;
  const ask = async (value) => {
    nAsked++;
    await settled();
    return value;
  };
  first.want('g', 'k', () => ask('answer'));
  second.want('g', 'k', () => ask('another'));
  await settled();
  await settled();
  assert.deepEqual([first.value, second.value, nAsked], ['answer', 'answer', 1]);
  second.want('g', 'other', () => ask('own'));
  await settled();
  await settled();
  assert.deepEqual([second.value, nAsked], ['own', 2]);
});

test('a value is requested if the other pane cancels its request', async () => {
  const first = createSlot('a thing', () => {});
  const second = createSlot(
    'a thing',
    () => {},
    (key) => first.answerTo(key),
  );
  first.want(
    'g',
    'k',
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('called off')));
      }),
  );
  second.want('g', 'k', async () => 'own');
  first.drop();
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
  assert.deepEqual([second.status, second.value], ['ready', 'own']);
});

test('header, keys and panel use the state of the active pane', () => {
  const made = (name) => ({
    facts: { tokens: { value: name } },
    store: { get: () => name },
    actions: { say: (word) => `${name} ${word}` },
    derived: {},
    marks: {},
    hover: createHover(),
    pane: () => name,
    retry: () => {},
  });
  const [a, b] = [made('A'), made('B')];
  const front = createActivePane(a);
  const heard = [];
  front.context.hover.subscribe((point) => heard.push(point));
  front.bring('B');
  assert.equal(front.name(), 'A');
  front.join(b);
  front.bring('B');
  assert.deepEqual(
    [
      front.state(),
      front.context.facts.tokens.value,
      front.context.actions.say('x'),
      front.context.pane(),
    ],
    ['B', 'B', 'B x', 'B'],
  );
  b.hover.set(TOKEN);
  front.join(null);
  assert.equal(front.name(), 'A');
  b.hover.set(null);
  assert.deepEqual(heard, [TOKEN]);
});

test('common tokens of two sequences are those of a longest common subsequence', () => {
  const common = (own, other) => [...commonTokens(own.split(' '), other.split(' '))];
  assert.deepEqual(common('a cat sat here', 'a dog sat here'), [0, -1, 2, 3]);
  assert.deepEqual(common('a cat sat', 'the old cat then sat'), [-1, 2, 4]);
  assert.deepEqual(common('a b c a', 'a'), [0, -1, -1, -1]);
  const long = Array.from({ length: 3000 }, (_, i) => `${i}`);
  const found = commonTokens(long, ['x', ...long.slice(1)]);
  assert.deepEqual([found[0], found[1], found[2999]], [-1, 1, 2999]);
});

test('rowsSideBySide() puts common tokens in one row and others beside a gap', () => {
  const { own, other, n } = rowsSideBySide(Int32Array.of(-1, 0, 3, -1), 5);
  assert.deepEqual([[...own], [...other], n], [[0, 1, 4, 5], [1, 2, 3, 4, 6], 7]);
});

test('alignSequences() aligns one text by letters and two texts by common tokens', () => {
  const [words, pieces] = [
    textSide('a', [['[CLS]', 'playing', 'cannot', 'end', '[SEP]']]),
    textSide('b', [['<s>', 'play', '##ing', 'can', 'not', 'end', '[SEP]']], ['playing cannot end']),
  ];
  pieces.tokens.tokenType[0] = 'special';
  const aligned = (...sides) => {
    const found = alignSequences(
      ...sides.map(({ name, tokens }) => ({
        dataset: name,
        tokens,
        sequence: 0,
        words: tokens.text,
        text: tokens.sequences.text[0],
      })),
    );
    return [found.rowsOfA, found.rowsOfB, found.common].map((rows) => [...rows]);
  };
  assert.deepEqual(aligned(words, pieces), [
    [0, 1, 3, 5, 6],
    [0, 1, 2, 3, 4, 5, 6],
    [-1, -1, -1, 5, 6],
  ]);
  const edited = textSide('a', [['[CLS]', 'the', 'river', 'end', '[SEP]']]);
  assert.deepEqual(aligned(words, edited), [
    [0, 1, 2, 5, 6],
    [0, 3, 4, 5, 6],
    [0, -1, -1, 3, 4],
  ]);
});

test('patternDifference() covers common tokens only, and the others are named', () => {
  const common = Int32Array.of(0, -1, 1);
  const first = { n: 3, pattern: Float32Array.of(1, 0, 0, 0.5, 0.5, 0, 0.25, 0.25, 0.5) };
  const second = { n: 2, pattern: Float32Array.of(1, 0, 0.75, 0.25) };
  const { n, pattern, positions } = patternDifference(first, second, common);
  assert.deepEqual([n, [...pattern], positions], [2, [0, 0, -0.5, 0.25], [0, 2]]);
  const [a, b] = [
    ['in', 'old', 'april'],
    ['in', 'april'],
  ].map((words) => ({
    n: words.length,
    words,
  }));
  const said = formatSubtracted(a, b, { common }).replace(/[\u2068\u2069]/g, '');
  assert.equal(said, '2 tokens in both; not subtracted: “old” (only A).');
  assert.equal(formatSubtracted(b, b, { common: Int32Array.of(0, 1) }), '');
  assert.match(formatSubtracted(a, b, { common: common.map(() => -1) }), /nothing can be/);
  const { own, other, n: nRows } = rowsSideBySide(common, b.n);
  const rows = differenceRows({ common, n: nRows, rowsOfA: own, rowsOfB: other }, a.words, b.words);
  assert.deepEqual(
    rows.map(({ index, words, pane }) => `${index} ${words} ${pane}`.trim()),
    ['0 in', '-1 old only A', '1 april'],
  );
});
