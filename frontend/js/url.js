/** The address of the page says what is shown; this module reads and writes it. */

import { DEFAULTS } from './store.js';

/** @import { State } from './page.js' */

/** Names in the address, in the order they are written. */
const NAMES = ['dataset', 'method', 'dims', 'layer', 'head', 'selected', 'color', 'search', 'lines'];

/** Parts that other modules read, once, when the page is opened. */
const OTHERS = ['renderer'];

/**
 * Return the choices that a query string names, and one sentence for each part that says nothing.
 * Choices that it does not name have their defaults.
 *
 * @param {string} query such as "?dataset=demo-bert&layer=3&head=7"
 * @returns {{choices: Partial<State>, notices: string[]}}
 */
export function readQuery(query) {
  const parts = new URLSearchParams(query);
  const notices = [...new Set(parts.keys())].filter((name) => !NAMES.includes(name) && !OTHERS.includes(name)).map((name) => ignored(name, parts));
  // The theme is remembered by the browser and is no part of the address.
  const choices = /** @type {Partial<State>} */ (Object.fromEntries(Object.entries(DEFAULTS).filter(([name]) => name !== 'theme')));
  for (const [name, read] of Object.entries(READERS)) {
    const value = parts.get(name);
    if (value === null) continue;
    const change = read(value, parts);
    if (change) Object.assign(choices, change);
    else notices.push(ignored(name, parts));
  }
  if (parts.has('head') && !parts.has('layer')) notices.push(ignored('head', parts));
  return { choices, notices };
}

/** @type {Record<string, (value: string, parts: URLSearchParams) => Partial<State> | null>} */
const READERS = {
  dataset: (value) => (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(value) ? { dataset: value } : null),
  method: (value) => (/^[a-z][a-z0-9-]{0,31}$/.test(value) ? { method: value } : null),
  dims: (value) => (value === '2' || value === '3' ? { dims: value === '2' ? 2 : 3 } : null),
  layer(value, parts) {
    const layer = readCount(value);
    const head = readCount(parts.get('head') ?? '');
    return layer === null || head === null ? null : { at: { layer, head } };
  },
  selected(value) {
    const [kind, token] = [value.slice(0, value.lastIndexOf('-')), readCount(value.slice(value.lastIndexOf('-') + 1))];
    return (kind === 'query' || kind === 'key') && token !== null ? { selected: { kind, token } } : null;
  },
  color: (value) => (/^[\w .:-]{1,64}$/.test(value) ? { color: value } : null),
  search: (value) => ({ search: value.slice(0, 200) }),
  lines: (value) => (value === 'off' ? { hasLines: false } : null),
};

/**
 * Return the query string that stands for these choices; choices at their default are left out.
 *
 * @param {State} state
 */
export function writeQuery(state) {
  /** @type {Record<string, string | number | null>} */
  const values = {
    dataset: state.dataset,
    method: state.method,
    dims: state.dims === 3 ? 3 : null,
    layer: state.at ? state.at.layer : null,
    head: state.at ? state.at.head : null,
    selected: state.selected ? `${state.selected.kind}-${state.selected.token}` : null,
    color: state.color,
    search: state.search.trim() === '' ? null : state.search,
    lines: state.hasLines ? null : 'off',
  };
  const parts = NAMES.flatMap((name) => (values[name] === null ? [] : [[name, String(values[name])]]));
  const text = new URLSearchParams(parts).toString();
  return text ? `?${text}` : '';
}

/** @param {string} value */
function readCount(value) {
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}

/**
 * @param {string} name
 * @param {URLSearchParams} parts
 */
function ignored(name, parts) {
  return `The address says ${clip(name)}=${clip(parts.get(name) ?? '')}, which means nothing here; it was ignored.`;
}

/** @param {string} text */
function clip(text) {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
