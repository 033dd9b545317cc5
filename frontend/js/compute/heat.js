/** Opacity of an attention heat map over an image. */

/** Low weights leave the image visible. @param {number} share */
export function heatAlpha(share) {
  return 0.12 + 0.73 * share;
}
