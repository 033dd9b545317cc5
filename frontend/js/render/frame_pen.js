/** Canvases that lie over the map. */

/** @typedef {import('../types.d.ts').Frame} Frame */

/**
 * Fit a canvas to the frame that is drawn below it; what it shows stays unless its size changes.
 * @param {HTMLCanvasElement} canvas
 * @param {Pick<Frame, 'height' | 'ratio' | 'width'>} frame
 * @returns {CanvasRenderingContext2D | null} Scaled to CSS pixels.
 */
export function framePen(canvas, { height, ratio, width }) {
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * ratio)));
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const pen = canvas.getContext('2d');
  pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}
