import assert from 'node:assert/strict';
import test from 'node:test';
import {
  COLOR_MODES,
  colorPoints,
  modeNamed,
  modesFor,
  queriesThenKeys,
  formatValue,
} from '../../frontend/js/color/color_modes.js';
import { canvasPalette, cssColor } from '../../frontend/js/color/palettes.js';
import { pack } from '../../frontend/js/compute/rgba.js';

/** Two sequences of three and two tokens. */
function context(overrides = {}) {
  return {
    tokens: {
      tokenId: Int32Array.of(7, 8, 7, 7, 9),
      sequence: Int32Array.of(0, 0, 0, 1, 1),
      position: Int32Array.of(0, 1, 2, 0, 1),
      row: Int32Array.of(-1, 0, 1, -1, 0),
      column: Int32Array.of(-1, 2, 0, -1, 1),
      hue: Float32Array.of(-1, 0, 0.5, -1, 1),
      brightness: Float32Array.of(-1, 0.2, 0.6, -1, 0.4),
      text: ['[CLS]', 'Été', '##tä', '…', '$7'],
      tokenType: ['special', 'text', 'text', 'text', 'text'],
      sequences: {
        length: Int32Array.of(3, 2),
        columns: { topic: ['music', null], score: ['2', 10] },
      },
    },
    drawn: null,
    nCells: 1,
    norms: Float32Array.of(1, 2, 3, 4, 5, 10, 20, 30, 40, 50),
    scores: Float32Array.of(0.2, 0.4, NaN, 0.6, 0.8, 1, 2, NaN, 0.5, 1.5),
    patches: { rgb: new Uint8Array(5 * 4 * 3).map((_, at) => (at % 3) * 100), side: 2 },
    theme: 'light',
    ...overrides,
  };
}
const palette = canvasPalette('light');
const [queryRamp, keyRamp] = palette.ramps;

test('every mode colours every point in both themes and explains itself', () => {
  for (const mode of COLOR_MODES) {
    for (const theme of ['light', 'dark']) {
      const { colors, legend, perCell } = colorPoints(mode.name, context({ theme }));
      assert.equal(colors.length, 10);
      assert.ok(
        colors.every((color) => color >>> 24 === 255),
        `${mode.name}: a colour is missing`,
      );
      assert.equal(legend.title, mode.label);
      assert.equal(perCell, mode.perHead);
      assert.ok(mode.help.endsWith('.'));
    }
  }
});

test('names are unique and fit an address', () => {
  const names = COLOR_MODES.map((mode) => mode.name);
  assert.equal(new Set(names).size, names.length);
  names.forEach((name) => assert.match(name, /^[a-z0-9-]+$/));
});

test('text and images are offered their own modes, the default first', () => {
  const names = (modality) => modesFor(modality).map((mode) => mode.name);
  const [text, image] = [names('text'), names('image')];
  assert.deepEqual([text[0], image[0]], ['type', 'patch']);
  const offered = (name) => [text.includes(name), image.includes(name)];
  assert.deepEqual(['position', 'hue', 'norm'].map(offered), [
    [true, false],
    [false, true],
    [true, true],
  ]);
  for (const { name } of COLOR_MODES) assert.ok(offered(name).includes(true), name);
});

test('an unknown mode and a missing array are refused in words', () => {
  assert.throws(() => modeNamed('toString'), /no colour mode "toString"; there are .*position/);
  assert.throws(() => colorPoints('norm', context({ norms: null })), /"Norm" needs norms/);
});

test('type has one colour for queries and one for keys', () => {
  const { colors, legend } = colorPoints('type', context());
  assert.deepEqual(
    [...colors],
    [...Array(5).fill(palette.kinds[0]), ...Array(5).fill(palette.kinds[1])],
  );
  assert.deepEqual(
    legend.entries.map((entry) => entry.label),
    ['query', 'key'],
  );
});

test('position runs over the ramp of its kind from first to last token of a sequence', () => {
  const { colors, legend } = colorPoints('position', context());
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [0, 128, 255, 0, 255].map((step) => queryRamp[step]),
  );
  assert.equal(colors[7], keyRamp[255]);
  assert.deepEqual(legend.ramps[0].range, ['0.00', '1.00']);
});

test('position modulo 5 pairs dark queries with light keys of the same hue', () => {
  const tokens = { ...context().tokens, position: Int32Array.of(0, 4, 5, 9, 11) };
  const { colors } = colorPoints('position-mod-5', context({ tokens }));
  const hues = [0, 4, 0, 4, 1];
  hues.forEach((hue, token) => {
    assert.equal(colors[token], palette.classes[0][hue]);
    assert.equal(colors[5 + token], palette.classes[1][hue]);
  });
});

test('the norm has its own true range for queries and for keys', () => {
  const { colors, legend } = colorPoints('norm', context());
  assert.deepEqual(
    [colors[0], colors[4], colors[5], colors[9]],
    [queryRamp[0], queryRamp[255], keyRamp[0], keyRamp[255]],
  );
  assert.deepEqual(
    legend.ramps.map((ramp) => ramp.range),
    [
      ['1.00', '5.00'],
      ['10.0', '50.0'],
    ],
  );
});

test('on one scale a query and a key of the same norm have the same colour', () => {
  const norms = Float32Array.of(1, 2, 3, 4, 5, 5, 6, 7, 8, 9);
  const { colors, legend } = colorPoints('norm-shared', context({ norms }));
  assert.equal(colors[4], colors[5]);
  assert.deepEqual(
    [colors[0], colors[4], colors[9]],
    [0, 128, 255].map((step) => palette.scores[step]),
  );
  assert.deepEqual(
    legend.ramps.map(({ label, range }) => [label, ...range]),
    [
      ['query', '1.00', '9.00'],
      ['key', '1.00', '9.00'],
    ],
  );
});

test('scaled norms of the grid colour every cell on its own', () => {
  const { colors, legend } = colorPoints(
    'norm',
    context({ nCells: 2, norms: new Uint8Array(20).fill(255, 10) }),
  );
  assert.equal(colors.length, 20);
  assert.deepEqual(
    [colors[0], colors[10], colors[19]],
    [queryRamp[0], queryRamp[255], keyRamp[255]],
  );
  assert.deepEqual(legend.ramps[0].range, ['shortest', 'longest']);
  const norms = new Uint8Array(20).fill(255, 10);
  const shared = colorPoints('norm-shared', context({ nCells: 2, norms }));
  assert.deepEqual(
    [shared.colors[0], shared.colors[19]],
    [0, 255].map((i) => palette.scores[i]),
  );
});

test('frequency counts occurrences in the whole corpus, also of tokens that are not drawn', () => {
  const { colors, legend } = colorPoints('frequency', context({ drawn: Int32Array.of(1, 3) }));
  assert.deepEqual([...colors], [queryRamp[0], queryRamp[255], keyRamp[0], keyRamp[255]]);
  assert.deepEqual(legend.ramps[0].range, ['1', '3']);
});

test('tokens that are no patch have no row and are drawn neutral', () => {
  const { colors, legend } = colorPoints('row', context());
  assert.equal(colors[0], palette.neutral);
  assert.equal(colors[2], queryRamp[255]);
  assert.deepEqual(legend.ramps[0].range, ['0', '1']);
  assert.equal(legend.missing.color, cssColor(palette.neutral));
});

test('one value everywhere is the start of the ramp and not NaN', () => {
  const tokens = { ...context().tokens, column: new Int32Array(5).fill(3) };
  assert.equal(colorPoints('column', context({ tokens })).colors[4], queryRamp[0]);
});

test('a patch has the mean of its pixels', () => {
  const { colors } = colorPoints('patch', context());
  assert.equal(colors[1], pack([0, 100, 200]));
  assert.equal(colors[6], pack([0, 100, 200]));
  assert.equal(colors[0], palette.neutral);
});

test('the value of a point is told in words', () => {
  assert.equal(formatValue('frequency', context(), 5), '3');
  assert.equal(formatValue('position', context(), 1), '0.50');
  assert.equal(formatValue('row', context(), 0), '');
  assert.equal(formatValue('norm', context(), 9), '50.0');
  assert.equal(
    formatValue('norm', context({ nCells: 2, norms: new Uint8Array(20).fill(255, 10) }), 3, 1),
    '100 % of the range',
  );
  assert.equal(formatValue('frequency', context({ drawn: Int32Array.of(4, 0) }), 3), '3');
});

/**
 * Colours of the five queries, by number of the class; classes.length is the rest, null no value.
 */
function classesSeen(name, more = {}) {
  const { colors, legend } = colorPoints(name, context(more));
  const n = legend.entries.filter(
    ({ label }) => !['rest', 'other', 'no search', 'no value'].includes(label),
  ).length;
  const known = [...palette.classes[0].subarray(0, n), palette.others[0], palette.neutral];
  for (let token = 0; token < 5; token++) {
    // keys have the same class in another colour, or no value either
    const at = known.indexOf(colors[token]);
    assert.equal(
      colors[5 + token],
      [...palette.classes[1].subarray(0, n), palette.others[1], palette.neutral][at],
    );
  }
  return {
    seen: [...colors.subarray(0, 5)].map((color) => known.indexOf(color)),
    labels: legend.entries.map(({ label }) => label),
  };
}

test('punctuation is all Unicode punctuation and symbols alone, and special tokens', () => {
  const { seen, labels } = classesSeen('punctuation');
  assert.deepEqual(labels, ['punctuation or special', 'rest']);
  assert.deepEqual(seen, [0, 1, 1, 0, 1]);
});

test('the length of a token counts characters and not the marks of its tokenizer', () => {
  const { colors, legend } = colorPoints('token-length', context());
  assert.deepEqual(legend.ramps[0].range, ['1', '3']); // …; Été
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [palette.neutral, queryRamp[255], queryRamp[128], queryRamp[0], queryRamp[128]],
  );
  assert.equal(legend.missing.label, 'no value');
});

test('a part of a character counts as that character', () => {
  const tokens = { ...context().tokens, text: ['[CLS]', 'É 1⁄2', 'É 2⁄2', '， 1–2⁄3', ' ab'] };
  assert.deepEqual(classesSeen('first-letter', { tokens }).labels.slice(0, 2), ['a', 'é']);
  assert.deepEqual(classesSeen('punctuation', { tokens }).seen, [0, 1, 1, 0, 1]);
  assert.deepEqual(colorPoints('token-length', context({ tokens })).legend.ramps[0].range, [
    '1',
    '2',
  ]);
});

test('the length of a sentence is the number of its tokens', () => {
  const { colors, legend } = colorPoints('sentence-length', context());
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [255, 255, 255, 0, 0].map((step) => queryRamp[step]),
  );
  assert.deepEqual(legend.ramps[1].range, ['2', '3']);
  assert.equal(formatValue('sentence-length', context(), 9), '2');
});

test('first letters are of any case, digits are one class, and what has neither has none', () => {
  const { seen, labels } = classesSeen('first-letter');
  assert.deepEqual(
    labels,
    ['0–9', 'é', 't', 'no value'].sort((a, b) =>
      a === 'no value' ? 1 : b === 'no value' ? -1 : a.localeCompare(b, 'en'),
    ),
  );
  assert.deepEqual(
    seen.map((at) => labels[at] ?? 'no value'),
    ['no value', 'é', 't', 'no value', '0–9'],
  );
});

test('more than ten classes leave the rarest to the rest', () => {
  const text = [...'aabbccddeeffgghhiijjkkllmn'];
  const n = text.length;
  const tokens = {
    ...context().tokens,
    position: new Int32Array(n),
    sequence: new Int32Array(n),
    text,
    tokenType: text.map(() => 'text'),
  };
  const { colors, legend } = colorPoints('first-letter', context({ tokens }));
  assert.deepEqual(
    legend.entries.map(({ label }) => label),
    [...'abcdefghij', 'other'],
  );
  assert.deepEqual(
    [colors[0], colors[22], colors[24], colors[25]],
    [palette.classes[0][0], palette.others[0], palette.others[0], palette.others[0]],
  );
});

test('sentences and images run over the ramp in the order of the corpus', () => {
  for (const name of ['sequence', 'image']) {
    const { colors, legend } = colorPoints(name, context());
    assert.deepEqual(
      [...colors.subarray(0, 5)],
      [0, 0, 0, 255, 255].map((step) => queryRamp[step]),
    );
    assert.deepEqual(legend.ramps[0].range, ['1', '2']);
  }
});

test('hue runs around the colour circle and ends where it begins', () => {
  const { colors, legend } = colorPoints('hue', context());
  const [dark, light] = palette.cycles;
  assert.deepEqual(
    [colors[1], colors[2], colors[4], colors[6], colors[0]],
    [dark[0], dark[128], dark[255], light[0], palette.neutral],
  );
  assert.deepEqual(legend.ramps[0].range, ['0°', '360°']);
  assert.equal(formatValue('hue', context(), 2), '180°');
});

test('brightness has its true range', () => {
  const { colors, legend } = colorPoints('brightness', context());
  assert.deepEqual(legend.ramps[0].range, ['0.20', '0.60']);
  assert.deepEqual(
    [colors[1], colors[2], colors[3]],
    [queryRamp[0], queryRamp[255], palette.neutral],
  );
});

test('a column of words gives swatches, one of numbers a ramp, for all of a sequence', () => {
  const { seen, labels } = classesSeen('column:topic');
  assert.deepEqual(labels, ['music', 'no value']);
  assert.deepEqual(seen, [0, 0, 0, 2, 2]);
  assert.equal(formatValue('column:topic', context(), 1), 'music');
  assert.equal(formatValue('column:topic', context(), 4), '');
  const { colors, legend } = colorPoints('column:score', context());
  assert.deepEqual(legend.ramps[0].range, ['2', '10']);
  assert.deepEqual([colors[0], colors[3]], [queryRamp[0], queryRamp[255]]);
});

test('columns of the corpus are modes after the others, and a missing one has no values', () => {
  assert.deepEqual(
    modesFor('text', ['topic', '__proto__'])
      .slice(-2)
      .map(({ name, label }) => [name, label]),
    [
      ['column:topic', 'topic'],
      ['column:__proto__', '__proto__'],
    ],
  );
  assert.ok(
    colorPoints('column:__proto__', context()).colors.every((color) => color === palette.neutral),
  );
  assert.ok(
    colorPoints('hue', context({ tokens: { ...context().tokens, hue: null } })).colors.every(
      (color) => color === palette.neutral,
    ),
  );
});

test('the search has a colour for each term, and another for the rest', () => {
  const found = { hits: Uint8Array.of(1, 0, 2, 0, 1), terms: ['april', 'may'] };
  const { seen, labels } = classesSeen('search', { found });
  assert.deepEqual(labels, ['april', 'may', 'rest']);
  assert.deepEqual(seen, [0, 2, 1, 2, 0]);
  assert.deepEqual(classesSeen('search', { found: null }), {
    seen: [0, 0, 0, 0, 0],
    labels: ['no search'],
  });
});

test('norms of a head are ordered as its points are', () => {
  assert.deepEqual([...queriesThenKeys(Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0), 4)], [1, 3, 2, 4]);
});

test('attention has a range for queries and one for keys, and none if not computed', () => {
  const { colors, legend } = colorPoints('attention', context());
  assert.deepEqual(
    legend.ramps.map((ramp) => ramp.range),
    [
      ['0.200', '0.800'],
      ['0.500', '2.000'],
    ],
  );
  assert.equal(colors[4], queryRamp[255]);
  assert.equal(colors[8], keyRamp[0]);
  assert.equal(colors[2], palette.neutral);
  assert.equal(formatValue('attention', context(), 6), '2.000');
  assert.equal(formatValue('attention', context(), 2), '');
  assert.throws(() => colorPoints('attention', context({ scores: null })), /needs scores/);
});

test('rows of the server come in the order of points', () => {
  assert.deepEqual([...queriesThenKeys(Float32Array.of(1, 10, 2, 20), 2)], [1, 2, 10, 20]);
});
