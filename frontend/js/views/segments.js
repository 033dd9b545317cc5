/** One of a few choices, side by side: radio buttons in the look of a switch. */

import { el } from '../dom.js';

let nMade = 0;

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.legend said by screen readers
 * @param {readonly {value: string, label: string, title: string}[]} options.choices
 * @param {(value: string) => void} options.onPick
 */
export function createSegments(root, { legend, choices, onPick }) {
  const name = `segments-${nMade++}`;
  const inputs = choices.map(({ value }) => el('input', { class: 'segments__input', type: 'radio', name, value, onChange: () => onPick(value) }));
  const options = choices.map(({ label, title }, i) =>
    el('label', { class: 'segments__option', title }, inputs[i], el('span', { class: 'segments__label' }, label)));
  const element = el('fieldset', { class: 'segments' }, el('legend', { class: 'visually-hidden' }, legend), ...options);
  root.append(element);

  return {
    element,
    /**
     * @param {string | null} picked
     * @param {(value: string) => boolean} [isPossible]
     */
    update(picked, isPossible = () => true) {
      for (const input of inputs) {
        input.checked = input.value === picked;
        input.disabled = !isPossible(input.value);
      }
    },
    destroy: () => element.remove(),
  };
}
