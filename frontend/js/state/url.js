/** The address of the page says what is shown; this module reads and writes it. */

import { marksOf, ownChoices, placeOf } from './pane_state.js';
import { MAX_CHARACTERS, readRuns } from '../marked_points/codec.js';
import { readPairs, writePairs } from '../compute/pairs.js';
import { SCORE_NAMES, SCORE_READERS, scoreParts } from './measure_url.js';
import { DEFAULTS, NO_FILTERS, NO_MARKS } from './store.js';
import {
  plain,
  formatRange,
  readCount,
  readNumber,
  readPair,
  readRange,
  readSigned,
  within,
} from './url_numbers.js';

/** @import { Below, Filters, HiddenToken, ImageLinks, PaletteName } from '../page.js' */
/** @import { PaneChoices, SearchMode, State, Theme, Weight } from '../page.js' */

/** Those that a second pane has for itself, and what stands before them there. */
const PANE_NAMES = [
  'dataset',
  'method',
  'dims',
  'layer',
  'head',
  'zoom',
  'center',
  'turn',
  'selected',
  'marked',
  'hidden',
  'pairs',
];
const PANE = 'compare.';
/** Parts that are read with another, without which they say nothing. */
const PAIRS = [
  ['head', 'layer'],
  ['center', 'zoom'],
];
/** The reader's own texts; each has a part of its own. */
const TEXT = 'text';
/** Names in the address, in the order they are written. */
const NAMES = [
  'dataset',
  'method',
  'dims',
  'layer',
  'head',
  'zoom',
  'center',
  'turn',
  'selected',
  'marked',
  'color',
  'search',
  'search-mode',
  'lines',
  'line-count',
  'line-threshold',
  'line-scope',
  'strongest',
  'weight',
  'hidden',
  'below',
  'image-links',
  'image-mean',
  'image-threshold',
  'labels',
  'dot',
  'dot-by',
  'fit',
  'similar-with',
  'kind',
  'positions',
  'norms',
  'attention',
  'pairs',
  TEXT,
  ...SCORE_NAMES,
  ...PANE_NAMES.map((name) => `${PANE}${name}`),
  'theme',
  'palette',
];

/**
 * Choices that the browser remembers; they are a part of an address only where it was copied to
 * show exactly this picture.
 */
const REMEMBERED = ['theme', 'palette'];
/** How far one can zoom, against the map at rest. */
const [MIN_ZOOM, MAX_ZOOM] = [0.1, 1000];
/** Most tokens that an address can say are hidden. */
const MAX_HIDDEN = 500;

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
  const notices = [...new Set(parts.keys())]
    .filter((name) => !NAMES.includes(name) && !OTHERS.includes(name))
    .map((name) => ignored(name, parts));
  const choices = /** @type {Partial<State>} */ (
    Object.fromEntries(Object.entries(DEFAULTS).filter(([name]) => !REMEMBERED.includes(name)))
  );
  for (const [name, read] of Object.entries(READERS)) {
    const value = parts.get(name);
    if (value === null) continue;
    const change = read(value, parts);
    if (change) Object.assign(choices, change);
    else notices.push(ignored(name, parts));
  }
  for (const before of ['', PANE]) {
    for (const [name, first] of PAIRS)
      if (parts.has(`${before}${name}`) && !parts.has(`${before}${first}`))
        notices.push(ignored(`${before}${name}`, parts));
  }
  const { pane, wrong } = readPane(parts);
  notices.push(...wrong.map((name) => ignored(name, parts)));
  if (pane)
    Object.assign(choices, {
      compare: placeOf(pane),
      beside: pane.dataset === choices.dataset ? NO_MARKS : marksOf(pane),
    });
  return { choices, notices };
}

/**
 * The second pane, if the query string has one, and the names of its parts that say nothing.
 *
 * @param {URLSearchParams} parts
 * @returns {{pane: PaneChoices | null, wrong: string[]}}
 */
function readPane(parts) {
  const own = new URLSearchParams(
    [...parts].flatMap(([name, value]) =>
      name.startsWith(PANE) && NAMES.includes(name) ? [[name.slice(PANE.length), value]] : [],
    ),
  );
  let choices = ownChoices(DEFAULTS);
  const wrong = [];
  for (const [name, value] of own) {
    if (PAIRS.some(([second]) => name === second)) continue;
    const change = own.has('dataset') ? READERS[name](value, own) : null;
    if (change) choices = { ...choices, ...change };
    else wrong.push(`${PANE}${name}`);
  }
  return { pane: choices.dataset === null ? null : choices, wrong };
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
  zoom(value, parts) {
    const zoom = readSigned(value);
    const [x, y] = readPair(parts.get('center'));
    return zoom !== null && zoom >= MIN_ZOOM && zoom <= MAX_ZOOM && x !== null && y !== null
      ? { camera: { zoom, x, y } }
      : null;
  },
  turn(value) {
    const [yaw, pitch] = readPair(value);
    return yaw !== null && pitch !== null && Math.abs(yaw) <= 180 && Math.abs(pitch) <= 90
      ? { turn: { yaw, pitch } }
      : null;
  },
  theme: (value) => (value === 'light' || value === 'dark' ? { theme: value } : null),
  palette: (value) => (value === 'safe' || value === 'classic' ? { palette: value } : null),
  selected(value) {
    const [kind, token] = [
      value.slice(0, value.lastIndexOf('-')),
      readCount(value.slice(value.lastIndexOf('-') + 1)),
    ];
    return (kind === 'query' || kind === 'key') && token !== null
      ? { selected: { kind, token } }
      : null;
  },
  marked: (value) => (value.length <= MAX_CHARACTERS && readRuns(value) ? { marked: value } : null),
  color: (value) =>
    /^([\w .:-]{1,64}|column:[^\p{C}]{1,80})$/u.test(value) ? { color: value } : null,
  search: (value) => ({ search: value.slice(0, 200) }),
  'search-mode': (value) => (isOneOf(value, SEARCH_MODES) ? { searchMode: value } : null),
  lines: (value) => (value === 'off' ? { hasLines: false } : null),
  'line-count': (value) => within(readCount(value), 1, 20, (lineCount) => ({ lineCount })),
  'line-threshold': (value) =>
    within(readNumber(value), 0, 1, (lineThreshold) => ({ lineThreshold })),
  'line-scope': (value) => (value === 'selected' ? { isLineAlone: true } : null),
  strongest: (value) => (value === 'off' ? { hasStrongest: false } : null),
  weight: (value) => (isOneOf(value, WEIGHTS) ? { weight: value } : null),
  hidden: readHidden,
  below: (value) => (isOneOf(value, BELOW) ? { below: value } : null),
  'image-links': (value) => (isOneOf(value, IMAGE_LINKS) ? { imageLinks: value } : null),
  'image-mean': (value) => (value === 'on' ? { isImageMean: true } : null),
  'image-threshold': (value) =>
    within(readNumber(value), 0, 1, (imageThreshold) => ({ imageThreshold })),
  labels: (value) => (value === 'off' ? { hasLabels: false } : null),
  dot: (value) => within(readNumber(value), 0.25, 4, (dotSize) => ({ dotSize })),
  'dot-by': (value) => (value === 'norm' ? { isDotByNorm: true } : null),
  'similar-with': (value) =>
    /^[a-z0-9][a-z0-9._-]{0,63}$/.test(value) ? { similarWith: value } : null,
  fit: (value) => (value === 'all' ? { isWhole: true } : null),
  kind: (value, parts) =>
    value === 'query' || value === 'key' ? { filters: readFilters(parts) } : null,
  positions: (value, parts) => (readRange(value) ? { filters: readFilters(parts) } : null),
  norms: (value, parts) => (readRange(value) ? { filters: readFilters(parts) } : null),
  pairs(value) {
    const pairs = readPairs(value);
    return pairs && { pairs };
  },
  attention: (value, parts) =>
    within(readNumber(value), 0, 1, () => ({ filters: readFilters(parts) })),
  [TEXT]: (_value, parts) => readTexts(parts.getAll(TEXT)),
  ...SCORE_READERS,
};

/** @type {readonly SearchMode[]} */
export const SEARCH_MODES = ['whole', 'prefix', 'substring', 'regex'];
/** @type {readonly Weight[]} */
export const WEIGHTS = ['none', 'value', 'output'];
/** @type {readonly Below[]} */
export const BELOW = ['none', 'lines', 'squares', 'offset'];
/** @type {readonly ImageLinks[]} */
export const IMAGE_LINKS = ['heat', 'strongest', 'all'];

/**
 * Return the query string that stands for these choices; choices at their default are left out.
 *
 * @param {State} state
 * @param {{theme: Theme | null, palette: PaletteName} | null} [looks] how it looks, where that is
 *   to be said, too
 */
export function writeQuery(state, looks = null) {
  /** @type {Record<string, string | number | null | readonly string[]>} */
  const values = {
    ...paneValues(state),
    color: state.color,
    search: state.search.trim() === '' ? null : state.search,
    'search-mode': unlessDefault('searchMode'),
    lines: state.hasLines ? null : 'off',
    'line-count': unlessDefault('lineCount'),
    'line-threshold': unlessDefault('lineThreshold'),
    'line-scope': state.isLineAlone ? 'selected' : null,
    strongest: state.hasStrongest ? null : 'off',
    weight: unlessDefault('weight'),
    below: unlessDefault('below'),
    'image-links': unlessDefault('imageLinks'),
    'image-mean': state.isImageMean ? 'on' : null,
    'image-threshold': unlessDefault('imageThreshold'),
    labels: state.hasLabels ? null : 'off',
    dot: unlessDefault('dotSize'),
    'dot-by': state.isDotByNorm ? 'norm' : null,
    'similar-with': state.similarWith,
    fit: formatFit(state),
    ...filterParts(state.filters),
    ...lookParts(looks),
    ...scoreParts(state),
    [TEXT]: state.texts,
  };
  const second = state.compare ? paneValues({ ...state.compare, ...state.beside }) : {};
  for (const [name, value] of Object.entries(second)) values[`${PANE}${name}`] = value;
  const parts = NAMES.flatMap((name) =>
    [values[name] ?? []].flat().map((value) => [name, String(value)]),
  );
  const text = new URLSearchParams(parts).toString();
  return text ? `?${text}` : '';

  /**
   * @param {'searchMode' | 'lineCount' | 'lineThreshold' | 'weight' | 'below' | 'imageLinks' |
   *   'imageThreshold' | 'dotSize'} name
   */
  function unlessDefault(name) {
    return state[name] === DEFAULTS[name] ? null : state[name];
  }
}

/**
 * What one pane has for itself.
 *
 * @param {PaneChoices} pane
 * @returns {Record<string, string | number | null>}
 */
function paneValues({ dataset, method, dims, at, camera, turn, selected, marked, hidden, pairs }) {
  return {
    dataset,
    method,
    dims: dims === 3 ? 3 : null,
    layer: at ? at.layer : null,
    head: at ? at.head : null,
    zoom: camera ? camera.zoom : null,
    center: camera ? `${plain(camera.x)}_${plain(camera.y)}` : null,
    turn: turn ? `${plain(turn.yaw)}_${plain(turn.pitch)}` : null,
    selected: selected ? `${selected.kind}-${selected.token}` : null,
    marked: isMarkedSaid({ marked }) && marked !== '' ? marked : null,
    hidden:
      hidden.length > 0
        ? hidden.map(({ kind, position }) => `${kind}-${position}`).join('.')
        : null,
    pairs: pairs.length > 0 ? writePairs(pairs) : null,
  };
}

/** @param {Filters} filters */
function filterParts({ kind, position, norm, attention }) {
  return {
    kind,
    positions: formatRange(position),
    norms: formatRange(norm),
    attention: attention > 0 ? attention : null,
  };
}

/** @param {{theme: Theme | null, palette: PaletteName} | null} looks */
function lookParts(looks) {
  return { theme: looks?.theme ?? null, palette: looks?.palette ?? null };
}

/** @param {State} state */
function formatFit({ isWhole }) {
  return isWhole ? 'all' : null;
}

/** Whether an address can say which points are marked. @param {Pick<State, 'marked'>} state */
export function isMarkedSaid({ marked }) {
  return marked.length <= MAX_CHARACTERS;
}

/**
 * The filters that the parts name; parts that say nothing are left to their own notice.
 *
 * @param {URLSearchParams} parts
 * @returns {Filters}
 */
function readFilters(parts) {
  const kind = parts.get('kind');
  const attention = readNumber(parts.get('attention') ?? '');
  return {
    kind: kind === 'query' || kind === 'key' ? kind : null,
    position: readRange(parts.get('positions') ?? '') ?? NO_FILTERS.position,
    norm: readRange(parts.get('norms') ?? '') ?? NO_FILTERS.norm,
    attention: attention !== null && attention <= 1 ? attention : 0,
  };
}

/**
 * Texts that an address may hold together: more characters than this, and servers and programs cut
 * it.
 */
export const MAX_TEXT = 2000;

/** @param {readonly string[]} texts @returns {Partial<State> | null} */
function readTexts(texts) {
  return texts.every((text) => text.trim() !== '') && texts.join('').length <= MAX_TEXT
    ? { texts }
    : null;
}

/** @param {string} value @returns {Partial<State> | null} */
function readHidden(value) {
  const found = value.split('.').map((part) => /^(query|key)-(\d{1,6})$/.exec(part));
  if (found.length > MAX_HIDDEN || found.includes(null)) return null;
  return {
    hidden: found.map(
      (part) => /** @type {HiddenToken} */ ({ kind: part?.[1], position: Number(part?.[2]) }),
    ),
  };
}

/**
 * @template {string} T
 * @param {string} value
 * @param {readonly T[]} all
 * @returns {value is T}
 */
function isOneOf(value, all) {
  return /** @type {readonly string[]} */ (all).includes(value);
}

/**
 * @param {string} name
 * @param {URLSearchParams} parts
 */
function ignored(name, parts) {
  return (
    `The address says ${clip(name)}=${clip(parts.get(name) ?? '')}, which means nothing here; ` +
    'it was ignored.'
  );
}

/** @param {string} text */
function clip(text) {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
