import assert from 'node:assert/strict';
import test from 'node:test';
import { groupMarked, markedInGroup, rankGroups } from '../../frontend/js/compute/marked_groups.js';

/** Two sequences: "the cat the" and "the dog". */
const TOKENS = {
  n: 5,
  text: ['the', 'cat', 'the', 'the', 'dog'],
  tokenType: Array(5).fill('text'),
  sequence: Int32Array.of(0, 0, 0, 1, 1),
  position: Int32Array.of(0, 1, 2, 0, 1),
  sequences: {
    start: Int32Array.of(0, 3),
    length: Int32Array.of(3, 2),
    text: ['the cat the', 'the dog'],
    columns: { animal: ['cat', 'dog'], topic: ['pets', 'pets'], id: ['a', 'b'] },
  },
};
// Queries "cat" and the first "the"; keys "cat" and "dog".
const MARKED = Uint8Array.of(1, 1, 0, 0, 0, 0, 1, 0, 0, 1);

/** @param {string} name */
const groupingOf = (name, tokens = TOKENS) =>
  groupMarked(MARKED, tokens).find((one) => one.name === name);

test('marked points are counted by token, with the lift over the corpus', () => {
  const { groups } = groupingOf('Tokens');
  assert.deepEqual(
    groups.map(({ label, nQueries, nKeys, total }) => [label, nQueries, nKeys, total]),
    [
      ['the', 1, 0, 6],
      ['cat', 1, 1, 2],
      ['dog', 0, 1, 2],
    ],
  );
  // 2 of 4 marked points against 2 of 10 in the corpus
  assert.equal(groups[1].lift, 2.5);
  assert.equal(groups[1].score, 2 * Math.log(2.5));
  assert.ok(groups[0].score < 0);
});

test('groups are ranked by count or score, without empty groups', () => {
  const tokens = groupingOf('Tokens');
  assert.deepEqual(rankGroups(tokens, 'score'), [1, 2, 0]);
  const many = { ...tokens, groups: tokens.groups.map((group, i) => ({ ...group, n: i })) };
  assert.deepEqual(rankGroups(many, 'n'), [2, 1]);
});

test('marked points are also grouped by position, sequence and column', () => {
  const counted = ({ groups }) => groups.map(({ label, n }) => `${label}: ${n}`);
  assert.deepEqual(counted(groupingOf('Positions')), ['1: 1', '2: 3', '3: 0']);
  assert.deepEqual(counted(groupingOf('Sequences')), ['0: 3', '1: 1']);
  assert.equal(groupingOf('topic'), undefined); // one value tells nothing
  assert.equal(groupingOf('id'), undefined); // nor does another for each sequence
});

test('a column of many numbers is binned, and one of few values is not', () => {
  const n = 40;
  const many = {
    n,
    text: Array(n).fill('a'),
    tokenType: Array(n).fill('text'),
    sequence: Int32Array.from({ length: n }, (_, i) => i),
    position: new Int32Array(n),
    sequences: {
      start: Int32Array.from({ length: n }, (_, i) => i),
      length: new Int32Array(n).fill(1),
      text: Array(n).fill('a'),
      columns: {
        year: Array.from({ length: n }, (_, i) => i),
        stars: Array.from({ length: n }, (_, i) => (i === 0 ? '' : i % 2)),
      },
    },
  };
  const found = groupMarked(new Uint8Array(2 * n).fill(1), many);
  const year = found.find(({ name }) => name === 'year');
  assert.ok(year.isOrdered);
  assert.deepEqual(
    year.groups.map((group) => group.n),
    Array(8).fill(10),
  );
  const stars = found.find(({ name }) => name === 'stars');
  assert.deepEqual(
    stars.groups.map(({ label, n: counted }) => [label, counted]),
    [
      ['1', 40],
      ['0', 38],
    ],
  );
});

test('markedInGroup() returns the marked queries and keys of a group', () => {
  const tokens = groupingOf('Tokens');
  assert.deepEqual([...markedInGroup(MARKED, tokens, 1)], [0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
});
