/** Histograms. */

/**
 * Counts of values in bins of equal width; the last bin includes its upper end.
 *
 * @param {Float64Array} values NaN where there is none
 * @param {readonly [number, number]} range
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
 * @param {readonly [number, number]} range
 * @param {number} nBins
 */
export function binOf(value, range, nBins) {
  return Math.min(nBins - 1, Math.max(0, Math.floor(shareOf(value, range) * nBins)));
}

/**
 * Position of a value in a range, 0..1; 0.5 if the range is empty.
 *
 * @param {number} value
 * @param {readonly [number, number]} range
 */
export function shareOf(value, [low, high]) {
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}
