/** Ways to close a dialog besides Escape: a close button and a click outside. */

import { iconButton, ICONS } from './dom.js';

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
