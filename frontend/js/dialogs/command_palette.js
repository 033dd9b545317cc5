/** The command palette: one box for heads, scores, tokens, methods, datasets and commands. */

import { counted } from '../compute/number_text.js';
import { keysText } from '../controls/commands.js';
import { closeOutside } from '../ui/dialog.js';
import { corpusText, el, icon, ICONS, setAttribute, setText, VERBATIM_FIELD } from '../ui/dom.js';
import { isComposing } from '../ui/keys.js';
import { findEntries, outsideText } from './palette_entries.js';

/** @import { Context } from '../page.js' */
/** @import { Entry } from './palette_entries.js' */
/** @import { StartCards } from './start_cards.js' */

const LIST_ID = 'palette-list';

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {Record<string, () => void>} commands by their names
 * @param {StartCards} examples
 */
export function createCommandPalette(root, context, commands, examples) {
  const input = el('input', {
    class: 'palette__input',
    type: 'text',
    ...VERBATIM_FIELD,
    role: 'combobox',
    'aria-label': 'Go to',
    'aria-autocomplete': 'list',
    'aria-controls': LIST_ID,
    'aria-expanded': 'true',
    placeholder: 'L5 H1, induction, a token, t-SNE, …',
    maxlength: '100',
    autofocus: true,
    onInput: update,
    onKeydown: press,
  });
  const list = el('ul', {
    class: 'palette__list',
    id: LIST_ID,
    role: 'listbox',
    'aria-label': 'Results',
    onPointerdown: (/** @type {Event} */ event) => event.preventDefault(), // keep the focus
  });
  const status = el('p', { class: 'palette__status soft', role: 'status' });
  const dialog = el(
    'dialog',
    { class: 'palette', 'aria-label': 'Go to', onClick: closeOutside },
    el('div', { class: 'palette__box' }, icon(ICONS.search), input),
    list,
    status,
  );
  root.append(dialog);
  /** @type {Entry[]} */
  let entries = [];
  let active = 0;

  function update() {
    entries = findEntries(input.value, context, commands, examples);
    list.replaceChildren(
      ...entries.map((entry, i) =>
        makeOption(entry, i, { run: () => run(i), point: () => mark(i) }),
      ),
    );
    const outside = outsideText(input.value, context.facts.description.value?.manifest ?? null);
    const found = entries.length > 0 ? counted(entries.length, 'result') : 'No results';
    setText(status, outside || found);
    mark(0);
  }

  /** @param {number} i */
  function mark(i) {
    active = i;
    [...list.children].forEach((option, at) =>
      setAttribute(option, 'aria-selected', String(at === i)),
    );
    setAttribute(input, 'aria-activedescendant', entries.length > 0 ? optionId(i) : null);
    list.children[i]?.scrollIntoView({ block: 'nearest' });
  }

  /** The dialog closes first: some commands open another one. @param {number} i */
  function run(i) {
    const entry = entries[i];
    if (!entry) return;
    dialog.close();
    entry.run();
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (isComposing(event)) return;
    const n = entries.length;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => mark(n > 0 ? (active + 1) % n : 0),
      ArrowUp: () => mark(n > 0 ? (active + n - 1) % n : 0),
      Enter: () => run(active),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  return {
    open() {
      if (dialog.open) return;
      input.value = '';
      dialog.showModal();
      update();
    },
    destroy: () => dialog.remove(),
  };
}

/** @param {number} i */
function optionId(i) {
  return `${LIST_ID}-${i}`;
}

/** @param {Entry} entry @param {number} i @param {{run: () => void, point: () => void}} calls */
function makeOption({ kind, label, detail, keys, isCorpus }, i, { run, point }) {
  return el(
    'li',
    {
      class: 'palette__option',
      id: optionId(i),
      role: 'option',
      'aria-selected': 'false',
      onClick: run,
      onPointermove: point,
    },
    el('span', { class: 'palette__kind soft' }, kind),
    ' ',
    isCorpus ? corpusText(label, 'palette__label') : el('span', { class: 'palette__label' }, label),
    ' ',
    detail ? el('span', { class: 'palette__detail soft' }, detail) : null,
    keys ? el('kbd', {}, keysText(keys)) : null,
  );
}
