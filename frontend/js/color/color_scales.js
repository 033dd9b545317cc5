/** The scales of the colour modes: from a value per token to a colour per point, with a legend. */

import { cssColor, RAMP_SIZE, rampStops } from './palettes.js';
import { shareOf } from '../compute/histogram.js';
import { pack } from '../compute/rgba.js';
import { rangeOf } from '../compute/ranges.js';

/** @typedef {import('./color_modes.js').ColorMode} ColorMode */
/** @typedef {import('./color_modes.js').ColorContext} ColorContext */
/** @typedef {import('./color_modes.js').Legend} Legend */
/** @typedef {import('./color_modes.js').RampLegend} RampLegend */

/** The range of norms that the server has scaled, and words for its ends. */
const BYTES = /** @type {[number, number]} */ ([0, 255]);
const SCALED_ENDS = /** @type {[string, string]} */ (['shortest', 'longest']);

/**
 * @typedef {object} Painting
 * @property {ColorMode} mode
 * @property {ColorContext} context
 * @property {import('./palettes.js').Palette} palette
 * @property {{nTokens: number, drawn: Int32Array | null, nCells: number, perHead: boolean}} layout
 * @property {Uint32Array} colors To fill.
 * @property {ArrayLike<number>} values
 * @property {{labels: string[], other: string | null} | null} [classes] Names of the values, if
 *   they are classes.
 */

/**
 * Each scale fills painting.colors and returns its legend.
 * @type {Record<ColorMode['scale'], (painting: Painting) => Legend>}
 */
export const SCALES = {
  kinds: ({ mode, palette, layout, colors }) => {
    colors.fill(palette.kinds[0], 0, layout.nTokens).fill(palette.kinds[1], layout.nTokens);
    return {
      kind: 'swatches',
      title: mode.label,
      note: mode.note ?? '',
      entries: [
        { label: 'query', colors: [cssColor(palette.kinds[0])], shapes: ['disc'] },
        { label: 'key', colors: [cssColor(palette.kinds[1])], shapes: ['diamond'] },
      ],
    };
  },
  classes: (painting) => {
    const { mode, palette, classes } = painting;
    const { labels, other } = classes ?? { labels: [], other: null };
    /** @param {number} value @param {0 | 1} isKey */
    const colorOf = (value, isKey) =>
      value < labels.length ? palette.classes[isKey][value] : palette.others[isKey];
    const missing = paint(painting, colorOf);
    const shapes = /** @type {('disc' | 'diamond')[]} */ (['disc', 'diamond']);
    const entries = [...labels, ...(other === null ? [] : [other])].map((label, value) => ({
      label,
      colors: [cssColor(colorOf(value, 0)), cssColor(colorOf(value, 1))],
      shapes,
    }));
    if (missing)
      entries.push({
        label: 'no value',
        colors: [cssColor(palette.neutral), cssColor(palette.neutral)],
        shapes,
      });
    return { kind: 'swatches', title: mode.label, note: mode.note ?? '', entries };
  },
  cycle: (painting) => {
    const { mode, palette } = painting;
    const missing = paint(
      painting,
      (value, isKey) =>
        palette.cycles[isKey][Math.min(RAMP_SIZE - 1, Math.floor(value * RAMP_SIZE))],
    );
    const range = /** @type {[string, string]} */ (['0°', '360°']);
    return {
      kind: 'ramp',
      title: mode.label,
      note: mode.note ?? '',
      ramps: [
        { label: 'query', stops: rampStops(palette.cycles[0], 13), range },
        { label: 'key', stops: rampStops(palette.cycles[1], 13), range },
      ],
      missing: missing ? { label: 'no value', color: cssColor(palette.neutral) } : null,
    };
  },
  ramp: (painting) => paintRamp(painting, (value) => value),
  'log ramp': (painting) => paintRamp(painting, Math.log),
  'shared ramp': paintSharedRamp,
  pixels: (painting) => {
    const { mode, context, palette } = painting;
    const { rgb, side } = context.patches ?? { rgb: new Uint8Array(0), side: 1 };
    const rows = context.tokens.row;
    const means = meanColors(rgb, side);
    painting.values = Float32Array.from(means, (_, token) =>
      rows && rows[token] < 0 ? NaN : token,
    );
    paint(painting, (token) => means[token]);
    const entries = [
      {
        label: context.tokens.isMixed ? 'word' : 'not a patch (class token, register)',
        colors: [cssColor(palette.neutral)],
        shapes: [],
      },
    ];
    return { kind: 'swatches', title: mode.label, note: mode.note ?? '', entries };
  },
};

/**
 * One ramp and range for queries and keys of one head.
 *
 * @param {Painting} painting
 * @returns {RampLegend}
 */
function paintSharedRamp(painting) {
  const { mode, palette, values } = painting;
  const isScaled = values instanceof Uint8Array; // per head, by the server
  const range = isScaled ? BYTES : rangeOf(values);
  const missing = paint(
    painting,
    (value) => palette.scores[Math.round(shareOf(value, range) * (RAMP_SIZE - 1))],
  );
  const format = mode.format ?? String;
  const ends = /** @type {[string, string]} */ (isScaled ? SCALED_ENDS : range.map(format));
  const stops = rampStops(palette.scores);
  return {
    kind: 'ramp',
    title: mode.label,
    note: mode.note ?? '',
    ramps: [
      { label: 'query', stops, range: ends },
      { label: 'key', stops, range: ends },
    ],
    missing: missing ? { label: 'no value', color: cssColor(palette.neutral) } : null,
  };
}

/** @param {Painting} painting @param {(value: number) => number} scaled @returns {RampLegend} */
function paintRamp(painting, scaled) {
  const { mode, context, palette, layout, values } = painting;
  const ranges = layout.perHead ? kindRanges(values, layout) : [rangeOf(values), rangeOf(values)];
  const missing = paint(painting, (value, isKey) => {
    const [min, max] = ranges[isKey];
    const share = max > min ? (scaled(value) - scaled(min)) / (scaled(max) - scaled(min)) : 0;
    return palette.ramps[isKey][Math.round(share * (RAMP_SIZE - 1))];
  });
  const format = mode.format ?? String;
  /** @param {0 | 1} isKey @returns {[string, string]} */
  const rangeText = (isKey) =>
    context.norms instanceof Uint8Array && layout.perHead
      ? SCALED_ENDS
      : [format(ranges[isKey][0]), format(ranges[isKey][1])];
  return {
    kind: 'ramp',
    title: mode.label,
    note: mode.note ?? '',
    ramps: [
      { label: 'query', stops: rampStops(palette.ramps[0]), range: rangeText(0) },
      { label: 'key', stops: rampStops(palette.ramps[1]), range: rangeText(1) },
    ],
    missing: missing ? { label: 'no value', color: cssColor(palette.neutral) } : null,
  };
}

/**
 * Write the colour of every point.
 * @param {Painting} painting
 * @param {(value: number, isKey: 0 | 1) => number} colorOf
 * @returns {number} How many points have no value.
 */
function paint({ palette, layout, colors, values }, colorOf) {
  const { nTokens, drawn, perHead } = layout;
  let nMissing = 0;
  for (let start = 0; start < colors.length; start += nTokens) {
    const isKey = (start / nTokens) % 2 === 0 ? 0 : 1;
    for (let token = 0; token < nTokens; token++) {
      const value = perHead ? values[start + token] : values[drawn ? drawn[token] : token];
      const isKnown = value > -Infinity; // neither NaN nor outside of the values
      if (!isKnown) nMissing++;
      colors[start + token] = isKnown ? colorOf(value, isKey) : palette.neutral;
    }
  }
  return nMissing;
}

/**
 * @param {ArrayLike<number>} values
 * @param {Painting['layout']} layout
 * @returns {[number, number][]}
 */
function kindRanges(values, { nTokens, nCells }) {
  if (values instanceof Uint8Array) return [BYTES, BYTES]; // scaled per head by the server
  if (nCells > 1)
    throw new RangeError('true norms can be shown for one head only, scaled ones for the grid');
  const exact = /** @type {Float32Array} */ (values);
  return [rangeOf(exact.subarray(0, nTokens)), rangeOf(exact.subarray(nTokens))];
}

/**
 * @param {Uint8Array} rgb
 * @param {number} side
 * @returns {Uint32Array} Mean colour of every patch.
 */
function meanColors(rgb, side) {
  const nPixels = side * side;
  const means = new Uint32Array(rgb.length / (3 * nPixels));
  for (let token = 0; token < means.length; token++) {
    const sums = [0, 0, 0];
    for (let at = 3 * nPixels * token; at < 3 * nPixels * (token + 1); at++)
      sums[at % 3] += rgb[at];
    means[token] = pack([
      Math.round(sums[0] / nPixels),
      Math.round(sums[1] / nPixels),
      Math.round(sums[2] / nPixels),
    ]);
  }
  return means;
}
