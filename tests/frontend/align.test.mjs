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

test('pieces of a word stand for the whole word, and the word for all of its pieces', () => {
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

test('pieces cut alike stand for each other, others for all that share letters', () => {
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

test('the one that shares most letters comes first', () => {
  assert.deepEqual(linked('abcdefg', ['abcdefg'], ['a', 'bcde', 'fg']), [['bcde', 'a', 'fg']]);
});

test('the same relation holds in both directions', () => {
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

test('punctuation is a token of its own here and the end of another there', () => {
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

test('a word that comes again stands for itself, each time', () => {
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

test('case, accents and forms of letters do not count', () => {
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

test('scripts without spaces are placed letter by letter', () => {
  assert.deepEqual(linked('日本語です', ['日', '本', '語', 'て', '##す'], ['日本', '語', 'です']), [
    ['日本'],
    ['日本'],
    ['語'],
    ['です'],
    ['です'],
  ]);
  assert.deepEqual(linked('한국 말', ['한국', '말'], ['한', '국', ' 말']), [['한', '국'], [' 말']]);
});

test('parts of a character stand for the character', () => {
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

test('an unknown word gets what lies between its neighbours, at the end the rest', () => {
  assert.deepEqual(placed('see the xylograph now', ['see', 'the', '[UNK]', 'now']), [
    'see',
    'the',
    'xylograph',
    'now',
  ]);
  assert.deepEqual(placed('see xylograph, and more', ['see', '[UNK]']), ['see', 'xylograph,']);
});

test('a sentence that is cut short has no more than its beginning', () => {
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

test('signs that look like marks of pieces are text where they stand in the text', () => {
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

test('a token without letters stands for nothing', () => {
  assert.deepEqual(placed('a  b', ['a', ' ', ' b', '\u200b', '']), ['a', null, 'b', null, null]);
  assert.deepEqual(placed('', ['', 'x']), [null, null]);
});

test('marks before and after a text stand for those at the same end', () => {
  const both = [true, false, false, true];
  assert.equal(markAtSameEnd(0, both, [true, false, false]), 0);
  assert.equal(markAtSameEnd(3, both, [true, false, false]), null);
  assert.equal(markAtSameEnd(3, both, [false, false, false, false, true]), 4);
  assert.equal(markAtSameEnd(0, both, [false, true]), null);
  assert.equal(markAtSameEnd(1, [true, true, false], [true, true, false, true]), 1);
  assert.equal(markAtSameEnd(2, [true, false, true, false, true], both), null);
});
