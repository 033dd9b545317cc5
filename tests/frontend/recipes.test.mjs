/** What the recipes promise of the page: one entry of a table, and every layer follows. */

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setMeasures, measureFacts, measuresFor } from '../../frontend/js/data/head_measures.js';
import { allMethods, setMethods, methodLabels } from '../../frontend/js/data/projection_methods.js';
import { readQuery } from '../../frontend/js/state/url.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The page's modules with one more colour mode, as the recipe adds it. */
async function pageWithMode(t) {
  const folder = await mkdtemp(join(tmpdir(), 'recipe-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(ROOT, 'frontend', 'js'), join(folder, 'js'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'js', 'color', 'color_modes.js');
  const mode = `{ name: 'invented', label: 'Invented', help: 'Every second token.', modality: 'any',
    perHead: false, needs: [], scale: 'ramp', values: ({ tokens }) =>
      Array.from(tokens.position, (at) => at % 2), note: '', format: (value) => 'odd ' + value },`;
  const start = 'export const COLOR_MODES = Object.freeze([';
  const code = await readFile(file, 'utf8');
  assert.ok(code.includes(start));
  await writeFile(file, code.replace(start, `${start}\n${mode}`));
  return (/** @type {string} */ name) => import(pathToFileURL(join(folder, 'js', name)).href);
}

test('a colour mode added as one table entry works on the whole page', async (t) => {
  const load = await pageWithMode(t);
  const { colorPoints, modesFor, needsOf, formatValue } = await load('color/color_modes.js');
  const tokens = {
    tokenId: Int32Array.of(4, 5),
    sequence: Int32Array.of(0, 0),
    position: Int32Array.of(0, 1),
    text: ['a', 'b'],
    tokenType: ['text', 'text'],
    sequences: { length: Int32Array.of(2) },
  };
  const context = { tokens, drawn: null, nCells: 1, theme: 'light' };
  for (const modality of ['text', 'image'])
    assert.ok(modesFor(modality).some((mode) => mode.name === 'invented'));
  assert.deepEqual(needsOf('invented'), []);
  const { colors, legend } = colorPoints('invented', context);
  assert.notEqual(colors[0], colors[1]);
  assert.equal(legend.title, 'Invented');
  assert.equal(formatValue('invented', context, 1), 'odd 1');
  const { readQuery: read } = await load('state/url.js');
  assert.equal(read('color=invented').choices.color, 'invented');
});

test('a method and a score sent by the server are offered with their labels', () => {
  const method = { name: 'invented-axes', label: 'Invented axes', help: 'Near means nothing.' };
  setMethods([method]);
  assert.deepEqual(allMethods(), [method]);
  assert.equal(methodLabels('invented-axes').label, 'Invented axes');
  assert.equal(readQuery('method=invented-axes').choices.method, 'invented-axes');
  const score = { name: 'invented_share', label: 'Invented share', modality: 'text' };
  setMeasures([score]);
  assert.equal(measureFacts('invented_share').label, 'Invented share');
  const manifest = { model: { modality: 'text' }, scores: ['invented_share'] };
  assert.deepEqual(
    measuresFor(manifest).map(({ name }) => name),
    ['invented_share'],
  );
});
