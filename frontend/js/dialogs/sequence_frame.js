/** What stands around the table of all sequences: title, filter, count, download and status. */

import { closeButton, closeOutside } from '../ui/dialog.js';
import { el, setAttribute, setText, VERBATIM_FIELD } from '../ui/dom.js';

/**
 * @param {object} on
 * @param {{button: HTMLElement, menu: HTMLElement}} on.columns
 * @param {() => void} on.filter
 * @param {() => void} on.save
 * @param {() => void} on.retry
 * @param {() => void} on.close
 */
export function createSequenceFrame(on) {
  const title = el('h2', { id: 'sequences-title' });
  const filter = el('input', {
    class: 'input sequences__filter',
    type: 'search',
    maxlength: '200',
    ...VERBATIM_FIELD,
    autofocus: true,
    onInput: on.filter,
  });
  const nFound = el('span', { class: 'sequences__count', role: 'status' });
  const save = smallButton('CSV', { title: 'Download these rows as a table', onClick: on.save });
  const about = el('p', { class: 'sequences__about soft', role: 'status' });
  const again = smallButton('Try again', { onClick: on.retry, hidden: true });
  const dialog = el(
    'dialog',
    {
      class: 'sequences',
      'aria-labelledby': 'sequences-title',
      onClick: closeOutside,
      onClose: on.close,
    },
    el('div', { class: 'sequences__head' }, title, closeButton()),
    el(
      'div',
      { class: 'sequences__tools' },
      el(
        'label',
        { class: 'sequences__label' },
        el('span', { class: 'visually-hidden' }, 'Filter rows'),
        filter,
      ),
      nFound,
      on.columns.button,
      on.columns.menu,
      save,
    ),
    about,
    again,
  );

  return {
    dialog,
    filterText: () => filter.value,
    /** @param {string} word for a sequence of the dataset */
    setTitle: (word) => setText(title, `All ${word}s`),
    /** @param {string} text */
    setPlaceholder: (text) => setAttribute(filter, 'placeholder', text),
    /** Say what the numbers are or why there are none. @param {string} text */
    say(text, canRetry = false) {
      setText(about, text);
      again.hidden = !canRetry;
    },
    /** @param {string} text @param {boolean} canSave */
    setFound(text, canSave) {
      setText(nFound, text);
      save.disabled = !canSave;
    },
  };
}

/** @typedef {ReturnType<typeof createSequenceFrame>} SequenceFrame */

/** @param {string} text @param {Parameters<typeof el>[1]} properties */
function smallButton(text, properties) {
  return el('button', { class: 'button button--small', type: 'button', ...properties }, text);
}
