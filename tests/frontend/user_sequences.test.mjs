import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUserSequences } from '../../frontend/js/user_sequences/user_sequences.js';
import { createKeptTexts } from '../../frontend/js/user_sequences/kept_texts.js';
import { addressTexts } from '../../frontend/js/user_sequences/items.js';
import {
  createTokenRenumbering,
  renumberedState,
} from '../../frontend/js/user_sequences/token_renumbering.js';
import { readQuery, writeQuery } from '../../frontend/js/state/url.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { answerOf, MANIFEST } from './live_answers.mjs';

const LIMITS = {
  is_enabled: true,
  max_characters: 100,
  max_image_bytes: 100,
  max_pixels: 100,
  max_tokens: 10,
};
const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 5);
  });

/** A collection over a server that answers when it is told to. */
function begin({ maps = ['pca-2d'], limits = LIMITS } = {}) {
  const calls = [];
  const moves = [];
  const numbering = createTokenRenumbering();
  const arrivals = [];
  const send = (dataset, content, asked, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('called off')));
      const words = content.tokens?.map(String) ?? content.text.split(' ');
      calls.push({
        dataset,
        content,
        maps: asked,
        signal,
        answer: () => resolve(answerOf(words, { maps: asked })),
        refuse: (message, retryAfter = 0) =>
          reject(Object.assign(new Error(message), { retryAfter })),
      });
    });
  const userSequences = createUserSequences(send, {
    changed: () => {},
    moved(...parts) {
      const move = numbering.move(...parts);
      if (move) moves.push([parts[0], move.renumber, move.nBefore, move.nAfter]);
    },
    arrived: (...parts) => arrivals.push(parts),
  });
  const pane = {};
  const want = (wanted) =>
    userSequences.want(pane, { dataset: 'd', version: 'v1', manifest: MANIFEST, maps, ...wanted });
  want({});
  userSequences.enable(limits);
  const add = async (text) => {
    userSequences.addText(text, 'd');
    calls.at(-1).answer();
    await settled();
  };
  return { userSequences, calls, moves, arrivals, want, add };
}

const names = (userSequences) => userSequences.items.map(({ name }) => name);
const shown = (userSequences, dataset = 'd') =>
  userSequences.layerOf(dataset)?.sequences.map(({ item }) => item.text) ?? [];

test('a text is added once the response arrives, and not before', async () => {
  const { userSequences, calls, arrivals } = begin();
  userSequences.addText('a b', 'd');
  assert.deepEqual(
    [userSequences.items.length, userSequences.submission.isFirst, calls[0].maps],
    [0, true, ['pca-2d']],
  );
  calls[0].answer();
  await settled();
  assert.deepEqual(
    [names(userSequences), shown(userSequences), userSequences.submission],
    [['your text 1'], ['a b'], null],
  );
  assert.deepEqual(
    arrivals.map(([dataset, token]) => [dataset, token]),
    [['d', 4]],
  );
  assert.equal(userSequences.nTokens(MANIFEST), 6);
});

test('texts sent during warm-up wait for it, and only the last is sent', async () => {
  const { userSequences, calls } = begin();
  userSequences.warm('d');
  userSequences.addText('first', 'd');
  userSequences.addText('b c', 'd');
  await settled();
  assert.deepEqual(
    [calls.map(({ content }) => content.text), userSequences.submission.isFirst],
    [['a'], true],
  );
  calls[0].answer();
  await settled();
  assert.deepEqual(
    calls.map(({ content }) => content.text),
    ['a', 'b c'],
  );
  calls[1].answer();
  await settled();
  assert.deepEqual(shown(userSequences), ['b c']);
});

test('a new text aborts the request for the previous one', async () => {
  const { userSequences, calls } = begin();
  userSequences.addText('first', 'd');
  userSequences.addText('second', 'd');
  assert.deepEqual(
    [calls.length, calls[0].signal.aborted, calls[1].signal.aborted],
    [2, true, false],
  );
  calls[1].answer();
  calls[0].answer();
  await settled();
  assert.deepEqual(shown(userSequences), ['second']);
});

test('a cancelled text is aborted and not added', async () => {
  const { userSequences, calls } = begin();
  userSequences.addText('a', 'd');
  userSequences.cancel();
  calls[0].answer();
  await settled();
  assert.deepEqual(
    [
      userSequences.items.length,
      userSequences.submission,
      calls[0].signal.aborted,
      userSequences.layerOf('d'),
    ],
    [0, null, true, null],
  );
});

test('a text that the server rejects gives an error and is not added', async () => {
  const { userSequences, calls } = begin();
  userSequences.addText('a', 'd');
  calls[0].refuse('The text is empty.');
  await settled();
  assert.deepEqual(
    [userSequences.submission.error, userSequences.items.length, calls.length],
    ['The text is empty.', 0, 1],
  );
});

test('a malformed response gives an error', async () => {
  const userSequences = createUserSequences(async () => new ArrayBuffer(3), {
    changed: () => {},
    moved: () => {},
    arrived: () => {},
  });
  userSequences.want({}, { dataset: 'd', version: 'v', manifest: MANIFEST, maps: ['pca-2d'] });
  userSequences.enable(LIMITS);
  userSequences.addText('a', 'd');
  await settled();
  assert.match(userSequences.submission.error, /3 bytes/);
});

test('a busy server is retried after its delay, three attempts in all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { userSequences, calls } = begin();
  const turn = () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  userSequences.addText('a', 'd');
  for (let i = 0; i < 3; i++) {
    calls[i].refuse('The server is busy.', 2);
    await turn();
    assert.equal(userSequences.submission.error, i < 2 ? null : 'The server is busy.');
    t.mock.timers.tick(2000);
    await turn();
  }
  assert.equal(calls.length, 3);
});

test('another map requests only the positions in that map', async () => {
  const { userSequences, calls, want, add } = begin();
  await add('a b');
  const [{ answer: before }] = userSequences.layerOf('d').sequences;
  want({ maps: ['tsne-3d'] });
  assert.deepEqual([calls.length, calls[1].maps], [2, ['tsne-3d']]);
  calls[1].answer();
  await settled();
  const [{ answer }] = userSequences.layerOf('d').sequences;
  assert.deepEqual([...answer.places.keys()], ['pca-2d', 'tsne-3d']);
  assert.equal(answer.queries, before.queries);
  want({ maps: ['pca-2d'] });
  assert.equal(calls.length, 2, 'what is known is not asked for again');
});

test('the request for a map is aborted when another map is shown', async () => {
  const { calls, want, add } = begin();
  await add('a');
  want({ maps: ['tsne-3d'] });
  want({ maps: ['pca-2d'] });
  assert.equal(calls[1].signal.aborted, true);
});

test('data of a dataset is extended only while its texts are shown', async () => {
  const { userSequences, add } = begin();
  const drawn = Int32Array.of(0, 1);
  const extended = (id) =>
    userSequences.extend('gridTokens', drawn, 'd@v1', {
      description: { value: { id } },
      heads: { value: null },
    });
  assert.equal(extended('d'), drawn);
  await add('a b');
  assert.deepEqual([extended('d').length > 2, extended('e')], [true, drawn]);
  userSequences.remove(userSequences.items[0]);
  assert.equal(extended('d'), drawn);
});

test('another dataset runs the same texts, but no edited tokens', async () => {
  const { userSequences, calls, want, add } = begin();
  await add('a b');
  const other = { ...MANIFEST, id: 'e' };
  want({ dataset: 'e', manifest: other });
  assert.deepEqual(
    [calls[1].dataset, calls[1].content.text, userSequences.layerOf('d')],
    ['e', 'a b', null],
  );
  assert.equal(
    userSequences.nTokens(other),
    Infinity,
    'until the answer is there, it is not known how many tokens there are',
  );
  calls[1].answer();
  await settled();
  assert.deepEqual(shown(userSequences, 'e'), ['a b']);
  userSequences.edit(userSequences.items[0], ['a', 'c'], 'e');
  calls[2].answer();
  await settled();
  assert.deepEqual(
    userSequences.items.map(({ kind, home, text, name, origin }) => [
      kind,
      home,
      text,
      name,
      origin,
    ]),
    [
      ['text', null, 'a b', 'your text 1', null],
      ['tokens', 'e', 'a c', 'your text 2', 1],
    ],
    'an edit makes a copy',
  );
  want({});
  await settled();
  assert.deepEqual(
    [calls.length, shown(userSequences, 'd')],
    [3, ['a b']],
    'tokens of one model are not asked of another',
  );
});

test('with a new version of the dataset a text is requested again', async () => {
  const { userSequences, calls, want, add } = begin();
  await add('a');
  want({ version: 'v2' });
  assert.deepEqual([shown(userSequences), calls.length], [[], 2]);
});

test('text is not sent to an image model', async () => {
  const { userSequences, calls, add, want } = begin();
  await add('a');
  want({
    dataset: 'pictures',
    manifest: { ...MANIFEST, id: 'pictures', model: { ...MANIFEST.model, modality: 'image' } },
  });
  assert.deepEqual([calls.length, userSequences.layerOf('pictures')], [1, null]);
});

test('a text that fails keeps its error, and other texts are still sent', async () => {
  const { userSequences, calls, want, add } = begin();
  await add('a');
  await add('b');
  want({ maps: ['tsne-3d'] });
  calls[2].refuse('The model is not on this machine.');
  await settled();
  assert.deepEqual(
    [userSequences.runOf(userSequences.items[0], 'd').error, calls[3].content.text],
    ['The model is not on this machine.', 'b'],
  );
  calls[3].answer();
  await settled();
  assert.equal(calls.length, 4);
  userSequences.again(userSequences.items[0]);
  assert.equal(calls[4].content.text, 'a');
});

test('removing a text renumbers the tokens of later texts', async () => {
  const { userSequences, moves, add } = begin();
  for (const text of ['a b', 'c', 'd e f']) await add(text);
  moves.length = 0;
  userSequences.remove(userSequences.items[1]);
  const [[dataset, renumber, nBefore, nAfter]] = moves;
  assert.deepEqual(
    [dataset, nBefore, nAfter, [0, 3, 4, 5, 6, 7, 9].map(renumber)],
    ['d', 10, 9, [0, 3, 4, 5, null, 6, 8]],
  );
  assert.deepEqual(names(userSequences), ['your text 1', 'your text 3'], 'names stay');
  await add('x');
  assert.equal(names(userSequences).at(-1), 'your text 4');
});

test('selection and marks are renumbered, and cleared with removed tokens', () => {
  const move = {
    renumber: (token) => (token < 4 ? token : token === 4 ? null : token - 1),
    nBefore: 6,
    nAfter: 5,
  };
  const state = {
    ...DEFAULTS,
    dataset: 'd',
    selected: { kind: 'key', token: 5 },
    marked: 'query-1-4.key-5',
    hidden: [{ kind: 'key', position: 0 }],
  };
  const { change, isLost } = renumberedState({ ...state, marked: 'query-1-3.key-5' }, 'd', move);
  assert.deepEqual(
    [change.selected, change.marked, change.hidden.length, isLost],
    [{ kind: 'key', token: 4 }, 'query-1-3.key-4', 1, false],
  );
  const gone = renumberedState(
    { ...state, selected: { kind: 'query', token: 4 }, marked: 'query-4' },
    'd',
    move,
  );
  assert.deepEqual(
    [gone.change.selected, gone.change.marked, gone.change.hidden, gone.isLost],
    [null, '', [], true],
  );
  assert.deepEqual(renumberedState(state, 'other', move).change, {});
  const beside = renumberedState(
    {
      ...state,
      dataset: 'x',
      compare: { dataset: 'd' },
      beside: { selected: { kind: 'query', token: 5 }, marked: '', hidden: [], pairs: [] },
    },
    'd',
    move,
  );
  assert.equal(beside.change.beside.selected.token, 4);
});

test('texts of an address are added once each', async () => {
  const { userSequences, calls } = begin();
  userSequences.restore(['a', 'b']);
  userSequences.restore(['b', 'a']);
  assert.deepEqual(
    [userSequences.items.length, calls.length, userSequences.nTokens(MANIFEST)],
    [2, 1, Infinity],
  );
  calls[0].answer();
  await settled();
  assert.equal(calls[1].content.text, 'b');
});

test('nothing is requested if the server does not accept texts', () => {
  const { userSequences, calls } = begin({ limits: null });
  userSequences.restore(['a']);
  assert.deepEqual([userSequences.limits, calls.length], [null, 0]);
});

test('an address holds texts only on request and keeps any characters', () => {
  const texts = ['<img src=x onerror=alert(1)>', 'שלום & 100 % #1', 'a\u200bb'];
  assert.equal(writeQuery(DEFAULTS).includes('text'), false);
  const query = writeQuery({ ...DEFAULTS, dataset: 'd', texts });
  assert.deepEqual(readQuery(query).choices.texts, texts);
  assert.deepEqual(readQuery('?text=').choices.texts, []);
  assert.equal(readQuery(`?text=${'x'.repeat(3000)}`).notices.length, 1);
  const items = [
    { kind: 'text', text: 'a' },
    { kind: 'tokens', text: 'b' },
    { kind: 'text', text: 'x'.repeat(3000) },
    { kind: 'image', text: 'c.png' },
    { kind: 'text', text: 'd' },
  ];
  assert.deepEqual(addressTexts(items), { texts: ['a', 'd'], left: 3 });
});

/** Storage of a tab. */
function storageOf() {
  const all = new Map();
  return {
    all,
    getItem: (name) => all.get(name) ?? null,
    setItem: (name, content) => void all.set(name, content),
    removeItem: (name) => void all.delete(name),
  };
}

test('stored texts and edited tokens are restored with their ids and run again', async () => {
  const storage = storageOf();
  const before = begin();
  await before.add('one');
  await before.add('two');
  before.userSequences.remove(before.userSequences.items[0]);
  before.userSequences.edit(before.userSequences.items[0], [7, 'x'], 'd');
  before.calls.at(-1).answer();
  await settled();
  const image = {
    id: 9,
    uid: '1.9',
    kind: 'image',
    text: 'a.png',
    tokens: null,
    file: {},
    home: null,
    origin: null,
  };
  const kept = createKeptTexts(() => storage, '/lab/');
  assert.equal(kept.write([...before.userSequences.items, image]), true);
  assert.deepEqual(createKeptTexts(() => storage, '/other/').read(), [], 'of another page');

  const { userSequences, calls } = begin();
  userSequences.recall(kept.read());
  assert.deepEqual(names(userSequences), names(before.userSequences));
  assert.deepEqual(
    userSequences.items.map(({ uid }) => uid),
    before.userSequences.items.map(({ uid }) => uid),
  );
  assert.equal(userSequences.nTokens(MANIFEST), Infinity, 'their tokens are still to come');
  calls.at(-1).answer();
  await settled();
  assert.deepEqual(calls.at(-1).content.tokens, [7, 'x']);
  calls.at(-1).answer();
  await settled();
  assert.equal(userSequences.layerOf('d').n, 3);
  userSequences.addText('three', 'd');
  calls.at(-1).answer();
  await settled();
  assert.equal(userSequences.items[2].name, `your text ${userSequences.items[1].id + 1}`);
});

test('storage that is missing or malformed gives no texts', () => {
  const closed = createKeptTexts(() => {
    throw new Error('denied');
  }, '/');
  const item = {
    id: 1,
    uid: '1.1',
    kind: 'text',
    text: 'a',
    tokens: null,
    file: null,
    home: null,
    origin: null,
  };
  assert.deepEqual([closed.read(), closed.write([item]), closed.write([])], [[], false, true]);
  const storage = storageOf();
  const kept = createKeptTexts(() => storage, '/');
  for (const content of ['{', '7', '[{"id":1}]', '[{"id":"1","kind":"text","text":"a"}]']) {
    storage.all.set('attentionviz.texts /', content);
    assert.deepEqual(kept.read(), []);
  }
  kept.write([item]);
  assert.equal(kept.write([{ ...item, text: 'x'.repeat(600_000) }]), false);
  assert.equal(kept.read()[0].text, 'a', 'what was kept stays');
});
