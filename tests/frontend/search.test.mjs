import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSearchRun } from '../../frontend/js/data/search_run.js';
import { TextPieces } from '../../frontend/js/data/text_pieces.js';
import { compilePattern, PatternError } from '../../frontend/js/data/regex.js';
import {
  completed,
  findTokens,
  indexWords,
  MAX_WORDS,
  suggest,
  termsOf,
} from '../../frontend/js/data/search.js';

/** Sentences of words. */
function corpus(...sentences) {
  const text = sentences.flat();
  const sequence = Int32Array.from(sentences.flatMap((words, i) => words.map(() => i)));
  return indexWords({
    n: text.length,
    text,
    tokenType: text.map(() => 'text'),
    sequence,
    sequences: { text: [], columns: {} },
  });
}
const index = corpus(
  ['April', ' rain', 'in', 'april'],
  ['1,000', 'rains', '"quoted"', ','],
  ['rain', 'terrain'],
);
const found = (typed, mode) =>
  [...(findTokens(index, typed, mode)?.hits ?? [])].map((term) => term).join('');

test('a search finds whole words, prefixes or substrings, depending on the mode', () => {
  assert.equal(found('rain'), '0100000010');
  assert.equal(found('rain', 'prefix'), '0100010010');
  assert.equal(found('RAIN', 'substring'), '0100010011');
  assert.equal(found('april'), '1001000000');
});

test('a search counts the tokens found and their sentences', () => {
  const { nHits, nSequences } = findTokens(index, 'rain', 'substring');
  assert.deepEqual([nHits, nSequences], [4, 3]);
});

test('commas separate search terms, and each hit has the number of its term', () => {
  assert.equal(found('april, rain'), '1201000020');
  assert.deepEqual(findTokens(index, 'in,april , ,').terms, ['in', 'april']);
  assert.equal(found('ra, in', 'substring'), '0120010011');
});

test('a comma in quotes or in a word of the corpus does not separate terms', () => {
  assert.deepEqual(termsOf('1,000', index), ['1,000']);
  assert.deepEqual(termsOf(',', index), [',']);
  assert.deepEqual(termsOf('"2,000", april', index), ['2,000', 'april']);
  assert.deepEqual(termsOf('"quoted"', index), ['"quoted"']);
  assert.deepEqual(termsOf(' , ,, ', index), []);
});

test('a regular expression matches the same words as RegExp of the browser', () => {
  const patterns = [
    '^r',
    'n$',
    '^(rain|in)s?$',
    'a.r',
    '[^a-z]',
    '\\d',
    '(?:ra)?in{1,2}$',
    '^$',
    'x*',
    'R',
    '^.{2}$',
    '\\p{L}{5,}',
    '^\\w+,\\d{3}$',
    'a|^t|,',
    '(a|e)+r',
    '["”]',
    '\\.',
    '^[\\]a]',
    'r+?a',
    '.',
    'ra{0}i?',
    '(in|){2}$',
    '()a',
    '^a^',
    'n$s',
  ];
  for (const pattern of patterns) {
    const native = new RegExp(pattern, 'iu');
    const ours = compilePattern(pattern);
    for (const word of [...index.words, '', 'ſ', 'ñ🐍', 'rr'])
      assert.equal(ours(word), native.test(word), `${pattern} in ${word}`);
  }
});

test('a regular expression with commas is one term', () => {
  assert.equal(found('^r.+s$', 'regex'), '0000010000');
  assert.equal(found('\\d,\\d', 'regex'), '0000100000');
  assert.deepEqual(findTokens(index, 'a{1,2}', 'regex').terms, ['a{1,2}']);
});

test('an invalid expression finds nothing and gives the reason', () => {
  for (const [typed, words] of [
    ['(', /group/i],
    ['[a', /class/i],
    ['*', /repeat/i],
    ['(?<=a)b', /look-around/],
    ['(a)\\1', /references/],
    ['(a{300}){300}', /too long/],
  ]) {
    const { nHits, problem, isUsable } = findTokens(index, typed, 'regex');
    assert.deepEqual([nHits, isUsable], [0, false]);
    assert.match(problem, words);
    assert.throws(() => compilePattern(typed), PatternError);
  }
});

test('an expression that makes backtracking exponential is matched quickly', () => {
  for (const pattern of [
    '(a+)+$',
    '(a|a)*b',
    '(.*.*.*.*.*)x',
    'a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaab',
  ]) {
    assert.equal(compilePattern(pattern)(`${'a'.repeat(250)}!`), false);
  }
});

test('an expression searches a limited number of words and says so', () => {
  const many = corpus(Array.from({ length: MAX_WORDS + 5 }, (_, i) => `w${i}`));
  assert.match(
    findTokens(many, `w${MAX_WORDS + 1}`, 'regex').problem,
    /Only the first \d+ of 50005 different words/,
  );
});

/**
 * Texts with their tokens, those in brackets special; and a search that tells the tokens it finds.
 */
function searched(...sequences) {
  const text = sequences.flatMap(([, tokens]) => tokens);
  const made = indexOf(sequences);
  const find = (typed, mode) => {
    const { hits } = findTokens(made, typed, mode);
    return text.filter((_, i) => hits[i]).join('|');
  };
  return Object.assign(find, { index: made });
}

/** The index of texts with their tokens. */
function indexOf(sequences, texts = sequences.map(([own]) => own)) {
  const text = sequences.flatMap(([, tokens]) => tokens);
  const length = sequences.map(([, tokens]) => tokens.length);
  const tokens = {
    n: text.length,
    text,
    tokenType: text.map((word) => (/^\[(CLS|SEP)\]$/.test(word) ? 'special' : 'text')),
    sequence: Int32Array.from(sequences.flatMap(([, all], i) => all.map(() => i))),
    surface: text.map((word, i) => (word === '[UNK]' ? (sequences[0][2]?.[i] ?? null) : null)),
    sequences: {
      start: Int32Array.from(length, (_, i) => length.slice(0, i).reduce((a, b) => a + b, 0)),
      length: Int32Array.from(length),
      text: texts,
      columns: {},
    },
  };
  return indexWords(tokens);
}

test('whole words, phrases and characters are found across several tokens', () => {
  const find = searched([
    'Tokenization of the naïve, don’t re-token it',
    [
      'Token',
      'ization',
      ' of',
      ' the',
      ' na',
      'ï 1⁄2',
      'ï 2⁄2',
      've',
      ',',
      ' don',
      '’t',
      ' re',
      '-',
      'token',
      ' it',
    ],
  ]);
  assert.equal(find('tokenization'), 'Token|ization');
  assert.equal(find('of the'), ' of| the');
  assert.equal(find('NAÏVE'), ' na|ï 1⁄2|ï 2⁄2|ve');
  assert.equal(find('ï'), 'ï 1⁄2|ï 2⁄2');
  assert.equal(find('don’t'), ' don|’t');
  assert.equal(find('token'), 'Token|token');
  assert.equal(find('zation of'), '', 'half of a word is no word');
  assert.equal(find('naïve, of'), ' of| na|ï 1⁄2|ï 2⁄2|ve', 'a comma separates');
});

test('prefixes and substrings match across tokens, expressions only within one', () => {
  const find = searched([
    'tokenization of untokenized',
    ['token', 'ization', ' of', ' unto', 'ken', 'ized'],
  ]);
  assert.equal(find('tokeniza', 'prefix'), 'token|ization');
  assert.equal(find('tokeniz', 'substring'), 'token|ization| unto|ken|ized');
  assert.equal(find('n o', 'substring'), 'ization| of');
  assert.equal(find('tokeniza', 'regex'), '');
});

test('word pieces and unknown words are found by their text in the sentence', () => {
  const find = searched([
    "Herons don't see naïve 🙂🙂.",
    ['[CLS]', 'heron', '##s', 'don', "'", 't', 'see', 'naive', '[UNK]', '.', '[SEP]'],
    { 8: '🙂🙂' },
  ]);
  assert.equal(find('herons'), 'heron|##s');
  assert.equal(find('heron'), 'heron');
  assert.equal(find("don't"), "don|'|t");
  assert.equal(find('naïve'), 'naive');
  assert.equal(find('🙂🙂'), '[UNK]');
  assert.equal(find('[unk]'), '[UNK]');
  assert.equal(find('s'), '', 'a letter of a word is no token');
  assert.equal(find('see the'), '');
});

test('characters split by a tokenizer are found in every script', () => {
  const find = searched(
    [
      '今天天气，好',
      [
        '今 1–2⁄3',
        '今 3⁄3 + 天 1⁄3',
        '天 2–3⁄3',
        '天',
        '气 1⁄3',
        '气 2–3⁄3 + ， 1⁄3',
        '， 2–3⁄3',
        '好',
      ],
    ],
    [
      'שלום שָׁלוֹם',
      ['ש 1⁄2', 'ש 2⁄2', 'ל', 'ו', 'ם', ' ', 'ש', 'ׁ 1⁄2', 'ׁ 2⁄2', 'ָ', 'ל', 'ו', 'ֹ', 'ם'],
    ],
    [
      '👩\u200d👧❤\ufe0f ok',
      ['👩 1–2⁄4', '👩 3–4⁄4', '\u200d 1⁄3', '\u200d 2–3⁄3', '👧', '❤', '\ufe0f', ' o', 'k'],
    ],
  );
  assert.equal(find('天'), '今 3⁄3 + 天 1⁄3|天 2–3⁄3|天');
  assert.equal(find('今天'), '今 1–2⁄3|今 3⁄3 + 天 1⁄3|天 2–3⁄3');
  assert.equal(find('气'), '气 1⁄3|气 2–3⁄3 + ， 1⁄3');
  assert.equal(find('气 1⁄3'), find('气'), 'a label that is typed means its character');
  assert.equal(find('שלום'), 'ש 1⁄2|ש 2⁄2|ל|ו|ם');
  assert.equal(find('שָׁלוֹם'.normalize('NFD')), 'ש|ׁ 1⁄2|ׁ 2⁄2|ָ|ל|ו|ֹ|ם');
  assert.equal(find('👩\u200d👧'), '👩 1–2⁄4|👩 3–4⁄4|\u200d 1⁄3|\u200d 2–3⁄3|👧');
  assert.equal(find('❤\ufe0f'), '❤|\ufe0f');
  assert.equal(find('^\\p{sc=Han}$', 'regex'), '今 1–2⁄3|天 2–3⁄3|天|气 1⁄3|好');
});

test('a word that is one token here and several there is found in both places', () => {
  const find = searched(['rain and rain', [' rain', ' and', ' ra', 'in']]);
  assert.equal(find('rain'), ' rain| ra|in');
  assert.equal(find('rai', 'prefix'), ' rain| ra|in');
  assert.equal(find('ain', 'substring'), ' rain| ra|in');
});

test('a search goes on where texts are not loaded yet, and ends with all hits', async () => {
  const sequences = Array.from({ length: 300 }, (_, i) => [
    `football n${i}`,
    ['[CLS]', 'foot', '##ball', `n${i}`],
  ]);
  const expected = findTokens(indexOf(sequences), 'football');
  assert.deepEqual([expected.nHits, expected.isSearching], [600, false]);

  const ends = [];
  for (const [text] of sequences) ends.push((ends.at(-1) ?? 0) + text.length);
  const finished = (index, typed) =>
    new Promise((resolve) => {
      const run = createSearchRun(() => resolve(run(index, typed, 'whole')));
      const first = run(index, typed, 'whole');
      assert.ok(first.isSearching);
      assert.equal(run(index, typed, 'whole'), first, 'it is not begun anew');
    });
  const pieces = new TextPieces(Int32Array.from(ends), async (first, last) =>
    Buffer.from(
      sequences
        .slice(first, last)
        .map(([text]) => text)
        .join(''),
    ),
  );
  const found = await finished(indexOf(sequences, pieces), 'football');
  assert.deepEqual([found.hits, found.isSearching], [expected.hits, false]);

  const broken = new TextPieces(Int32Array.from(ends), () => Promise.reject(new Error('gone')));
  const failed = await finished(indexOf(sequences, broken), 'n7');
  assert.deepEqual([failed.nHits, failed.isSearching], [1, false]);
  assert.match(failed.problem, /gone/);
});

test('text beyond the last token of a truncated sentence is not found', () => {
  const find = searched(['one tokenization', ['one', ' token']]);
  assert.equal(find('tokenization'), '');
  assert.equal(find('tokeniza', 'prefix'), '');
  assert.equal(find('token'), ' token');
  assert.deepEqual(suggest(find.index, 'toke', 'whole'), [{ word: 'token', count: 1 }]);
});

test('words of several tokens are suggested, and a split character counts once', () => {
  const { index: made } = searched(
    ['天 tokenization', ['天 1⁄3', '天 2–3⁄3', ' token', 'ization']],
    ['天 tokenization', ['天 1⁄3', '天 2–3⁄3', ' token', 'ization']],
  );
  assert.deepEqual(suggest(made, 'tok', 'whole'), [
    { word: 'token', count: 2 },
    { word: 'tokenization', count: 2 },
  ]);
  assert.deepEqual(suggest(made, '天', 'prefix', 3), []);
  assert.equal(made.counts[made.ids.get('天')], 2);
});

test('suggestions are prefix matches, then substrings, the most frequent first', () => {
  const offered = (typed, mode = 'whole') =>
    suggest(index, typed, mode).map(({ word, count }) => `${word} ${count}`);
  assert.deepEqual(offered('rai'), ['rain 2', 'rains 1', 'terrain 1']);
  assert.deepEqual(offered('april, IN'), ['in 1', 'rain 2', 'rains 1', 'terrain 1']);
  assert.deepEqual(offered('terrain'), []);
  assert.deepEqual(offered('  '), []);
  assert.deepEqual(offered('rai', 'regex'), []);
  assert.equal(suggest(index, 'r', 'whole', 2).length, 2);
});

test('choosing a suggestion replaces only the last term', () => {
  assert.equal(completed('rai', 'rain'), 'rain');
  assert.equal(completed('april, rai', 'rain'), 'april, rain');
  assert.equal(completed('april,rai', 'rain'), 'april, rain');
  assert.equal(completed('"a,b", 1', '1,000'), '"a,b", "1,000"');
});
