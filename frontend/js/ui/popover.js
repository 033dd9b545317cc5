/**
 * Popovers: what a button shows on demand, above everything else. Escape or a press elsewhere
 * closes them, as does the button.
 */

import { el, icon, ICONS } from './dom.js';

/** Air between the button, the popover and the edges of the window, CSS pixels. */
const GAP_PX = 6;

/** @type {number} */
let nMade = 0;

/**
 * Make a button open a popover, which stands after it in the page.
 *
 * @param {HTMLButtonElement} button
 * @param {Parameters<typeof el>[1]} properties of the popover
 * @param {...(Node | string | null)} children
 */
export function createPopover(button, properties, ...children) {
  const element = el(
    'div',
    { id: `popover-${nMade++}`, ...properties, popover: 'auto' },
    ...children,
  );
  element.classList.add('popover');
  button.popoverTargetElement = element;
  button.setAttribute('aria-expanded', 'false');

  function place() {
    const from = button.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const isBelow = from.bottom + GAP_PX + height <= innerHeight || from.top < innerHeight / 2;
    const top = isBelow ? from.bottom + GAP_PX : from.top - GAP_PX - height;
    const left = Math.min(from.left, innerWidth - width - GAP_PX);
    element.style.top = `${Math.max(GAP_PX, Math.min(top, innerHeight - height - GAP_PX))}px`;
    element.style.left = `${Math.max(GAP_PX, left)}px`;
  }

  /** Escape closes the innermost popover alone. @param {KeyboardEvent} event */
  function press(event) {
    if (event.key !== 'Escape' || element.querySelector(':popover-open')) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }

  function close() {
    if (!element.matches(':popover-open')) return;
    const hadFocus = element.contains(document.activeElement);
    element.hidePopover();
    if (hadFocus) button.focus();
  }

  element.addEventListener('beforetoggle', (event) => {
    const isOpening = /** @type {ToggleEvent} */ (event).newState === 'open';
    button.setAttribute('aria-expanded', String(isOpening));
    element.style.opacity = isOpening ? '0' : ''; // until it has its place; it can be focused
    if (isOpening) {
      document.addEventListener('keydown', press);
      window.addEventListener('resize', close);
    } else {
      document.removeEventListener('keydown', press);
      window.removeEventListener('resize', close);
    }
  });
  element.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== 'open') return;
    place();
    element.style.opacity = '';
  });

  return { element, close };
}

/**
 * An ⓘ that explains something; the explanation is also the description of the button, so that a
 * screen reader reads it without opening it.
 *
 * @param {string} subject
 * @param {...(Node | string | null)} explanation
 */
export function createInfo(subject, ...explanation) {
  const button = el(
    'button',
    { class: 'info__button', type: 'button', title: `About: ${subject}` },
    icon(ICONS.info),
    el('span', { class: 'visually-hidden' }, `About: ${subject}`),
  );
  const { element } = createPopover(button, { class: 'info__words' }, ...explanation);
  button.setAttribute('aria-describedby', element.id);
  return { element: el('span', { class: 'info' }, button, element), button, words: element };
}
