/** State of a point as bit flags. */

/** Bits of Frame.flags. */
export const FLAG = Object.freeze({ hidden: 1, dimmed: 2, hit: 4, selected: 8, user: 16 });
