/** Shapes that pass between the parts of the page. Choices live in State, arrays outside of it. */

/** Name of a projection method, as the server lists them. */
export type Method = string;
export type Dims = 2 | 3;
export type Kind = 'query' | 'key';

/** Pan and zoom in CSS pixels: screen = k * world + (x, y). */
export interface Transform {
  k: number;
  x: number;
  y: number;
}

/** Viewing angles of a 3-D map, radians. */
export interface Orbit {
  yaw: number;
  pitch: number;
}

/**
 * Square cells of the grid in world CSS pixels (top left corner and side); a head view is one cell.
 */
export interface Cells {
  n: number;
  x: Float32Array;
  y: Float32Array;
  size: Float32Array;
}

/** Flags of a point, combined as bits; shared by all cells. */
// 1 hidden, 2 dimmed, 4 hit (drawn larger, on top), 8 selected (ringed, on top), 16 the reader's
// own (largest of these, ringed)
export type PointFlag = 0 | 1 | 2 | 4 | 8 | 16;

/** Everything the renderer needs to draw once. Plain values; never mutated by the renderer. */
export interface Frame {
  width: number; // CSS px
  height: number; // CSS px
  ratio: number; // device pixels per CSS px
  dims: Dims;
  transform: Transform;
  orbit: Orbit;
  cells: Cells;
  ready: Uint8Array; // (cell) 1 where positions are there
  positions: Uint16Array; // (cell, point, dims), 0..65535, same scale on all axes
  from: Uint16Array | null; // same shape: where the points came from
  blend: number; // 0 = at `from`, 1 = at `positions`
  // (cell, 3) middle across, upwards, and side of the part of a flat map that fills its cell, 0..1;
  // null = all of it
  windows?: Float32Array | null;
  nPoints: number; // per cell
  nQueries: number; // points below this are queries (discs), the rest keys (diamonds)
  colors: Uint32Array; // RGBA little endian; (point) shared by all cells, or (cell, point)
  flags: Uint8Array; // (point) shared by all cells
  pointSize: number; // CSS px diameter
  sizes: Uint8Array | null; // (point) or (cell, point): 255 = 1 × pointSize; null = all 1
  // (cell, point) of points around it, in the steps of compute/density.js; 255: the cell has no
  // such point
  density: Uint8Array;
  opacity: number; // factor of the opacities that suit the density
  sprites: {
    rgb: Uint8Array;
    side: number;
    nTokens: number;
    outline?: number;
    fill?: number;
    // outline: CSS px, in the point's colour; fill: share of that colour in the picture, 0..1;
    // patch pixels (token, side, side, 3) instead of marks; prefix tokens (class, register) are
    // drawn as marks: `isSprite`
  } | null;
  isSprite: Uint8Array | null; // (token), in the order of the drawn tokens, like sprites.rgb
  background: [number, number, number];
  positionsVersion: number; // changes when cells, ready, positions, from or density change
  styleVersion: number; // changes when colors, flags, sizes or sprites change
  emphasis: number[]; // points drawn last, largest, with a ring (the clicked one, the hovered one)
  tiles?: Uint32Array | null; // (cell) packed colour that fills the cell behind its points; 0: none
  // colour of rings; dark on a light background and light on a dark one if absent
  ink?: [number, number, number];
}

export interface Renderer {
  readonly name: 'webgl2' | 'canvas2d';
  draw(frame: Frame): void;
  /** RGBA pixels of the canvas, for tests and for export. */
  readPixels(): Uint8ClampedArray;
  destroy(): void;
}
