/** Labels shared by several views: heads, measures, tokens. */

import { rowLabel, rowName, textLength } from '../compute/head_parts.js';
import { countHeads, isUniform } from '../compute/model_heads.js';
import { count, counted } from '../compute/number_text.js';
import { withShown } from '../compute/characters.js';

/** @import { DatasetEntry, Fidelity, HeadId, Tokens } from '../page.js' */
/** @import { Model } from '../compute/model_heads.js' */
/** @import { Kind } from '../types.js' */

/** How maps that are read by dot products of coordinates rank keys. */
export const PRODUCT_NEARNESS =
  'This map ranks a key higher for a query the farther out it lies in the query’s direction, ' +
  'which the arrow from the origin (+) shows: the longer its projection there, the higher its ' +
  'score.';

/**
 * Below this recall, on average fewer than one of a query's ten strongest keys is near it: nearness
 * must not be read as attention.
 */
export const MISLEADING_RECALL = 0.1;

/** @param {Fidelity | null} fidelity */
export function isMisleading(fidelity) {
  return (
    fidelity !== null && fidelity.recall_at_10 !== null && fidelity.recall_at_10 < MISLEADING_RECALL
  );
}

/**
 * A measure with two decimals; undefined measures are labelled as such.
 *
 * @param {number | null | undefined} value
 */
export function formatMeasure(value) {
  return value === null || value === undefined ? 'n/a' : value.toFixed(2).replace('-', '−');
}

/**
 * How many heads a model has: "12 × 12 heads", or of all layers where these differ.
 *
 * @param {Model} model
 * @param {boolean} [isLong] whether layers are named in either case
 */
export function formatModelSize(model, isLong = false) {
  const layers = counted(model.n_layers, 'layer');
  if (!isUniform(model)) return `${layers}, ${counted(countHeads(model), 'head')}`;
  return `${isLong ? layers : model.n_layers} × ${counted(model.n_heads, 'head')}`;
}

/**
 * Definition of the distance between heads in their map and lists.
 *
 * @param {number} nRows compared rows
 */
export function formatDistance(nRows) {
  return (
    `root of the mean Jensen–Shannon divergence of attention over ${count(nRows)} rows (Clark ` +
    'et al. 2019 take the sum over rows and documents)'
  );
}

/** @typedef {readonly object[] | null | undefined} Layers of the manifest, if it is known */

/** @param {HeadId} at @param {Layers} layers */
export function formatHead({ layer, head }, layers) {
  return `${rowLabel(layers, layer)}, head ${head}`;
}

/**
 * Accessible name of a head in the grid. It begins with the visible label, as voice control
 * requires (WCAG 2.5.3).
 *
 * @param {HeadId} at
 * @param {Fidelity | null} fidelity null until the map is loaded
 * @param {boolean} isReady
 * @param {{words: string, label: string, more: string[]} | null} [score] measure shown instead of
 *   its recall, with its description
 * @param {Layers} [layers]
 */
export function formatCell(at, fidelity, isReady, score = null, layers = null) {
  const [title, name] = [formatTitle(at, layers), formatHead(at, layers).toLowerCase()];
  const recall = fidelity && `${formatMeasure(fidelity.recall_at_10)} recall@10`;
  const warning = isMisleading(fidelity) ? 'nearness is not attention here' : null;
  if (score) {
    const parts = [
      `${title} ${score.words} ${score.label}`,
      name,
      ...score.more,
      isReady ? recall : 'map not computed yet',
      warning,
    ];
    return parts.filter((part) => part !== null).join(', ');
  }
  if (!isReady) return `${title}, ${name}, not computed yet`;
  return [`${title}${recall ? ` ${recall}` : ''}`, name, warning]
    .filter((part) => part !== null)
    .join(', ');
}

/** Visible label of a head in the grid. @param {HeadId} at @param {Layers} layers */
export function formatTitle({ layer, head }, layers) {
  return `${rowName(layers, layer)} H${head}`;
}

/** A head in the name of a file. @param {HeadId} at @param {Layers} layers */
export function headFileName({ layer, head }, layers) {
  return `${rowName(layers, layer)}-H${head}`;
}

/** @param {'text' | 'image' | 'image-text'} modality */
export function sequenceWord(modality) {
  return modality === 'text' ? 'sentence' : 'image';
}

/** What the kinds of lines and rings over the map of a head are called. */
export const MARK_LABELS = Object.freeze({
  /** @param {string} word for a sequence */
  attention: (word) => `attention in this ${word}`,
  corpus: 'highest q·k in the corpus',
  nearest: 'nearest in this map',
  pairs: 'labelled pairs',
});

/**
 * Why a build ended without a dataset, and what to do.
 *
 * @param {DatasetEntry} entry
 */
export function formatEnd({ state, reason }) {
  const end = (reason ?? '').replace(/[.!]?$/, '.');
  const isAdvised = state === 'stopped' || end.includes('same command');
  return (
    `The build ${state}: ` +
    `${end}${isAdvised ? '' : ' Once that is mended, the same command goes on.'}`
  );
}

/**
 * Name of a token without text, such as a patch.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function formatTokenName(tokens, token) {
  const type = tokens.tokenType.at(token);
  if (type === 'patch')
    return `patch, row ${tokens.row?.[token]}, column ${tokens.column?.[token]}`;
  if (type === 'class') return 'class token';
  if (type === 'register') return 'register';
  return tokens.text.at(token);
}

/**
 * Visible text of a token; for an unknown word, with the original text.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function formatToken(tokens, token) {
  if (!isOwnText(tokens, token)) return formatTokenName(tokens, token);
  return visibleToken(tokens.text.at(token), tokens.surface?.at(token));
}

/**
 * @param {string} text of the token
 * @param {string | null} [surface] original text of an unknown word
 */
export function visibleToken(text, surface) {
  const shown = withShown(text, visibleText);
  return typeof surface === 'string' ? `${shown} (${visibleText(surface)})` : shown;
}

/**
 * Where a token is in its text: "position 3 of 7".
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function formatPosition(tokens, token) {
  const text = tokens.isTarget
    ? ` of the ${tokens.isTarget[token] ? 'target' : 'source'} text`
    : '';
  return `position ${tokens.position[token] + 1} of ${textLength(tokens, token)}${text}`;
}

/**
 * Whether the label of a token is its own text and not a generated name.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function isOwnText(tokens, token) {
  return tokens.tokenType.at(token) === 'text' || tokens.tokenType.at(token) === 'special';
}

/**
 * Whether a token is one of a text, and no class token or register of an image.
 *
 * @param {Tokens} tokens
 * @param {number} token
 */
export function isWord(tokens, token) {
  return isOwnText(tokens, token) && (tokens.row === null || tokens.isMixed === true);
}

/**
 * Invisible characters: spaces, controls, combining marks, joiners, fillers and the blank Braille
 * pattern.
 */
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Mn}\p{DI}\u2800]/gu;

/**
 * Make text of the corpus visible: line ends and tabs as symbols, invisible characters as code
 * points.
 *
 * @param {string} text
 */
export function visibleText(text) {
  const shown = text.replaceAll('\n', '⏎').replaceAll('\r', '␍').replaceAll('\t', '⇥');
  if (shown.replace(INVISIBLE, '') !== '') return shown;
  if (shown === '') return '∅';
  return [...shown]
    .map((char) =>
      char === ' ' ? '␣' : `U+${char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`,
    )
    .join(' ');
}

/** @param {Kind} kind @returns {Kind} */
export function kindOther(kind) {
  return kind === 'query' ? 'key' : 'query';
}

/**
 * @param {string} text
 * @param {number} longest
 */
export function clipped(text, longest) {
  const characters = [...text.slice(0, 2 * longest + 2)];
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : text;
}

/** @param {string} text */
export function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Capitalise the text and end it with a full stop. @param {string} text */
export function sentence(text) {
  return `${capital(text)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
