/** Histograms. */

/**
 * Lowest and highest value, and whether the axis between them is logarithmic.
 *
 * @typedef {readonly [low: number, high: number, isLog?: boolean]} Range
 */

/**
 * Counts of values in bins of equal width; the last bin includes its upper end.
 *
 * @param {Float64Array} values NaN where there is none
 * @param {Range} range
 * @param {number} nBins
 * @returns {Int32Array}
 */
export function histogramOf(values, range, nBins) {
  const counts = new Int32Array(nBins);
  for (const value of values) if (!Number.isNaN(value)) counts[binOf(value, range, nBins)]++;
  return counts;
}

/**
 * The bin of a value.
 *
 * @param {number} value
 * @param {Range} range
 * @param {number} nBins
 */
export function binOf(value, range, nBins) {
  return Math.min(nBins - 1, Math.max(0, Math.floor(shareOf(value, range) * nBins)));
}

/**
 * Position of a value on the axis of a range, 0..1; 0.5 if the range is empty.
 *
 * @param {number} value
 * @param {Range} range
 */
export function shareOf(value, [low, high, isLog]) {
  if (isLog) return shareOf(Math.log(value), [Math.log(low), Math.log(high)]);
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}

/**
 * The value at a position on the axis of a range: the reverse.
 *
 * @param {number} share
 * @param {Range} range
 */
export function valueAt(share, [low, high, isLog]) {
  return isLog ? low * (high / low) ** share : low + share * (high - low);
}
