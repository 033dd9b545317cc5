/**
 * The colours of the canvas in light and dark, and the ramps of the colour modes.
 * Ramps run evenly in lightness (OKLCH: Björn Ottosson, "A perceptual color space for image
 * processing", 2020) and away from the background, so "more" always stands out more. Queries and
 * keys keep their own hues in every ramp. In the palette "safe" all colours of a mode differ by at
 * least 10 (CIEDE2000) from each other, from the greys and from the background, as people without
 * colour blindness see them, and with protanopia, deuteranopia or tritanopia (Machado, Oliveira and
 * Fernandes 2009).
 */

import { pack, unpack } from '../compute/rgba.js';
/** @typedef {[number, number, number]} Rgb Red, green, blue, 0..255. */
/** @typedef {[number, number, number]} Lch OKLCH: lightness 0..1, chroma, hue in degrees. */
/** @typedef {'light' | 'dark'} Theme */
/** @typedef {'safe' | 'classic'} PaletteName */
/**
 * @typedef {object} Palette
 * @property {Rgb} background Of the canvas.
 * @property {Rgb} ink Rings, lines and text on the canvas.
 * @property {number} neutral Points without a value, packed.
 * @property {[number, number]} kinds Colour of queries and of keys, packed.
 * @property {[number, number]} labels Text of queries and of keys on the canvas, packed.
 * @property {[Uint32Array, Uint32Array]} ramps 256 packed colours for queries and for keys, from
 *   least to most.
 * @property {[Uint32Array, Uint32Array]} classes Ten packed colours for queries, and lighter ones
 *   of the same hues for keys; the first five are the farthest apart.
 * @property {[number, number]} others Classes that have no hue of their own, for queries and for
 *   keys, packed.
 * @property {Uint32Array} layers 256 packed colours from the first layer of a model to the last;
 *   neither of queries nor of keys.
 * @property {Uint32Array} scores 256 packed colours for numbers of heads, from least to most; in
 *   neither kind's hue.
 * @property {[number, number]} signed Positive and negative differences, packed; of no kind's hue,
 *   the same in both palettes.
 * @property {[Uint32Array, Uint32Array]} cycles 256 packed colours around the colour circle from
 *   red, for queries and for keys.
 */

/** Number of colours in a ramp. */
export const RAMP_SIZE = 256;
/** The palettes one can choose between. */
export const PALETTE_NAMES = Object.freeze(['safe', 'classic']);

/**
 * @type {Record<Theme, {background: Rgb, ink: Rgb, neutral: Lch, others: [Lch, Lch], scores: Lch[],
 *   classes: [Lch[], Lch[]], cycles: [[number, number], [number, number]]}>} `cycles`: mean
 *   lightness, and chroma.
 */
const THEMES = {
  light: {
    background: [255, 255, 255],
    ink: [23, 25, 31],
    neutral: [0.68, 0.01, 260],
    others: [
      [0.52, 0.01, 260],
      [0.84, 0.01, 260],
    ],
    scores: [
      [0.95, 0.05, 115],
      [0.735, 0.125, 160],
      [0.52, 0.1, 215],
      [0.305, 0.13, 290],
    ],
    classes: [
      [
        [0.49, 0.192, 273],
        [0.32, 0.156, 179],
        [0.392, 0.218, 103],
        [0.544, 0.11, 25],
        [0.32, 0.153, 314],
        [0.397, 0.225, 2],
        [0.25, 0.197, 120],
        [0.42, 0.24, 223],
        [0.6, 0.24, 287],
        [0.374, 0.232, 280],
      ],
      [
        [0.64, 0.09, 272],
        [0.86, 0.17, 168],
        [0.626, 0.145, 98],
        [0.785, 0.125, 43],
        [0.86, 0.128, 306],
        [0.648, 0.123, 17],
        [0.86, 0.203, 98],
        [0.56, 0.139, 211],
        [0.743, 0.193, 284],
        [0.748, 0.052, 304],
      ],
    ],
    cycles: [
      [0.44, 0.2],
      [0.62, 0.17],
    ],
  },
  dark: {
    background: [17, 19, 24],
    ink: [244, 245, 248],
    neutral: [0.56, 0.01, 260],
    others: [
      [0.42, 0.01, 260],
      [0.7, 0.01, 260],
    ],
    scores: [
      [0.3, 0.12, 290],
      [0.505, 0.1, 235],
      [0.71, 0.125, 170],
      [0.915, 0.15, 110],
    ],
    classes: [
      [
        [0.554, 0.203, 273],
        [0.63, 0.1, 167],
        [0.572, 0.177, 81],
        [0.43, 0.162, 31],
        [0.43, 0.136, 327],
        [0.625, 0.151, 21],
        [0.675, 0.203, 93],
        [0.419, 0.204, 160],
        [0.434, 0.24, 273],
        [0.557, 0.075, 305],
      ],
      [
        [0.905, 0.099, 272],
        [0.801, 0.149, 158],
        [0.861, 0.176, 89],
        [0.96, 0.084, 27],
        [0.7, 0.072, 305],
        [0.775, 0.195, 44],
        [0.964, 0.187, 117],
        [0.798, 0.054, 169],
        [0.677, 0.193, 280],
        [0.806, 0.155, 297],
      ],
    ],
    cycles: [
      [0.54, 0.17],
      [0.8, 0.15],
    ],
  },
};

/**
 * From the first layer to the last: yellow over green to violet, and the other way on dark.
 *
 * @type {Record<Theme, Lch[]>}
 */
const LAYERS = {
  light: [
    [0.83, 0.15, 100],
    [0.6, 0.12, 175],
    [0.36, 0.15, 300],
  ],
  dark: [
    [0.46, 0.17, 300],
    [0.66, 0.12, 180],
    [0.92, 0.15, 105],
  ],
};

/** Positive and negative differences. @type {Record<Theme, [Lch, Lch]>} */
const SIGNED = {
  light: [
    [0.42, 0.22, 310],
    [0.62, 0.15, 150],
  ],
  dark: [
    [0.62, 0.22, 315],
    [0.84, 0.17, 150],
  ],
};

/**
 * Around the colour circle lightness differs from the mean by up to this much, lightest at this
 * hue: opposite hues that a colour blindness confuses differ in lightness.
 */
const CYCLE = Object.freeze({ swing: 0.2, lightest: 205 });

/** Lightness of labels: the contrast with the background is at least 4.5 (WCAG 2). */
const LABEL_LIGHTNESS = Object.freeze({ light: 0.46, dark: 0.82 });

/** @type {Record<PaletteName, Record<Theme, {kinds: [Lch, Lch], ramps: [Lch[], Lch[]]}>>} */
const PALETTES = {
  safe: {
    light: {
      kinds: [
        [0.53, 0.19, 257],
        [0.68, 0.19, 48],
      ],
      ramps: [
        [
          [0.82, 0.1, 205],
          [0.58, 0.16, 245],
          [0.3, 0.14, 272],
        ],
        [
          [0.86, 0.15, 88],
          [0.65, 0.19, 48],
          [0.36, 0.13, 25],
        ],
      ],
    },
    dark: {
      kinds: [
        [0.72, 0.14, 245],
        [0.78, 0.15, 68],
      ],
      ramps: [
        [
          [0.42, 0.16, 270],
          [0.66, 0.15, 240],
          [0.92, 0.08, 200],
        ],
        [
          [0.42, 0.13, 25],
          [0.68, 0.17, 50],
          [0.94, 0.12, 98],
        ],
      ],
    },
  },
  classic: {
    light: {
      kinds: [
        [0.7, 0.15, 149],
        [0.63, 0.22, 355],
      ],
      ramps: [
        [
          [0.86, 0.14, 135],
          [0.64, 0.15, 149],
          [0.34, 0.09, 160],
        ],
        [
          [0.84, 0.1, 345],
          [0.62, 0.22, 355],
          [0.36, 0.14, 5],
        ],
      ],
    },
    dark: {
      kinds: [
        [0.76, 0.16, 149],
        [0.7, 0.19, 355],
      ],
      ramps: [
        [
          [0.42, 0.1, 158],
          [0.68, 0.15, 149],
          [0.93, 0.12, 125],
        ],
        [
          [0.42, 0.15, 5],
          [0.66, 0.2, 355],
          [0.91, 0.07, 335],
        ],
      ],
    },
  },
};

/** @type {Map<string, Palette>} */
const built = new Map();

/**
 * The colours of a theme.
 * @param {Theme} theme
 * @param {PaletteName} [name]
 * @returns {Palette}
 */
export function canvasPalette(theme, name = 'safe') {
  const key = `${theme} ${name}`;
  let palette = built.get(key);
  if (!palette) {
    const { background, classes, cycles, ink, neutral, others, scores } = THEMES[theme];
    const { kinds, ramps } = PALETTES[name][theme];
    palette = {
      background,
      ink,
      neutral: pack(oklchToRgb(neutral)),
      kinds: [pack(oklchToRgb(kinds[0])), pack(oklchToRgb(kinds[1]))],
      labels: [labelColor(kinds[0], theme), labelColor(kinds[1], theme)],
      ramps: [makeRamp(ramps[0]), makeRamp(ramps[1])],
      classes: [packAll(classes[0]), packAll(classes[1])],
      others: [pack(oklchToRgb(others[0])), pack(oklchToRgb(others[1]))],
      scores: makeRamp(scores),
      cycles: [makeCycle(cycles[0]), makeCycle(cycles[1])],
      layers: makeRamp(LAYERS[theme]),
      signed: [pack(oklchToRgb(SIGNED[theme][0])), pack(oklchToRgb(SIGNED[theme][1]))],
    };
    built.set(key, palette);
  }
  return palette;
}

/**
 * @param {number} color Packed RGBA.
 * @returns {string} The colour as CSS writes it, such as "#1f77b4".
 */
export function cssColor(color) {
  return `#${unpack(color)
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`;
}

/**
 * Sample a ramp for a legend.
 * @param {Uint32Array} ramp
 * @param {number} [nStops]
 * @returns {string[]} CSS colours from least to most.
 */
export function rampStops(ramp, nStops = 9) {
  return Array.from({ length: nStops }, (_, stop) =>
    cssColor(ramp[Math.round((stop * (ramp.length - 1)) / (nStops - 1))]),
  );
}

/**
 * Convert OKLCH to sRGB. Colours outside the gamut are mapped into it by reducing chroma; lightness
 * and hue are kept.
 * @param {Lch} lch
 * @returns {Rgb}
 */
export function oklchToRgb([lightness, chroma, hue]) {
  let low = 0;
  let high = chroma;
  let linear = oklchToLinear(lightness, high, hue);
  if (!isShown(linear)) {
    for (let step = 0; step < 12; step++) {
      const middle = (low + high) / 2;
      if (isShown(oklchToLinear(lightness, middle, hue))) low = middle;
      else high = middle;
    }
    linear = oklchToLinear(lightness, low, hue);
  }
  const [red, green, blue] = linear.map((part) => {
    const clipped = Math.min(1, Math.max(0, part));
    return Math.round(
      255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055),
    );
  });
  return [red, green, blue];
}

/**
 * Perceptual lightness of a colour (L of OKLab, 0..1).
 * @param {number} color Packed RGBA.
 * @returns {number}
 */
export function lightnessOf(color) {
  const [red, green, blue] = unpack(color).map((part) => linearOf(part / 255));
  return linearToOklab(red, green, blue)[0];
}

/**
 * Black or white, whichever contrasts more with a colour; the contrast is at least 4.5 (WCAG 2).
 * @param {number} color Packed RGBA.
 * @returns {'#000' | '#fff'}
 */
export function textColorOn(color) {
  const [red, green, blue] = unpack(color).map((part) => linearOf(part / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000' : '#fff';
}

/**
 * Blend a colour with a background.
 * @param {number} color Packed RGBA.
 * @param {Rgb} background
 * @param {number} share Of the colour, 0..1.
 * @returns {number} Packed RGBA.
 */
export function blend(color, background, share) {
  const [red, green, blue] = unpack(color).map((part, i) =>
    Math.round(share * part + (1 - share) * background[i]),
  );
  return pack([red, green, blue]);
}

/**
 * The colour of a kind, dark or light enough for text.
 *
 * @param {Lch} kind
 * @param {Theme} theme
 */
function labelColor([, chroma, hue], theme) {
  return pack(oklchToRgb([LABEL_LIGHTNESS[theme], chroma, hue]));
}

/** @param {Lch[]} colors @returns {Uint32Array} */
function packAll(colors) {
  return Uint32Array.from(colors, (color) => pack(oklchToRgb(color)));
}

/** @param {[number, number]} tone Mean lightness, and chroma. @returns {Uint32Array} */
function makeCycle([mean, chroma]) {
  const lightness = (/** @type {number} */ hue) =>
    mean + CYCLE.swing * Math.cos(((hue - CYCLE.lightest) * Math.PI) / 180);
  return packAll(circleHues().map((hue) => [lightness(hue), chroma, hue]));
}

/**
 * The hues that a screen's colour circle has, from red over green and blue back to red.
 *
 * @returns {number[]}
 */
function circleHues() {
  return Array.from({ length: RAMP_SIZE }, (_, step) => {
    const [red, green, blue] = [0, 4, 2].map((shift) =>
      linearOf(Math.min(1, Math.max(0, Math.abs((((6 * step) / RAMP_SIZE + shift) % 6) - 3) - 1))),
    );
    const [, a, b] = linearToOklab(red, green, blue);
    return (Math.atan2(b, a) * 180) / Math.PI;
  });
}

/** @param {number} share Gamma-encoded sRGB channel, 0..1. @returns {number} Linear. */
function linearOf(share) {
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/**
 * @param {number} red
 * @param {number} green
 * @param {number} blue Linear sRGB.
 * @returns {[number, number, number]} OKLab.
 */
function linearToOklab(red, green, blue) {
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

/** @param {Lch[]} anchors Evenly spaced along the ramp. @returns {Uint32Array} */
function makeRamp(anchors) {
  const ramp = new Uint32Array(RAMP_SIZE);
  for (let step = 0; step < RAMP_SIZE; step++) {
    const along = (step / (RAMP_SIZE - 1)) * (anchors.length - 1);
    const left = Math.min(anchors.length - 2, Math.floor(along));
    const share = along - left;
    const [from, to] = [anchors[left], anchors[left + 1]];
    /** @param {number} part */
    const between = (part) => from[part] + (to[part] - from[part]) * share;
    const turn = ((to[2] - from[2] + 540) % 360) - 180;
    ramp[step] = pack(oklchToRgb([between(0), between(1), from[2] + turn * share]));
  }
  return ramp;
}

/**
 * @param {number} lightness
 * @param {number} chroma
 * @param {number} hue
 * @returns {number[]} Linear sRGB.
 */
function oklchToLinear(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/** @param {number[]} linear @returns {boolean} */
function isShown(linear) {
  return linear.every((part) => part >= -0.0005 && part <= 1.0005);
}
