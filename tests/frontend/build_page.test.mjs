import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';
import { buildPage } from '../../scripts/build_page.mjs';

const INDEX = `<!doctype html><title>A</title>
<link rel="icon" href="./css/mark.svg">
<link rel="stylesheet" href="./css/index.css">
<script type="module" src="./js/main.js"></script>`;
const LOGIN = '<title>$words</title><link rel="stylesheet" href="./css/login.css">';
const SOURCES = {
  'frontend/index.html': INDEX,
  'frontend/login.html': LOGIN,
  'frontend/js/main.js': `import { a } from './parts/a.js'; import z from 'zed'; import './b.js';
    document.title = a + z + ' – é';`,
  'frontend/js/parts/a.js': "import { one } from '@scope/one'; export const a = one;",
  'frontend/js/b.js': "document.title = 'of b';",
  'frontend/css/index.css': '@import "./base.css";\n@import "./login.css";',
  'frontend/css/base.css': "body { background: url('other.svg') }",
  'frontend/css/login.css': 'main { color: red }',
  'frontend/css/mark.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'frontend/css/other.svg': '<svg xmlns="http://www.w3.org/2000/svg" id="other"/>',
  'node_modules/zed/package.json': packageJson('zed', '1.2.3'),
  'node_modules/zed/index.js': "export default 'of zed';",
  'node_modules/zed/LICENSE': "Zed's own terms */ alert(1)",
  'node_modules/@scope/one/package.json': packageJson('@scope/one', '4.5.6'),
  'node_modules/@scope/one/index.js': "export { one } from './part/index.js';",
  'node_modules/@scope/one/part/package.json': '{"name": "a-part"}',
  'node_modules/@scope/one/part/index.js': "export const one = 'of one';",
  'node_modules/@scope/one/LICENCE.md': "One's own terms",
};

function packageJson(name, version) {
  return JSON.stringify({ name, version, main: 'index.js', type: 'module' });
}

async function writeSources(folder, sources) {
  for (const [name, text] of Object.entries(sources)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** A small project with its three packages, and what is asked of its page. */
async function project(t, changes = {}) {
  const root = await mkdtemp(join(tmpdir(), 'attentionviz-page-'));
  t.after(() => rm(root, { recursive: true }));
  await writeSources(root, { ...SOURCES, ...changes });
  const dist = join(root, 'frontend', 'dist');
  return {
    root,
    build: () => buildPage(join(root, 'frontend'), 'silent'),
    read: (name) => readFile(join(dist, name), 'utf8'),
    /** Addresses of mark, sheet and script in the built HTML. */
    named: async () =>
      (await readFile(join(dist, 'index.html'), 'utf8')).match(/(?<="\.\/)page\/[^"]+/g),
    files: () => readdir(join(dist, 'page')),
  };
}

test('built pages refer to files with a content hash in their names', async (t) => {
  const page = await project(t);
  await page.build();
  const named = await page.named();
  assert.deepEqual(
    named.map((name) => name.replace(/-[A-Z0-9]{8}/, '')),
    ['page/mark.svg', 'page/index.css', 'page/main.js'],
  );
  assert.match(await page.read('login.html'), /\$words.*"\.\/page\/login-[A-Z0-9]{8}\.css"/);
  const sheet = await page.read(named[1]);
  assert.match(sheet, /url\("?\.\/other-[A-Z0-9]{8}\.svg/);
  assert.ok(sheet.indexOf('background') < sheet.indexOf('color:red'));
});

test('the script bundles its imports and has a source map', async (t) => {
  const page = await project(t);
  await page.build();
  const code = await page.read((await page.named())[2]);
  for (const words of ['of zed', 'of one', 'of b', '– é']) assert.ok(code.includes(words));
  assert.ok(!code.includes('import'));
  assert.ok(!code.includes('sourceMappingURL'));
  const { sources } = JSON.parse(await page.read(`${(await page.named())[2]}.map`));
  assert.ok(sources.map((name) => basename(name)).includes('a.js'));
});

test('the bundle contains the licence of each package', async (t) => {
  const page = await project(t);
  await page.build();
  const code = await page.read((await page.named())[2]);
  assert.ok(code.includes("/*! @scope/one 4.5.6\n\nOne's own terms\n*/"));
  assert.ok(code.includes("/*! zed 1.2.3\n\nZed's own terms * / alert(1)\n*/"));
  assert.ok(!code.includes('a-part'));
});

test('files of the two previous builds are kept and older ones deleted', async (t) => {
  const page = await project(t);
  const scripts = [];
  for (const word of ['first', 'second', 'third', 'third', 'fourth']) {
    const path = 'frontend/js/parts/a.js';
    await writeSources(page.root, { [path]: `export const a = '${word}';` });
    await page.build();
    scripts.push(basename((await page.named())[2]));
  }
  assert.equal(new Set(scripts).size, 4);
  const files = await page.files();
  assert.deepEqual(
    scripts.map((name) => files.includes(name) && files.includes(`${name}.map`)),
    [false, true, true, true, true],
  );
});

for (const [what, changes, words] of [
  ['a missing package', { 'frontend/js/b.js': "import 'gone';" }, /b\.js:1:.*"gone"/],
  ['a syntax error', { 'frontend/js/b.js': 'const a = ;' }, /b\.js:1:10/],
  [
    'a missing file that the page refers to',
    { 'frontend/index.html': INDEX.replace('mark', 'no') },
    /no\.svg/,
  ],
]) {
  test(`${what} fails the build, and the previous page is kept`, async (t) => {
    const page = await project(t);
    await page.build();
    const before = await page.named();
    await writeSources(page.root, changes);
    await assert.rejects(page.build(), words);
    assert.deepEqual(await page.named(), before);
    assert.ok((await page.files()).includes(basename(before[2])));
  });
}

test('a package without a licence file fails the build', async (t) => {
  const page = await project(t);
  await rm(join(page.root, 'node_modules/zed/LICENSE'));
  await assert.rejects(page.build(), /the package zed has no licence file/);
});
