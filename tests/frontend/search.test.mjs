import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, PatternError } from '../../frontend/js/regex.js';
import { completed, findTokens, indexWords, MOST_WORDS, suggest, termsOf } from '../../frontend/js/search.js';

/** Sentences of words. */
function corpus(...sentences) {
  const text = sentences.flat();
  const sequence = Int32Array.from(sentences.flatMap((words, i) => words.map(() => i)));
  return indexWords({ n: text.length, text, tokenType: text.map(() => 'text'), sequence, sequences: { text: [], columns: {} } });
}
const index = corpus(['April', ' rain', 'in', 'april'], ['1,000', 'rains', '"quoted"', ','], ['rain', 'terrain']);
const found = (typed, mode) => [...(findTokens(index, typed, mode)?.hits ?? [])].map((term) => term).join('');

test('a word is found whole, by its beginning and by a part, the first token too', () => {
  assert.equal(found('rain'), '0100000010');
  assert.equal(found('rain', 'prefix'), '0100010010');
  assert.equal(found('RAIN', 'substring'), '0100010011');
  assert.equal(found('april'), '1001000000');
});

test('tokens and the sentences in which they stand are counted', () => {
  const { nHits, nSequences } = findTokens(index, 'rain', 'substring');
  assert.deepEqual([nHits, nSequences], [4, 3]);
});

test('commas separate terms, and each token says which term found it first', () => {
  assert.equal(found('april, rain'), '1201000020');
  assert.deepEqual(findTokens(index, 'in,april , ,').terms, ['in', 'april']);
  assert.equal(found('ra, in', 'substring'), '0120010011');
});

test('a comma within quotes or within a word of the corpus separates nothing', () => {
  assert.deepEqual(termsOf('1,000', index), ['1,000']);
  assert.deepEqual(termsOf(',', index), [',']);
  assert.deepEqual(termsOf('"2,000", april', index), ['2,000', 'april']);
  assert.deepEqual(termsOf('"quoted"', index), ['"quoted"']);
  assert.deepEqual(termsOf(' , ,, ', index), []);
});

test('a regular expression finds what the browser finds', () => {
  const patterns = ['^r', 'n$', '^(rain|in)s?$', 'a.r', '[^a-z]', '\\d', '(?:ra)?in{1,2}$', '^$', 'x*', 'R', '^.{2}$', '\\p{L}{5,}', '^\\w+,\\d{3}$', 'a|^t|,', '(a|e)+r', '["”]', '\\.', '^[\\]a]', 'r+?a', '.', 'ra{0}i?', '(in|){2}$', '()a', '^a^', 'n$s'];
  for (const pattern of patterns) {
    const native = new RegExp(pattern, 'iu');
    const ours = compilePattern(pattern);
    for (const word of [...index.words, '', 'ſ', 'ñ🐍', 'rr']) assert.equal(ours(word), native.test(word), `${pattern} in ${word}`);
  }
});

test('a regular expression is read as one term', () => {
  assert.equal(found('^r.+s$', 'regex'), '0000010000');
  assert.equal(found('\\d,\\d', 'regex'), '0000100000');
  assert.deepEqual(findTokens(index, 'a{1,2}', 'regex').terms, ['a{1,2}']);
});

test('an expression that is not valid finds nothing and says why', () => {
  for (const [typed, words] of [['(', /group/i], ['[a', /class/i], ['*', /repeat/i], ['(?<=a)b', /look-around/], ['(a)\\1', /references/], ['(a{300}){300}', /too long/]]) {
    const { nHits, problem, isUsable } = findTokens(index, typed, 'regex');
    assert.deepEqual([nHits, isUsable], [0, false]);
    assert.match(problem, words);
    assert.throws(() => compilePattern(typed), PatternError);
  }
});

test('an expression that has more ways than time is answered from the signs of the text', () => {
  for (const pattern of ['(a+)+$', '(a|a)*b', '(.*.*.*.*.*)x', 'a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaab']) {
    assert.equal(compilePattern(pattern)(`${'a'.repeat(250)}!`), false);
  }
});

test('an expression looks at no more words than it says', () => {
  const many = corpus(Array.from({ length: MOST_WORDS + 5 }, (_, i) => `w${i}`));
  assert.match(findTokens(many, `w${MOST_WORDS + 1}`, 'regex').problem, /Only the first \d+ of 50005 different words/);
});

test('words are offered by their beginning, then by a part, the most frequent first', () => {
  const offered = (typed, mode = 'whole') => suggest(index, typed, mode).map(({ word, count }) => `${word} ${count}`);
  assert.deepEqual(offered('rai'), ['rain 2', 'rains 1', 'terrain 1']);
  assert.deepEqual(offered('april, IN'), ['in 1', 'rain 2', 'rains 1', 'terrain 1']);
  assert.deepEqual(offered('terrain'), []);
  assert.deepEqual(offered('  '), []);
  assert.deepEqual(offered('rai', 'regex'), []);
  assert.equal(suggest(index, 'r', 'whole', 2).length, 2);
});

test('a word that is taken replaces the last term only', () => {
  assert.equal(completed('rai', 'rain'), 'rain');
  assert.equal(completed('april, rai', 'rain'), 'april, rain');
  assert.equal(completed('april,rai', 'rain'), 'april, rain');
  assert.equal(completed('"a,b", 1', '1,000'), '"a,b", "1,000"');
});
