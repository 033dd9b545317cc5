import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointFlags, pointsOutside } from '../../frontend/js/color/point_flags.js';
import { FLAG } from '../../frontend/js/compute/flag_bits.js';
import { DEFAULTS } from '../../frontend/js/state/choices.js';

const TOKENS = {
  n: 5,
  sequence: Int32Array.of(0, 0, 1, 1, 1),
  position: Int32Array.of(0, 1, 0, 1, 2),
  sequences: { length: Int32Array.of(2, 3), start: Int32Array.of(0, 2) },
};
const NOTHING = { tokens: TOKENS, drawn: null, norms: null, selected: null, attention: null };

test('without search and selection no point has a flag', () => {
  assert.ok(
    pointFlags({ tokens: TOKENS, drawn: null, hits: null, selected: null }).every(
      (flag) => flag === 0,
    ),
  );
});

test('hits and the selected sequence are flagged, and all other points dimmed', () => {
  const flags = pointFlags({
    tokens: TOKENS,
    drawn: null,
    hits: Uint8Array.of(1, 0, 0, 1, 0),
    selected: { kind: 'query', token: 2 },
  });
  const half = [FLAG.hit, FLAG.dimmed, FLAG.selected, FLAG.selected | FLAG.hit, FLAG.selected];
  assert.deepEqual([...flags], [...half, ...half]);
});

test('a search without hits dims everything', () => {
  assert.ok(
    pointFlags({ tokens: TOKENS, drawn: null, hits: new Uint8Array(5), selected: null }).every(
      (flag) => flag === FLAG.dimmed,
    ),
  );
});

test('flags of a sample of tokens refer to the drawn tokens', () => {
  const flags = pointFlags({
    tokens: TOKENS,
    drawn: Int32Array.of(1, 3, 4),
    hits: null,
    selected: { kind: 'key', token: 0 },
  });
  assert.deepEqual(
    [...flags],
    [FLAG.selected, FLAG.dimmed, FLAG.dimmed, FLAG.selected, FLAG.dimmed, FLAG.dimmed],
  );
});

test('a marked point is flagged alone, not the other point of its token', () => {
  const marked = new Uint8Array(10);
  marked[3] = 1;
  const flags = pointFlags({
    tokens: TOKENS,
    drawn: Int32Array.of(1, 3),
    hits: null,
    selected: null,
    marked,
  });
  assert.deepEqual([...flags], [FLAG.dimmed, FLAG.hit, FLAG.dimmed, FLAG.dimmed]);
});

test('a point outside the filters is hidden, also if it is a hit', () => {
  const outside = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const flags = pointFlags({
    tokens: TOKENS,
    drawn: null,
    hits: Uint8Array.of(1, 0, 0, 0, 0),
    selected: null,
    outside,
  });
  assert.deepEqual([...flags.subarray(0, 2)], [FLAG.hit | FLAG.hidden, FLAG.dimmed]);
});

test('pointsOutside() returns null for the default filters', () => {
  assert.equal(pointsOutside({ ...NOTHING, filters: DEFAULTS.filters }), null);
});

test('filters by kind and position apply to a head and to the grid', () => {
  assert.deepEqual(
    [...(pointsOutside({ ...NOTHING, filters: { ...DEFAULTS.filters, kind: 'key' } }) ?? [])],
    [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
  );
  const middle = pointsOutside({
    ...NOTHING,
    drawn: Int32Array.of(2, 3, 4),
    filters: { ...DEFAULTS.filters, position: [0.4, 0.6] },
  });
  assert.deepEqual([...(middle ?? [])], [1, 0, 1, 1, 0, 1]);
});

test('the norm filter uses shares of the range of the head and needs loaded norms', () => {
  const filters = { ...DEFAULTS.filters, norm: [0.5, 1] };
  const norms = Float32Array.of(1, 2, 3, 1, 2, 3, 1, 2, 3, 2);
  assert.deepEqual(
    [...(pointsOutside({ ...NOTHING, norms, filters }) ?? [])],
    [1, 0, 0, 1, 0, 0, 1, 0, 0, 0],
  );
  assert.equal(pointsOutside({ ...NOTHING, filters }), null);
});

test('the attention filter keeps the selected point and its partners', () => {
  const attention = { n: 3, pattern: Float32Array.of(1, 0, 0, 0.5, 0.5, 0, 0.1, 0.8, 0.1) };
  const filters = { ...DEFAULTS.filters, attention: 0.5 };
  const ofQuery = pointsOutside({
    ...NOTHING,
    filters,
    attention,
    selected: { kind: 'query', token: 3 },
  });
  assert.deepEqual([...(ofQuery ?? [])], [1, 1, 1, 0, 1, 1, 1, 0, 0, 1]);
  const ofKey = pointsOutside({
    ...NOTHING,
    filters,
    attention,
    selected: { kind: 'key', token: 3 },
  });
  assert.deepEqual([...(ofKey ?? [])], [1, 1, 1, 0, 0, 1, 1, 1, 0, 1]);
});
