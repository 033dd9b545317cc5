import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMean } from '../../frontend/js/data/mean_text.js';
import {
  drawnLinks,
  linksFrom,
  shortOf,
  strongestOfEach,
  writtenWeights,
} from '../../frontend/js/render/image_links.js';
import { openingToken } from '../../frontend/js/data/opening_token.js';
import { tilesInSight } from '../../frontend/js/sequence/image_strip.js';
import { meanByOffset, offsetSpans, formatOffset } from '../../frontend/js/compute/offset_means.js';
import { asBothKinds, specialGroups } from '../../frontend/js/sequence/special_tokens.js';

// Rows are queries: 0 looks at 1, 1 at itself, 2 evenly at 0 and 2.
const PATTERN = { n: 3, pattern: Float32Array.of(0.25, 0.75, 0, 0, 1, 0, 0.5, 0, 0.5) };

function tokensOf(text, types, row = null) {
  return {
    text,
    tokenType: types,
    row,
    sequences: { start: Int32Array.of(0), length: Int32Array.of(text.length) },
  };
}
const names = (groups) =>
  Object.fromEntries(groups.map(({ name, positions }) => [name, positions]));

test('a sentence with a class token has groups for it and the separators', () => {
  const tokens = tokensOf(
    ['[CLS]', 'a', '[SEP]', 'b', '[UNK]', '[SEP]'],
    ['special', 'text', 'special', 'text', 'special', 'special'],
  );
  assert.deepEqual(names(specialGroups(tokens, 0, 6, false)), { class: [0], separator: [2, 5] });
});

test('a causal model has a group for the first token and none for a class token', () => {
  const tokens = tokensOf(['<s>', 'a', '</s>'], ['special', 'text', 'special']);
  assert.deepEqual(names(specialGroups(tokens, 0, 3, true)), { separator: [2], first: [0] });
  assert.deepEqual(
    names(specialGroups(tokensOf(['Every', ' day'], ['text', 'text']), 0, 2, true)),
    { first: [0] },
  );
});

test('text that only looks like a special token is not in a special group', () => {
  assert.deepEqual(
    names(specialGroups(tokensOf(['[CLS]', '[SEP]'], ['text', 'text']), 0, 2, false)),
    { first: [0] },
  );
});

test('an image has groups for class token and registers, but not its first patch', () => {
  const tokens = tokensOf(
    ['', '', '', ''],
    ['class', 'register', 'register', 'patch'],
    Int32Array.of(-1, -1, -1, 0),
  );
  assert.deepEqual(names(specialGroups(tokens, 0, 4, false)), { class: [0], register: [1, 2] });
  assert.deepEqual(specialGroups(tokensOf([''], ['patch'], Int32Array.of(0)), 0, 1, false), []);
});

test('asBothKinds() returns a query and a key per position', () => {
  assert.deepEqual(asBothKinds([2]), [
    { kind: 'query', position: 2 },
    { kind: 'key', position: 2 },
  ]);
});

test('strongestOfEach() returns the strongest partner above a minimum weight', () => {
  assert.deepEqual(strongestOfEach(PATTERN, 'query'), [
    { query: 0, key: 1, weight: 0.75 },
    { query: 1, key: 1, weight: 1 },
    { query: 2, key: 0, weight: 0.5 },
  ]);
  assert.deepEqual(strongestOfEach(PATTERN, 'key', 0.6), [{ query: 1, key: 1, weight: 1 }]);
});

test('linksFrom() returns links above a weight, weakest first, or those of one token', () => {
  const pairs = (links) => links.map(({ query, key }) => [query, key]);
  assert.deepEqual(pairs(linksFrom(PATTERN, 0.5)), [
    [2, 0],
    [2, 2],
    [0, 1],
    [1, 1],
  ]);
  assert.deepEqual(pairs(linksFrom(PATTERN, 0, { kind: 'query', position: 0 })), [
    [0, 0],
    [0, 1],
  ]);
  assert.deepEqual(pairs(linksFrom(PATTERN, 0, { kind: 'key', position: 0 })), [
    [0, 0],
    [2, 0],
  ]);
});

test('drawnLinks() separates links of the selected patch from the others', () => {
  const pairs = (links) => links.map(({ query, key }) => [query, key]);
  const source = { kind: 'query', position: 0 };
  const strongest = drawnLinks(PATTERN, source, null);
  assert.deepEqual(
    [pairs(strongest.own), pairs(strongest.others), strongest.nAll],
    [
      [
        [0, 0],
        [0, 1],
      ],
      [
        [1, 1],
        [2, 0],
      ],
      3,
    ],
  );
  assert.deepEqual(pairs(drawnLinks(PATTERN, source, 0.5).own), [[0, 1]]);
  assert.deepEqual(writtenWeights(PATTERN, source, 40), [
    { position: 0, words: '0.25' },
    { position: 1, words: '0.75' },
  ]);
  assert.deepEqual(writtenWeights(PATTERN, source, 20), [], 'where a patch has no room');
});

test('shortOf() shortens an arrow, at most to half its length', () => {
  assert.deepEqual(shortOf({ x: 0, y: 0 }, { x: 10, y: 0 }, 2), { x: 8, y: 0 });
  assert.deepEqual(shortOf({ x: 0, y: 0 }, { x: 3, y: 0 }, 2), { x: 1.5, y: 0 });
});

test('offsets beyond the maximum share a bar, and a causal model has none ahead', () => {
  assert.deepEqual(
    offsetSpans(4, false, 1).map(({ label }) => label),
    ['≤ −2', '−1', '0', '+1', '≥ +2'],
  );
  assert.deepEqual(
    offsetSpans(4, true, 1).map(({ label }) => label),
    ['≤ −2', '−1', '0'],
  );
  assert.deepEqual(
    offsetSpans(1, false).map(({ from, to }) => [from, to]),
    [[0, 0]],
  );
});

test('meanByOffset() averages over the pairs of each offset', () => {
  const means = meanByOffset(PATTERN, offsetSpans(3, false));
  assert.deepEqual(means, [0.5, 0, (0.25 + 1 + 0.5) / 3, 0.375, 0]);
});

test('meanByOffset() ignores pairs with a hidden token', () => {
  const hidden = [
    { kind: 'query', position: 2 },
    { kind: 'key', position: 0 },
  ];
  const means = meanByOffset(PATTERN, offsetSpans(3, false), hidden);
  assert.deepEqual(means, [NaN, NaN, 1, 0.375, 0]);
});

test('formatOffset() describes an offset in words', () => {
  const [back, before, own, after] = offsetSpans(5, false, 1);
  assert.deepEqual([back, before, own, after].map(formatOffset), [
    '2 or more tokens before the query',
    'the token before the query',
    'the query’s own token',
    'the token after the query',
  ]);
});

test('formatMean() gives the number of sequences, or why there is no mean', () => {
  const corpus = (lengths, row = null) => ({
    row,
    sequences: { length: Int32Array.from(lengths) },
  });
  const said = (mean, n, tokens, isFailed = false) => formatMean({ mean, n, tokens }, isFailed);
  const sentences = corpus([24, 30, 12]);
  const mean = { nSequences: 2, nLongEnough: 2 };
  assert.equal(said(mean, 24, sentences), 'By position, over 2 of 3 sentences with ≥ 24 tokens.');
  assert.equal(said(mean, 65, corpus([65, 65], [0])), 'Mean over 2 of 2 images.');
  assert.match(
    said({ nSequences: 2000, nLongEnough: 5000 }, 12, sentences),
    /over 2\u202f000 of 3 sentences, some of the 5\u202f000 with ≥ 12 tokens/,
  );
  assert.equal(said(null, 24, sentences), 'Loading the mean …');
  assert.equal(said(null, 24, sentences, true), 'The mean could not be loaded.');
  assert.match(said(null, 30, sentences), /^No mean: only 1 of 3 sentences/);
  assert.match(said(null, 31, sentences), /^No mean: .* the longest has 30 tokens/);
  assert.match(said(null, 65, corpus([65], [0])), /^No mean: the corpus has one image/);
  assert.match(said(null, 2000, corpus([2000, 2000])), /^No mean: .* 1\u202f024/);
});

test('tilesInSight() returns the visible thumbnails and a few beyond', () => {
  assert.deepEqual(tilesInSight({ scrolled: 1000, length: 200, tile: 50 }, 10_000, 4), [72, 104]);
  assert.deepEqual(tilesInSight({ scrolled: 0, length: 200, tile: 50 }, 5, 4), [0, 5]);
});

test('openingToken() is the first text token, the last if causal, or a middle patch', () => {
  const opened = (tokenType, isCausal = false, row = null) =>
    openingToken(
      { tokenType, row, sequences: { start: [0], length: [tokenType.length] } },
      0,
      isCausal,
    );
  const sentence = ['special', 'text', 'text', 'special'];
  assert.deepEqual([opened(sentence), opened(sentence, true), opened(['special'])], [1, 2, 0]);
  const image = ['class', 'register', ...Array.from({ length: 9 }, () => 'patch')];
  assert.equal(opened(image, false, [-1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2]), 6, 'row 1, column 1');
});
