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

test('every colour mode colours all points in both themes and has legend and help', () => {
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

test('names of colour modes are unique and URL-safe', () => {
  const names = COLOR_MODES.map((mode) => mode.name);
  assert.equal(new Set(names).size, names.length);
  names.forEach((name) => assert.match(name, /^[a-z0-9-]+$/));
});

test('text and images are offered their own modes, the default first', () => {
  const names = (modality) => modesFor(modality, [], true).map((mode) => mode.name);
  const [text, image] = [names('text'), names('image')];
  assert.deepEqual([text[0], image[0]], ['type', 'patch']);
  const offered = (name) => [text.includes(name), image.includes(name)];
  assert.deepEqual(['position', 'hue', 'norm'].map(offered), [
    [true, false],
    [false, true],
    [true, true],
  ]);
  const mixed = names('image-text');
  for (const { name } of COLOR_MODES)
    assert.ok(offered(name).includes(true) || mixed.includes(name), name);
  assert.ok(!modesFor('text').some(({ name }) => name === 'pair-label'));
});

test('an unknown mode or a missing array throws an error that names it', () => {
  assert.throws(() => modeNamed('toString'), /no colour mode "toString"; there are .*position/);
  assert.throws(() => colorPoints('norm', context({ norms: null })), /"Norm" needs norms/);
});

test('colour by type has one colour for queries and one for keys', () => {
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

test('colour by position spans the ramp from first to last token of a sequence', () => {
  const { colors, legend } = colorPoints('position', context());
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [0, 128, 255, 0, 255].map((step) => queryRamp[step]),
  );
  assert.equal(colors[7], keyRamp[255]);
  assert.deepEqual(legend.ramps[0].range, ['0.00', '1.00']);
});

test('colour by position modulo 5 uses dark queries and light keys of the same hue', () => {
  const tokens = { ...context().tokens, position: Int32Array.of(0, 4, 5, 9, 11) };
  const { colors } = colorPoints('position-mod-5', context({ tokens }));
  const hues = [0, 4, 0, 4, 1];
  hues.forEach((hue, token) => {
    assert.equal(colors[token], palette.classes[0][hue]);
    assert.equal(colors[5 + token], palette.classes[1][hue]);
  });
});

test('the legend of norms has separate ranges for queries and keys', () => {
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

test('norm-shared gives a query and a key of the same norm the same colour', () => {
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

test('scaled norms in the grid colour each cell over its own range', () => {
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

test('tokens that are not patches have no row and get the neutral colour', () => {
  const { colors, legend } = colorPoints('row', context());
  assert.equal(colors[0], palette.neutral);
  assert.equal(colors[2], queryRamp[255]);
  assert.deepEqual(legend.ramps[0].range, ['0', '1']);
  assert.equal(legend.missing.color, cssColor(palette.neutral));
});

test('a constant value gets the start of the ramp instead of NaN', () => {
  const tokens = { ...context().tokens, column: new Int32Array(5).fill(3) };
  assert.equal(colorPoints('column', context({ tokens })).colors[4], queryRamp[0]);
});

test('colour by patch is the mean of its pixels', () => {
  const { colors } = colorPoints('patch', context());
  assert.equal(colors[1], pack([0, 100, 200]));
  assert.equal(colors[6], pack([0, 100, 200]));
  assert.equal(colors[0], palette.neutral);
});

test('formatValue() returns the value of a point as text', () => {
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

test('punctuation covers special tokens and tokens of only punctuation or symbols', () => {
  const { seen, labels } = classesSeen('punctuation');
  assert.deepEqual(labels, ['punctuation or special', 'rest']);
  assert.deepEqual(seen, [0, 1, 1, 0, 1]);
});

test('token length counts characters without tokenizer markers', () => {
  const { colors, legend } = colorPoints('token-length', context());
  assert.deepEqual(legend.ramps[0].range, ['1', '3']); // …; Été
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [palette.neutral, queryRamp[255], queryRamp[128], queryRamp[0], queryRamp[128]],
  );
  assert.equal(legend.missing.label, 'no value');
});

test('a byte-level part of a character is coloured like the whole character', () => {
  const tokens = { ...context().tokens, text: ['[CLS]', 'É 1⁄2', 'É 2⁄2', '， 1–2⁄3', ' ab'] };
  assert.deepEqual(classesSeen('first-letter', { tokens }).labels.slice(0, 2), ['a', 'é']);
  assert.deepEqual(classesSeen('punctuation', { tokens }).seen, [0, 1, 1, 0, 1]);
  assert.deepEqual(colorPoints('token-length', context({ tokens })).legend.ramps[0].range, [
    '1',
    '2',
  ]);
});

test('sentence length is the number of tokens', () => {
  const { colors, legend } = colorPoints('sentence-length', context());
  assert.deepEqual(
    [...colors.subarray(0, 5)],
    [255, 255, 255, 0, 0].map((step) => queryRamp[step]),
  );
  assert.deepEqual(legend.ramps[1].range, ['2', '3']);
  assert.equal(formatValue('sentence-length', context(), 9), '2');
});

test('first-letter ignores case, puts digits in one class and else has no value', () => {
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

test('beyond ten classes the rarest are merged into "other"', () => {
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

test('sentences and images span the ramp in corpus order', () => {
  for (const name of ['sequence', 'image']) {
    const { colors, legend } = colorPoints(name, context());
    assert.deepEqual(
      [...colors.subarray(0, 5)],
      [0, 0, 0, 255, 255].map((step) => queryRamp[step]),
    );
    assert.deepEqual(legend.ramps[0].range, ['1', '2']);
  }
});

test('colour by hue is cyclic', () => {
  const { colors, legend } = colorPoints('hue', context());
  const [dark, light] = palette.cycles;
  assert.deepEqual(
    [colors[1], colors[2], colors[4], colors[6], colors[0]],
    [dark[0], dark[128], dark[255], light[0], palette.neutral],
  );
  assert.deepEqual(legend.ramps[0].range, ['0°', '360°']);
  assert.equal(formatValue('hue', context(), 2), '180°');
});

test('the legend of brightness has the actual range', () => {
  const { colors, legend } = colorPoints('brightness', context());
  assert.deepEqual(legend.ramps[0].range, ['0.20', '0.60']);
  assert.deepEqual(
    [colors[1], colors[2], colors[3]],
    [queryRamp[0], queryRamp[255], palette.neutral],
  );
});

test('a text column gets swatches and a numeric column a ramp', () => {
  const { seen, labels } = classesSeen('column:topic');
  assert.deepEqual(labels, ['music', 'no value']);
  assert.deepEqual(seen, [0, 0, 0, 2, 2]);
  assert.equal(formatValue('column:topic', context(), 1), 'music');
  assert.equal(formatValue('column:topic', context(), 4), '');
  const { colors, legend } = colorPoints('column:score', context());
  assert.deepEqual(legend.ramps[0].range, ['2', '10']);
  assert.deepEqual([colors[0], colors[3]], [queryRamp[0], queryRamp[255]]);
});

test('corpus columns are the last colour modes, and a missing column has no values', () => {
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

test('colour by search has a colour for each term and one for the rest', () => {
  const found = { hits: Uint8Array.of(1, 0, 2, 0, 1), terms: ['april', 'may'] };
  const { seen, labels } = classesSeen('search', { found });
  assert.deepEqual(labels, ['april', 'may', 'rest']);
  assert.deepEqual(seen, [0, 2, 1, 2, 0]);
  assert.deepEqual(classesSeen('search', { found: null }), {
    seen: [0, 0, 0, 0, 0],
    labels: ['no search'],
  });
});

test('queriesThenKeys() takes the first two numbers of wider rows', () => {
  assert.deepEqual([...queriesThenKeys(Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0), 4)], [1, 3, 2, 4]);
});

test('colour by attention has separate ranges for queries and keys', () => {
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

test('queriesThenKeys() puts all queries before all keys', () => {
  assert.deepEqual([...queriesThenKeys(Float32Array.of(1, 10, 2, 20), 2)], [1, 2, 10, 20]);
});
