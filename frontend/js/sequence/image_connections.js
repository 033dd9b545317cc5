/** Which connections of an image are drawn, drawing them, and what is said of them. */

import { count, counted } from '../compute/number_text.js';
import { formatMean, hasMeans } from '../data/mean_text.js';
import {
  drawnLinks,
  MIN_ALONE,
  MIN_STRONGEST,
  paintLinks,
  paintWeights,
  writtenWeights,
} from '../render/image_links.js';
import { emptyPen } from '../ui/dom.js';
import { capital, formatTokenName } from '../ui/labels.js';
import { selectedPlace, weightsOf } from './image_weights.js';

/** @import { Shown } from './panel.js' */
/** @import { Link, Place, Spot } from '../render/image_links.js' */

/**
 * @typedef {{own: Link[], others: Link[], nAll: number, source: Place, isPointed: boolean}}
 *   Connections `own` are those of the source, which stand out; `nAll` counts those that are not
 *   drawn, too; `isPointed`: whether the source is the token that is pointed at
 */

/**
 * The connections that are drawn.
 *
 * @param {Shown} shown
 * @param {Place | null} pointed the token that is pointed at
 * @returns {Connections}
 */
export function connectionsOf(shown, pointed) {
  const { at, imageLinks, imageThreshold } = shown.state;
  const weights = weightsOf(shown);
  const source = pointed ?? selectedPlace(shown);
  const isPointed = pointed !== null;
  if (!at || imageLinks === 'heat' || !weights)
    return { own: [], others: [], nAll: 0, source, isPointed };
  const minWeight = imageLinks === 'all' ? Math.max(MIN_ALONE, imageThreshold) : null;
  return { ...drawnLinks(weights, source, minWeight), source, isPointed };
}

/**
 * Draw connections between the buttons of tokens, and the weights of the source.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Connections} connections
 * @param {Shown} shown
 * @param {readonly HTMLElement[]} buttons of all tokens of the image
 * @param {number} patchPx width of a patch, CSS pixels
 */
export function paintConnections(canvas, { own, others, source }, shown, buttons, patchPx) {
  const { state, tokens, start, n } = shown;
  const weights = weightsOf(shown);
  canvas.hidden = state.at === null || !weights;
  const pen = canvas.hidden ? null : emptyPen(canvas);
  if (!pen || !weights) return;
  const spotOf = middlesOf(buttons, canvas.getBoundingClientRect());
  const look = {
    spotOf,
    classPosition: tokens.tokenType.slice(start, start + n).indexOf('class'),
    patch: patchPx,
  };
  paintLinks(pen, others, { ...look, isByWeight: state.imageLinks === 'all', isFaint: true });
  paintLinks(pen, own, { ...look, isByWeight: true, isFaint: false });
  // The heat is of the selected token, whatever is pointed at.
  const told = state.imageLinks === 'heat' ? selectedPlace(shown) : source;
  const onPatches = writtenWeights(weights, told, patchPx).filter(
    ({ position }) => tokens.tokenType.at(start + position) === 'patch',
  );
  paintWeights(pen, onPatches, spotOf);
}

/**
 * The middle of each button, measured once.
 *
 * @param {readonly HTMLElement[]} buttons
 * @param {DOMRect} box
 */
function middlesOf(buttons, box) {
  /** @type {Map<number, Spot>} */
  const spots = new Map();
  return (/** @type {number} */ position) => {
    const known = spots.get(position);
    if (known) return known;
    const at = buttons[position].getBoundingClientRect();
    const spot = { x: at.left + at.width / 2 - box.left, y: at.top + at.height / 2 - box.top };
    spots.set(position, spot);
    return spot;
  };
}

/**
 * What is seen, in words.
 *
 * @param {Shown} shown
 * @param {Connections} drawn
 * @param {boolean} isFailed whether the mean could not be had
 */
export function formatConnections(shown, { own, others, nAll, source, isPointed }, isFailed) {
  const { state, selected, mean, tokens, start, n } = shown;
  if (!state.at) return '';
  const isMean = state.isImageMean && hasMeans(tokens);
  const meanOver = isMean ? formatMean(shown, isFailed) : '';
  if (isMean && !mean) return meanOver;
  const over = meanOver && ` ${meanOver}`;
  if (state.imageLinks === 'heat') {
    return selected.kind === 'query'
      ? `How much the selected query attends to each key.${over}`
      : `How much each query attends to the selected key.${over}`;
  }
  if (isPointed) {
    const from = state.imageLinks === 'all' ? Math.max(MIN_ALONE, state.imageThreshold) : MIN_ALONE;
    const name = formatTokenName(tokens, start + source.position);
    return (
      `${capital(name)} ${source.kind === 'query' ? 'attends to' : 'is attended by'} ` +
      `${counted(own.length, 'token')}, weight ≥ ${from}.${over}`
    );
  }
  const nDrawn = others.length + own.length;
  const cut = nAll > nDrawn ? `, the ${count(nDrawn)} strongest drawn` : '';
  const each =
    selected.kind === 'query'
      ? 'The strongest key of every query'
      : 'The strongest query of every key';
  const what =
    state.imageLinks === 'strongest' ? `${each}, weight ≥ ${MIN_STRONGEST}` : 'All connections';
  const hasClass = tokens.tokenType.slice(start, start + n).includes('class');
  const square = hasClass ? '; square: to the class token' : '';
  const signs = `Arrow: from query to key; circle: to itself${square}.`;
  return `${what}: ${counted(nAll, 'connection')}${cut}. ${signs}${over}`;
}
