/** What every dialog has beside Escape: a button that closes it, and a click beside it. */

import { iconButton, ICONS } from './dom.js';

/** Listens to clicks on a dialog. @param {MouseEvent} event */
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
