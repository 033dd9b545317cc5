/**
 * Builds the page: bundles the scripts, style sheets and images that its HTML names into a folder
 * that any web server can send.
 *
 *     node scripts/build_page.mjs [--watch] [FRONTEND]
 *
 * FRONTEND/dist then holds the HTML, and below `page/` the files that it names, with names that
 * follow their content, so that a browser may keep them for good. With `--watch` the page is built
 * again after every change of a source.
 */

import { mkdir, readdir, readFile, rename, rm, watch, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HTML_FILES = ['index.html', 'login.html'];
const DIST = 'dist';
const FOLDER = 'page';
/** Names the files of the last builds; written last, so it is also the stamp of the Makefile. */
const BUILDS = 'builds.json';
/** A page that was opened before the last builds may still ask for its own files. */
const MAX_BUILDS = 3;
const REFERENCE = /(?<==")\.\/((?:css|js)\/[^"]+)(?=")/g;
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE = /^(licen[cs]e|copying)(\.(md|txt))?$/i;
const WATCH_DELAY_MS = 50;

/**
 * Builds the page once.
 *
 * @param {string} frontend folder of `index.html`, `login.html`, `css/` and `js/`
 * @param {import('esbuild').LogLevel} [logLevel]
 * @returns {Promise<string[]>} names of the files below `page/`
 * @throws when a source or a package is missing or has an error; nothing is replaced then
 */
export async function buildPage(frontend, logLevel = 'warning') {
  const html = await Promise.all(HTML_FILES.map((name) => readFile(join(frontend, name), 'utf8')));
  const { metafile, outputFiles } = await build({
    absWorkingDir: frontend,
    entryPoints: [...new Set(html.flatMap((text) => text.match(REFERENCE) ?? []))],
    outdir: join(DIST, FOLDER),
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    loader: { '.svg': 'copy' },
    charset: 'utf8',
    sourcemap: 'external',
    legalComments: 'none', // whole notices follow at the end
    metafile: true,
    write: false,
    logLevel,
  });
  const dist = join(frontend, DIST);
  await mkdir(join(dist, FOLDER), { recursive: true });
  const addresses = new Map();
  const names = [];
  for (const [path, facts] of Object.entries(metafile.outputs)) {
    const name = basename(path);
    const { contents } = outputFiles.find((file) => file.path === join(frontend, path));
    const notices = name.endsWith('.js')
      ? await noticesOf(frontend, Object.keys(facts.inputs))
      : '';
    await write(join(dist, FOLDER, name), Buffer.concat([contents, Buffer.from(notices)]));
    addresses.set(facts.entryPoint, `./${FOLDER}/${name}`);
    names.push(name);
  }
  for (const [i, name] of HTML_FILES.entries()) {
    await write(
      join(dist, name),
      html[i].replace(REFERENCE, (_, source) => addresses.get(source)),
    );
  }
  await forgetOldBuilds(dist, names.sort());
  return names;
}

/**
 * Returns a comment with the licence of each package, which asks for it beside its code.
 *
 * @param {string} frontend
 * @param {string[]} inputs paths of sources, seen from `frontend`
 */
async function noticesOf(frontend, inputs) {
  const packages = new Set(inputs.flatMap((path) => path.match(PACKAGE) ?? []));
  const notices = [...packages].sort().map(async (path) => {
    const folder = join(frontend, path);
    const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const licence = (await readdir(folder)).sort().find((file) => LICENCE.test(file));
    if (!licence) throw new Error(`the package ${name} has no licence file`);
    const text = (await readFile(join(folder, licence), 'utf8')).trim().replaceAll('*/', '* /');
    return `\n/*! ${name} ${version}\n\n${text}\n*/\n`;
  });
  return (await Promise.all(notices)).join('');
}

/**
 * Writes a file whole or not at all.
 *
 * @param {string} path
 * @param {string | Uint8Array} content
 */
async function write(path, content) {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, content);
  await rename(partial, path);
}

/**
 * Notes what this build wrote, and removes what none of the last builds did.
 *
 * @param {string} dist
 * @param {string[]} names
 */
async function forgetOldBuilds(dist, names) {
  const text = await readFile(join(dist, BUILDS), 'utf8').catch(() => '[]');
  const earlier = JSON.parse(text).filter((/** @type {string[]} */ one) => `${one}` !== `${names}`);
  const builds = [names, ...earlier].slice(0, MAX_BUILDS);
  const kept = new Set(builds.flat());
  for (const name of await readdir(join(dist, FOLDER))) {
    if (!kept.has(name)) await rm(join(dist, FOLDER, name), { force: true });
  }
  await write(join(dist, BUILDS), JSON.stringify(builds));
}

/**
 * Builds the page after every change below its folder; ends only with the process.
 *
 * @param {string} frontend
 */
async function buildOnChanges(frontend) {
  let timer;
  let last = Promise.resolve(true);
  const buildNext = () => (last = last.then(() => buildAndTell(frontend)));
  for await (const { filename } of watch(frontend, { recursive: true })) {
    if (filename?.split(/[\\/]/)[0] === DIST) continue;
    clearTimeout(timer);
    timer = setTimeout(buildNext, WATCH_DELAY_MS); // an editor's save is several changes
  }
}

/** @param {string} frontend */
async function buildAndTell(frontend) {
  try {
    const start = performance.now();
    const names = await buildPage(frontend);
    const ms = Math.round(performance.now() - start);
    process.stdout.write(`built ${join(frontend, DIST)}: ${names.length} files in ${ms} ms\n`);
    return true;
  } catch (error) {
    // esbuild has told of its own errors already.
    if (!error.errors) process.stderr.write(`the page cannot be built: ${error.message}\n`);
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2).filter((argument) => argument !== '--watch');
  const frontend = resolve(folder ?? fileURLToPath(new URL('../frontend', import.meta.url)));
  if (!(await buildAndTell(frontend))) process.exitCode = 1;
  if (process.argv.includes('--watch')) await buildOnChanges(frontend);
}
