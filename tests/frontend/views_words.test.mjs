import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTokens, indexWords } from '../../frontend/js/data/search.js';
import {
  formatCell,
  formatEnd,
  formatMeasure,
  visibleText,
  visibleToken,
  formatToken,
} from '../../frontend/js/ui/labels.js';
import { dashboardFor, formatProgress } from '../../frontend/js/data/map_labels.js';
import { counted } from '../../frontend/js/compute/number_text.js';

function corpus(text, types = text.map(() => 'text')) {
  return {
    n: text.length,
    text,
    tokenType: types,
    sequence: new Int32Array(text.length),
    sequences: { text: ['cat.png'], columns: { label: ['Cat'] } },
  };
}

test('a search finds whole tokens, ignoring case and spaces', () => {
  const index = indexWords(corpus([' April', 'april', 'APRIL ', 'aprils', '##april', 'ſ']));
  assert.deepEqual([...findTokens(index, '  aPril').hits], [1, 1, 1, 0, 0, 0]);
  assert.equal(findTokens(index, '##april').nHits, 1);
  assert.equal(findTokens(index, 'apr').nHits, 0);
});

test('a search finds composed and decomposed letters alike', () => {
  const index = indexWords(corpus(['caf\u00e9', 'cafe\u0301']));
  assert.equal(findTokens(index, 'cafe\u0301').nHits, 2);
});

test('words such as "__proto__" are found like any other', () => {
  const index = indexWords(corpus(['__proto__', 'constructor', 'toString']));
  assert.equal(findTokens(index, '__proto__').nHits, 1);
  assert.equal(findTokens(index, 'hasOwnProperty').nHits, 0);
});

test('an empty search is null, and tokens of spaces are never hits', () => {
  const index = indexWords(corpus([' ', '', 'a']));
  assert.equal(findTokens(index, '   '), null);
  assert.deepEqual([...index.wordOf], [-1, -1, 0]);
});

test('patches are found by the label of their image', () => {
  const index = indexWords(corpus(['[CLS]', '', ''], ['class', 'patch', 'patch']));
  assert.deepEqual([...findTokens(index, 'cat').hits], [0, 1, 1]);
});

test('visibleText() shows invisible text as code points and marks spaces', () => {
  assert.equal(visibleText('\u200b\u202e'), 'U+200B U+202E');
  assert.equal(visibleText('  '), '␣ ␣');
  assert.equal(visibleText(''), '∅');
  assert.equal(visibleText('a\nb'), 'a⏎b');
  assert.equal(visibleText(' april'), ' april');
});

test('joiners, fillers and control characters are shown as code points', () => {
  assert.deepEqual(['\ufe0f', '\u00a0', '\u00ad', '\u3164', '\u2800', '\u05b8'].map(visibleText), [
    'U+FE0F',
    'U+00A0',
    'U+00AD',
    'U+3164',
    'U+2800',
    'U+05B8',
  ]);
  const shown = {
    ' 你 1–2⁄3': ' 你 1–2⁄3',
    '\u200d 1⁄3': 'U+200D 1⁄3',
    '\u0085 2⁄2 + \n': 'U+0085 2⁄2 + ⏎',
    '\n + 你 1⁄3': '⏎ + 你 1⁄3',
    '\u3000 1⁄3': 'U+3000 1⁄3',
    '<0xFF>': '<0xFF>',
  };
  assert.deepEqual(
    Object.keys(shown).map((token) => visibleToken(token)),
    Object.values(shown),
  );
  const tokens = { text: ['[UNK]', 'a'], surface: ['\u200b', null], tokenType: ['text', 'text'] };
  assert.deepEqual(
    [0, 1].map((token) => formatToken(tokens, token)),
    ['[UNK] (U+200B)', 'a'],
  );
});

test('the label of a cell has its recall, and a warning if the recall is low', () => {
  const at = { layer: 3, head: 7 };
  assert.equal(
    formatCell(at, { recall_at_10: 0.314 }, true),
    'L3 H7 0.31 recall@10, layer 3, head 7',
  );
  assert.match(
    formatCell(at, { recall_at_10: 0.02 }, true),
    /0\.02 recall@10, layer 3, head 7, nearness is not attention here/,
  );
  assert.equal(
    formatCell(at, { recall_at_10: null }, true),
    'L3 H7 n/a recall@10, layer 3, head 7',
  );
  assert.equal(formatCell(at, null, false), 'L3 H7, layer 3, head 7, not computed yet');
});

test('counted() gives a number with thousands separators and its noun', () => {
  assert.equal(counted(1, 'token'), '1 token');
  assert.equal(counted(999, 'token'), '999 tokens');
  assert.equal(counted(1000, 'token'), '1\u202f000 tokens');
  assert.equal(counted(12345, 'token'), '12\u202f345 tokens');
  assert.equal(counted(1234567, 'token'), '1\u202f234\u202f567 tokens');
  assert.equal(formatMeasure(-0.251), '−0.25');
});

test('formatProgress() gives phase, counts and time left', () => {
  const progress = {
    phase: 'maps',
    message: '',
    n_units_done: 132,
    n_units: 720,
    remaining_seconds: 130,
  };
  assert.equal(formatProgress(progress), 'Computing maps · 132 of 720 · about 2 min left');
  assert.equal(
    formatEnd({ state: 'failed', reason: 'the disk is full' }),
    'The build failed: the disk is full. Once that is mended, the same command goes on.',
  );
  assert.equal(
    formatEnd({ state: 'stopped', reason: 'it was stopped' }),
    'The build stopped: it was stopped.',
  );
});

test('dashboardFor() gives no address of the loopback interface to a page from elsewhere', () => {
  /** @param {string | null} dashboard @param {string} hostname */
  const shown = (dashboard, hostname) =>
    dashboardFor(
      /** @type {any} */ ({ cluster: { n_workers: 1, hosts: [], dashboard } }),
      hostname,
    );
  for (const local of ['http://127.0.0.1:8787/status', 'http://localhost:8787', 'http://[::1]/']) {
    assert.equal(shown(local, 'node1'), null);
    assert.equal(shown(local, 'localhost'), local);
  }
  for (const other of ['http://node1:8787/status', 'http://localhost.example:8787'])
    assert.equal(shown(other, 'node2'), other);
  assert.equal(shown(null, 'localhost'), null);
  assert.equal(dashboardFor(null, 'localhost'), null);
});
