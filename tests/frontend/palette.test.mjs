import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzyScore } from '../../frontend/js/compute/fuzzy.js';
import { COMMANDS } from '../../frontend/js/controls/commands.js';
import { outsideText, parseHead } from '../../frontend/js/dialogs/palette_entries.js';

test('parseHead() reads all common notations of a head', () => {
  for (const typed of [
    'L5H1',
    'l5 h1',
    'L5 H1',
    '5.1',
    '5 1',
    '5,1',
    'layer 5 head 1',
    'Layer 5, head 1',
  ])
    assert.deepEqual(parseHead(typed), { layer: 5, head: 1 }, typed);
  for (const typed of ['l5', 'layer 5', '5', ' 5 ', 'L5h', 'layer 5 head'])
    assert.deepEqual(parseHead(typed), { layer: 5, head: null }, typed);
  assert.deepEqual(parseHead('l12h31'), { layer: 12, head: 31 });
  for (const typed of ['', 'h1', 'lemon', '5a', 'L5H1x', 'label 5'])
    assert.equal(parseHead(typed), null);
});

test('outsideText() gives the range of the model for a layer or head outside it', () => {
  const model = { n_layers: 6, n_heads: 12 };
  assert.equal(outsideText('L6H0', model), 'Layer 6 is outside 0..5.');
  assert.equal(outsideText('5.12', model), 'Head 12 is outside 0..11.');
  for (const typed of ['5.11', '5', 'rain']) assert.equal(outsideText(typed, model), '');
});

test('fuzzyScore() ranks word starts before substrings before letters in order', () => {
  const labels = ['Deduction', 'Induction', 'Induction on random tokens (ours)', 'indentation'];
  /** @param {string} typed */
  const ranked = (typed) =>
    labels
      .filter((label) => fuzzyScore(typed, label) > 0)
      .sort((a, b) => fuzzyScore(typed, b) - fuzzyScore(typed, a));
  assert.deepEqual(ranked('indu'), ['Induction', 'Induction on random tokens (ours)']);
  assert.deepEqual(ranked('ction'), ['Deduction', ...ranked('indu')]);
  assert.deepEqual(ranked('dntt'), ['indentation']);
  assert.deepEqual(ranked('token indu'), ['Induction on random tokens (ours)']);
  assert.ok(fuzzyScore('ecole', 'École') > 0);
  assert.equal(fuzzyScore('', 'Induction'), 0);
  assert.equal(fuzzyScore('induction heads', 'Induction'), 0);
});

test('no two commands share a keyboard shortcut', () => {
  const pressed = COMMANDS.map(({ press }) => press).filter((press) => press !== '');
  assert.equal(new Set(pressed).size, pressed.length);
});
