/** Interpretation of key presses, independent of keyboard layout and script. */

/** Characters of the other shortcut keys on a US keyboard: plain, and with Shift. */
const PLACES = /** @type {Record<string, string>} */ ({ Slash: '/?', Equal: '=+', Minus: '-_' });
/** Latin letters and ASCII are used as typed. */
const LATIN = /^\p{Script=Latin}$/u;
const ASCII = /^[ -~]+$/;

/**
 * @typedef {Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey' | 'isComposing' | 'keyCode'>} KeyPress
 */

/**
 * Candidate keys of a press, most likely first: the character of the layout (Dvorak, AZERTY); for
 * other scripts (Cyrillic, Greek, Hebrew, kana, …), the US key at the same position. The digit row
 * is also matched by position without Shift, since AZERTY and others have symbols there.
 *
 * A letter is upper case only with Shift; Caps Lock is ignored.
 *
 * @param {KeyPress} event
 * @returns {string[]}
 */
export function keysOf(event) {
  const { key, code, shiftKey } = event;
  if (isComposing(event)) return [];
  const digit = shiftKey ? undefined : /^Digit([0-9])$/.exec(code)?.[1];
  if (LATIN.test(key)) return withPlace(cased(key, shiftKey), digit);
  if (ASCII.test(key)) return withPlace(key, key.length === 1 ? digit : undefined);
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return withPlace(
    key,
    letter ? cased(letter, shiftKey) : (PLACES[code]?.[shiftKey ? 1 : 0] ?? digit),
  );
}

/**
 * Whether a press belongs to an input method editor (IME); Safari reports this only by `keyCode`.
 *
 * @param {Pick<KeyPress, 'isComposing' | 'keyCode'>} event
 */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** @param {string} letter @param {boolean} isLarge */
function cased(letter, isLarge) {
  return isLarge ? letter.toUpperCase() : letter.toLowerCase();
}

/** @param {string} key @param {string | undefined} place the US key at this position */
function withPlace(key, place) {
  return place === undefined || place === key ? [key] : [key, place];
}
