/** Which connections of an image are drawn, drawing them, and what is said of them. */

import { count, counted } from '../compute/number_text.js';
import { formatMean } from '../data/mean_text.js';
import { nCorpusSequences } from '../data/user_sequence_text.js';
import {
  linksFrom,
  MAX_LINKS,
  MIN_ALONE,
  MIN_STRONGEST,
  paintLinks,
  strongestOfEach,
} from '../render/image_links.js';
import { emptyPen } from '../ui/dom.js';
import { formatTokenName } from '../ui/labels.js';
import { weightsOf } from './image_weights.js';

/** @import { Shown } from './panel.js' */
/** @import { Link, Place, Spot } from '../render/image_links.js' */

/**
 * @typedef {{links: Link[], nAll: number, alone: Place | null}} Connections `nAll` counts those
 *   that are not drawn, too; `alone` is the token whose connections alone are drawn
 */

/**
 * The connections that are drawn.
 *
 * @param {Shown} shown
 * @param {Place | null} isolated the token that is pointed at
 * @returns {Connections}
 */
export function connectionsOf(shown, isolated) {
  const { at, imageLinks, imageThreshold } = shown.state;
  const weights = weightsOf(shown);
  if (!at || imageLinks === 'heat' || !weights) return { links: [], nAll: 0, alone: null };
  const threshold = imageLinks === 'all' ? Math.max(MIN_ALONE, imageThreshold) : MIN_ALONE;
  const links =
    imageLinks === 'all' || isolated
      ? linksFrom(weights, threshold, isolated)
      : strongestOfEach(weights, shown.selected.kind);
  return { links: links.slice(-MAX_LINKS), nAll: links.length, alone: isolated };
}

/**
 * Draw connections between the buttons of tokens.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Connections} connections
 * @param {Shown} shown
 * @param {readonly HTMLElement[]} buttons of all tokens of the image
 * @param {number} patchPx width of a patch, CSS pixels
 */
export function paintConnections(canvas, { links, alone }, shown, buttons, patchPx) {
  const { state, tokens, start, n } = shown;
  const isShown = state.imageLinks !== 'heat' && state.at !== null;
  canvas.hidden = !isShown;
  const pen = isShown ? emptyPen(canvas) : null;
  if (!pen) return;
  paintLinks(pen, links, {
    spotOf: middlesOf(buttons, canvas.getBoundingClientRect()),
    classPosition: tokens.tokenType.slice(start, start + n).indexOf('class'),
    patch: patchPx,
    isByWeight: state.imageLinks === 'all' || alone !== null,
  });
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
export function formatConnections(shown, { links, nAll, alone }, isFailed) {
  const { state, selected, mean, tokens, start, n } = shown;
  if (!state.at) return '';
  const meanOver = state.isImageMean
    ? formatMean(shown, isFailed, nCorpusSequences(tokens), 'image')
    : '';
  if (state.isImageMean && !mean) return meanOver;
  const over = meanOver && ` ${meanOver}`;
  if (state.imageLinks === 'heat') {
    return selected.kind === 'query'
      ? `Attention that the selected query pays to each key.${over}`
      : `Attention that the selected key receives from each query.${over}`;
  }
  const cut = nAll > links.length ? `, the ${count(links.length)} strongest drawn` : '';
  const each =
    selected.kind === 'query'
      ? 'The strongest key of every query'
      : 'The strongest query of every key';
  if (alone) {
    const from = state.imageLinks === 'all' ? Math.max(MIN_ALONE, state.imageThreshold) : MIN_ALONE;
    return (
      `${alone.kind === 'query' ? 'What is attended to by' : 'What attends to'} the ` +
      `${formatTokenName(tokens, start + alone.position)}, from a weight of ${from} on: ` +
      `${counted(nAll, 'connection')}.${over}`
    );
  }
  const what =
    state.imageLinks === 'strongest'
      ? `${each}, from a weight of ${MIN_STRONGEST} on`
      : 'All connections';
  const hasClass = tokens.tokenType.slice(start, start + n).includes('class');
  const square = hasClass ? '; square: to the class token' : '';
  const signs = `Arrow: from query to key; circle: to itself${square}.`;
  return `${what}: ${counted(nAll, 'connection')}${cut}. ${signs}${over}`;
}
