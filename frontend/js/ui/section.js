/** A collapsible section of the controls; its state is remembered. */

import { el, setText } from './dom.js';
import { createInfo } from './popover.js';
import { recall, remember } from './preferences.js';

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.name storage key
 * @param {string} options.title
 * @param {string} options.help
 * @param {readonly (Node | string)[]} [options.info] explanation behind an ⓘ
 * @param {boolean} [options.isOpen] at first
 */
export function createSection(root, { name, title, help, info = [], isOpen = false }) {
  const key = `section.${name}`;
  const titleElement = el('span', { class: 'section__title' }, title);
  const note = el('span', { class: 'section__note soft' });
  const body = el('div', { class: 'section__body' });
  // Over the end of the head, but not in it: a button in a summary would be none.
  if (info.length > 0)
    body.append(el('div', { class: 'section__info' }, createInfo(title, ...info).element));
  // The click comes before the change; the event after it would also come for what is open at
  // first.
  const head = el(
    'summary',
    {
      class: 'section__head',
      title: help,
      onClick: () => remember(key, element.open ? 'folded' : 'open'),
    },
    titleElement,
    note,
  );
  const element = el('details', { class: 'section' }, head, body);
  element.open = (recall(key) ?? (isOpen ? 'open' : 'folded')) === 'open';
  root.append(element);

  return {
    element,
    body,
    /** @param {string} text beside the title */
    setNote: (text) => setText(note, text),
    /** Open the section, scroll to it and move the focus there. */
    reveal() {
      element.open = true;
      element.scrollIntoView({ block: 'start' });
      head.focus({ preventScroll: true });
    },
    /** @param {string} text */
    setTitle: (text) => setText(titleElement, text),
    destroy: () => element.remove(),
  };
}
