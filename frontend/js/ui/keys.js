/** Which keys a press may mean, whatever script and layout the keyboard has. */

/**
 * What a US keyboard has on the keys beside its letters and digits that mean something here: plain,
 * and with Shift.
 */
const PLACES = /** @type {Record<string, string>} */ ({ Slash: '/?', Equal: '=+', Minus: '-_' });
/** Letters of the Latin script, and all of ASCII, are meant as they are. */
const LATIN = /^\p{Script=Latin}$/u;
const ASCII = /^[ -~]+$/;

/**
 * @typedef {Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey' | 'isComposing' | 'keyCode'>} KeyPress
 */

/**
 * The keys that a press may mean, the likeliest first: what the layout has there, so that Dvorak,
 * AZERTY and the like go by their letters; and, where that is of another script (Cyrillic, Greek,
 * Hebrew, kana, …), what a US keyboard has at the same place. The row of digits counts by place
 * without Shift, too, since AZERTY and others have signs there.
 *
 * A letter is large with Shift alone, whatever Caps Lock says.
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
 * Whether a press belongs to an input method that makes a character of several; Safari says so by
 * the code alone.
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

/** @param {string} key @param {string | undefined} place what a US keyboard has there */
function withPlace(key, place) {
  return place === undefined || place === key ? [key] : [key, place];
}
