import assert from 'node:assert/strict';
import test from 'node:test';
import { readTokens } from '../../frontend/js/data/tokens.js';
import { countPairs, pairsOfSequence } from '../../frontend/js/data/labelled_pairs.js';
import { markKinds } from '../../frontend/js/figure/map_marks.js';
import { createPairLines } from '../../frontend/js/map/labelled_pairs.js';
import { readQuery, writeQuery } from '../../frontend/js/state/url.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';

/** Two sequences of four tokens. */
const tokens = readTokens({
  text: [...'MKTAWYVT'],
  token_id: Array(8).fill(5),
  sequence: [0, 0, 0, 0, 1, 1, 1, 1],
  position: [0, 1, 2, 3, 0, 1, 2, 3],
  token_type: Array(8).fill('text'),
  sequences: { start: [0, 4], length: [4, 4], text: ['MKTA', 'WYVT'] },
  pairs: { first: [0, 4, 5], second: [3, 7, 6], name: ['contact', '', '<b>bond</b>'] },
});

test('labelled pairs of a sequence are counted by name', () => {
  const own = pairsOfSequence(tokens, 1);
  assert.deepEqual([...own.first, ...own.second], [4, 5, 7, 6]);
  assert.equal(countPairs(own, 'in this sentence'), '2 in this sentence: <b>bond</b> 1');
  assert.equal(
    countPairs(pairsOfSequence(tokens, null), 'in all'),
    '3 in all: contact 1, <b>bond</b> 1',
  );
  const without = { ...tokens, labelledPairs: undefined };
  assert.equal(countPairs(pairsOfSequence(without, null), 'here'), '0 here');
  const many = { name: ['a', 'b', 'c', 'd', 'e', 'e'] };
  assert.equal(countPairs(many, 'here'), '6 here: e 2, a 1, b 1, c 1, …');
});

test('a labelled pair is drawn from each query to the key of the other token', () => {
  const linesOf = createPairLines();
  const state = { ...DEFAULTS, hasLabelledPairs: true };
  const all = linesOf(state, tokens, 'light');
  assert.deepEqual([all?.from.length, all?.weights[0]], [6, 0.35]);
  const own = linesOf({ ...state, selected: { kind: 'key', token: 2 } }, tokens, 'light');
  assert.deepEqual(
    [own?.from, own?.to],
    [
      [0, 3],
      [8 + 3, 8],
    ],
    'keys follow all queries',
  );
  assert.equal(linesOf(DEFAULTS, tokens, 'light'), null, 'only on request');
  assert.notDeepEqual(linesOf(state, tokens, 'dark')?.color, all?.color);
  const drawing = /** @type {any} */ ({ compared: null, frame: {}, lines: [], pairs: own });
  const [kind, ...others] = markKinds(drawing, 'sentence');
  assert.equal(kind.words, 'labelled pairs', 'the legend of a figure has them');
  assert.equal(kind.look['stroke-dasharray'], '1.75 3');
  assert.deepEqual(others, []);
});

test('the address stores whether labelled pairs are shown', () => {
  const query = writeQuery({ ...DEFAULTS, hasLabelledPairs: true });
  assert.match(query, /labelled-pairs=on/);
  assert.equal(readQuery(query).choices.hasLabelledPairs, true);
});
