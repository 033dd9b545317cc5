/** A suggestion list below a text field, operated by mouse or arrow keys. */

import { corpusText, el, setAttribute } from './dom.js';
import { isComposing } from './keys.js';
import { visibleText } from './labels.js';
import { count } from '../compute/number_text.js';

let nMade = 0;

/**
 * @param {HTMLElement} root
 * @param {HTMLInputElement} input
 * @param {(word: string) => void} onPick
 */
export function createSuggestions(root, input, onPick) {
  const id = `suggestions-${nMade++}`;
  // A press must not take the focus from the field, or the list would close before the click.
  const list = el('ul', {
    class: 'suggestions',
    id,
    role: 'listbox',
    'aria-label': 'Words of the corpus',
    hidden: true,
    onPointerdown: (/** @type {Event} */ event) => event.preventDefault(),
  });
  root.append(list);
  setAttribute(input, 'aria-controls', id);
  setAttribute(input, 'aria-autocomplete', 'list');
  setAttribute(input, 'aria-haspopup', 'listbox');
  /** @type {string[]} */
  let words = [];
  let active = -1;

  /** @param {readonly {word: string, count: number}[]} offered */
  function show(offered) {
    words = offered.map(({ word }) => word);
    list.replaceChildren(
      ...offered.map(({ word, count: n }, i) =>
        el(
          'li',
          {
            class: 'suggestions__option',
            id: `${id}-${i}`,
            role: 'option',
            'aria-selected': 'false',
            onClick: () => pick(i),
            onPointermove: () => mark(i),
          },
          corpusText(visibleText(word), 'suggestions__word'),
          el('span', { class: 'suggestions__count' }, count(n)),
        ),
      ),
    );
    list.hidden = words.length === 0;
    mark(-1);
  }

  function hide() {
    if (!list.hidden) show([]);
  }

  /** @param {number} i */
  function mark(i) {
    active = i;
    [...list.children].forEach((option, at) =>
      setAttribute(option, 'aria-selected', String(at === i)),
    );
    setAttribute(input, 'aria-activedescendant', i < 0 ? null : `${id}-${i}`);
    list.children[i]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} i */
  function pick(i) {
    const word = words[i];
    hide();
    onPick(word);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (list.hidden || isComposing(event)) return;
    const n = words.length;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => mark(active + 1 < n ? active + 1 : -1),
      ArrowUp: () => mark(active < 0 ? n - 1 : active - 1),
      Enter: () => (active < 0 ? hide() : pick(active)),
      Escape: hide,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  input.addEventListener('keydown', press);
  input.addEventListener('blur', hide);
  return { show, hide, destroy: () => list.remove() };
}
