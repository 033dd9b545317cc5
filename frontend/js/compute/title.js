/** Sizes in the grid that layout and drawing share. */

/** Height of the line with title and fidelity above each head. */
export const TITLE_PX = 18;
