import assert from 'node:assert/strict';
import test from 'node:test';
import { keysOf } from '../../frontend/js/ui/keys.js';

/** @param {string} key @param {string} code @param {object} [more] */
const press = (key, code, more = {}) =>
  keysOf({ key, code, shiftKey: false, isComposing: false, keyCode: 0, ...more });
const shift = { shiftKey: true };

test('Latin layouts match shortcuts by letter, not by key position', () => {
  assert.deepEqual(press('g', 'KeyU'), ['g'], 'Dvorak');
  assert.deepEqual(press('a', 'KeyQ'), ['a'], 'AZERTY');
  assert.deepEqual(press('z', 'KeyY'), ['z'], 'QWERTZ');
  assert.deepEqual(press('ö', 'Semicolon'), ['ö'], 'German');
  assert.deepEqual(press('ı', 'KeyI'), ['ı'], 'Turkish');
});

test('layouts of other scripts also match shortcuts by key position', () => {
  const layouts = {
    Cyrillic: 'п',
    Greek: 'γ',
    Hebrew: 'ע',
    Arabic: 'ل',
    Korean: 'ㅎ',
    kana: 'き',
    Thai: 'เ',
  };
  for (const [name, key] of Object.entries(layouts))
    assert.deepEqual(press(key, 'KeyG'), [key, 'g'], name);
  assert.deepEqual(press('لا', 'KeyB'), ['لا', 'b'], 'a key with two letters');
  assert.deepEqual(press('Т', 'KeyN', shift), ['Т', 'N']);
  assert.deepEqual(press('؟', 'Slash', shift), ['؟', '?'], 'Arabic question mark');
  assert.deepEqual(press('ظ', 'Slash'), ['ظ', '/']);
  assert.deepEqual(press('٢', 'Digit2'), ['٢', '2'], 'Arabic digit');
});

test('symbols match as the layout types them, with or without Shift', () => {
  assert.deepEqual(press('/', 'Digit7', shift), ['/'], 'German');
  assert.deepEqual(press('?', 'Minus', shift), ['?'], 'German');
  assert.deepEqual(press('?', 'Digit7', shift), ['?'], 'Russian');
  assert.deepEqual(press('/', 'KeyQ'), ['/'], 'Hebrew');
  assert.deepEqual(press('+', 'BracketRight'), ['+'], 'German');
  assert.deepEqual(press('-', 'NumpadSubtract'), ['-']);
  assert.deepEqual(press('-', 'Digit6'), ['-', '6'], 'AZERTY');
});

test('the digit row matches digits where they need Shift', () => {
  assert.deepEqual(press('&', 'Digit1'), ['&', '1'], 'AZERTY');
  assert.deepEqual(press('é', 'Digit2'), ['é', '2'], 'AZERTY');
  assert.deepEqual(press('2', 'Digit2', shift), ['2'], 'AZERTY');
  assert.deepEqual(press('!', 'Digit1', shift), ['!'], 'US');
  assert.deepEqual(press('№', 'Digit3', shift), ['№'], 'Russian');
  assert.deepEqual(press('End', 'Numpad1'), ['End'], 'without Num Lock');
});

test('Caps Lock does not change the case of a shortcut', () => {
  assert.deepEqual(press('G', 'KeyG'), ['g']);
  assert.deepEqual(press('n', 'KeyN', shift), ['N']);
});

test('keys pressed while an input method composes match nothing', () => {
  assert.deepEqual(press('g', 'KeyG', { isComposing: true }), []);
  assert.deepEqual(press('Process', 'KeyG', { keyCode: 229 }), []);
});
