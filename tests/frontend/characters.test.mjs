import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  charactersOf,
  continuedIn,
  isFurtherPart,
  piecesOf,
} from '../../frontend/js/compute/characters.js';

test('a byte-level token has the characters it holds bytes of and the one it continues', () => {
  const tokens = [
    [' 你 1–2⁄3', ' 你', '', false],
    ['你 3⁄3', '你', '你', true],
    ['你 3⁄3 + 好 1⁄3', '你好', '你', false],
    ['\u200d 2⁄3', '\u200d', '\u200d', true],
    ['ab + é 1⁄2', 'abé', '', false],
    ['é 2⁄2 +  + c', 'é + c', 'é', false],
    ['\u3000 1⁄3', '\u3000', '', false],
    ['april', 'april', '', false],
  ];
  for (const [token, characters, continued, isFurther] of tokens) {
    assert.deepEqual(
      [charactersOf(token), continuedIn(token), isFurtherPart(token)],
      [characters, continued, isFurther],
      token,
    );
  }
  assert.deepEqual(piecesOf(' 🐍 2–3⁄4')[1], { text: '🐍', first: 2, last: 3, of: 4 });
});

test('text that only resembles the label of a character part is plain text', () => {
  for (const token of [
    '1⁄2',
    'a 1⁄2',
    'é 1⁄3',
    'é 1–2⁄2',
    '你 3–2⁄3',
    '你 1⁄3!',
    'x + y',
    'a +  你 1⁄3',
    '',
  ]) {
    assert.deepEqual([charactersOf(token), continuedIn(token)], [token, ''], token);
  }
});
