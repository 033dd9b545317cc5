import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const PAGE = new URL('../../frontend/js/', import.meta.url);
const TABLE = 'state/choices.js';
const SHARED = `
  glow: choice({
    default: 'none',
    address: { 'map-glow': oneOf('none', 'soft', 'strong') },
    undo: (after) => 'glow ' + after,
    clearedBy: 'dataset',
  }),`;
const OF_PANE = `
  note: choice({
    default: /** @type {string | null} */ (null),
    address: { note: matching(/^[a-z]+$/) },
    undo: 'note',
    pane: 'marks',
  }),`;

/** The page with two more entries in the table of choices, and nothing else changed. */
async function loadWithInvented(t) {
  const folder = await mkdtemp(join(tmpdir(), 'choices-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(PAGE, folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  const text = await readFile(join(folder, TABLE), 'utf8');
  await writeFile(
    join(folder, TABLE),
    text.replace('const VIEW = {', (start) => start + SHARED + OF_PANE),
  );
  const names = ['choices', 'store', 'undo', 'url', 'actions', 'pane_state'];
  const files = [...names.map((name) => `state/${name}.js`), 'user_sequences/token_renumbering.js'];
  const modules = files.map((file) => import(pathToFileURL(join(folder, file)).href));
  return Object.assign({}, ...(await Promise.all(modules)));
}

test('a new entry of the table of choices gets address, undo, reset and pane', async (t) => {
  const page = await loadWithInvented(t);
  const store = page.createStore({ dataset: 'a' });
  assert.equal(store.get().glow, 'none');
  assert.equal(page.writeQuery(store.get()), '?dataset=a');

  const undo = page.createUndo(store);
  store.set({ glow: 'soft' });
  assert.equal(page.writeQuery(store.get()), '?map-glow=soft&dataset=a');
  assert.equal(undo.past, 'glow soft');
  undo.back();
  assert.equal(store.get().glow, 'none');

  const { choices, notices } = page.readQuery('?map-glow=strong&note=x');
  assert.deepEqual([choices.glow, choices.note, notices], ['strong', 'x', []]);
  assert.match(page.readQuery('?map-glow=bright').notices[0], /map-glow=bright/);

  const facts = { description: { value: null } };
  store.set({ glow: 'soft' });
  page.createActions(store, facts, {}).openDataset('b');
  assert.equal(store.get().glow, 'none');

  // in a second pane that shows another dataset
  const compare = { ...page.placeOf(page.DEFAULTS), dataset: 'c' };
  store.set({ compare });
  store.set(page.changePane(store.get(), 'B', { note: 'left', glow: 'soft' }, false));
  const state = store.get();
  assert.deepEqual([state.note, page.secondState(state).note, state.glow], [null, 'left', 'soft']);
  const address = page.writeQuery(state);
  assert.equal(address, '?map-glow=soft&dataset=b&compare.note=left&compare.dataset=c');
  assert.deepEqual(page.readQuery(address).choices.beside, state.beside);
  // tokens of a text are removed
  const move = { renumber: (token) => token, nBefore: 9, nAfter: 9 };
  assert.equal(page.renumberedState(state, 'c', move).change.beside.note, 'left');
});
