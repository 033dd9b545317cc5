import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

const FOLDER = new URL('../../frontend/css/', import.meta.url);
/** Paper has its own sizes. */
const SHEETS = readdirSync(FOLDER).filter((name) => /^(?!print).*\.css$/.test(name));
const REM_PX = 14;

/** Every size of a font that a sheet declares, in CSS pixels; those of variables are theirs. */
const sizesIn = (css) =>
  [...css.matchAll(/(?:font-size|font|--text-\w+):\s*([^;]+);/g)].flatMap(([, value]) =>
    [...value.matchAll(/(?<![\w./-])([\d.]+)(px|rem|em)/g)].map(([, number, unit]) => ({
      value,
      px: number * (unit === 'px' ? 1 : REM_PX),
    })),
  );

test('no text on screen is smaller than 12 px', () => {
  const found = SHEETS.flatMap((name) =>
    sizesIn(readFileSync(new URL(name, FOLDER), 'utf8')).map((size) => ({ name, ...size })),
  );
  assert.ok(found.length > 10);
  assert.deepEqual(
    found.filter(({ px }) => px < 12),
    [],
  );
});
