/** The mean weight by offset of a head: which offsets are known, firm, and ticked. */

/** @import { OffsetProfile } from '../page.js' */

/** Fewest offsets between two numbers of the axis. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

const MAX_TICKS = 7;

/** Fewer rows than this are chance: such bars are pale, and do not set the scale. */
const FEW_ROWS = 10;

/**
 * The offsets from the first to the last that any row has: a causal model has none ahead, short
 * sentences none far off.
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
 * @returns {number} index of the largest weight that is no chance, or of the largest; -1 where
 *   there is none
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

/** Whether a weight rests on enough rows. @param {OffsetProfile} profile @param {number} i */
export function isFirm({ n_rows: nRows }, i) {
  return nRows[i] >= FEW_ROWS;
}

/**
 * The offsets that have a number at the axis: zero, and round ones at both sides.
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

/** What the full height stands for. @param {OffsetProfile} profile */
export function largestOf(profile) {
  return Math.max(1e-9, profile.weights[strongestOffset(profile)] ?? 0);
}
