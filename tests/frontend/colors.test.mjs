import assert from 'node:assert/strict';
import test from 'node:test';
import { differenceCiede2000 } from 'culori';
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
/** Linear RGB as it is seen, within what a screen shows. */
function seenRgb(color, matrix) {
  const rgb = linear(color);
  return matrix.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, factor, at) => sum + factor * rgb[at], 0),
      ),
    ),
  );
}
const seen = (color, matrix) => oklab(seenRgb(color, matrix));

const VISION = {
  'no colour blindness': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  ...BLINDNESS,
};
const difference = differenceCiede2000();
/** The two colours that are the hardest to tell apart, whoever sees them. */
function leastDifference(colors) {
  let least = { apart: Infinity };
  for (const [vision, matrix] of Object.entries(VISION)) {
    const all = colors.map((color) => {
      const [r, g, b] = seenRgb(color, matrix);
      return { mode: 'lrgb', r, g, b };
    });
    all.forEach((one, i) =>
      all.slice(0, i).forEach((other, j) => {
        const apart = difference(one, other);
        if (apart < least.apart)
          least = { apart, vision, pair: [i, j].map((at) => cssColor(colors[at])) };
      }),
    );
  }
  return least;
}
/** Every sixth of a colour circle. */
const sixths = (cycle) => [0, 1, 2, 3, 4, 5].map((sixth) => cycle[Math.round((sixth * 256) / 6)]);
/** Contrast as WCAG 2 counts it. */
function contrast(color, background) {
  const [one, other] = [color, pack(background)].map((each) => {
    const [r, g, b] = linear(each);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  });
  return Math.max(one, other) / Math.min(one, other);
}

test('unpack() reverses pack(), and cssColor() returns a hex colour', () => {
  assert.deepEqual(unpack(pack([1, 128, 255])), [1, 128, 255]);
  assert.equal(cssColor(pack([1, 128, 255])), '#0180ff');
});

test('oklchToRgb() converts known colours to sRGB', () => {
  assert.deepEqual(oklchToRgb([1, 0, 0]), [255, 255, 255]);
  assert.deepEqual(oklchToRgb([0, 0, 0]), [0, 0, 0]);
  const [red, green, blue] = oklchToRgb([0.62796, 0.25768, 29.234]);
  assert.ok(red >= 253 && green <= 3 && blue <= 3, `${red} ${green} ${blue}`);
});

test('an out-of-gamut colour keeps its lightness', () => {
  assert.ok(Math.abs(lightnessOf(pack(oklchToRgb([0.5, 0.4, 200]))) - 0.5) < 0.02);
});

test('the colour difference used here is CIEDE2000', () => {
  // the first pair of Sharma, Wu and Dalal 2005, table 1
  const [one, other] = [
    { mode: 'lab65', l: 50, a: 2.6772, b: -79.7751 },
    { mode: 'lab65', l: 50, a: 0, b: -82.7485 },
  ];
  assert.ok(Math.abs(difference(one, other) - 2.0425) < 1e-4);
});

test('colours of a mode in the safe palette differ for every kind of colour vision', () => {
  for (const theme of THEMES) {
    const palette = canvasPalette(theme);
    const { background, classes, cycles, kinds, neutral, others, ramps, signed } = palette;
    const ground = pack(background);
    const modes = {
      kinds: [...kinds, neutral, ground],
      'signed difference': [...signed, ground],
      'position modulo 5': [...classes[0].subarray(0, 5), ...classes[1].subarray(0, 5), ground],
      classes: [...classes[0], ...classes[1], ...others, neutral, ground],
      'hue of queries': [...sixths(cycles[0]), ground],
      'hue of keys': [...sixths(cycles[1]), ground],
      ...Object.fromEntries(
        [0, 64, 128, 192, 255].map((at) => [
          `ramps at ${at}`,
          [ramps[0][at], ramps[1][at], ground],
        ]),
      ),
    };
    for (const [mode, colors] of Object.entries(modes)) {
      const { apart, vision, pair } = leastDifference(colors);
      assert.ok(apart >= 10, `${theme}, ${mode}: ${pair} differ by ${apart} (${vision})`);
    }
  }
});

test('point colours of both kinds contrast with the background', () => {
  for (const palette of everyPalette) {
    for (const color of palette.kinds)
      assert.ok(contrast(color, palette.background) > 2.2, cssColor(color));
    assert.ok(contrast(palette.neutral, palette.background) > 1.5);
  }
});

test('label colours of both kinds have a contrast of at least 4.5', () => {
  for (const { background, labels } of everyPalette)
    for (const color of labels) assert.ok(contrast(color, background) >= 4.5, cssColor(color));
});

test('class colours contrast with the background and are lighter for keys', () => {
  for (const { background, classes, others } of everyPalette) {
    for (const color of [...classes[0], ...classes[1], ...others])
      assert.ok(
        contrast(color, background) > 1.4,
        `${cssColor(color)} ${contrast(color, background)}`,
      );
    classes[0].forEach((color, at) =>
      assert.ok(lightnessOf(color) + 0.1 < lightnessOf(classes[1][at])),
    );
  }
});

test('the colour circle is red at 0, green at one third and blue at two thirds', () => {
  const [dark] = canvasPalette('light').cycles;
  const largest = [0, 85, 170, 255]
    .map((step) => unpack(dark[step]))
    .map((rgb) => rgb.indexOf(Math.max(...rgb)));
  assert.deepEqual(largest, [0, 1, 2, 0]);
});

test('ramps are monotonic in lightness for every kind of colour vision', () => {
  for (const palette of everyPalette) {
    const away = lightnessOf(pack(palette.background)) > 0.5 ? -1 : 1;
    for (const ramp of [...palette.ramps, palette.layers]) {
      for (const matrix of Object.values(VISION))
        for (let at = 8; at < 256; at += 8)
          assert.ok((seen(ramp[at], matrix)[0] - seen(ramp[at - 8], matrix)[0]) * away > 0);
      const last = lightnessOf(ramp[255]);
      assert.ok(Math.abs(last - lightnessOf(ramp[0])) > 0.4);
      assert.ok(contrast(ramp[0], palette.background) > 1.3, cssColor(ramp[0]));
    }
  }
});

test('the first and last stop of a legend are the ends of the ramp', () => {
  const [ramp] = canvasPalette('light').ramps;
  const stops = rampStops(ramp, 5);
  assert.equal(stops.length, 5);
  assert.deepEqual([stops[0], stops[4]], [cssColor(ramp[0]), cssColor(ramp[255])]);
});

test('the score ramp has even steps of lightness for every kind of colour vision', () => {
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

test('text on score colours and points on their pale tint have enough contrast', () => {
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

test('blend() interpolates between two colours', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((share) => unpack(blend(pack([200, 100, 0]), [0, 100, 100], share))),
    [
      [0, 100, 100],
      [100, 100, 50],
      [200, 100, 0],
    ],
  );
});
