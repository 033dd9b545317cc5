/** The table of all datasets of a server: its columns, their text and their sort order. */

import { count } from '../compute/number_text.js';

/** @import { DatasetEntry } from '../page.js' */

/**
 * @typedef {{name: string, label: string, help: string, isNumber: boolean, value: (entry:
 *   DatasetEntry) => string | number | null, format: (entry: DatasetEntry) => string}}
 *   DatasetColumn
 */

const NOTHING = '–';

/** @param {number | null} n */
const counted = (n) => (n === null ? NOTHING : count(n));

/** @type {readonly DatasetColumn[]} */
export const DATASET_COLUMNS = [
  text('id', 'Dataset', 'Name of the dataset', ({ id }) => id),
  text('state', 'State', 'Complete, progress, or why it ended', formatState),
  text('model', 'Model', 'Model of the heads', ({ model }) => model?.name ?? null),
  text('corpus', 'Corpus', 'Sentences or images', ({ corpus }) => corpus?.name ?? null),
  {
    name: 'heads',
    label: 'Layers × heads',
    help: 'Number of layers, and of heads in each, or in all where layers differ',
    isNumber: true,
    value: ({ n_heads_total: total }) => total,
    format: ({ n_layers: layers, n_heads: heads, n_heads_total: total }) => {
      if (layers === null || heads === null) return NOTHING;
      return total === layers * heads ? `${layers} × ${heads}` : `${layers} layers, ${total}`;
    },
  },
  {
    name: 'sequences',
    label: 'Sequences',
    help: 'Number of sentences or images, of those in the corpus',
    isNumber: true,
    value: ({ n_sequences: n }) => n,
    format: formatTaken,
  },
  number(
    'tokens',
    'Tokens',
    'Number of tokens or patches; each is a query and a key',
    ({ n_tokens: n }) => n,
    counted,
  ),
  text('methods', 'Maps', 'Projection methods', ({ maps }) => maps && formatMethods(maps)),
  number('size', 'Size', 'Size of its files on the server', ({ n_bytes: n }) => n, formatSize),
  number(
    'published',
    'Published',
    'Date it was finished or copied to this server',
    ({ published_at: at }) => (at === null ? null : Date.parse(at)),
    formatDate,
  ),
];

/**
 * Sort datasets by a column: missing values last in either direction, ties by name.
 *
 * @param {readonly DatasetEntry[]} entries
 * @param {string} name
 * @param {boolean} isDescending
 */
export function sortedDatasets(entries, name, isDescending) {
  const column = DATASET_COLUMNS.find((one) => one.name === name) ?? DATASET_COLUMNS[0];
  const sign = isDescending ? -1 : 1;
  return [...entries].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (left === null || right === null)
      return Number(left === null) - Number(right === null) || compare(a.id, b.id);
    return sign * compare(left, right) || compare(a.id, b.id);
  });
}

/** @param {string | number} a @param {string | number} b */
function compare(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} help
 * @param {(entry: DatasetEntry) => string | null} value
 * @returns {DatasetColumn}
 */
function text(name, label, help, value) {
  return { name, label, help, isNumber: false, value, format: (entry) => value(entry) ?? NOTHING };
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} help
 * @param {(entry: DatasetEntry) => number | null} value
 * @param {(n: number | null) => string} say
 * @returns {DatasetColumn}
 */
function number(name, label, help, value, say) {
  return { name, label, help, isNumber: true, value, format: (entry) => say(value(entry)) };
}

/** @param {DatasetEntry} entry */
export function formatState({ state, progress }) {
  if (state === 'outdated') return 'other version';
  if (state !== 'building') return state;
  return progress && progress.n_units > 0
    ? `building, ${Math.floor((100 * progress.n_units_done) / progress.n_units)} %`
    : 'building';
}

/** Number of sequences, and of how many if some are left out. @param {DatasetEntry} entry */
function formatTaken({ corpus, n_sequences: n }) {
  const nRead = corpus?.account?.n_read ?? n;
  return nRead === n || nRead === null ? counted(n) : `${counted(n)} of ${count(nRead)}`;
}

/** @param {number | null} n bytes */
export function formatSize(n) {
  if (n === null) return NOTHING;
  const [unit, name] = /** @type {[number, string]} */ (
    [
      [1e9, 'GB'],
      [1e6, 'MB'],
      [1e3, 'kB'],
    ].find(([size]) => n >= Number(size)) ?? [1, 'B']
  );
  return `${(n / unit).toFixed(unit > 1 && n / unit < 100 ? 1 : 0)} ${name}`;
}

/** @param {number | null} at milliseconds since 1970 */
export function formatDate(at) {
  if (at === null || Number.isNaN(at)) return NOTHING;
  const day = new Date(at);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}

/** Methods without their dimensions, each once. @param {readonly string[]} maps */
function formatMethods(maps) {
  return [...new Set(maps.map((name) => name.replace(/-[23]d$/, '')))].join(', ');
}
