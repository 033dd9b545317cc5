/** Fields of the form for a new dataset. */

import { corpusText, el, setAttribute, setText } from '../ui/dom.js';
import { sentence } from '../ui/labels.js';

/** @import { JobOptions } from './types.js' */

let nMade = 0;

/**
 * A field with its label above and an error message below.
 *
 * @template {HTMLElement} T
 * @param {string} label
 * @param {T} input
 * @param {string} [note]
 */
export function field(label, input, note = '') {
  const id = `job-field-${nMade++}`;
  input.id = id;
  const below = el('p', { class: 'field__note', id: `${id}-note` }, note);
  input.setAttribute('aria-describedby', below.id);
  const element = el(
    'div',
    { class: 'field' },
    el('label', { class: 'field__label', for: id }, label),
    input,
    below,
  );
  return {
    element,
    input,
    /** @param {string} next */
    showNote(next) {
      note = next;
      setText(below, note);
    },
    /** @param {string | null} problem */
    showError(problem) {
      setText(below, problem ?? note);
      below.classList.toggle('jobs__problem', problem !== null);
      setAttribute(input, 'aria-invalid', problem === null ? null : 'true');
    },
  };
}

/**
 * A choice whose note follows what is chosen; the first one is chosen at first.
 *
 * @param {string} label
 * @param {readonly {value: string, note: string}[]} choices
 */
export function choiceField(label, choices) {
  const input = el(
    'select',
    { class: 'select', onChange: show },
    ...choices.map(({ value }) => el('option', { value }, value)),
  );
  const made = field(label, input);
  show();

  function show() {
    const note = choices.find(({ value }) => value === input.value)?.note ?? '';
    made.showNote(sentence(note));
  }

  return made;
}

/**
 * A group of checkboxes.
 *
 * @param {string} legend
 * @param {readonly {value: string, label: string, help: string, isChosen: boolean}[]} choices
 */
export function checks(legend, choices) {
  const inputs = choices.map(({ value, isChosen }) =>
    el('input', { class: 'check__box', type: 'checkbox', value, checked: isChosen }),
  );
  const element = el(
    'fieldset',
    { class: 'jobs__checks' },
    el('legend', { class: 'field__label' }, legend),
    ...choices.map(({ label, help }, i) =>
      el('label', { class: 'check', title: help }, inputs[i], label),
    ),
  );
  return {
    element,
    inputs,
    chosen: () => inputs.filter(({ checked }) => checked).map(({ value }) => value),
  };
}

/**
 * A drop area for files, and a button that opens the file dialog.
 *
 * @param {JobOptions['endings']} endings
 * @param {(files: File[]) => void} onPick
 */
export function dropZone(endings, onPick) {
  const input = el('input', {
    class: 'jobs__file',
    type: 'file',
    multiple: true,
    accept: [...endings.text, ...endings.image].join(','),
    id: `job-files-${nMade++}`,
    onChange: () => onPick([...(input.files ?? [])]),
  });
  const words = corpusText('', 'jobs__chosen');
  const note = el(
    'span',
    { class: 'jobs__hint soft' },
    'Drop a text file (one sequence per line), a table ' +
      `(${endings.table.join(', ')}), or images here.`,
  );
  const problem = el('span', { class: 'jobs__problem', role: 'alert' });
  const element = el(
    'label',
    { class: 'jobs__drop', for: input.id },
    el(
      'span',
      { class: 'jobs__pick' },
      input,
      el('span', { class: 'button', 'aria-hidden': 'true' }, 'Choose files'),
      words,
    ),
    note,
    problem,
  );
  input.setAttribute('aria-label', 'Files: a text, a table, or images');

  return {
    element,
    input,
    /** @param {string} chosen @param {string | null} wrong */
    show(chosen, wrong) {
      setText(words, chosen || 'No file chosen');
      setText(problem, wrong ?? '');
      setAttribute(input, 'aria-invalid', wrong === null ? null : 'true');
    },
    /** Highlight the drop area while files are dragged over it. @param {boolean} isOver */
    highlight(isOver) {
      element.classList.toggle('is-over', isOver);
    },
    clear() {
      input.value = '';
    },
  };
}
