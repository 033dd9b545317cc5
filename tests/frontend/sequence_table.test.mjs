import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  columnsOf,
  countRepeats,
  mostRepeated,
  rowsOf,
  searchedText,
  tableCsv,
} from '../../frontend/js/dialogs/sequence_table.js';
import { sequenceScores, spreadOf } from '../../frontend/js/compute/sequence_scores.js';
import { formatAbout } from '../../frontend/js/dialogs/sequence_dialog.js';

/** Three sentences: "the cat , the dog , the" · "=2+2" · "". */
const TOKENS = {
  row: null,
  text: [
    '[CLS]',
    ' the',
    ' cat',
    ',',
    ' the',
    ' dog',
    ',',
    ' the',
    '[CLS]',
    '=2+2',
    '[CLS]',
    '[CLS]',
  ],
  tokenId: Int32Array.of(0, 5, 6, 7, 5, 8, 7, 5, 0, 9, 0, 0),
  tokenType: ['special', ...Array(7).fill('text'), 'special', 'text', 'special', 'special'],
  sequences: {
    start: Int32Array.of(0, 8, 10),
    length: Int32Array.of(8, 2, 2),
    text: ['the cat, the dog, the', '=2+2', 'ÄRGER'],
    columns: { topic: ['animals', null, '<b>'], year: ['10', '9', ''] },
  },
};
const SCORES = Float32Array.of(3.25, 0.5, 8, NaN, NaN, NaN, 1, 0.75, 2);
const column = (name, scores = SCORES) =>
  columnsOf(TOKENS, scores).find((one) => one.name === name);
const all = [0, 1, 2];
const values = (name) => all.map(column(name).valueOf);

test('repeated tokens are counted without special ones', () => {
  assert.deepEqual([...countRepeats(TOKENS)], [5, 0, 0]); // the ×3 and , ×2
});

test('the most repeated word is found in the text, whatever its tokens', () => {
  const said = [
    [', , , a b a b', 'a ×2'],
    ['Tokenization, or tokenization', 'Tokenization ×2'],
    ['今天的花和昨天的花一样美，花', '花 ×3'],
    ["don't I don't", "don't ×2"],
    ['עולם שלום עולם', 'עולם ×2'],
    ['🙂🙂 ok', null],
    ['cafe\u0301 café', 'cafe\u0301 ×2'],
  ];
  for (const [text, most] of said) {
    const found = mostRepeated(text);
    assert.equal(found && `${found.word} ×${found.count}`, most);
  }
});

test('columns have the values of each sentence and null for missing ones', () => {
  assert.deepEqual(values('tokens'), [8, 2, 2]);
  assert.deepEqual(values('most_repeated'), ['the ×3', '2 ×2', null]);
  assert.deepEqual(values('column topic'), ['animals', null, '<b>']);
  assert.deepEqual(values('column year'), [10, 9, null]);
  assert.deepEqual(values('keys_for_90_percent'), [3.25, null, 1]);
  assert.deepEqual(all.map(column('entropy', null).valueOf), [null, null, null]);
});

test('image datasets have no columns of repeats', () => {
  const names = columnsOf({ ...TOKENS, row: new Int32Array(12) }, null).map(({ name }) => name);
  assert.ok(!names.includes('repeated_tokens') && !names.includes('most_repeated'));
});

test('rows sort by number or word, missing values last, ties in corpus order', () => {
  const searched = searchedText(TOKENS);
  const sorted = (name, isDescending) => rowsOf(searched, '', column(name), isDescending);
  assert.deepEqual(sorted('column year', false), [1, 0, 2]);
  assert.deepEqual(sorted('column year', true), [0, 1, 2]);
  assert.deepEqual(sorted('entropy', true), [2, 0, 1]);
  assert.deepEqual(sorted('entropy', false), [0, 2, 1]);
  assert.deepEqual(sorted('tokens', true), [0, 1, 2]);
  assert.deepEqual(sorted('text', false), [1, 2, 0]);
});

test('rows are found by a part of their text or columns, ignoring case', () => {
  const found = (wanted) => rowsOf(searchedText(TOKENS), wanted, column('number'), false);
  assert.deepEqual(found('CAT'), [0]);
  assert.deepEqual(found(' ärger '), [2]);
  assert.deepEqual(found('<B>'), [2]);
  assert.deepEqual(found('.'), []);
  assert.deepEqual(found(''), all);
});

test('a saved table has numbers in full and text that cannot be a formula', () => {
  const csv = tableCsv(columnsOf(TOKENS, SCORES), [1, 0]);
  const [head, first, second, end] = csv.split('\r\n');
  assert.equal(
    head,
    '\uFEFFnumber,text,tokens,repeated_tokens,most_repeated,column topic,column year,' +
      'keys_for_90_percent,entropy',
  );
  assert.equal(first, "2,'=2+2,2,0,2 ×2,,9,,");
  assert.equal(second, '1,"the cat, the dog, the",8,5,the ×3,animals,10,3.25,0.5');
  assert.equal(end, '');
});

test('formatAbout() gives the head, the number of rows and of sentences', () => {
  const model = { n_layers: 2, n_heads: 3 };
  const answer = { scores: SCORES, nSequences: 3, nSequencesTotal: 3 };
  assert.equal(
    formatAbout(answer, { layer: 1, head: 2 }, model, TOKENS),
    'Keys for 90 % and normalised entropy: Layer 1, head 2; over 10 rows, ' +
      'the queries that see at least two keys.',
  );
  assert.match(
    formatAbout({ ...answer, nSequences: 2 }, null, model, TOKENS),
    /mean over all 6 heads; over 10 rows.* Computed for 2 of 3 sentences, evenly spread/,
  );
});

test('spreadOf() returns the fewest keys that hold 90 % of a row and its entropy', () => {
  assert.equal(spreadOf(Float32Array.of(0, 1, 0), 3).nKeys, 1);
  assert.equal(spreadOf(Float32Array.of(0.5, 0.4, 0.1), 3).nKeys, 2);
  assert.equal(spreadOf(Float32Array.of(0.5, 0.25, 0.25), 3).nKeys, 3);
  assert.equal(spreadOf(Float32Array.of(1, 0), 1), null);
  const even = spreadOf(new Float32Array(10).fill(0.1), 10);
  assert.equal(even.nKeys, 9);
  assert.ok(Math.abs(even.entropy - 1) < 1e-6);
});

test('an exported site computes sequence scores of one head and the mean', async () => {
  const same = { width: 1, values: new Float32Array(5) };
  const site = (params) => ({
    manifest: {
      keep_vectors: { choice: 'all', n_sequences: 2, n_tokens: 5 },
      n_layers: 1,
      n_heads: 2,
      n_tokens: 5,
      layers: [{ scaling: 1, is_causal: true, max_distance: null }],
    },
    starts: Int32Array.of(0, 3),
    hasVectors: Uint8Array.of(1, 1),
    lengths: Int32Array.of(3, 2),
    params: new URLSearchParams(params),
    pause: async () => {},
    vectors: { of: async () => same },
  });
  // Of the first sentence the rows with two and with three equal keys, of the second the row with
  // two.
  const one = await sequenceScores(site('layer=0&head=1'));
  assert.deepEqual(
    [one.shape, [...one.values].map((value) => Number(value.toFixed(4)))],
    [
      [2, 3],
      [2.5, 1, 2, 2, 1, 1],
    ],
  );
  assert.deepEqual(
    [...(await sequenceScores(site(''))).values].map((value) => Number(value.toFixed(4))),
    [2.5, 1, 4, 2, 1, 2],
  );
  await assert.rejects(() => sequenceScores(site('layer=0')), /both layer and head/);
});
