import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMean } from '../../frontend/js/data/mean_text.js';
import { linksFrom, shortOf, strongestOfEach } from '../../frontend/js/render/image_links.js';
import { tilesInSight, tokenOfImage } from '../../frontend/js/sequence/image_strip.js';
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

test('a sentence offers its class token and separators, and beside these no first token', () => {
  const tokens = tokensOf(
    ['[CLS]', 'a', '[SEP]', 'b', '[UNK]', '[SEP]'],
    ['special', 'text', 'special', 'text', 'special', 'special'],
  );
  assert.deepEqual(names(specialGroups(tokens, 0, 6, false)), { class: [0], separator: [2, 5] });
});

test('a model that looks back has a first token and no class token', () => {
  const tokens = tokensOf(['<s>', 'a', '</s>'], ['special', 'text', 'special']);
  assert.deepEqual(names(specialGroups(tokens, 0, 3, true)), { separator: [2], first: [0] });
  assert.deepEqual(
    names(specialGroups(tokensOf(['Every', ' day'], ['text', 'text']), 0, 2, true)),
    { first: [0] },
  );
});

test('text that only looks like a special token is none', () => {
  assert.deepEqual(
    names(specialGroups(tokensOf(['[CLS]', '[SEP]'], ['text', 'text']), 0, 2, false)),
    { first: [0] },
  );
});

test('an image offers its class token and registers, and never its first patch', () => {
  const tokens = tokensOf(
    ['', '', '', ''],
    ['class', 'register', 'register', 'patch'],
    Int32Array.of(-1, -1, -1, 0),
  );
  assert.deepEqual(names(specialGroups(tokens, 0, 4, false)), { class: [0], register: [1, 2] });
  assert.deepEqual(specialGroups(tokensOf([''], ['patch'], Int32Array.of(0)), 0, 1, false), []);
});

test('a group is hidden as queries and as keys', () => {
  assert.deepEqual(asBothKinds([2]), [
    { kind: 'query', position: 2 },
    { kind: 'key', position: 2 },
  ]);
});

test('every query has its strongest key, every key its strongest query, from a weight on', () => {
  assert.deepEqual(strongestOfEach(PATTERN, 'query'), [
    { query: 0, key: 1, weight: 0.75 },
    { query: 1, key: 1, weight: 1 },
    { query: 2, key: 0, weight: 0.5 },
  ]);
  assert.deepEqual(strongestOfEach(PATTERN, 'key', 0.6), [{ query: 1, key: 1, weight: 1 }]);
});

test('connections from a weight on come weakest first, or those of one token alone', () => {
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

test('an arrow ends a little before its patch, and never behind its own start', () => {
  assert.deepEqual(shortOf({ x: 0, y: 0 }, { x: 10, y: 0 }, 2), { x: 8, y: 0 });
  assert.deepEqual(shortOf({ x: 0, y: 0 }, { x: 3, y: 0 }, 2), { x: 1.5, y: 0 });
});

test('offsets beyond the reach share a bar; a causal model has none ahead', () => {
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

test('the mean by offset is over the pairs of that offset', () => {
  const means = meanByOffset(PATTERN, offsetSpans(3, false));
  assert.deepEqual(means, [0.5, 0, (0.25 + 1 + 0.5) / 3, 0.375, 0]);
});

test('pairs with a hidden token are no part of the mean by offset', () => {
  const hidden = [
    { kind: 'query', position: 2 },
    { kind: 'key', position: 0 },
  ];
  const means = meanByOffset(PATTERN, offsetSpans(3, false), hidden);
  assert.deepEqual(means, [NaN, NaN, 1, 0.375, 0]);
});

test('an offset is said in words', () => {
  const [back, before, own, after] = offsetSpans(5, false, 1);
  assert.deepEqual([back, before, own, after].map(formatOffset), [
    '2 or more tokens before the query',
    'the token before the query',
    'the query’s own token',
    'the token after the query',
  ]);
});

test('the mean says over how many of how many sequences it was taken', () => {
  const mean = { nSequences: 10, nLongEnough: 10 };
  assert.equal(
    formatMean({ mean, n: 24 }, false, 49),
    'By position, over 10 of 49 sentences: those with at least 24 tokens.',
  );
  assert.equal(formatMean({ mean, n: 65 }, false, 15, 'image'), 'Mean over 10 of 10 images.');
  assert.match(
    formatMean({ mean: { nSequences: 2000, nLongEnough: 5000 }, n: 9 }, false, 9000),
    /taken evenly from the 5\u202f000 with at least 9 tokens/,
  );
  assert.equal(formatMean({ mean: null, n: 24 }, true, 49), 'The mean could not be loaded.');
  assert.match(formatMean({ mean: null, n: 2000 }, false, 49), /up to 1\u202f024 positions/);
});

test('only the thumbnails in sight, and a few beyond, are on the page', () => {
  assert.deepEqual(tilesInSight({ scrolled: 1000, length: 200, tile: 50 }, 10_000, 4), [72, 104]);
  assert.deepEqual(tilesInSight({ scrolled: 0, length: 200, tile: 50 }, 5, 4), [0, 5]);
});

test('an image is selected by its class token, or its first patch', () => {
  const image = (types) =>
    tokensOf(
      types.map(() => ''),
      types,
    );
  assert.equal(tokenOfImage(image(['register', 'class', 'patch']), 0), 1);
  assert.equal(tokenOfImage(image(['register', 'patch', 'patch']), 0), 1);
});
