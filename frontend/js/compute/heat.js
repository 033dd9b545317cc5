/** How opaque attention is drawn over a picture. */

/** The picture stays visible under little attention. @param {number} share */
export function heatAlpha(share) {
  return 0.12 + 0.73 * share;
}
