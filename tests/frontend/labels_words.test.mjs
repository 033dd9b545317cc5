import assert from 'node:assert/strict';
import test from 'node:test';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { distinctiveOrder } from '../../frontend/js/compute/distinctive.js';
import { candidates, labelRule } from '../../frontend/js/map/label_layout.js';
import { formatLabel, surroundings } from '../../frontend/js/map/point_text.js';
import { clipped } from '../../frontend/js/ui/labels.js';

/** Tokens of one text sequence after another. */
function textTokens(...sentences) {
  const text = sentences.flat();
  const length = sentences.map((words) => words.length);
  return {
    n: text.length,
    text,
    row: null,
    column: null,
    tokenType: text.map((word) => (word.startsWith('[') ? 'special' : 'text')),
    sequence: sentences.flatMap((words, i) => words.map(() => i)),
    position: sentences.flatMap((words) => words.map((_, i) => i)),
    sequences: {
      start: length.map((_, i) => length.slice(0, i).reduce((a, b) => a + b, 0)),
      length,
      text: sentences.map((words) => words.join(' ')),
      columns: {},
    },
  };
}

/** One image of a class token and four patches. */
function imageTokens(columns = { label: ['cat'] }) {
  return {
    n: 5,
    text: ['[CLS]', '', '', '', ''],
    row: [-1, 0, 0, 1, 1],
    column: [-1, 0, 1, 0, 1],
    tokenType: ['class', 'patch', 'patch', 'patch', 'patch'],
    sequence: [0, 0, 0, 0, 0],
    position: [0, 1, 2, 3, 4],
    sequences: { start: [0], length: [5], text: ['a.png'], columns },
  };
}

test('a label is the token, with its position in the selected sequence', () => {
  const tokens = textTokens(['[CLS]', 'rain', ' ', '\n']);
  assert.deepEqual(
    [0, 1, 2, 3].map((token) => formatLabel(tokens, token, false)),
    ['[CLS]', 'rain', '␣', '⏎'],
  );
  assert.equal(formatLabel(tokens, 1, true), '2:rain');
});

test('a long token is clipped, and a right-to-left token is isolated', () => {
  const tokens = textTokens(['x'.repeat(500), 'שלום']);
  assert.equal(formatLabel(tokens, 0, false), `${'x'.repeat(24)}…`);
  assert.equal(formatLabel(tokens, 1, true), '2:\u2068שלום\u2069');
  assert.equal(clipped('😀😀😀', 2), '😀😀…');
});

test('the label of a patch is that of its image, else its row and column', () => {
  assert.equal(formatLabel(imageTokens(), 4, false), 'cat');
  assert.equal(formatLabel(imageTokens(), 4, true), 'cat (1, 1)');
  assert.equal(formatLabel(imageTokens(), 0, true), 'cat (class token)');
  assert.equal(formatLabel(imageTokens({}), 3, false), 'row 1, column 0');
  assert.equal(formatLabel(imageTokens({}), 0, true), 'class token');
});

test('surroundings() rebuilds the sentence around a token from its tokens', () => {
  const pieces = textTokens(['the', 'first'], ['[CLS]', 'her', '##on', '##s', 'fish', '.']);
  assert.deepEqual(surroundings(pieces, 4), { before: '[CLS] her', own: 'on', after: 's fish .' });
  const spaced = textTokens(['It', ' rain', 's', '.']);
  assert.deepEqual(surroundings(spaced, 1), { before: 'It', own: ' rain', after: 's.' });
});

test('the sentence around a part of a character has the whole character once', () => {
  const tokens = textTokens(
    ['一 1⁄3', '一 2⁄3', '一 3⁄3 + 二 1⁄3', '二 2–3⁄3', '。'],
    ['a', ' 二 1–2⁄3', '二 3⁄3', ' b'],
    ['二', '三', 'go', '[UNK]'],
  );
  const around = (token) => Object.values(surroundings(tokens, token)).join('|');
  assert.deepEqual([0, 1, 2, 3, 4].map(around), [
    '|一|二。',
    '|一|二。',
    '|一二|。',
    '一|二|。',
    '一二|。|',
  ]);
  assert.deepEqual([5, 6, 7, 8].map(around), ['|a| 二 b', 'a| 二| b', 'a |二| b', 'a 二| b|']);
  assert.equal(around(9), '|二|三 go [UNK]');
});

test('a long sentence is clipped around the token', () => {
  const tokens = textTokens(Array.from({ length: 400 }, (_, i) => `w${i}`));
  for (const token of [0, 200, 399]) {
    const { before, own, after } = surroundings(tokens, token, 60);
    assert.ok((before + own + after).length <= 75);
    assert.equal(before.startsWith('…'), token !== 0);
    assert.equal(after.endsWith('…'), token !== 399);
    assert.ok(`${before}${own}${after}`.includes(`w${token}`));
  }
});

function flagsOf(length, marked) {
  const flags = new Uint8Array(length);
  for (const [point, flag] of marked) flags[point] = flag;
  return flags;
}

test('without search or selection every visible point can have a label', () => {
  const { points, isChosen } = candidates(
    { flags: flagsOf(10, [[3, FLAG.hidden]]), nPoints: 10 },
    -1,
    100,
  );
  assert.deepEqual([...points].sort(), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
  assert.equal(isChosen, false);
});

test('a search labels only hits, and a selection only its sequence', () => {
  const flags = flagsOf(20, [
    [3, FLAG.hit],
    [7, FLAG.hit | FLAG.hidden],
    [8, FLAG.hit],
  ]);
  assert.deepEqual([...candidates({ flags, nPoints: 20 }, -1, 100).points].sort(), [3, 8]);
  const selected = flagsOf(20, [
    [3, FLAG.hit],
    [5, FLAG.selected],
    [15, FLAG.selected | FLAG.hit],
  ]);
  assert.deepEqual([...candidates({ flags: selected, nPoints: 20 }, 15, 100).points], [15, 5]);
});

test('only the first part of a character has a label, unless another is selected', () => {
  const isFirst = (point) => point % 2 === 0;
  assert.deepEqual(
    [...candidates({ flags: new Uint8Array(6), nPoints: 6 }, 3, 100, isFirst).points].sort(),
    [0, 2, 3, 4],
  );
});

/** Points around places of a map, with the numbers of their words; the same in every run. */
function clouds(dims, ...groups) {
  let state = 7;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const places = groups.flatMap(({ at, spread, words }) =>
    words.flatMap((word, i) => [
      ...at.slice(0, dims).map((part) => part + spread * (random() - 0.5)),
      word ?? 1000 + i,
    ]),
  );
  const n = places.length / (dims + 1);
  return {
    dims,
    cell: 0,
    windows: null,
    words: Int32Array.from({ length: n }, (_, i) => places[i * (dims + 1) + dims]),
    positions: Uint16Array.from(
      { length: n * dims },
      (_, i) => 65535 * places[Math.floor(i / dims) * (dims + 1) + (i % dims)],
    ),
  };
}

test('the first labels are words that are frequent nearby and rare elsewhere', () => {
  const [the, april, may] = [0, 1, 2];
  for (const dims of [2, 3]) {
    const everywhere = { at: [0.5, 0.5, 0.5], spread: 0.98, words: new Array(300).fill(the) };
    const others = { at: [0.5, 0.5, 0.5], spread: 0.98, words: new Array(300).fill(null) };
    const cloud = clouds(
      dims,
      everywhere,
      others,
      { at: [0.1, 0.1, 0.1], spread: 0.1, words: new Array(12).fill(april) },
      { at: [0.9, 0.9, 0.9], spread: 0.1, words: new Array(12).fill(may) },
    );
    const order = distinctiveOrder(cloud);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      [...cloud.words.keys()],
    );
    const first = [...order.subarray(0, 6)].map((point) => cloud.words[point]);
    assert.deepEqual(first.slice(0, 2).sort(), [april, may]);
    assert.ok(!first.slice(2).some((word) => word === april || word === may), 'once a place');
  }
});

test('a frequent word labels the cluster that consists of it', () => {
  const cloud = clouds(
    2,
    { at: [0.1, 0.1], spread: 0.1, words: new Array(200).fill(0) },
    { at: [0.7, 0.7], spread: 0.5, words: new Array(300).fill(null) },
  );
  assert.equal(cloud.words[distinctiveOrder(cloud)[0]], 0);
});

test('only one patch of an image has a label, unless the image is selected', () => {
  const isLabelled = labelRule(imageTokens());
  assert.deepEqual(
    [2, 3, 0, 4].map((token) => isLabelled(token, 0)),
    [true, false, true, false],
  );
  assert.ok([2, 3].every((token) => isLabelled(token, FLAG.selected)));
});

test('candidates() returns no more points than requested', () => {
  assert.equal(candidates({ flags: new Uint8Array(1000), nPoints: 1000 }, 5, 50).points.length, 50);
  assert.equal(candidates({ flags: new Uint8Array(1000), nPoints: 1000 }, 5, 50).points[0], 5);
});
