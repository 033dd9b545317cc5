import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  lettersOf,
  markAtSameEnd,
  placeTokens,
  tokensOfSameText,
} from '../../frontend/js/data/text_alignment.js';

/** What stands for each token of the first way of cutting in the second, best first. */
function linked(text, own, other) {
  const [a, b] = [placeTokens(text, own), placeTokens(text, other)];
  return own.map((_, i) => tokensOfSameText(i, a, b).map((j) => other[j]));
}

/** The letters that each token was given. */
function placed(text, tokens) {
  const places = placeTokens(text, tokens);
  const letters = lettersOf(text);
  return tokens.map((_, i) =>
    places[2 * i] < 0 ? null : letters.slice(places[2 * i], places[2 * i + 1]),
  );
}

test('subwords align with the token of the whole word, and that token with all subwords', () => {
  const text = 'The herons were walking.';
  const pieces = ['the', 'heron', '##s', 'were', 'walk', '##ing', '.'];
  const words = ['The', ' herons', ' were', ' walking', '.'];
  assert.deepEqual(linked(text, pieces, words), [
    ['The'],
    [' herons'],
    [' herons'],
    [' were'],
    [' walking'],
    [' walking'],
    ['.'],
  ]);
  assert.deepEqual(linked(text, words, pieces), [
    ['the'],
    ['heron', '##s'],
    ['were'],
    ['walk', '##ing'],
    ['.'],
  ]);
});

test('equal subwords align one to one, others with every token that shares letters', () => {
  assert.deepEqual(linked('unbelievable', ['un', '##believ', '##able'], ['un', 'believable']), [
    ['un'],
    ['believable'],
    ['believable'],
  ]);
  assert.deepEqual(linked('walking', ['walk', '##ing'], ['wal', 'king']), [
    ['wal', 'king'],
    ['king', 'wal'],
  ]);
});

test('aligned tokens are ordered by the number of shared letters', () => {
  assert.deepEqual(linked('abcdefg', ['abcdefg'], ['a', 'bcde', 'fg']), [['bcde', 'a', 'fg']]);
});

test('the alignment of two tokenizations is symmetric', () => {
  const text = 'internationalization';
  const [own, other] = [
    ['inter', '##national', '##ization'],
    ['intern', 'ational', 'iz', 'ation'],
  ];
  const [there, back] = [linked(text, own, other), linked(text, other, own)];
  own.forEach((a, i) =>
    other.forEach((b, j) =>
      assert.equal(there[i].includes(b), back[j].includes(a), `${a} and ${b}`),
    ),
  );
});

test('punctuation aligns if only one of the tokenizers splits it from the word', () => {
  const text = "It's his, don't!";
  assert.deepEqual(
    linked(
      text,
      ['it', "'", 's', 'his', ',', 'don', "'", 't', '!'],
      ['It', "'s", ' his', ',', ' don', "'t", '!'],
    ),
    [['It'], ["'s"], ["'s"], [' his'], [','], [' don'], ["'t"], ["'t"], ['!']],
  );
});

test('each occurrence of a repeated word aligns with the same occurrence', () => {
  const text = 'the cat and the cat';
  const [a, b] = [
    placeTokens(text, ['the', 'cat', 'and', 'the', 'cat']),
    placeTokens(text, ['the', ' c', 'at', ' and', ' the', ' c', 'at']),
  ];
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => tokensOfSameText(i, a, b)),
    [[0], [2, 1], [3], [4], [6, 5]],
  );
});

test('alignment ignores case, accents and letter forms', () => {
  assert.deepEqual(placed('Émile’s ﬁancée ΣΟΦΟΣ', ['emile', '’', 's', 'fiancee', 'σοφος']), [
    'emile',
    '’',
    's',
    'fiancee',
    'σοφοσ',
  ]);
  assert.deepEqual(
    linked('Zürich İzmir', ['zu', '##rich', 'izmir'], ['Z', 'ü', 'rich', ' İ', 'zmir']),
    [['Z', 'ü'], ['rich'], ['zmir', ' İ']],
  );
});

test('scripts without spaces are aligned by character', () => {
  assert.deepEqual(linked('日本語です', ['日', '本', '語', 'て', '##す'], ['日本', '語', 'です']), [
    ['日本'],
    ['日本'],
    ['語'],
    ['です'],
    ['です'],
  ]);
  assert.deepEqual(linked('한국 말', ['한국', '말'], ['한', '국', ' 말']), [['한', '국'], [' 말']]);
});

test('byte-level parts of a character align with the whole character', () => {
  const text = 'a 🐍今天 b';
  const parts = [
    'a',
    ' 🐍 1–2⁄4',
    '🐍 3⁄4',
    '🐍 4⁄4',
    '今 1–2⁄3',
    '今 3⁄3 + 天 1⁄3',
    '天 2–3⁄3',
    ' b',
  ];
  assert.deepEqual(placed(text, parts), ['a', '🐍', '🐍', '🐍', '今', '今天', '天', 'b']);
  assert.deepEqual(linked('a 🐍 b', ['a', '[UNK]', 'b'], ['a', ' 🐍 1–2⁄4', '🐍 3–4⁄4', ' b']), [
    ['a'],
    [' 🐍 1–2⁄4', '🐍 3–4⁄4'],
    [' b'],
  ]);
});

test('[UNK] covers the text between its neighbours, or the next word at the end', () => {
  assert.deepEqual(placed('see the xylograph now', ['see', 'the', '[UNK]', 'now']), [
    'see',
    'the',
    'xylograph',
    'now',
  ]);
  assert.deepEqual(placed('see xylograph, and more', ['see', '[UNK]']), ['see', 'xylograph,']);
});

test('tokens beyond the end of a truncated sentence align with no token', () => {
  const text = 'one two three four';
  assert.deepEqual(linked(text, ['one', 'two', 'three', 'four'], ['one', ' two']), [
    ['one'],
    [' two'],
    [],
    [],
  ]);
  assert.deepEqual(linked(text, ['one', 'two', 'thr'], ['one', ' two', ' three', ' four']), [
    ['one'],
    [' two'],
    [' three'],
  ]);
});

test('tokenizer markers such as ## are text if the sentence contains them', () => {
  assert.deepEqual(placed('## ##ing <0x41>', ['##', ' ##', 'ing', ' <', '0', 'x', '41', '>']), [
    '##',
    '##',
    'ing',
    '<',
    '0',
    'x',
    '41',
    '>',
  ]);
});

test('a token without letters has no place in the text', () => {
  assert.deepEqual(placed('a  b', ['a', ' ', ' b', '\u200b', '']), ['a', null, 'b', null, null]);
  assert.deepEqual(placed('', ['', 'x']), [null, null]);
});

test('special tokens align with special tokens at the same end of the sequence', () => {
  const both = [true, false, false, true];
  assert.equal(markAtSameEnd(0, both, [true, false, false]), 0);
  assert.equal(markAtSameEnd(3, both, [true, false, false]), null);
  assert.equal(markAtSameEnd(3, both, [false, false, false, false, true]), 4);
  assert.equal(markAtSameEnd(0, both, [false, true]), null);
  assert.equal(markAtSameEnd(1, [true, true, false], [true, true, false, true]), 1);
  assert.equal(markAtSameEnd(2, [true, false, true, false, true], both), null);
});
