import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  coded,
  countedValues,
  extended,
  joinedColumns,
  listOf,
  TextColumn,
} from '../../frontend/js/compute/columns.js';
import { loadTokens } from '../../frontend/js/data/tokens.js';

const encoded = (...texts) => {
  const parts = texts.map((text) => Buffer.from(text));
  let end = 0;
  return [
    new Uint8Array(Buffer.concat(parts)),
    Int32Array.from(parts, ({ length }) => (end += length)),
  ];
};

test('texts are decoded one by one, with byte order marks and empty ones', () => {
  const texts = ['', '\ufeffa', '天🐍', '', 'z'];
  const column = new TextColumn(...encoded(...texts));
  assert.deepEqual(listOf(column), texts);
  assert.equal(column.at(2), '天🐍');
  assert.throws(() => new TextColumn(Uint8Array.of(0xff), Int32Array.of(1)).at(0), TypeError);
});

test('columns are joined and extended without losing null', () => {
  const column = coded(['a', 'b', 'a', null]);
  assert.deepEqual([...column.codes], [0, 1, 0, 2]);
  assert.deepEqual(listOf(joinedColumns([column, ['b', null]])), ['a', 'b', 'a', null, 'b', null]);
  assert.deepEqual(listOf(extended(column, ['c'])), ['a', 'b', 'a', null, 'c']);
  assert.deepEqual(countedValues(column)[0], { value: 'a', n: 2, row: 0 });
});

test('tokens are loaded as codes, and two texts of a sequence are told apart', async () => {
  const [text, textEnd] = encoded('a b', 'a');
  const [target, targetEnd] = encoded('b', 'b b');
  const arrays = {
    'tokens/code': Int32Array.of(0, 1, 1, 0, 1, 1),
    'tokens/pairs': Int32Array.of(0, 1, 1, 3, 4, 0),
    'sequences/length': Int32Array.of(3, 3),
    'sequences/n_source': Int32Array.of(2, 1),
    'sequences/code': Int32Array.of(1, 0),
    'sequences/text': text,
    'sequences/text_end': textEnd,
    'sequences/target_text': target,
    'sequences/target_text_end': targetEnd,
  };
  const vocabulary = {
    text: ['a', 'b'],
    token_id: [7, 9],
    token_type: ['special', 'text'],
    pair_name: ['x', ''],
    columns: Object.keys(arrays).filter((name) => !/text$/.test(name)),
  };
  const asked = [];
  const tokens = await loadTokens(
    {
      json: async (path) =>
        path.endsWith('vocabulary') ? vocabulary : { values: { label: ['l', null] } },
      array: async (path) => {
        asked.push(path);
        const values = arrays[path.slice('datasets/a/'.length)];
        return { dtype: 'any', shape: [values.length], values };
      },
    },
    'datasets/a',
    new AbortController().signal,
  );
  assert.equal(asked.length, new Set(asked).size, 'each array is asked for once');
  assert.equal(tokens.text.codes, tokens.tokenType.codes);
  assert.deepEqual([...tokens.tokenId], [7, 9, 9, 7, 9, 9]);
  assert.deepEqual([...tokens.position], [0, 1, 0, 0, 0, 1]);
  assert.deepEqual([...tokens.isTarget], [0, 0, 1, 0, 1, 1]);
  assert.deepEqual(listOf(tokens.sequences.targetText), ['b', 'b b']);
  assert.deepEqual(tokens.sequences.columns, { label: [null, 'l'] });
  assert.deepEqual(tokens.labelledPairs.name, ['', 'x']);
});
