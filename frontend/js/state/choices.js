/**
 * The choices of a viewer, each declared once. The type of the state, its defaults, the address,
 * the labels of undo, the choices per pane and what is cleared are derived from this table.
 */

import { readPairs, writePairs } from '../compute/pairs.js';
import { MAX_CHARACTERS, readRuns } from '../marked_points/codec.js';
import {
  eitherWord,
  endOfRange,
  filter,
  formatPair,
  formatRange,
  matching,
  oneOf,
  readCamera,
  readCount,
  readHead,
  readHidden,
  readKind,
  readLocked,
  readRange,
  readSelected,
  readShare,
  readTexts,
  readType,
  readTurn,
  within,
  word,
} from './codecs.js';

/** @import { Below, Camera, Filters, HeadId, HiddenToken, ImageLinks, Pair } from '../page.js' */
/** @import { Locked } from '../page.js' */
/** @import { PaletteName, SearchMode, Selected, Theme, Turn, Weight } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

/**
 * One choice. Without `address` it is not part of the address. Without `undo` it is navigation or
 * appearance, which the browser's Back restores, and not a step of undo.
 *
 * @template T
 * @typedef {object} Choice
 * @property {T} default omitted from the address
 * @property {Record<string, import('./codecs.js').Part<NoInfer<T>>>} [address] its parts by their
 *   names, written in the order of this table
 * @property {string | ((after: NoInfer<T>, before: NoInfer<T>) => string)} [undo] label of a change
 * @property {number} [undoRank] if one step changed several choices, the lowest rank names it, then
 *   the order of this table
 * @property {'place' | 'marks' | undefined} [pane] per pane: 'place' is the map that it shows,
 *   'marks' what is highlighted, which panes of one dataset share; otherwise it applies to both
 * @property {'dataset' | 'map'} [clearedBy] reset to the default by another dataset or map
 * @property {boolean} [isRemembered] by the browser; only in copied addresses
 */

/**
 * @template T
 * @template {'place' | 'marks' | undefined} [P=undefined]
 * @param {Choice<T> & {pane?: P}} entry
 */
const choice = (entry) => /** @type {Choice<T> & {pane: P}} */ (entry);

const DATASET = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** A head's measure. */
const MEASURE = /^[a-z][a-z0-9_]{0,39}$/;
/** Maximum length of a search quoted by undo, characters. */
const MAX_QUOTED = 24;

const VIEW = {
  // null until the list of datasets is there
  dataset: choice({
    default: /** @type {string | null} */ (null),
    address: { dataset: matching(DATASET) },
    pane: 'place',
  }),
  // null until the dataset says which maps it has
  method: choice({
    default: /** @type {Method | null} */ (null),
    address: { method: matching(/^[a-z][a-z0-9-]{0,31}$/) },
    pane: 'place',
  }),
  dims: choice({ default: /** @type {Dims} */ (2), address: { dims: oneOf(2, 3) }, pane: 'place' }),
  // null: the grid of all heads
  at: choice({
    default: /** @type {HeadId | null} */ (null),
    address: {
      layer: { read: readHead, write: (at) => at?.layer ?? null },
      head: { needs: ['layer'], write: (at) => at?.head ?? null },
    },
    pane: 'place',
    clearedBy: 'dataset',
  }),
  // the grid shows all heads at once, however small
  isFitted: choice({
    default: false,
    address: { heads: word('all', true) },
    pane: 'place',
  }),
  // null: the map at rest
  camera: choice({
    default: /** @type {Camera | null} */ (null),
    address: {
      zoom: { read: readCamera, write: (camera) => camera?.zoom ?? null },
      center: { needs: ['zoom'], write: (camera) => camera && formatPair(camera.x, camera.y) },
    },
    pane: 'place',
    clearedBy: 'map',
  }),
  // null: as a 3-D head is first seen
  turn: choice({
    default: /** @type {Turn | null} */ (null),
    address: {
      turn: { read: readTurn, write: (turn) => turn && formatPair(turn.yaw, turn.pitch) },
    },
    pane: 'place',
    clearedBy: 'map',
  }),
  selected: choice({
    default: /** @type {Selected | null} */ (null),
    address: {
      selected: { read: readSelected, write: (point) => point && `${point.kind}-${point.token}` },
    },
    undo: (after) => (after === null ? 'clearing the selection' : 'selecting a point'),
    undoRank: 2,
    pane: 'marks',
    clearedBy: 'dataset',
  }),
  // points that were drawn around, as marked_points/codec.js writes them
  marked: choice({
    default: '',
    address: {
      marked: {
        read: (value) => (value.length <= MAX_CHARACTERS && readRuns(value) ? value : undefined),
        write: (marked) => (marked.length <= MAX_CHARACTERS ? marked : null),
      },
    },
    undo: (after) => (after === '' ? 'clearing the marked points' : 'marking points'),
    undoRank: 1,
    pane: 'marks',
    clearedBy: 'dataset',
  }),
  // null: the first mode of the modality
  color: choice({
    default: /** @type {string | null} */ (null),
    address: { color: matching(/^([\w .:-]{1,64}|column:[^\p{C}]{1,80})$/u) },
    undo: 'colour',
    clearedBy: 'dataset',
  }),
  // as typed
  search: choice({
    default: '',
    address: {
      search: {
        read: (value) => value.slice(0, 200),
        write: (search) => (search.trim() === '' ? null : search),
      },
    },
    undo: (after) =>
      after.trim() === '' ? 'clearing the search' : `search for “${clip(after.trim())}”`,
    undoRank: 3,
  }),
  searchMode: choice({
    default: /** @type {SearchMode} */ ('whole'),
    address: { 'search-mode': oneOf('whole', 'prefix', 'substring', 'regex') },
    undo: 'how tokens are compared',
  }),
  // attention lines in the map of a head
  hasLines: choice({
    default: true,
    address: { lines: word('off', false) },
    undo: (after) => (after ? 'showing attention lines' : 'hiding attention lines'),
  }),
  // strongest keys of each query that get a line
  lineCount: choice({
    default: 2,
    address: { 'line-count': within(1, 20, readCount) },
    undo: 'number of lines',
  }),
  lineThreshold: choice({
    default: 0.05,
    address: { 'line-threshold': within(0, 1) },
    undo: 'least weight of a line',
  }),
  // only the lines of the selected point itself
  isLineAlone: choice({
    default: true,
    address: { 'line-scope': eitherWord('selected', 'all') },
    undo: 'which lines are drawn',
  }),
  // the strongest partners of one point in the corpus, and what is nearest to it
  hasStrongest: choice({
    default: false,
    address: { strongest: eitherWord('on', 'off') },
    undo: 'strongest and nearest',
  }),
  // lines between the labelled pairs of the dataset, in the map of a head and in the sentence
  hasLabelledPairs: choice({
    default: false,
    address: { 'labelled-pairs': eitherWord('on', 'off') },
    undo: (after) => (after ? 'showing labelled pairs' : 'hiding labelled pairs'),
  }),
  weight: choice({
    default: /** @type {Weight} */ ('none'),
    address: { weight: oneOf('none', 'value', 'output') },
    undo: 'weighting of the attention',
  }),
  // of the selected sequence, in order
  hidden: choice({
    default: /** @type {readonly HiddenToken[]} */ ([]),
    address: {
      hidden: {
        read: readHidden,
        write: (hidden) =>
          hidden.map(({ kind, position }) => `${kind}-${position}`).join('.') || null,
      },
    },
    undo: (after, before) =>
      after.length < before.length ? 'showing hidden tokens' : 'hiding tokens',
    undoRank: 6,
    pane: 'marks',
    clearedBy: 'dataset',
  }),
  below: choice({
    default: /** @type {Below} */ ('lines'),
    address: { below: oneOf('none', 'lines', 'squares', 'offset') },
    undo: 'what stands below the sentence',
  }),
  imageLinks: choice({
    default: /** @type {ImageLinks} */ ('heat'),
    address: { 'image-links': oneOf('heat', 'strongest', 'all') },
    undo: 'connections of the image',
  }),
  // the image view shows the mean over all images
  isImageMean: choice({
    default: false,
    address: { 'image-mean': word('on', true) },
    undo: 'mean over images',
  }),
  imageThreshold: choice({
    default: 0.1,
    address: { 'image-threshold': within(0, 1) },
    undo: 'least weight of a connection',
  }),
  hasLabels: choice({
    default: true,
    address: { labels: word('off', false) },
    undo: (after) => (after ? 'showing labels' : 'hiding labels'),
  }),
  // times the size that suits the map
  dotSize: choice({ default: 1, address: { dot: within(0.25, 4) }, undo: 'dot size' }),
  // times the opacity that suits the density of the points
  opacity: choice({ default: 1, address: { opacity: within(0.125, 8) }, undo: 'opacity' }),
  // lines around most queries and keys, where points are too many to be told apart
  hasContours: choice({
    default: true,
    address: { contours: word('off', false) },
    undo: (after) => (after ? 'showing contours' : 'hiding contours'),
  }),
  // dot size grows with the norm, in a head
  isDotByNorm: choice({
    default: false,
    address: { 'dot-by': word('norm', true) },
    undo: 'dot size by norm',
  }),
  // flat maps show all points, also where a few far ones squeeze the others
  isWhole: choice({
    default: false,
    address: { fit: word('all', true) },
    undo: (after) => (after ? 'fitting all points' : 'leaving outliers off-screen'),
  }),
  // dataset whose heads are compared with the open one; null: its own
  similarWith: choice({
    default: /** @type {string | null} */ (null),
    address: { 'similar-with': matching(DATASET) },
    undo: 'whose heads are compared',
    clearedBy: 'dataset',
  }),
  filters: choice({
    default: /** @type {Filters} */ ({
      kind: null,
      type: null,
      position: [0, 1],
      norm: [0, 1],
      attention: 0,
    }),
    address: {
      kind: filter(readKind, ({ kind }) => kind),
      tokens: filter(readType, ({ type }) => type),
      positions: filter(readRange, ({ position }) => formatRange(position)),
      norms: filter(readRange, ({ norm }) => formatRange(norm)),
      attention: filter(readShare, ({ attention }) => (attention > 0 ? attention : null)),
    },
    undo: 'filters',
    undoRank: 4,
    clearedBy: 'dataset',
  }),
  // heads are ranked by them
  pairs: choice({
    default: /** @type {readonly Pair[]} */ ([]),
    address: {
      pairs: {
        read: (value) => readPairs(value) ?? undefined,
        write: (pairs) => (pairs.length > 0 ? writePairs(pairs) : null),
      },
    },
    undo: formatPairsChange,
    undoRank: 5,
    pane: 'marks',
    clearedBy: 'dataset',
  }),
  // texts of the user, where they are to be a part of the address
  texts: choice({
    default: /** @type {readonly string[]} */ ([]),
    address: { text: { read: readTexts, write: (texts) => texts } },
  }),
  // measure that tints the grid
  score: choice({
    default: /** @type {string | null} */ (null),
    address: { score: matching(MEASURE) },
    undo: 'tint of the heads',
    clearedBy: 'dataset',
  }),
  // measure that the grid is sorted by; null: layer by layer
  order: choice({
    default: /** @type {string | null} */ (null),
    address: { order: matching(MEASURE) },
    undo: (after) => (after === null ? 'layer × head' : 'sorting the heads'),
    undoRank: 7,
    clearedBy: 'dataset',
  }),
  // lowest first
  isOrderRising: choice({
    default: false,
    address: { 'order-from': { ...word('lowest', true), needs: ['order'] } },
    undo: 'sorting the heads',
    undoRank: 8,
    clearedBy: 'dataset',
  }),
  // measure whose range dims heads; null: that of the tint
  filterScore: choice({
    default: /** @type {string | null} */ (null),
    address: { filter: matching(MEASURE) },
    undo: 'range of a score',
    clearedBy: 'dataset',
  }),
  // heads outside are dimmed; null: open at that end
  scoreRange: choice({
    default: /** @type {readonly [number | null, number | null]} */ ([null, null]),
    address: { 'score-min': endOfRange(0), 'score-max': endOfRange(1) },
    undo: 'range of a score',
    clearedBy: 'dataset',
  }),
  // beside the sentence of one of two panes: that of the other one, or the difference of both
  comparison: choice({
    default: /** @type {'pattern' | 'difference' | 'off'} */ ('pattern'),
    address: { comparison: oneOf('pattern', 'difference', 'off') },
    undo: 'what is compared',
  }),
  theme: choice({
    default: /** @type {Theme} */ ('system'),
    address: {
      theme: { ...oneOf('light', 'dark'), write: (theme) => (theme === 'system' ? null : theme) },
    },
    isRemembered: true,
  }),
  palette: choice({
    default: /** @type {PaletteName} */ ('safe'),
    address: { palette: oneOf('safe', 'classic') },
    isRemembered: true,
  }),
};

/**
 * @template {'place' | 'marks'} P
 * @typedef {{readonly [K in keyof typeof VIEW as (typeof VIEW)[K]['pane'] extends P ? K : never]:
 *   (typeof VIEW)[K]['default']}} OfPane
 */
/** @typedef {{readonly [K in keyof typeof VIEW]: (typeof VIEW)[K]['default']}} ViewChoices */

const OF_VIEW = /** @type {[keyof ViewChoices, Choice<any>][]} */ (Object.entries(VIEW));

/** Choices per pane: the map that it shows, and what is highlighted there. */
export const PLACE_NAMES = OF_VIEW.filter(([, { pane }]) => pane === 'place').map(nameOf);
export const MARK_NAMES = OF_VIEW.filter(([, { pane }]) => pane === 'marks').map(nameOf);

/** Nothing is selected, marked, hidden or paired. */
export const NO_MARKS = /** @type {OfPane<'marks'>} */ (
  defaultsOf(OF_VIEW.filter(([, { pane }]) => pane === 'marks'))
);

export const CHOICES = {
  ...VIEW,
  // the second pane; null: there is one
  compare: choice({ default: /** @type {OfPane<'place'> | null} */ (null) }),
  // the panes whose selection does not follow the other one: 'A', 'B', 'AB'
  locked: choice({
    default: /** @type {Locked | null} */ (null),
    address: { locked: { read: readLocked, write: (locked) => locked } },
    undo: (after, before) =>
      (after ?? '').length < (before ?? '').length
        ? 'unlocking a selection'
        : 'locking a selection',
    undoRank: 0,
  }),
  // of the second pane, where it shows another dataset or a pane is locked; else those of the first
  // hold
  beside: choice({ default: NO_MARKS, undo: 'what stands out in pane B' }),
};

/**
 * The choices of a viewer and nothing else; frozen.
 *
 * @typedef {{readonly [K in keyof typeof CHOICES]: (typeof CHOICES)[K]['default']}} State
 */

/** The table as a list. */
export const ENTRIES = /** @type {[keyof State, Choice<any>][]} */ (Object.entries(CHOICES));

export const DEFAULTS = /** @type {State} */ (defaultsOf(ENTRIES));

/** Defaults of the choices that are reset by another dataset, and by another map. */
export const [CLEARED, AT_REST] = /** @type {const} */ (['dataset', 'map']).map(
  (by) =>
    /** @type {Partial<State>} */ (
      defaultsOf(ENTRIES.filter(([, { clearedBy }]) => clearedBy === by))
    ),
);

/** Choices that the browser remembers. */
export const REMEMBERED = ENTRIES.filter(([, entry]) => entry.isRemembered).map(nameOf);

/**
 * Pick some of the choices.
 *
 * @param {Partial<State>} choices
 * @param {readonly (keyof State)[]} names
 * @returns {Partial<State>}
 */
export function only(choices, names) {
  return Object.fromEntries(names.map((name) => [name, choices[name]]));
}

/** @template {string} N @param {[N, unknown]} entry */
function nameOf([name]) {
  return name;
}

/** @param {readonly [string, Choice<any>][]} entries */
function defaultsOf(entries) {
  const values = entries.map(([name, entry]) => [name, Object.freeze(entry.default)]);
  return Object.freeze(Object.fromEntries(values));
}

/** @param {readonly Pair[]} after @param {readonly Pair[]} before */
function formatPairsChange(after, before) {
  if (after.length === 0) return 'clearing the pairs';
  if (after.length < before.length) return 'taking a pair away';
  return after.length > before.length ? 'marking a pair' : 'changing a pair';
}

/** @param {string} text */
function clip(text) {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}
