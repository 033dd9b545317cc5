/** Views of the history keep their words when tokens of one's own got other numbers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createTokenRenumbering } from '../../frontend/js/user_sequences/token_renumbering.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';

const N = 100;
/** Of two texts of 5 and 7 tokens behind the corpus, the first goes. @param {number} token */
const firstGoes = (token) => {
  if (token < N) return token;
  return token < N + 5 ? null : token - 5;
};

/** @param {number} token @param {string} dataset */
const selecting = (token, dataset = 'words') => ({
  ...DEFAULTS,
  dataset,
  selected: { kind: /** @type {const} */ ('query'), token },
});

test('a view that was left before selects the same word', () => {
  const moves = createTokenRenumbering(1);
  const kept = moves.note();
  moves.add('words', firstGoes, N + 12, N + 7);
  assert.equal(moves.follow(selecting(N + 6), kept).selected?.token, N + 1);
  assert.equal(moves.follow(selecting(7), kept).selected?.token, 7);
  assert.equal(moves.follow(selecting(N + 2), kept).selected, null);
});

test('a view that was left afterwards has the right numbers already', () => {
  const moves = createTokenRenumbering(1);
  moves.add('words', firstGoes, N + 12, N + 7);
  assert.equal(moves.follow(selecting(N + 6), moves.note()).selected?.token, N + 6);
});

test('several moves are followed one after the other', () => {
  const moves = createTokenRenumbering(1);
  const kept = moves.note();
  moves.add('words', firstGoes, N + 12, N + 7);
  moves.add('words', (token) => (token < N ? token : token + 3), N + 7, N + 10);
  assert.equal(moves.follow(selecting(N + 6), kept).selected?.token, N + 4);
});

test('other datasets, other openings of the page and notes of nobody are left alone', () => {
  const moves = createTokenRenumbering(1);
  moves.add('words', firstGoes, N + 12, N + 7);
  assert.equal(moves.follow(selecting(N + 6, 'others'), null).selected?.token, N + 6);
  assert.equal(moves.follow(selecting(N + 6), { page: 2, nMoves: 0 }).selected?.token, N + 6);
  assert.equal(moves.follow(selecting(N + 6), { marked: 'q1' }).selected?.token, N + 6);
  // the page's first entry
  assert.equal(moves.follow(selecting(N + 6), null).selected?.token, N + 1);
});
