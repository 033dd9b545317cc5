/** Views of the history keep their words when tokens of one's own got other numbers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createTokenRenumbering } from '../../frontend/js/user_sequences/token_renumbering.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';

const N = 100;
const [A, B, C] = /** @type {const} */ ([
  ['1.1', 5],
  ['1.2', 7],
  ['1.3', 3],
]);

/** @param {number} token @param {string} dataset */
const selecting = (token, dataset = 'words') => ({
  ...DEFAULTS,
  dataset,
  selected: { kind: /** @type {const} */ ('query'), token },
});

/** A page, and what its history entries are now. @param {unknown} [entry] */
function opened(entry) {
  const moves = createTokenRenumbering(entry);
  return {
    moves,
    /** @param {(readonly [string, number])[]} shown @param {string[]} waiting */
    show: (shown, waiting = []) => moves.move('words', N, shown, waiting),
    /** What the browser keeps of an entry. */
    entry() {
      moves.publish();
      return JSON.parse(JSON.stringify(moves.note.get()));
    },
    /** @param {number} token @param {unknown} from */
    back(token, from) {
      const { choices, notice } = moves.follow(selecting(token), from);
      return [choices.selected?.token ?? null, notice !== null];
    },
  };
}

test('an older history entry selects the same token, or gives a notice if it is gone', () => {
  const { show, entry, back } = opened();
  show([A, B]);
  const left = entry();
  assert.deepEqual(back(N + 6, left), [N + 6, false]);
  show([B]);
  show([B, C]);
  assert.deepEqual(back(N + 6, left), [N + 1, false]);
  assert.deepEqual(back(7, left), [7, false]);
  assert.deepEqual(back(N + 2, left), [null, true]);
  assert.deepEqual(back(N + 8, entry()), [N + 8, false], 'left afterwards');
});

test('after a reload, history entries from before a removal select no wrong token', () => {
  const before = opened();
  before.show([A, B]);
  const old = before.entry();
  before.show([B]);
  const last = before.entry();

  const { show, entry, back } = opened(last);
  assert.equal(show([], ['1.2']), null, 'the model has not answered yet');
  assert.deepEqual(back(N + 6, old), [N + 1, false], 'where it will stand');
  assert.deepEqual(back(N + 2, old), [null, true]);
  assert.deepEqual(entry(), last);
  assert.equal(show([B]), null);
  assert.deepEqual(back(N + 6, old), [N + 1, false]);
  assert.deepEqual(back(N + 2, old), [null, true], 'that number is of another text now');
  // a text of this page has a uid of its own, even if its name is that of a removed one
  show([B, ['2.1', 5]]);
  assert.deepEqual(back(N + 2, old), [null, true]);
});

test('restored texts keep their token numbers, and lost texts are reported', () => {
  const before = opened();
  before.show([A, B, C]);
  const last = before.entry();
  const { show, back } = opened(last);
  for (const [shown, waiting] of [
    [[], ['1.1', '1.2', '1.3']],
    [[A], ['1.2', '1.3']],
    [[A, B], ['1.3']],
  ])
    assert.equal(show(shown, waiting), null);
  assert.deepEqual(back(N + 13, last), [N + 13, false]);
  const lost = opened(last).show([], []);
  assert.deepEqual([lost?.isInherited, lost?.renumber(N + 13)], [true, null]);
});

test('other datasets and unknown history entries are left unchanged', () => {
  const { moves, show, entry, back } = opened();
  show([A, B]);
  const left = entry();
  show([B]);
  assert.equal(moves.follow(selecting(N + 6, 'others'), left).choices.selected.token, N + 6);
  for (const foreign of [null, 7, { marked: 'q1' }, { numberings: { words: { nCorpus: 'x' } } }])
    assert.deepEqual(back(N + 6, foreign), [N + 6, false]);
  moves.move('words', N + 9, [B], []);
  assert.deepEqual(back(N + 6, left), [N + 10, false], 'of another version of the dataset');
});
