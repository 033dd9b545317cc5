import assert from 'node:assert/strict';
import test from 'node:test';
import {
  blend,
  canvasPalette,
  cssColor,
  lightnessOf,
  oklchToRgb,
  PALETTE_NAMES,
  rampStops,
  textColorOn,
} from '../../frontend/js/color/palettes.js';
import { pack, unpack } from '../../frontend/js/compute/rgba.js';

const THEMES = ['light', 'dark'];
const everyPalette = THEMES.flatMap((theme) =>
  PALETTE_NAMES.map((name) => canvasPalette(theme, name)),
);

/** Full-strength colour blindness in linear RGB (Machado, Oliveira and Fernandes 2009, table 1). */
const BLINDNESS = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const linear = (color) =>
  unpack(color).map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  );
function oklab([r, g, b]) {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
function seen(color, matrix) {
  const rgb = linear(color);
  return oklab(
    matrix.map((row) =>
      Math.max(
        0,
        row.reduce((sum, factor, at) => sum + factor * rgb[at], 0),
      ),
    ),
  );
}
/** Contrast as WCAG 2 counts it. */
function contrast(color, background) {
  const [one, other] = [color, pack(background)].map((each) => {
    const [r, g, b] = linear(each);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  });
  return Math.max(one, other) / Math.min(one, other);
}

test('a colour survives packing and is written as CSS writes it', () => {
  assert.deepEqual(unpack(pack([1, 128, 255])), [1, 128, 255]);
  assert.equal(cssColor(pack([1, 128, 255])), '#0180ff');
});

test('known OKLCH colours come out as their sRGB', () => {
  assert.deepEqual(oklchToRgb([1, 0, 0]), [255, 255, 255]);
  assert.deepEqual(oklchToRgb([0, 0, 0]), [0, 0, 0]);
  const [red, green, blue] = oklchToRgb([0.62796, 0.25768, 29.234]);
  assert.ok(red >= 253 && green <= 3 && blue <= 3, `${red} ${green} ${blue}`);
});

test('a colour that no screen shows keeps its lightness', () => {
  assert.ok(Math.abs(lightnessOf(pack(oklchToRgb([0.5, 0.4, 200]))) - 0.5) < 0.02);
});

test('query and key stay apart for every kind of colour blindness in the safe palette', () => {
  for (const theme of THEMES) {
    const { kinds } = canvasPalette(theme, 'safe');
    for (const [name, matrix] of Object.entries(BLINDNESS)) {
      const [query, key] = kinds.map((color) => seen(color, matrix));
      const apart = Math.hypot(...query.map((value, at) => value - key[at]));
      assert.ok(apart > 0.15, `${theme}, ${name}: ${apart}`);
    }
  }
});

test('marks of either kind stand out from the background', () => {
  for (const palette of everyPalette) {
    for (const color of palette.kinds)
      assert.ok(contrast(color, palette.background) > 2.2, cssColor(color));
    for (const color of [...palette.fives[0], ...palette.fives[1], palette.neutral]) {
      assert.ok(contrast(color, palette.background) > 1.5, cssColor(color));
    }
  }
});

test('classes stand out from the background, and no two look the same', () => {
  for (const palette of everyPalette) {
    for (const kind of [0, 1]) {
      const colors = [...palette.classes[kind], palette.others[kind]];
      for (const color of colors)
        assert.ok(contrast(color, palette.background) > 1.5, cssColor(color));
      colors.forEach((color, i) =>
        colors.slice(i + 1).forEach((other) => {
          const [one, two] = [color, other].map((each) => oklab(linear(each)));
          assert.ok(
            Math.hypot(...one.map((value, at) => value - two[at])) > 0.045,
            `${cssColor(color)} ${cssColor(other)}`,
          );
        }),
      );
    }
    palette.classes[0].forEach((color, at) =>
      assert.ok(lightnessOf(color) + 0.15 < lightnessOf(palette.classes[1][at])),
    );
  }
});

test('the colour circle begins with red, has green after a third and blue after two', () => {
  const [dark] = canvasPalette('light').cycles;
  const largest = [0, 85, 170, 255]
    .map((step) => unpack(dark[step]))
    .map((rgb) => rgb.indexOf(Math.max(...rgb)));
  assert.deepEqual(largest, [0, 1, 2, 0]);
});

test('ramps run evenly in lightness away from the background', () => {
  for (const palette of everyPalette) {
    const away = lightnessOf(pack(palette.background)) > 0.5 ? -1 : 1;
    for (const ramp of [...palette.ramps, palette.layers]) {
      let last = lightnessOf(ramp[0]);
      for (const color of ramp.subarray(1)) {
        assert.ok((lightnessOf(color) - last) * away > -0.004);
        last = lightnessOf(color);
      }
      assert.ok(Math.abs(last - lightnessOf(ramp[0])) > 0.4);
      assert.ok(contrast(ramp[0], palette.background) > 1.3, cssColor(ramp[0]));
    }
  }
});

test('of the five paired hues the query is the darker one', () => {
  for (const { fives } of everyPalette) {
    fives[0].forEach((color, at) =>
      assert.ok(lightnessOf(color) + 0.15 < lightnessOf(fives[1][at])),
    );
  }
});

test('the stops of a legend begin and end where the ramp does', () => {
  const [ramp] = canvasPalette('light').ramps;
  const stops = rampStops(ramp, 5);
  assert.equal(stops.length, 5);
  assert.deepEqual([stops[0], stops[4]], [cssColor(ramp[0]), cssColor(ramp[255])]);
});

test('scores run in even steps of lightness, in one order for any colour blindness', () => {
  for (const theme of THEMES) {
    const { background, scores } = canvasPalette(theme);
    const away = lightnessOf(pack(background)) > 0.5 ? -1 : 1;
    const whole = away * (lightnessOf(scores[255]) - lightnessOf(scores[0]));
    assert.ok(whole > 0.55);
    for (let at = 0; at + 51 < 256; at += 51) {
      const part = away * (lightnessOf(scores[at + 51]) - lightnessOf(scores[at]));
      assert.ok(Math.abs(part / whole - 0.2) < 0.02, `${theme} ${at}: ${part / whole}`);
    }
    for (const [name, matrix] of Object.entries(BLINDNESS)) {
      for (let at = 15; at < 256; at += 15)
        assert.ok(
          away * (seen(scores[at], matrix)[0] - seen(scores[at - 15], matrix)[0]) > 0.01,
          `${theme}, ${name}, ${at}`,
        );
    }
  }
});

test('words can be read on every colour of a score, and points on the pale ground of it', () => {
  for (const theme of THEMES) {
    const { background, kinds, scores } = canvasPalette(theme);
    for (const color of scores) {
      const ink = textColorOn(color) === '#000' ? [0, 0, 0] : [255, 255, 255];
      assert.ok(contrast(color, ink) >= 4.5, cssColor(color));
      const ground = unpack(blend(color, background, 0.28));
      for (const kind of kinds)
        assert.ok(
          contrast(kind, ground) > 1.4,
          `${theme} ${cssColor(color)}: ${contrast(kind, ground)}`,
        );
    }
  }
});

test('a blend is between its colours', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((share) => unpack(blend(pack([200, 100, 0]), [0, 100, 100], share))),
    [
      [0, 100, 100],
      [100, 100, 50],
      [200, 100, 0],
    ],
  );
});
