import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS } from '../../frontend/js/store.js';
import { readQuery, writeQuery } from '../../frontend/js/url.js';

const FULL = {
  ...DEFAULTS, dataset: 'demo-bert', method: 'attention-tsne', dims: 3, at: { layer: 3, head: 7 },
  selected: { kind: 'key', token: 41 }, color: 'position-mod-5', search: ' April & may', hasLines: false,
};

test('an address is readable', () => {
  assert.equal(
    writeQuery({ ...FULL, search: '' }),
    '?dataset=demo-bert&method=attention-tsne&dims=3&layer=3&head=7&selected=key-41&color=position-mod-5&lines=off',
  );
  assert.equal(writeQuery(DEFAULTS), '');
});

test('what is written is read again, letter by letter', () => {
  const { choices, notices } = readQuery(writeQuery(FULL));
  assert.deepEqual(notices, []);
  assert.deepEqual({ ...choices, theme: FULL.theme }, FULL);
});

test('text of any kind survives in a search', () => {
  for (const search of ['a b', '%41', '<img src=x>', '\u202eevil', '日本語', '&x=1#y', '+']) {
    assert.equal(readQuery(writeQuery({ ...DEFAULTS, search })).choices.search, search);
  }
});

test('choices that are not named have their defaults, except the theme, which is no part of an address', () => {
  const { choices } = readQuery('');
  assert.deepEqual({ ...choices, theme: DEFAULTS.theme }, DEFAULTS);
  assert.ok(!('theme' in choices));
});

for (const [query, left] of [
  ['?dataset=../etc', 'dataset'],
  ['?method=Magic!', 'method'],
  ['?dims=4', 'dims'],
  ['?layer=1', 'layer'],
  ['?head=1', 'head'],
  ['?layer=-1&head=0', 'layer'],
  ['?layer=1e3&head=0', 'layer'],
  ['?selected=value-3', 'selected'],
  ['?selected=query', 'selected'],
  ['?color=%3Cb%3E', 'color'],
  ['?lines=on', 'lines'],
  ['?colour=type', 'colour'],
]) {
  test(`${query} is ignored with one notice`, () => {
    const { choices, notices } = readQuery(query);
    assert.equal(notices.length, 1);
    assert.ok(notices[0].includes(`${left}=`), notices[0]);
    assert.deepEqual({ ...choices, theme: DEFAULTS.theme }, DEFAULTS);
  });
}

test('a notice quotes no more than the start of a long part', () => {
  const { notices } = readQuery(`?color=${'<'.repeat(5000)}`);
  assert.ok(notices[0].length < 200);
});

test('parts that are right are kept beside parts that are wrong', () => {
  const { choices, notices } = readQuery('?dataset=a&method=B!&search=c');
  assert.deepEqual([choices.dataset, choices.method, choices.search, notices.length], ['a', null, 'c', 1]);
});
