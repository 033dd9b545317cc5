/** Weights between the selected patch of an image and the others. */

import { hasMeans } from '../data/mean_text.js';
import { weightBetween } from '../compute/hidden_tokens.js';

/** @import { Shown } from './panel.js' */

/** What is drawn: the weights of this image, or the mean. @param {Shown} shown */
export function weightsOf({ state, attention, mean, tokens }) {
  return state.isImageMean && hasMeans(tokens) ? mean : attention;
}

/** Where the selected token is in the image. @param {Shown} shown */
export function selectedPlace({ selected: { kind, token }, start }) {
  return { kind, position: token - start };
}

/**
 * The weight between the selected token and another; null while it is not known.
 *
 * @param {Shown} shown
 * @param {number} position in the image
 */
export function weightOf(shown, position) {
  const weights = weightsOf(shown);
  return weights && weightBetween(weights, selectedPlace(shown), position);
}
