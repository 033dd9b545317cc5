import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOffsetProfile } from '../../frontend/js/controls/offset_profile.js';
import { createSimilarHeads } from '../../frontend/js/controls/similar_heads.js';
import { createImagePatches } from '../../frontend/js/sequence/image_patches.js';
import { createAttentionTools } from '../../frontend/js/sequence/attention_tools.js';
import { createOffsets } from '../../frontend/js/sequence/offsets.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';
import { openDocument, press } from './dom.mjs';

const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });
const AT = { layer: 1, head: 2 };

test('a failed comparison of heads shows the error and can be repeated', async () => {
  const document = openDocument();
  globalThis.localStorage = { getItem: () => null, setItem: () => {} };
  const heads = Array.from({ length: 7 }, (_, head) => ({
    ...{ layer: 0, head, distance: head / 10, alignment: null },
  }));
  const found = { heads, with: 'other', others: ['other'], compared_by: 'token', n_rows: 7 };
  const answers = [Promise.reject(new Error('no such dataset')), { ...found, n_sequences: 3 }];
  const [told, went] = [[], []];
  const similar = createSimilarHeads(document.body, {
    api: { similar: async () => answers.shift() },
    facts: { description: { value: { id: 'words', version: 'v', state: 'complete' } } },
    actions: { openBeside: (...there) => went.push(there) },
    onFound: (answer) => told.push(answer?.heads.length ?? null),
  });
  const status = document.querySelector('[role=status]');
  const table = document.querySelector('.similar');
  similar.update({ ...DEFAULTS, dataset: 'words', at: AT, similarWith: 'other' });
  assert.equal(status.textContent, 'Comparing …');
  await settled();
  assert.match(status.textContent, /no such dataset/);
  assert.equal(table.hidden, true);
  status.querySelector('button').click();
  await settled();
  assert.match(status.textContent, /^Over 7 rows of 3 sentences/);
  assert.deepEqual([table.hidden, document.querySelectorAll('tbody tr').length], [false, 7]);
  assert.deepEqual(told, [null, null, 7]);
  const more = [...document.querySelectorAll('button')].find(
    (b) => b.textContent === 'All 7 heads',
  );
  assert.equal(table.classList.contains('is-long'), false);
  more.click();
  assert.deepEqual([table.classList.contains('is-long'), more.textContent], [true, 'Fewer heads']);
  document.querySelectorAll('.similar__head')[1].focus();
  press(document, 'b');
  assert.deepEqual(went, [['other', { layer: 0, head: 1 }]]);
});

/** A sentence of a class token, three words and a separator, as the panel shows it. */
function sentence(state) {
  const text = ['[CLS]', 'a', 'b', 'c', '[SEP]'];
  const tokenType = text.map((word) => (word[0] === '[' ? 'special' : 'text'));
  return {
    state: { ...DEFAULTS, dataset: 'words', at: AT, ...state },
    tokens: { text, tokenType, row: null },
    ...{ start: 0, n: 5, isCausal: false, attention: null, mean: null },
    spans: { query: [0, 5], key: [0, 5] },
  };
}

test('one button hides or shows the class token, another the separators', () => {
  const document = openDocument();
  const asked = [];
  const toggleTokens = (places, isHidden) => asked.push([places.length, isHidden]);
  const tools = createAttentionTools(document.body, { actions: { toggleTokens } });
  const chips = () => [...document.querySelectorAll('.tools__chip')];
  const arePressed = () => chips().map((chip) => chip.getAttribute('aria-pressed'));
  const both = (position) => ['query', 'key'].map((kind) => ({ kind, position }));
  tools.update(sentence({}));
  assert.deepEqual(
    chips().map((chip) => chip.getAttribute('aria-label')),
    ['Hide class token', 'Hide separators'],
  );
  chips()[1].click();
  tools.update(sentence({ hidden: [...both(0), ...both(4)] }));
  assert.deepEqual(arePressed(), ['true', 'true']);
  chips()[1].click();
  assert.deepEqual(asked, [
    [2, true],
    [2, false],
  ]);
  tools.update(sentence({ hidden: [...both(4), { kind: 'query', position: 0 }] }));
  assert.deepEqual(arePressed(), ['false', 'true']);
  assert.match(document.querySelector('.tools__note').textContent, /^3 hidden/);
});

test('bars of the weight by offset show numbers, and arrow keys move between them', () => {
  const document = openDocument();
  const offsets = createOffsets(document.body);
  const pattern = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 5 ? 0.75 : 0.0625));
  const attention = { n: 5, pattern };
  offsets.update({ ...sentence({}), attention, hasMean: true });
  const status = document.querySelector('.offsets__status');
  const items = [...document.querySelectorAll('.offsets__item')];
  const own = items.find((item) => item.tabIndex === 0);
  assert.match(status.textContent, /^Most to the token before the query \(0\.750\)/);
  own.focus();
  press(document, 'ArrowLeft');
  const words = 'The token before the query: 0.750 here, no pair in the mean';
  assert.equal(document.activeElement.getAttribute('aria-label'), words);
  assert.equal(status.textContent, words);
  assert.deepEqual([own.tabIndex, document.activeElement.tabIndex], [-1, 0]);
});

test('arrow keys move through the offset profile from the strongest offset', () => {
  const document = openDocument();
  const profile = createOffsetProfile(document.body);
  const whole = { offsets: [-2, -1, 0, 1], weights: [0.2, null, 0.5, null], n_rows: [7, 0, 1, 0] };
  profile.update(whole);
  const slider = document.querySelector('[role=slider]');
  const said = () => document.querySelector('.profile__status').textContent;
  assert.match(said(), /own token: 0\.500 over 1 row$/);
  const ticks = [...document.querySelectorAll('.profile__tick')].map((tick) => tick.textContent);
  assert.deepEqual(ticks, ['−2', '−1', '0']);
  slider.focus();
  for (const [key, words] of [
    ['ArrowRight', /own token: 0\.500/],
    ['ArrowLeft', /token before the query: no row has it/],
    ['ArrowLeft', /2 tokens before the query: 0\.200 over 7 rows/],
  ]) {
    press(document, key);
    assert.match(said(), words);
    assert.match(slider.getAttribute('aria-valuetext'), words);
  }
  assert.equal(slider.getAttribute('aria-valuenow'), '-2');
});

test('patches lie in the grid by row and column, in whatever order they are read', () => {
  const document = openDocument();
  const view = createImagePatches({ pick() {}, toggle() {}, mark() {}, point() {} });
  document.body.append(view.patches, view.prefix);
  const tokens = {
    text: ['<s>', '', '', '', '', 'red'],
    tokenType: ['special', 'patch', 'patch', 'patch', 'patch', 'text'],
    row: [-1, 1, 0, 0, 1, -1],
    column: [-1, 1, 1, 0, 0, -1],
    isMixed: true,
  };
  view.list({ tokens, start: 0, n: 6 }, { n_rows: 2, n_columns: 2 });
  const positions = (holder) => [...holder.children].map((each) => each.dataset.position);
  assert.deepEqual(positions(view.patches), ['3', '2', '4', '1']);
  assert.deepEqual(positions(view.prefix), ['0', '5']);
  assert.equal(view.prefix.textContent, '<s>red');
});
