import assert from 'node:assert/strict';
import { listOf } from '../../frontend/js/compute/columns.js';
import { test } from 'node:test';
import { readAnswer } from '../../frontend/js/user_sequences/answer.js';
import {
  appendDrawn,
  appendPositions,
  appendTokens,
  insertPoints,
} from '../../frontend/js/user_sequences/append.js';
import { nOutside, sequenceAt } from '../../frontend/js/data/user_layers.js';
import { createApiOverlay, extendFact } from '../../frontend/js/user_sequences/overlay.js';
import {
  joinedTokens,
  formatUserToken,
  formatPlace,
} from '../../frontend/js/data/user_sequence_text.js';
import { partnersOf, patternOf, scoresOf } from '../../frontend/js/user_sequences/pattern.js';
import { pointFlags } from '../../frontend/js/color/point_flags.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { answerOf, MANIFEST } from './live_answers.mjs';

const item = (id, text) => ({
  id,
  name: `your text ${id}`,
  kind: 'text',
  text,
  tokens: null,
  file: null,
  home: null,
});

/** A layer of texts behind a corpus of four tokens in two sequences. */
function layerOf(...texts) {
  const sequences = texts.map(([id, words, other]) => ({
    item: item(id, words.join(' ')),
    answer: readAnswer(answerOf(words, other), MANIFEST, words.join(' ')),
  }));
  return {
    manifest: MANIFEST,
    sequences,
    n: sequences.reduce((sum, { answer }) => sum + answer.n, 0),
    firstToken: 4,
    firstSequence: 2,
  };
}

const CORPUS = {
  n: 4,
  text: ['a', 'b', 'c', 'd'],
  tokenId: Int32Array.of(1, 2, 3, 4),
  sequence: Int32Array.of(0, 0, 1, 1),
  position: Int32Array.of(0, 1, 0, 1),
  tokenType: ['text', 'text', 'text', 'text'],
  row: null,
  column: null,
  hue: null,
  brightness: null,
  sequences: {
    start: Int32Array.of(0, 2),
    length: Int32Array.of(2, 2),
    text: ['a b', 'c d'],
    columns: { label: ['x', 'y'] },
  },
};

test('user sequences are appended to the corpus with their own indices', () => {
  const all = appendTokens(CORPUS, layerOf([1, ['e']], [2, ['f', 'g']]));
  assert.deepEqual(
    [all.n, listOf(all.text), [...all.sequence], [...all.position]],
    [7, ['a', 'b', 'c', 'd', 'e', 'f', 'g'], [0, 0, 1, 1, 2, 3, 3], [0, 1, 0, 1, 0, 0, 1]],
  );
  assert.deepEqual(
    [
      [...all.sequences.start],
      [...all.sequences.length],
      listOf(all.sequences.text),
      all.sequences.columns.label,
    ],
    [
      [0, 2, 4, 5],
      [2, 2, 1, 2],
      ['a b', 'c d', 'e', 'f g'],
      ['x', 'y', null, null],
    ],
  );
  assert.deepEqual(
    [4, 5, 6, 7, 3].map((token) => sequenceAt(all.userLayer, token)),
    [0, 1, 1, -1, -1],
  );
  assert.equal(CORPUS.n, 4, 'the corpus stays what it is');
});

test('insertPoints() inserts new queries after queries and new keys after keys', () => {
  // two cells of two tokens with two numbers a point; one new token
  const grown = insertPoints(
    Uint16Array.of(1, 1, 2, 2, 11, 11, 12, 12, 101, 101, 102, 102, 111, 111, 112, 112),
    2,
    2,
    1,
    (target, at, cell, part) => target.fill(900 + 10 * cell + part, at, at + 2),
  );
  assert.deepEqual(
    [...grown],
    [
      1, 1, 2, 2, 900, 900, 11, 11, 12, 12, 901, 901, 101, 101, 102, 102, 910, 910, 111, 111, 112,
      112, 911, 911,
    ],
  );
});

test('appendDrawn() adds all user tokens to the sample of the grid', () => {
  assert.deepEqual([...appendDrawn(Int32Array.of(0, 3), layerOf([1, ['e', 'f']]))], [0, 3, 4, 5]);
});

test('user points get the positions of the response in the cell of their head', () => {
  const layer = layerOf([1, ['e']], [2, ['f']]);
  // places count up from 100: head (layer 1, head 0) is the third block of 2 points × 2 numbers of
  // each answer
  const { positions, unplaced } = appendPositions(Uint16Array.of(1, 2, 3, 4), 2, layer, [
    { cell: 2, map: 'pca-2d' },
  ]);
  assert.deepEqual([...positions], [1, 2, 108, 109, 108, 109, 3, 4, 110, 111, 110, 111]);
  assert.deepEqual(unplaced, []);
});

test('user points outside a map are placed at its border and counted', () => {
  const layer = layerOf([1, ['e'], { from: -2 }]);
  const { positions } = appendPositions(new Uint16Array(4), 2, layer, [{ cell: 0, map: 'pca-2d' }]);
  assert.deepEqual(
    [...positions],
    [0, 0, 0, 0, 0, 0, 0, 1],
    'the query at (−2, −1) is at (0, 0), the key at (0, 1) stays',
  );
  assert.equal(nOutside(layer.sequences[0].answer, 'pca-2d', 0), 1);
  const far = layerOf([1, ['e'], { from: 65533 }]);
  assert.deepEqual(
    [...appendPositions(new Uint16Array(0), 2, far, [{ cell: 0, map: 'pca-2d' }]).positions],
    [65533, 65534, 65535, 65535],
  );
  assert.equal(nOutside(far.sequences[0].answer, 'pca-2d', 0), 1);
  assert.equal(
    formatPlace(far.sequences[0], 'pca-2d', { layer: 0, head: 0 }),
    'placed exactly; 1 of 2 points beyond the border of this map, drawn there',
  );
  assert.equal(
    formatPlace(far.sequences[0], 'tsne-3d', { layer: 0, head: 0 }),
    'not placed in this map yet',
  );
});

test('a sequence not placed in a map yet is reported as unplaced and hidden', () => {
  const layer = layerOf([1, ['e']], [2, ['f', 'g'], { maps: ['tsne-3d'] }]);
  const { unplaced } = appendPositions(new Uint16Array(16), 2, layer, [{ cell: 0, map: 'pca-2d' }]);
  assert.deepEqual(unplaced, [5, 6]);
  const flags = pointFlags({
    tokens: appendTokens(CORPUS, layer),
    drawn: null,
    hits: null,
    selected: null,
    unplaced,
  });
  assert.deepEqual(
    [...flags],
    [
      0,
      0,
      0,
      0,
      FLAG.user,
      FLAG.user | FLAG.hidden,
      FLAG.user | FLAG.hidden,
      0,
      0,
      0,
      0,
      FLAG.user,
      FLAG.user | FLAG.hidden,
      FLAG.user | FLAG.hidden,
    ],
  );
});

test('user points are highlighted beside a selection, but not in a search', () => {
  const tokens = appendTokens(CORPUS, layerOf([1, ['e']], [2, ['f']]));
  const queries = (chosen) =>
    [...pointFlags({ tokens, drawn: null, hits: null, selected: null, ...chosen })].slice(0, 6);
  assert.deepEqual(queries({ selected: { kind: 'key', token: 0 } }), [
    FLAG.selected,
    FLAG.selected,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.hit,
    FLAG.hit,
  ]);
  assert.deepEqual(queries({ selected: { kind: 'key', token: 5 } }), [
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.hit,
    FLAG.selected | FLAG.user,
  ]);
  assert.deepEqual(queries({ hits: Uint8Array.of(1, 0, 0, 0, 0, 1) }), [
    FLAG.hit,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.dimmed,
    FLAG.hit | FLAG.user,
  ]);
});

test('patternOf() is the softmax of queries and keys, with shared key heads', () => {
  const answer = readAnswer(answerOf(['e', 'f']), MANIFEST, '');
  // layer 0, head 1: queries (4, 5) and (6, 7); the one key head has (1, 2) and (3, 4)
  const pattern = patternOf(
    answer,
    { layer: 0, head: 1 },
    { scaling: 0.1, is_causal: false, max_distance: null },
  );
  const row = (q) => {
    const e = [
      [1, 2],
      [3, 4],
    ].map((k) => Math.exp(0.1 * (q[0] * k[0] + q[1] * k[1])));
    return e.map((x) => x / (e[0] + e[1]));
  };
  [...row([4, 5]), ...row([6, 7])].forEach((weight, i) =>
    assert.ok(Math.abs(pattern[i] - weight) < 1e-6),
  );
  assert.deepEqual(
    [...patternOf(answer, { layer: 1, head: 0 }, MANIFEST.layers[1])].slice(0, 2),
    [1, 0],
    'a causal layer looks only back',
  );
  // norms of layer 0, head 1 begin at 9: ‖v‖ is 11 and 15
  const weighed = patternOf(
    answer,
    { layer: 0, head: 1 },
    { scaling: 0, is_causal: false, max_distance: null },
    'value',
  );
  assert.ok(Math.abs(weighed[0] - 11 / 26) < 1e-6);
  assert.deepEqual(
    [...scoresOf(Float32Array.of(0.75, 0.25, 0.5, 0.5), 2)],
    [0.75, 1.25, 0.5, 0.75],
  );
});

test('partnersOf() returns the strongest partners from the response', () => {
  const answer = readAnswer(answerOf(['e', 'f']), MANIFEST, '');
  // head (0, 1) begins at point 4; its key of token 1 is point 3 of the head: 7 in all, times 3
  // partners
  assert.deepEqual(partnersOf(answer, { layer: 0, head: 1 }, 3, 2), [
    { token: 1, score: 9 - 21 / 4 },
    { token: 2, score: 9 - 22 / 4 },
  ]);
});

test('requests for user tokens are answered locally, for others by the server', async () => {
  const layer = layerOf([1, ['e']], [2, ['f', 'g']]);
  const asked = [];
  const server = {
    attention: async (...parts) => asked.push(['attention', ...parts.slice(0, 3)]),
    partners: async (...parts) => {
      asked.push(['partners', ...parts.slice(0, 4)]);
      return [];
    },
    sequenceScores: async () => ({
      scores: Float32Array.of(1, 0, 2, 1, 0, 2),
      nSequences: 2,
      nSequencesTotal: 2,
    }),
  };
  const api = createApiOverlay(server, { layerOf: (id) => (id === 'd' ? layer : null) });
  const at = { layer: 0, head: 0 };
  const signal = new AbortController().signal;
  const { n, sequence, pattern } = await api.attention('d', at, 3, 'none', signal);
  assert.deepEqual([n, sequence, pattern.length], [2, 3, 4]);
  await api.attention('d', at, 1, 'none', signal);
  // seven tokens: point 3 is a query of the corpus, 7 + 2 a key of it, 7 + 6 the key of the last
  // token of the user
  await api.partners('d', at, 3, 10, signal);
  await api.partners('d', at, 9, 10, signal);
  assert.deepEqual(
    await api.partners('d', at, 13, 1, signal),
    partnersOf(layer.sequences[1].answer, at, 3, 1),
  );
  assert.deepEqual(asked, [
    ['attention', 'd', at, 1],
    ['partners', 'd', at, 3, 10],
    ['partners', 'd', at, 6, 10],
  ]);
  const { scores } = await api.sequenceScores('d', at, signal);
  assert.equal(scores.length, 12);
  assert.ok(
    Number.isNaN(scores[6]) || scores[6] >= 1,
    'a sequence of one token has no row with a choice',
  );
  assert.ok(scores[9] >= 1 && scores[11] === 2);
});

test('extendFact() appends user sequences and caches the result', () => {
  const layer = layerOf([1, ['e']]);
  const facts = { description: { value: { id: 'd' } }, heads: { value: null } };
  const extended = (name, value, key = 'd@1') => extendFact(name, value, key, facts, () => layer);
  const grid = {
    name: 'pca-2d',
    dims: 2,
    positions: new Uint16Array(4 * 8 * 2),
    ready: new Uint8Array(4).fill(1),
  };
  assert.equal(extended('tokens', CORPUS).n, 5);
  assert.equal(extended('tokens', CORPUS), extended('tokens', CORPUS));
  assert.equal(extended('grid', grid).positions.length, 4 * 10 * 2);
  assert.deepEqual(
    [...extended('headNorms', new Float32Array(16), 'd@1/1,0')].slice(16),
    [9, 10, 11, 12],
    'norms of layer 1, head 0',
  );
  assert.equal(extended('description', facts), facts);
});

test('formatUserToken() gives the name of the text and how it was placed', () => {
  const tokens = appendTokens(CORPUS, layerOf([1, ['e']], [7, ['f'], { placed: 'neighbours' }]));
  assert.equal(
    formatUserToken(tokens, 5, 'pca-2d'),
    'your text 7, placed by nearest neighbours; map unchanged',
  );
  assert.equal(formatUserToken(tokens, 4, 'pca-2d'), 'your text 1, placed exactly');
  assert.equal(formatUserToken(tokens, 3, 'pca-2d'), null);
});

test('joinedTokens() rebuilds the text from tokens of any tokenizer', () => {
  const words = (text, special = []) =>
    joinedTokens({
      text,
      tokenType: text.map((word) => (special.includes(word) ? 'special' : 'text')),
    });
  assert.equal(
    words(['[CLS]', 'un', '##believ', '##able', 'river', '[SEP]'], ['[CLS]', '[SEP]']),
    'unbelievable river',
  );
  assert.equal(words(['The', ' river', 's']), 'The rivers');
  assert.equal(words([' 你 1–2⁄3', '你 3⁄3 + 好 1⁄3', '好 2–3⁄3', ' a']), '你好 a');
  assert.equal(words(['你', '好', 'a']), '你好 a');
  assert.equal(words(['##']), '##');
});
