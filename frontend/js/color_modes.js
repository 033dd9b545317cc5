/**
 * What the colour of a point can tell. One entry of COLOR_MODES is one mode: its words, what it needs, the value
 * of every token and the scale that turns values into colours. Everything else here is shared by all modes.
 */

import { SCALES } from './color_scales.js';
import { canvasPalette } from './colors.js';

/**
 * Columns of the tokens that modes read.
 * @typedef {object} TokenColumns
 * @property {ArrayLike<number>} tokenId
 * @property {ArrayLike<number>} sequence
 * @property {ArrayLike<number>} position
 * @property {ArrayLike<number> | null} row -1 where a token is no patch; null for text.
 * @property {ArrayLike<number> | null} column The same.
 * @property {{length: ArrayLike<number>}} sequences
 */
/**
 * @typedef {object} ColorContext
 * @property {TokenColumns} tokens Of the whole corpus.
 * @property {Int32Array | null} drawn Indices of the tokens that are drawn; null = all.
 * @property {number} nCells
 * @property {Uint8Array | Float32Array | null} [norms] (cell, point): Uint8 scaled per head and kind as the grid
 *   has them, or Float32 true norms of one head.
 * @property {{rgb: Uint8Array, side: number} | null} [patches] (token, side, side, 3).
 * @property {import('./colors.js').Theme} theme
 * @property {import('./colors.js').PaletteName} [palette]
 */
/**
 * @typedef {object} RampLegend
 * @property {'ramp'} kind
 * @property {string} title
 * @property {{label: string, stops: string[], range: [string, string]}[]} ramps From least to most.
 * @property {string} note What the ends mean, in words.
 * @property {{label: string, color: string} | null} missing Colour of points without a value, if there are any.
 */
/**
 * @typedef {object} SwatchLegend
 * @property {'swatches'} kind
 * @property {string} title
 * @property {{label: string, colors: string[], shapes: ('disc' | 'diamond')[]}[]} entries
 * @property {string} note
 */
/** @typedef {RampLegend | SwatchLegend} Legend */
/**
 * @typedef {object} ColorMode
 * @property {string} name Used in the address of a view.
 * @property {string} label Shown.
 * @property {string} help One sentence.
 * @property {'text' | 'image' | 'any'} modality
 * @property {boolean} perHead Whether the colours differ between heads.
 * @property {('norms' | 'patches')[]} needs Arrays of the context that must be there.
 * @property {'kinds' | 'fives' | 'ramp' | 'log ramp' | 'pixels'} scale
 * @property {(context: ColorContext) => ArrayLike<number>} [values] One number a token, or (cell, point) where
 *   perHead; NaN = none.
 * @property {string} [note] Words of the legend.
 * @property {(value: number) => string} [tell] A value in words.
 */

/** @type {readonly ColorMode[]} */
export const COLOR_MODES = Object.freeze([
  {
    name: 'patch', label: 'Patch', help: 'The pixels of each patch, or their mean where there is no room for a picture.',
    modality: 'image', perHead: false, needs: ['patches'], scale: 'pixels', note: 'Every patch in its own colours.',
  },
  {
    name: 'type', label: 'Query or key', help: 'Two colours: one for queries, one for keys.',
    modality: 'any', perHead: false, needs: [], scale: 'kinds', note: '',
  },
  {
    name: 'position', label: 'Position', help: 'How far along its sequence a token stands, from 0 (first) to 1 (last).',
    modality: 'text', perHead: false, needs: [], scale: 'ramp', values: relativePositions, note: 'first to last token',
    tell: (value) => value.toFixed(2),
  },
  {
    name: 'position-mod-5', label: 'Position modulo 5', help: 'The position divided by 5, what remains: shows short-range patterns.',
    modality: 'text', perHead: false, needs: [], scale: 'fives',
    values: ({ tokens }) => Float32Array.from(tokens.position, (position) => position % 5),
    note: 'dark: query, light: key', tell: String,
  },
  {
    name: 'norm', label: 'Norm', help: 'Length of the query or key vector before alignment, compared within its head.',
    modality: 'any', perHead: true, needs: ['norms'], scale: 'ramp',
    values: ({ norms }) => norms ?? [], note: 'shortest to longest vector of the head',
    tell: (value) => value.toPrecision(3),
  },
  {
    name: 'frequency', label: 'Token frequency', help: 'How often the same token occurs in the corpus.',
    modality: 'text', perHead: false, needs: [], scale: 'log ramp', values: tokenCounts,
    note: 'occurrences in the corpus, logarithmic', tell: String,
  },
  {
    name: 'row', label: 'Row', help: 'Row of the patch in its image.',
    modality: 'image', perHead: false, needs: [], scale: 'ramp', values: ({ tokens }) => orNaN(tokens.row),
    note: 'top to bottom', tell: String,
  },
  {
    name: 'column', label: 'Column', help: 'Column of the patch in its image.',
    modality: 'image', perHead: false, needs: [], scale: 'ramp', values: ({ tokens }) => orNaN(tokens.column),
    note: 'left to right', tell: String,
  },
]);

/**
 * The modes of a modality, in the order in which they are offered; the first is the default.
 * @param {'text' | 'image'} modality
 * @returns {ColorMode[]}
 */
export function modesFor(modality) {
  return COLOR_MODES.filter((mode) => mode.modality === modality || mode.modality === 'any');
}

/**
 * @param {string} name
 * @returns {ColorMode}
 * @throws {RangeError} If there is no such mode.
 */
export function modeNamed(name) {
  const mode = COLOR_MODES.find((candidate) => candidate.name === name);
  if (!mode) throw new RangeError(`no colour mode "${name}"; there are ${COLOR_MODES.map((known) => known.name).join(', ')}`);
  return mode;
}

/**
 * Colour all points by a mode.
 * @param {string} name
 * @param {ColorContext} context
 * @returns {{colors: Uint32Array, perCell: boolean, legend: Legend}} Packed RGBA, (point) shared by all cells or
 *   (cell, point) where perCell.
 * @throws {RangeError} If the mode is unknown, or if something that it needs is missing.
 */
export function colorPoints(name, context) {
  const mode = modeNamed(name);
  for (const need of mode.needs) {
    if (!context[need]) throw new RangeError(`the colour mode "${mode.label}" needs ${need}, which are not there`);
  }
  const palette = canvasPalette(context.theme, context.palette);
  const nTokens = context.drawn?.length ?? context.tokens.position.length;
  const layout = { nTokens, drawn: context.drawn, nCells: mode.perHead ? context.nCells : 1, perHead: mode.perHead };
  const colors = new Uint32Array(2 * nTokens * layout.nCells);
  const values = mode.values?.(context) ?? [];
  const legend = SCALES[mode.scale]({ mode, context, palette, layout, colors, values });
  return { colors, perCell: mode.perHead, legend };
}

/**
 * What a mode says of one point, for the tooltip.
 * @param {string} name
 * @param {ColorContext} context
 * @param {number} point
 * @param {number} [cell]
 * @returns {string} Empty where the mode has no value to tell.
 */
export function tellValue(name, context, point, cell = 0) {
  const mode = modeNamed(name);
  if (!mode.values || !mode.tell || mode.needs.some((need) => !context[need])) return '';
  const nTokens = context.drawn?.length ?? context.tokens.position.length;
  const token = point % nTokens;
  const at = mode.perHead ? cell * 2 * nTokens + point : context.drawn ? context.drawn[token] : token;
  if (mode.perHead && context.norms instanceof Uint8Array) return `${Math.round((context.norms[at] / 255) * 100)} % of the range`;
  const value = mode.values(context)[at];
  return Number.isNaN(value) ? '' : mode.tell(value);
}

/**
 * Norms of one head in the order of its points, from the array (token, 4) of the server.
 * @param {Float32Array} norms
 * @returns {Float32Array} All queries, then all keys.
 */
export function headNorms(norms) {
  const nTokens = norms.length / 4;
  const ordered = new Float32Array(2 * nTokens);
  for (let token = 0; token < nTokens; token++) {
    ordered[token] = norms[4 * token];
    ordered[nTokens + token] = norms[4 * token + 1];
  }
  return ordered;
}

/** @param {ColorContext} context @returns {Float32Array} */
function relativePositions({ tokens }) {
  const { position, sequence, sequences } = tokens;
  return Float32Array.from(position, (at, token) => at / Math.max(1, sequences.length[sequence[token]] - 1));
}

/** @param {ColorContext} context @returns {Float32Array} */
function tokenCounts({ tokens }) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let token = 0; token < tokens.tokenId.length; token++) {
    counts.set(tokens.tokenId[token], (counts.get(tokens.tokenId[token]) ?? 0) + 1);
  }
  return Float32Array.from(tokens.tokenId, (id) => counts.get(id) ?? 0);
}

/** @param {ArrayLike<number> | null} column @returns {Float32Array} */
function orNaN(column) {
  return Float32Array.from(column ?? [], (value) => (value < 0 ? NaN : value));
}
