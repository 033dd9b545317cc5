/** A separator that gives its neighbours more or less room, by pointer and by keys. */

import { createCleanup, el, setAttribute } from './dom.js';

/** Steps of the keys. @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -1e6, End: 1e6 };

/**
 * @param {object} options
 * @param {string} options.className
 * @param {string} options.label
 * @param {string} options.title
 * @param {number} options.step of the arrow keys
 * @param {boolean} [options.isReversed] whether the value grows towards the left or the top
 * @param {() => {least: number, most: number}} options.limits
 * @param {() => number} options.value what is there now
 * @param {(event: PointerEvent) => number} options.valueAt what a place of the pointer means
 * @param {(value: number, isDone: boolean) => void} options.onPick called with a value within the
 *   limits; `isDone`: not on the way of a drag
 * @param {() => void} options.onReset
 */
export function createSeparator({
  className,
  label,
  title,
  step,
  isReversed = false,
  limits,
  value,
  valueAt,
  onPick,
  onReset,
}) {
  const cleanup = createCleanup();
  const element = el('div', {
    class: className,
    role: 'separator',
    tabindex: '0',
    'aria-label': label,
    'aria-orientation': 'vertical',
    title: `${title}: drag, or arrow keys; double-click or Enter resets`,
    onDblclick: reset,
  });
  /** @type {number | null} */
  let pointerId = null;

  /** Say what is there now. */
  function update() {
    const { least, most } = limits();
    setAttribute(element, 'aria-valuemin', String(Math.round(least)));
    setAttribute(element, 'aria-valuemax', String(Math.round(most)));
    setAttribute(element, 'aria-valuenow', String(Math.round(value())));
  }

  /** @param {number} wanted @param {boolean} isDone */
  function pick(wanted, isDone) {
    const { least, most } = limits();
    onPick(Math.max(least, Math.min(most, wanted)), isDone);
    update();
  }

  function reset() {
    onReset();
    update();
  }

  cleanup.listen(element, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const steps = /** @type {number | undefined} */ (STEPS[event.key]);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation();
    if (steps === undefined) reset();
    else pick(value() + steps * step * (isReversed ? -1 : 1), true);
  });
  cleanup.listen(element, 'pointerdown', (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    pointerId = event.pointerId;
    element.setPointerCapture(event.pointerId);
  });
  cleanup.listen(element, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (pointerId === event.pointerId) pick(valueAt(event), false);
  });
  for (const type of ['pointerup', 'pointercancel'])
    cleanup.listen(element, type, () => {
      if (pointerId !== null) onPick(value(), true);
      pointerId = null;
    });

  return {
    element,
    update,
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}
