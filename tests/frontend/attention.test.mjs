import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  strongestLinks,
  toggleHidden,
  withoutHidden,
} from '../../frontend/js/compute/hidden_tokens.js';

const PATTERN = { n: 3, pattern: Float32Array.of(0.5, 0.3, 0.2, 0.04, 0.96, 0, 0.02, 0.03, 0.05) };
const KEY = (position) => ({ kind: 'key', position });
const QUERY = (position) => ({ kind: 'query', position });
const pairs = (links) => links.map(({ query, key }) => [query, key]);
const near = (a, b) =>
  assert.ok(
    a.every((value, i) => Math.abs(value - b[i]) < 1e-6),
    `${[...a]} is not ${b}`,
  );

test('each query is linked to its two strongest keys with a weight of at least 0.05', () => {
  assert.deepEqual(pairs(strongestLinks(PATTERN)), [
    [0, 0],
    [0, 1],
    [1, 1],
    [2, 2],
  ]);
  assert.deepEqual(pairs(strongestLinks(PATTERN, 1, 0.5)), [
    [0, 0],
    [1, 1],
  ]);
});

test('links can be limited to one query or one key', () => {
  assert.deepEqual(pairs(strongestLinks(PATTERN, 3, 0, QUERY(0))), [
    [0, 0],
    [0, 1],
    [0, 2],
  ]);
  assert.deepEqual(pairs(strongestLinks(PATTERN, 2, 0, KEY(1))), [
    [1, 1],
    [0, 1],
  ]);
});

test('weights of 0 are never linked, even where the threshold is 0', () => {
  assert.deepEqual(pairs(strongestLinks(PATTERN, 3, 0, QUERY(1))), [
    [1, 1],
    [1, 0],
  ]);
});

test('the row of a hidden query is zero, and rows without hidden keys sum to 1', () => {
  near(withoutHidden(PATTERN, [QUERY(1), KEY(2)]), [0.625, 0.375, 0, 0, 0, 0, 0.04, 0.06, 0]);
});

test('a row whose keys are all hidden is empty, not a division by zero', () => {
  near(withoutHidden({ n: 2, pattern: Float32Array.of(1, 0, 0.5, 0.5) }, [KEY(0)]), [0, 0, 0, 1]);
});

test('without hidden tokens the pattern is returned unchanged', () => {
  assert.equal(withoutHidden(PATTERN, []), PATTERN.pattern);
});

test('hiding and showing tokens in any order gives the same rows', () => {
  const steps = [QUERY(0), KEY(1), KEY(2), QUERY(2), KEY(1), QUERY(2)];
  const orders = [steps, [...steps].reverse(), [...steps.slice(3), ...steps.slice(0, 3)]];
  const hidden = orders.map((order) =>
    order.reduce((before, step) => toggleHidden(before, [step]), []),
  );
  for (const one of hidden) assert.deepEqual(one, [QUERY(0), KEY(2)]);
  for (const one of hidden)
    assert.deepEqual(
      [...withoutHidden(PATTERN, one)],
      [...withoutHidden(PATTERN, [KEY(2), QUERY(0)])],
    );
});

test('toggleHidden() hides or shows several tokens at once, whatever their state', () => {
  const some = toggleHidden([KEY(1)], [KEY(0), KEY(1)], true);
  assert.deepEqual(some, [KEY(0), KEY(1)]);
  assert.deepEqual(toggleHidden(some, [KEY(1), KEY(2)], false), [KEY(0)]);
});
