import assert from 'node:assert/strict';
import test from 'node:test';
import { COLOR_MODES, colorPoints, headNorms, modeNamed, modesFor, tellValue } from '../../frontend/js/color_modes.js';
import { canvasPalette, cssColor, pack } from '../../frontend/js/colors.js';

/** Two sequences of three and two tokens. */
function context(overrides = {}) {
  return {
    tokens: {
      tokenId: Int32Array.of(7, 8, 7, 7, 9), sequence: Int32Array.of(0, 0, 0, 1, 1), position: Int32Array.of(0, 1, 2, 0, 1),
      row: Int32Array.of(-1, 0, 1, -1, 0), column: Int32Array.of(-1, 2, 0, -1, 1), sequences: { length: Int32Array.of(3, 2) },
    },
    drawn: null, nCells: 1, norms: Float32Array.of(1, 2, 3, 4, 5, 10, 20, 30, 40, 50),
    patches: { rgb: new Uint8Array(5 * 4 * 3).map((_, at) => (at % 3) * 100), side: 2 }, theme: 'light', ...overrides,
  };
}
const palette = canvasPalette('light');
const [queryRamp, keyRamp] = palette.ramps;

test('every mode colours every point in both themes and explains itself', () => {
  for (const mode of COLOR_MODES) {
    for (const theme of ['light', 'dark']) {
      const { colors, legend, perCell } = colorPoints(mode.name, context({ theme }));
      assert.equal(colors.length, 10);
      assert.ok(colors.every((color) => color >>> 24 === 255), `${mode.name}: a colour is missing`);
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
  assert.deepEqual(modesFor('text').map((mode) => mode.name), ['type', 'position', 'position-mod-5', 'norm', 'frequency']);
  assert.deepEqual(modesFor('image').map((mode) => mode.name), ['patch', 'type', 'norm', 'row', 'column']);
});

test('an unknown mode and a missing array are refused in words', () => {
  assert.throws(() => modeNamed('toString'), /no colour mode "toString"; there are .*position/);
  assert.throws(() => colorPoints('norm', context({ norms: null })), /"Norm" needs norms/);
});

test('type has one colour for queries and one for keys', () => {
  const { colors, legend } = colorPoints('type', context());
  assert.deepEqual([...colors], [...Array(5).fill(palette.kinds[0]), ...Array(5).fill(palette.kinds[1])]);
  assert.deepEqual(legend.entries.map((entry) => entry.label), ['query', 'key']);
});

test('position runs over the ramp of its kind from the first to the last token of each sequence', () => {
  const { colors, legend } = colorPoints('position', context());
  assert.deepEqual([...colors.subarray(0, 5)], [0, 128, 255, 0, 255].map((step) => queryRamp[step]));
  assert.equal(colors[7], keyRamp[255]);
  assert.deepEqual(legend.ramps[0].range, ['0.00', '1.00']);
});

test('position modulo 5 pairs dark queries with light keys of the same hue', () => {
  const tokens = { ...context().tokens, position: Int32Array.of(0, 4, 5, 9, 11) };
  const { colors } = colorPoints('position-mod-5', context({ tokens }));
  const hues = [0, 4, 0, 4, 1];
  hues.forEach((hue, token) => {
    assert.equal(colors[token], palette.fives[0][hue]);
    assert.equal(colors[5 + token], palette.fives[1][hue]);
  });
});

test('the norm has its own true range for queries and for keys', () => {
  const { colors, legend } = colorPoints('norm', context());
  assert.deepEqual([colors[0], colors[4], colors[5], colors[9]], [queryRamp[0], queryRamp[255], keyRamp[0], keyRamp[255]]);
  assert.deepEqual(legend.ramps.map((ramp) => ramp.range), [['1.00', '5.00'], ['10.0', '50.0']]);
});

test('scaled norms of the grid colour every cell on its own', () => {
  const { colors, legend } = colorPoints('norm', context({ nCells: 2, norms: new Uint8Array(20).fill(255, 10) }));
  assert.equal(colors.length, 20);
  assert.deepEqual([colors[0], colors[10], colors[19]], [queryRamp[0], queryRamp[255], keyRamp[255]]);
  assert.deepEqual(legend.ramps[0].range, ['least', 'most']);
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
  assert.equal(tellValue('frequency', context(), 5), '3');
  assert.equal(tellValue('position', context(), 1), '0.50');
  assert.equal(tellValue('row', context(), 0), '');
  assert.equal(tellValue('norm', context(), 9), '50.0');
  assert.equal(tellValue('norm', context({ nCells: 2, norms: new Uint8Array(20).fill(255, 10) }), 3, 1), '100 % of the range');
  assert.equal(tellValue('frequency', context({ drawn: Int32Array.of(4, 0) }), 3), '3');
});

test('norms of a head are ordered as its points are', () => {
  assert.deepEqual([...headNorms(Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0))], [1, 3, 2, 4]);
});
