/** The mean weight by offset of a head: known offsets, reliable values and axis ticks. */

/** @import { OffsetProfile } from '../page.js' */

/** Possible intervals of axis ticks, in offsets. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

const MAX_TICKS = 7;

/** Means of fewer rows are unreliable: their bars are pale and do not set the scale. */
const FEW_ROWS = 10;

/**
 * The profile trimmed to offsets that any row has: causal models have no positive ones, short
 * sentences no large ones.
 *
 * @param {OffsetProfile} profile
 * @returns {OffsetProfile | null}
 */
export function knownPart({ offsets, weights, n_rows: nRows }) {
  const first = weights.findIndex((weight) => weight !== null);
  const end = weights.findLastIndex((weight) => weight !== null) + 1;
  return first < 0
    ? null
    : {
        offsets: offsets.slice(first, end),
        weights: weights.slice(first, end),
        n_rows: nRows.slice(first, end),
      };
}

/**
 * @param {OffsetProfile} profile
 * @returns {number} index of the largest reliable weight, else of the largest; -1 where there is
 *   none
 */
export function strongestOffset(profile) {
  const { weights } = profile;
  /** @param {(i: number) => boolean} counts */
  const strongest = (counts) =>
    weights.reduce(
      (/** @type {number} */ best, weight, i) =>
        weight !== null && counts(i) && weight > (best < 0 ? -1 : (weights[best] ?? -1)) ? i : best,
      -1,
    );
  const firm = strongest((i) => isFirm(profile, i));
  return firm < 0 ? strongest(() => true) : firm;
}

/** Whether a weight is a mean of enough rows. @param {OffsetProfile} profile @param {number} i */
export function isFirm({ n_rows: nRows }, i) {
  return nRows[i] >= FEW_ROWS;
}

/**
 * Axis ticks: zero and round offsets on both sides.
 *
 * @param {readonly number[]} offsets rising by 1
 * @returns {{i: number, label: string}[]}
 */
export function ticksOf(offsets) {
  const step = STEPS.find((each) => offsets.length / each <= MAX_TICKS) ?? STEPS[STEPS.length - 1];
  return offsets.flatMap((offset, i) =>
    offset % step === 0
      ? [{ i, label: offset > 0 ? `+${offset}` : String(offset).replace('-', '−') }]
      : [],
  );
}

/** Weight at full height. @param {OffsetProfile} profile */
export function largestOf(profile) {
  return Math.max(1e-9, profile.weights[strongestOffset(profile)] ?? 0);
}
