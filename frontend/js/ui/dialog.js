/** Ways to close a dialog besides Escape: a close button, a click outside, and its foot. */

import { el, iconButton, ICONS } from './dom.js';

/** Click listener of a dialog. @param {MouseEvent} event */
export function closeOutside({ target, currentTarget }) {
  if (target === currentTarget) /** @type {HTMLDialogElement} */ (currentTarget).close();
}

/** @param {string} [title] */
export function closeButton(title = 'Close (Esc)') {
  const button = iconButton(ICONS.close, 'Close', {
    title,
    onClick: () => button.closest('dialog')?.close(),
  });
  return button;
}

/**
 * The foot of a dialog: a button to another dialog instead of this one, and one that closes it.
 *
 * @param {{label: string, open: () => void}} other
 * @param {string} closeLabel
 */
export function dialogFoot(other, closeLabel) {
  /** @param {string} style @param {string} label @param {() => void} [then] */
  const button = (style, label, then) => {
    const element = el('button', { class: style, type: 'button', onClick: leave }, label);
    function leave() {
      element.closest('dialog')?.close();
      then?.();
    }
    return element;
  };
  return el(
    'div',
    { class: 'help__foot' },
    button('button', other.label, other.open),
    button('button button--main', closeLabel),
  );
}
