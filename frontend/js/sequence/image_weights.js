/** Weights between the selected patch of an image and the others. */

/** @import { Shown } from './panel.js' */

/** What is drawn: the weights of this image, or the mean. @param {Shown} shown */
export function weightsOf({ state, attention, mean }) {
  return state.isImageMean ? mean : attention;
}

/**
 * The weight between the selected token and another; null while it is not known.
 *
 * @param {Shown} shown
 * @param {number} position in the image
 */
export function weightOf(shown, position) {
  const weights = weightsOf(shown);
  if (!weights) return null;
  const chosen = shown.selected.token - shown.start;
  return shown.selected.kind === 'query'
    ? weights.pattern[chosen * weights.n + position]
    : weights.pattern[position * weights.n + chosen];
}
