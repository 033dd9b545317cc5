/**
 * The colour modes of points. One entry of COLOR_MODES is one mode: its labels, the arrays it
 * needs, the value of every token and the scale that maps values to colours. Every column of a
 * corpus is also a mode.
 */

import { SCALES } from './color_scales.js';
import {
  columnOf,
  firstLetters,
  pairNames,
  cached,
  orNaN,
  positionsModulo5,
  punctuation,
  relativePositions,
  searchTerms,
  sequenceLengths,
  sequenceNumbers,
  tokenCounts,
  tokenLengths,
  tokenTypes,
} from './color_values.js';
import { canvasPalette } from './palettes.js';

/** @import { LabelledPairs } from '../page.js' */

/**
 * Columns of the tokens that modes read.
 * @typedef {object} TokenColumns
 * @property {ArrayLike<number>} tokenId
 * @property {ArrayLike<number>} sequence
 * @property {ArrayLike<number>} position
 * @property {ArrayLike<number> | null} row -1 where a token is no patch; null for text.
 * @property {ArrayLike<number> | null} column The same.
 * @property {ArrayLike<number> | null} [hue] 0..1, -1 where a token is no patch.
 * @property {ArrayLike<number> | null} [brightness] The same.
 * @property {import('../page.js').Column<string>} [text]
 * @property {import('../page.js').Column<string>} [tokenType]
 * @property {LabelledPairs} [labelledPairs]
 * @property {boolean} [isMixed] Whether sequences hold both patches and words.
 * @property {ArrayLike<number>} [isTarget] 1 for tokens of a target text.
 * @property {{length: ArrayLike<number>, nSource?: ArrayLike<number>, columns?: Record<string,
 *   unknown[]>}} sequences
 */
/**
 * Result of a search: the number of the term that matched each token, from 1.
 *
 * @typedef {{hits: Uint8Array, terms: string[]}} Found
 */
/**
 * @typedef {object} ColorContext
 * @property {TokenColumns} tokens Of the whole corpus.
 * @property {Int32Array | null} drawn Indices of the tokens that are drawn; null = all.
 * @property {number} nCells
 * @property {Uint8Array | Float32Array | null} [norms] (cell, point): Uint8 scaled per head and
 *   kind as the grid has them, or Float32 true norms of one head.
 * @property {{rgb: Uint8Array, side: number} | null} [patches] (token, side, side, 3).
 * @property {Float32Array | null} [scores] (point): token scores of one head.
 * @property {Found | null} [found] By the search.
 * @property {import('./palettes.js').Theme} theme
 * @property {import('./palettes.js').PaletteName} [palette]
 */
/**
 * @typedef {object} RampLegend
 * @property {'ramp'} kind
 * @property {string} title
 * @property {{label: string, stops: string[], range: [string, string]}[]} ramps From lowest to
 *   highest.
 * @property {string} note Explains the ends.
 * @property {{label: string, color: string} | null} missing Colour of points without a value, if
 *   there are any.
 */
/**
 * @typedef {object} SwatchLegend
 * @property {'swatches'} kind
 * @property {string} title
 * @property {{label: string, colors: string[], shapes: ('disc' | 'diamond' | 'square')[]}[]}
 *   entries
 * @property {string} note
 */
/** @typedef {RampLegend | SwatchLegend} Legend */
/** @typedef {import('./color_values.js').Classes} Classes */
/**
 * @typedef {object} ColorMode
 * @property {string} name Identifier in the address.
 * @property {string} label Shown.
 * @property {string} help One sentence.
 * @property {'text' | 'image' | 'image-text' | 'any'} modality
 * @property {boolean} [isOfWords] Whether it is one of words beside images, too.
 * @property {boolean} perHead Whether the colours differ between heads.
 * @property {('norms' | 'patches' | 'scores')[]} needs Arrays of the context that must be there.
 * @property {'kinds' | 'ramp' | 'shared ramp' | 'log ramp' | 'cycle' | 'classes' | 'pixels'} scale
 *   Named values always use the scale of classes.
 * @property {(context: ColorContext) => ArrayLike<number> | Classes} [values] One number a token,
 *   or (cell, point) where perHead; NaN = none.
 * @property {boolean} [isColumn] Whether it is a column of the corpus.
 * @property {boolean} [isSearch] Whether it depends on the search.
 * @property {boolean} [isOfPairs] Whether it needs a dataset with labelled pairs.
 * @property {boolean} [isHeadOnly] Whether it is only available in an open head.
 * @property {string} [note] Note in the legend.
 * @property {(value: number) => string} [format] A value as text.
 */

/** @type {readonly ColorMode[]} */
export const COLOR_MODES = Object.freeze([
  {
    name: 'patch',
    label: 'Patch',
    help: 'Image of each patch, or its mean colour where there is no room.',
    modality: 'image',
    perHead: false,
    needs: ['patches'],
    scale: 'pixels',
    note: 'Patches in their own colours.',
  },
  {
    name: 'type',
    label: 'Query or key',
    help: 'One colour for queries, one for keys.',
    modality: 'any',
    perHead: false,
    needs: [],
    scale: 'kinds',
    note: '',
  },
  {
    name: 'token-type',
    label: 'Patch or word',
    help: 'One colour for patches, one for words, one for special tokens.',
    modality: 'image-text',
    perHead: false,
    needs: [],
    scale: 'classes',
    values: tokenTypes,
    note: 'darker: query, lighter: key',
  },
  {
    name: 'position',
    label: 'Position',
    help: 'Relative position in the sequence, from 0 (first) to 1 (last).',
    modality: 'text',
    isOfWords: true,
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: relativePositions,
    note: 'first to last token',
    format: (value) => value.toFixed(2),
  },
  {
    name: 'position-mod-5',
    label: 'Position modulo 5',
    help: 'Remainder of the position divided by 5; shows short-range patterns.',
    modality: 'text',
    perHead: false,
    needs: [],
    scale: 'classes',
    values: positionsModulo5,
    note: 'darker: query, lighter: key',
    format: String,
  },
  {
    name: 'norm',
    label: 'Norm',
    help: 'Norm of the query or key vector before alignment, within its head.',
    modality: 'any',
    perHead: true,
    needs: ['norms'],
    scale: 'ramp',
    values: ({ norms }) => norms ?? [],
    note: 'shortest to longest vector of the head',
    format: (value) => value.toPrecision(3),
  },
  {
    name: 'norm-shared',
    label: 'Norm, one scale',
    help: 'Norm of the query or key vector, on one scale for both kinds of its head.',
    modality: 'any',
    perHead: true,
    needs: ['norms'],
    scale: 'shared ramp',
    values: ({ norms }) => norms ?? [],
    note: 'shortest to longest vector of the head, queries and keys alike',
    format: (value) => value.toPrecision(3),
  },
  {
    name: 'attention',
    label: 'Attention in the head',
    help:
      'Queries: weight of the strongest key. Keys: attention received; 1 is the mean of a ' +
      'sequence. Needs an open head.',
    modality: 'any',
    perHead: true,
    needs: ['scores'],
    isHeadOnly: true,
    scale: 'ramp',
    values: ({ scores }) => scores ?? [],
    note: 'queries: weight of the strongest key; keys: sum of the weights they receive',
    format: (value) => value.toFixed(3),
  },
  {
    name: 'frequency',
    label: 'Token frequency',
    help: 'Occurrences of the token in the corpus.',
    modality: 'text',
    isOfWords: true,
    perHead: false,
    needs: [],
    scale: 'log ramp',
    values: tokenCounts,
    note: 'occurrences in the corpus, logarithmic',
    format: String,
  },
  {
    name: 'punctuation',
    label: 'Punctuation',
    help: 'Punctuation, symbols and special tokens against the rest.',
    modality: 'text',
    perHead: false,
    needs: [],
    scale: 'classes',
    values: punctuation,
    note: 'darker: query, lighter: key',
  },
  {
    name: 'token-length',
    label: 'Token length',
    help: 'Characters of the token; special tokens have none.',
    modality: 'text',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: tokenLengths,
    note: 'characters of the token',
    format: String,
  },
  {
    name: 'sentence-length',
    label: 'Sentence length',
    help: 'Tokens of the sentence.',
    modality: 'text',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: sequenceLengths,
    note: 'tokens of the sentence',
    format: String,
  },
  {
    name: 'first-letter',
    label: 'First letter',
    help: 'First letter of the token; digits are one class.',
    modality: 'text',
    isOfWords: true,
    perHead: false,
    needs: [],
    scale: 'classes',
    values: firstLetters,
    note: 'the ten most frequent; darker: query, lighter: key',
  },
  {
    name: 'sequence',
    label: 'Sentence',
    help: 'Sentence of the token, in corpus order.',
    modality: 'text',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: sequenceNumbers,
    note: 'first to last sentence of the corpus',
    format: String,
  },
  {
    name: 'hue',
    label: 'Hue',
    help: 'Mean hue of the patch, around the colour circle.',
    modality: 'image',
    perHead: false,
    needs: [],
    scale: 'cycle',
    values: ({ tokens }) => orNaN(tokens.hue),
    note: 'red, yellow, green, blue and back to red; darker: query, lighter: key',
    format: (value) => `${Math.round(360 * value)}°`,
  },
  {
    name: 'brightness',
    label: 'Brightness',
    help: 'Mean brightness of the patch, from 0 (black) to 1.',
    modality: 'image',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: ({ tokens }) => orNaN(tokens.brightness),
    note: 'darkest to brightest patch',
    format: (value) => value.toFixed(2),
  },
  {
    name: 'row',
    label: 'Row',
    help: 'Row of the patch in its image.',
    modality: 'image',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: ({ tokens }) => orNaN(tokens.row),
    note: 'top to bottom',
    format: String,
  },
  {
    name: 'column',
    label: 'Column',
    help: 'Column of the patch in its image.',
    modality: 'image',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: ({ tokens }) => orNaN(tokens.column),
    note: 'left to right',
    format: String,
  },
  {
    name: 'image',
    label: 'Image',
    help: 'Image of the patch, in corpus order.',
    modality: 'image',
    perHead: false,
    needs: [],
    scale: 'ramp',
    values: sequenceNumbers,
    note: 'first to last image of the corpus',
    format: String,
  },
  {
    name: 'pair-label',
    label: 'Pair label',
    help: 'Name of the first labelled pair that the token is of.',
    modality: 'any',
    perHead: false,
    needs: [],
    scale: 'classes',
    values: pairNames,
    isOfPairs: true,
    note: 'darker: query, lighter: key',
  },
  {
    name: 'search',
    label: 'Search',
    help: 'Search hits, one colour per term.',
    modality: 'any',
    perHead: false,
    needs: [],
    scale: 'classes',
    values: searchTerms,
    isSearch: true,
    note: 'one colour per search term; darker: query, lighter: key',
  },
]);

/** Prefix of modes that are columns of the corpus. */
const COLUMN = 'column:';

/**
 * Arrays that must be loaded for a mode; none if the mode is unknown.
 *
 * @param {string | null} name
 */
export function needsOf(name) {
  return COLOR_MODES.find((mode) => mode.name === name)?.needs ?? [];
}

/** Whether a mode has one scale for queries and keys. @param {string | null} name */
export function hasSharedScale(name) {
  return COLOR_MODES.find((mode) => mode.name === name)?.scale === 'shared ramp';
}

/**
 * The modes of a dataset, in the order in which they are offered; the first is the default.
 * @param {'text' | 'image' | 'image-text'} modality
 * @param {readonly string[]} [columns] Of its corpus.
 * @param {boolean} [hasPairs] Whether it has labelled pairs.
 * @param {boolean} [hasVectors] Whether it has queries and keys, at least of a sample.
 * @returns {ColorMode[]}
 */
export function modesFor(modality, columns = [], hasPairs = false, hasVectors = true) {
  const offered = COLOR_MODES.filter(
    ({ isOfPairs, needs }) => (hasPairs || !isOfPairs) && (hasVectors || !needs.includes('scores')),
  );
  return [
    ...offered.filter((mode) =>
      modality === 'image-text'
        ? mode.modality !== 'text' || mode.isOfWords
        : ['any', modality].includes(mode.modality),
    ),
    ...columns.map(columnMode),
  ];
}

/** @param {string} column @returns {ColorMode} */
function columnMode(column) {
  return {
    name: `${COLUMN}${column}`,
    label: column,
    help: 'A column of the corpus.',
    modality: 'any',
    perHead: false,
    needs: [],
    scale: 'ramp',
    isColumn: true,
    values: (context) => columnOf(context, column),
    note: 'column of the corpus',
    format: String,
  };
}

/**
 * @param {string} name
 * @returns {ColorMode}
 * @throws {RangeError} If there is no such mode.
 */
export function modeNamed(name) {
  if (name.startsWith(COLUMN)) return columnMode(name.slice(COLUMN.length));
  const mode = COLOR_MODES.find((candidate) => candidate.name === name);
  if (!mode)
    throw new RangeError(
      `no colour mode "${name}"; there are ${COLOR_MODES.map((known) => known.name).join(', ')}`,
    );
  return mode;
}

/**
 * Colour all points by a mode.
 * @param {string} name
 * @param {ColorContext} context
 * @returns {{colors: Uint32Array, perCell: boolean, legend: Legend}} Packed RGBA, (point) shared by
 *   all cells or (cell, point) where perCell.
 * @throws {RangeError} If the mode is unknown, or if something that it needs is missing.
 */
export function colorPoints(name, context) {
  const mode = modeNamed(name);
  for (const need of mode.needs) {
    if (!context[need])
      throw new RangeError(`the colour mode "${mode.label}" needs ${need}, which are not there`);
  }
  const palette = canvasPalette(context.theme, context.palette);
  const nTokens = context.drawn?.length ?? context.tokens.position.length;
  const layout = {
    nTokens,
    drawn: context.drawn,
    nCells: mode.perHead ? context.nCells : 1,
    perHead: mode.perHead,
  };
  const colors = new Uint32Array(2 * nTokens * layout.nCells);
  const { values, labels, other } = valuesOf(mode, context);
  const legend = SCALES[labels ? 'classes' : mode.scale]({
    mode,
    context,
    palette,
    layout,
    colors,
    values,
    classes: labels ? { labels, other } : null,
  });
  return { colors, perCell: mode.perHead, legend };
}

/**
 * Format the value of one point, for the tooltip.
 * @param {string} name
 * @param {ColorContext} context
 * @param {number} point
 * @param {number} [cell]
 * @returns {string} Empty if the point has no value.
 */
export function formatValue(name, context, point, cell = 0) {
  const mode = modeNamed(name);
  const isKnown =
    mode.values && (!mode.isSearch || context.found) && mode.needs.every((need) => context[need]);
  if (!isKnown) return '';
  const nTokens = context.drawn?.length ?? context.tokens.position.length;
  const token = context.drawn ? context.drawn[point % nTokens] : point % nTokens;
  return mode.perHead
    ? formatHeadValue(mode, context, cell * 2 * nTokens + point)
    : formatTokenValue(mode, context, token);
}

/** @param {ColorMode} mode @param {ColorContext} context @param {number} token */
function formatTokenValue(mode, context, token) {
  const { values, labels, other } = valuesOf(mode, context);
  const value = values[token];
  if (value === undefined || Number.isNaN(value)) return '';
  return labels ? (labels[value] ?? other ?? '') : (mode.format?.(value) ?? '');
}

/** @param {ColorMode} mode @param {ColorContext} context @param {number} at */
function formatHeadValue({ format, needs }, { norms, scores }, at) {
  const values = needs.includes('scores') ? scores : norms;
  if (values instanceof Uint8Array) return `${Math.round((values[at] / 255) * 100)} % of the range`;
  return values && format && !Number.isNaN(values[at]) ? format(values[at]) : '';
}

/**
 * The values of a mode, as classes or as numbers. Values that depend only on columns are computed
 * once.
 * @param {ColorMode} mode
 * @param {ColorContext} context
 * @returns {{values: ArrayLike<number>, labels: string[] | null, other: string | null}}
 */
function valuesOf(mode, context) {
  const compute = () => {
    const found = mode.values?.(context) ?? [];
    return 'labels' in found ? found : { values: found, labels: null, other: null };
  };
  return mode.perHead || mode.isSearch ? compute() : cached(context.tokens, mode.name, compute);
}

/**
 * Reorder rows that begin with a query and a key number into the order of points.
 * @param {Float32Array} rows (token, width)
 * @param {number} width
 * @returns {Float32Array} All queries, then all keys.
 */
export function queriesThenKeys(rows, width) {
  const nTokens = rows.length / width;
  const ordered = new Float32Array(2 * nTokens);
  for (let token = 0; token < nTokens; token++) {
    ordered[token] = rows[width * token];
    ordered[nTokens + token] = rows[width * token + 1];
  }
  return ordered;
}
