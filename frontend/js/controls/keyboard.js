/** Keys that work everywhere, but never while typing. */

import { offeredMethods } from '../data/best_map.js';
import { isComposing, keysOf } from '../ui/keys.js';

/** @import { Context } from '../page.js' */

/** @type {Record<string, 'up' | 'down' | 'left' | 'right'>} */
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
/** Drags that the arrows with Shift stand for, in steps. */
const TURNS = Object.freeze({ up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] });
/** A step turns by about 15 degrees, CSS pixels. */
const TURN_PX = 32;

/**
 * @param {Context & {openHelp: () => void, toggleMapOfHeads: () => void, openTable: () => void,
 *   openDatasets: () => void, openHeads: () => void, openUserSequences: () => void,
 *   focusSearch: () => void, switchPane: () => void,
 *   walk: (step: 1 | -1, isLeap: boolean) => void, turn: (dx: number, dy: number) => void}} context
 */
export function createKeyboard({
  actions,
  hover,
  pairing,
  store,
  undo,
  openHelp,
  toggleMapOfHeads,
  openTable,
  openDatasets,
  openHeads,
  openUserSequences,
  focusSearch,
  switchPane,
  walk,
  turn,
}) {
  /** @type {Record<string, () => void>} */
  const keys = {
    '/': focusSearch,
    '?': openHelp,
    a: openDatasets,
    t: openTable,
    y: openUserSequences,
    c: actions.toggleBeside,
    o: switchPane,
    g: actions.showGrid,
    f: actions.toggleFit,
    m: toggleMapOfHeads,
    h: openHeads,
    l: () => actions.choose({ hasLabels: !store.get().hasLabels }),
    '+': () => pairing.mark(hover.get(), true),
    '-': () => pairing.mark(hover.get(), false),
    d: () => actions.showDims(store.get().dims === 2 ? 3 : 2),
    n: () => walk(1, false),
    p: () => walk(-1, false),
    N: () => walk(1, true),
    P: () => walk(-1, true),
  };

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
    pressUndo(event, undo);
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
 * Ctrl or Cmd with Z takes back; with Shift and Z, or with Y, takes up again. A field of text has
 * its own.
 *
 * @param {KeyboardEvent} event
 * @param {Context['undo']} undo
 */
function pressUndo(event, undo) {
  if (
    !(event.ctrlKey || event.metaKey) ||
    event.altKey ||
    event.defaultPrevented ||
    isText(event.target) ||
    document.querySelector('dialog:modal')
  )
    return;
  const key = keysOf(event)
    .map((meant) => meant.toLowerCase())
    .find((meant) => meant === 'z' || (meant === 'y' && !event.shiftKey));
  if (!key) return;
  event.preventDefault();
  if (key === 'z' && !event.shiftKey) undo.back();
  else undo.forth();
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
