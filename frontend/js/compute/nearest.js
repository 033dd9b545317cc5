/**
 * Nearest points of the other kind in a map, compared with the strongest partners by attention
 * score.
 */

/** @import { Nearness } from '../page.js' */
/** @import { Dims } from '../types.js' */

/** Number of keys in recall@10. */
export const N_STRONGEST = 10;

/**
 * The map of one head.
 *
 * @typedef {{positions: Uint16Array, dims: Dims, nTokens: number, offset: number[], scale: number,
 *   nearness: Nearness}} DrawnMap
 */

/**
 * The points of the other kind nearest to a point, by the map's definition of nearness.
 *
 * @param {DrawnMap} map `nearness`: whether nearer is the smaller distance or the larger product of
 *   the coordinates
 * @param {number} point queries, then keys
 * @param {number} [k]
 * @returns {number[]} points, nearest first; ties: earlier token first
 */
export function nearestOthers(
  { positions, dims, nTokens, offset, scale, nearness },
  point,
  k = N_STRONGEST,
) {
  const first = point < nTokens ? nTokens : 0;
  const farness = new Float64Array(nTokens);
  for (let token = 0; token < nTokens; token++) {
    for (let axis = 0; axis < dims; axis++) {
      const [own, other] = [
        positions[point * dims + axis],
        positions[(first + token) * dims + axis],
      ];
      if (nearness === 'product')
        farness[token] -= (offset[axis] + scale * own) * (offset[axis] + scale * other);
      else farness[token] += (own - other) ** 2;
    }
  }
  const order = Uint32Array.from(farness, (_, token) => token).sort(
    (a, b) => farness[a] - farness[b] || a - b,
  );
  return Array.from(order.subarray(0, k), (token) => first + token);
}

/**
 * The strongest partners of a point as points, and how many of them are among the nearest.
 *
 * @param {readonly {token: number}[]} partners
 * @param {readonly number[]} nearest
 * @param {number} point
 * @param {number} nTokens
 * @param {Nearness} nearness of the map
 */
export function compareNearest(partners, nearest, point, nTokens, nearness) {
  const first = point < nTokens ? nTokens : 0;
  const strongest = partners.slice(0, N_STRONGEST).map(({ token }) => first + token);
  const nBoth = strongest.filter((other) => nearest.includes(other)).length;
  return { strongest, nearest, nBoth, nearness };
}

/** @typedef {ReturnType<typeof compareNearest>} Compared */

/**
 * @param {Compared} compared
 * @param {boolean} isQuery
 */
export function formatCompared({ strongest, nearest, nBoth, nearness }, isQuery) {
  const kind = isQuery ? 'keys' : 'queries';
  const ranked = nearness === 'product' ? 'ranked highest by this map' : 'nearest here';
  return (
    `${nBoth} of its ${strongest.length} strongest ${kind} (dashed) are among the ` +
    `${nearest.length} ${ranked} (rings).`
  );
}
