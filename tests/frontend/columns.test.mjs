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
import {
  COMING,
  isTextThere,
  loadAllTexts,
  TextPieces,
} from '../../frontend/js/data/text_pieces.js';
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

test('texts come by the piece, each once, and a failed one is asked for again', async () => {
  const texts = ['a', 'b'.repeat(150_000), '', 'c', 'd'.repeat(70_000), 'e', '天'];
  const [bytes, ends] = encoded(...texts);
  const asked = [];
  let isBroken = false;
  const column = new TextPieces(ends, async (first, last) => {
    asked.push([first, last]);
    if (isBroken) throw new Error('broken');
    return bytes.slice(ends[first - 1] ?? 0, ends[last - 1]);
  });
  let nArrived = 0;
  column.listen(() => nArrived++);
  assert.deepEqual([column.at(3), column.at(2), column.at(4)], [COMING, COMING, COMING]);
  await column.load(2, 5);
  assert.deepEqual(column.slice(2, 5), texts.slice(2, 5));
  assert.deepEqual(asked, [[2, 5]]);
  assert.equal(nArrived, 3, 'of each text that was read before it was there');
  assert.deepEqual([column.isWhole, isTextThere(column, 0)], [false, false]);

  isBroken = true;
  await assert.rejects(column.load(), /broken/);
  isBroken = false;
  const more = extended(column, ['z']);
  assert.deepEqual([isTextThere(more, 5), isTextThere(more, 7)], [false, true]);
  await more.pieces.load();
  assert.deepEqual(listOf(more), [...texts, 'z']);
  assert.ok(column.isWhole);
  assert.deepEqual(new Set(asked.slice(-2).map(String)), new Set(['0,2', '5,7']));

  const cut = new TextPieces(ends, async () => new Uint8Array(3));
  await assert.rejects(cut.load(), /3 bytes in place of/);
  assert.ok(new TextPieces(new Int32Array(), null).isWhole);
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
        const [name, query] = path.slice('datasets/a/'.length).split('?');
        if (query) assert.equal(query, 'start=0&stop=2&v=v1');
        const values = arrays[name];
        return { dtype: 'any', shape: [values.length], values };
      },
    },
    'datasets/a',
    new AbortController().signal,
    'v1',
  );
  assert.ok(!asked.some((path) => /text(\?|$)/.test(path)), 'texts come when they are read');
  assert.equal(tokens.sequences.text.at(0), COMING);
  await loadAllTexts(tokens);
  assert.equal(asked.length, new Set(asked).size, 'each array is asked for once');
  assert.equal(tokens.text.codes, tokens.tokenType.codes);
  assert.deepEqual([...tokens.tokenId], [7, 9, 9, 7, 9, 9]);
  assert.deepEqual([...tokens.position], [0, 1, 0, 0, 0, 1]);
  assert.deepEqual([...tokens.isTarget], [0, 0, 1, 0, 1, 1]);
  assert.deepEqual(listOf(tokens.sequences.targetText), ['b', 'b b']);
  assert.deepEqual(tokens.sequences.columns, { label: [null, 'l'] });
  assert.deepEqual(tokens.labelledPairs.name, ['', 'x']);
});
