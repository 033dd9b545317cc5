/** All heads as small squares in a column of some width: where each is, and which is where. */

/** Least and largest distance between squares, CSS pixels; layers with several lines have a gap. */
const [MIN_PITCH, MAX_PITCH, SORTED_PITCH] = [26, 56, 44];
const LAYER_GAP = 6;
/** Room above and left of squares for the tick of the selected token. */
const TICK_PX = 4;
/** Room at the left for the number of a layer. */
export const LAYER_LABEL_PX = 26;

/**
 * @typedef {object} Squares
 * @property {number} pitch from one square to the next
 * @property {number} columns
 * @property {number} left of the first column
 * @property {number} height of all
 * @property {number} n
 * @property {(slot: number) => {x: number, y: number}} placeOf upper left corner
 * @property {(x: number, y: number) => number} slotAt -1: none
 * @property {(top: number, bottom: number) => [first: number, end: number]} within slots that may
 *   be in sight, whole lines
 */

/**
 * Squares layer by layer, each layer on as many lines as it needs, or all in one order.
 *
 * @param {{nLayers: number, nHeads: number, n?: number}} model `n`: squares of all layers
 * @param {number} width
 * @param {boolean} isSorted
 * @returns {Squares}
 */
export function layoutSquares({ nLayers, nHeads, n = nLayers * nHeads }, width, isSorted) {
  const left = isSorted ? TICK_PX : LAYER_LABEL_PX;
  const room = Math.max(MIN_PITCH, width - left);
  const most = Math.max(1, Math.floor(room / (isSorted ? SORTED_PITCH : MIN_PITCH)));
  const perGroup = isSorted ? n : nHeads;
  const lines = Math.ceil(perGroup / most);
  const columns = Math.ceil(perGroup / lines);
  const pitch = Math.min(MAX_PITCH, Math.floor(room / columns));
  const gap = !isSorted && lines > 1 ? LAYER_GAP : 0;
  const groupHeight = lines * pitch + gap;
  const nGroups = isSorted ? 1 : nLayers;

  return {
    pitch,
    columns,
    left,
    height: TICK_PX + nGroups * groupHeight - gap,
    n,
    placeOf(slot) {
      const [group, at] = [Math.floor(slot / perGroup), slot % perGroup];
      return {
        x: left + (at % columns) * pitch,
        y: TICK_PX + group * groupHeight + Math.floor(at / columns) * pitch,
      };
    },
    slotAt(x, fromTop) {
      const [column, y] = [Math.floor((x - left) / pitch), fromTop - TICK_PX];
      const group = Math.floor(y / groupHeight);
      const line = Math.floor((y - group * groupHeight) / pitch);
      const at = line * columns + column;
      if (column < 0 || column >= columns || group < 0 || group >= nGroups) return -1;
      return line < lines && at < perGroup ? group * perGroup + at : -1;
    },
    within(top, bottom) {
      const lineOf = (/** @type {number} */ y) => {
        const group = Math.min(nGroups - 1, Math.max(0, Math.floor(y / groupHeight)));
        const line = Math.min(lines, Math.max(0, Math.floor((y - group * groupHeight) / pitch)));
        return { group, line };
      };
      const [first, last] = [lineOf(top - TICK_PX), lineOf(bottom - TICK_PX)];
      return [
        first.group * perGroup + Math.min(perGroup, first.line * columns),
        last.group * perGroup + Math.min(perGroup, (last.line + 1) * columns),
      ];
    },
  };
}
