import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerLine, strongestInSequence } from '../../frontend/js/data/attention_text.js';
import { openDocument } from './dom.mjs';

// Two sentences; the second has a word twice.
const TOKENS = {
  n: 6,
  text: ['no', 'rain', 'the', 'rain', 'by', 'the'],
  tokenType: Array(6).fill('text'),
  row: null,
  column: null,
  sequence: [0, 0, 1, 1, 1, 1],
  position: [0, 1, 0, 1, 2, 3],
  sequences: { start: [0, 2], length: [2, 4] },
};
const ATTENTION = {
  n: 4,
  pattern: Float32Array.of(0, 1, 0, 0, 0.6, 0.05, 0.3, 0.05, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25),
};

/** What is said of a point of the second sentence. */
function said(kind, token, attention = ATTENTION) {
  const document = openDocument();
  document.body.append(...answerLine(TOKENS, attention, { kind, token }));
  return document.body.textContent.replaceAll('\u00a0', ' ');
}

test('the text for a query lists its strongest keys, for a key its strongest queries', () => {
  assert.equal(said('query', 3), 'rain → the (1) 0.60, by 0.30, rain 0.05');
  assert.equal(said('key', 3), 'rain ← the (1) 1.00, the (4) 0.25, rain 0.05');
  assert.equal(said('query', 3, null), 'rain → …');
});

test('the text for a hidden query says that it sees no visible token', () => {
  assert.equal(said('query', 4), 'by → no visible token');
});

test('weights below 0.01 are left out, except the strongest', () => {
  const even = { n: 4, pattern: new Float32Array(16).fill(0.004) };
  assert.equal(strongestInSequence(even, { kind: 'query', token: 2 }, 2).length, 1);
  assert.equal(said('query', 2, even), 'the → the (1) < 0.01');
});
