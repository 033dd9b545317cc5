/** Keys that work everywhere, but never while typing. */

import { COMMANDS } from './commands.js';
import { offeredMethods } from '../data/best_map.js';
import { isComposing, keysOf } from '../ui/keys.js';

/** @import { Context } from '../page.js' */

/** @type {Record<string, 'up' | 'down' | 'left' | 'right'>} */
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
/** Drags that the arrows with Shift stand for, in steps. */
const TURNS = Object.freeze({ up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] });
/** A step turns by about 15 degrees, CSS pixels. */
const TURN_PX = 32;

const WITH_CONTROL = [
  { name: 'openPalette', key: 'k', isShift: false, inText: true },
  { name: 'undo', key: 'z', isShift: false, inText: false },
  { name: 'redo', key: 'z', isShift: true, inText: false },
  { name: 'redo', key: 'y', isShift: false, inText: false },
];

/**
 * @param {Context} context
 * @param {Record<string, () => void>} commands by their names in `COMMANDS`
 * @param {(dx: number, dy: number) => void} turn a 3-D head, CSS pixels of a drag
 */
export function createKeyboard({ actions, pairing, store }, commands, turn) {
  const keys = Object.fromEntries(
    COMMANDS.filter(({ press: key }) => key !== '').map(({ name, press: key }) => [
      key,
      commands[name],
    ]),
  );

  /** What a press means now. @param {KeyboardEvent} event @returns {(() => void) | null} */
  function actionOf(event) {
    const { key, target } = event;
    if (ARROWS[key]) {
      const { at, dims } = store.get();
      if (!at || isMoving(target)) return null;
      if (!event.shiftKey || dims === 2) return () => actions.goTo(ARROWS[key]);
      const [dx, dy] = TURNS[ARROWS[key]];
      return () => turn(TURN_PX * dx, TURN_PX * dy);
    }
    return (
      keysOf(event)
        .map((meant) => keys[meant] ?? methodAction(meant))
        .find(Boolean) ?? null
    );
  }

  /** @param {string} key */
  function methodAction(key) {
    const method = offeredMethods()[Number(key) - 1]?.name;
    return method ? () => actions.showMethod(method) : null;
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (isComposing(event)) return;
    pressWithControl(event, commands);
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.defaultPrevented ||
      document.querySelector('dialog:modal')
    )
      return;
    if (event.key === 'Escape' && !hasText(event.target))
      return pairing.get() ? pairing.set(null) : actions.clear(); // a field with text clears itself
    if (isTyping(event.target)) return;
    const act = actionOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  window.addEventListener('keydown', press);
  return { destroy: () => window.removeEventListener('keydown', press) };
}

/**
 * With Ctrl or Cmd: K opens the command palette, also from a field; Z undoes, Shift and Z or Y
 * redoes, save in a field of text, which has its own.
 *
 * @param {KeyboardEvent} event
 * @param {Record<string, () => void>} commands
 */
function pressWithControl(event, commands) {
  if (
    !(event.ctrlKey || event.metaKey) ||
    event.altKey ||
    event.defaultPrevented ||
    document.querySelector('dialog:modal')
  )
    return;
  const pressed = keysOf(event).map((key) => key.toLowerCase());
  const command = WITH_CONTROL.find(
    ({ key, isShift, inText }) =>
      pressed.includes(key) && isShift === event.shiftKey && (inText || !isText(event.target)),
  );
  if (!command) return;
  event.preventDefault();
  commands[command.name]();
}

/** Whether keys belong to a field. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return target.type !== 'radio' && target.type !== 'checkbox';
  return (
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement ||
    target.isContentEditable
  );
}

/** Whether letters belong to a field. @param {EventTarget | null} target */
function isText(target) {
  return (
    isTyping(target) &&
    !(
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && target.type === 'range')
    )
  );
}

/** @param {EventTarget | null} target */
function hasText(target) {
  return target instanceof HTMLInputElement && target.type === 'search' && target.value !== '';
}

/** Whether the arrow keys already do something there. @param {EventTarget | null} target */
function isMoving(target) {
  return target instanceof HTMLInputElement && target.type === 'radio';
}
