/** A segmented control: radio buttons side by side. */

import { el } from './dom.js';

/** @typedef {{value: string, label: string, title: string}} Choice */

let nMade = 0;

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.legend accessible name
 * @param {readonly Choice[]} options.choices
 * @param {(value: string) => void} options.onPick
 */
export function createSegments(root, { legend, choices, onPick }) {
  const name = `segments-${nMade++}`;
  const element = el(
    'fieldset',
    { class: 'segments' },
    el('legend', { class: 'visually-hidden' }, legend),
  );
  root.append(element);
  /** @type {HTMLInputElement[]} */
  let inputs = [];
  offer(choices);

  /**
   * Replace the choices, if they differ.
   *
   * @param {readonly Choice[]} offered
   */
  function offer(offered) {
    if (
      offered.length === inputs.length &&
      offered.every(({ value }, i) => value === inputs[i].value)
    )
      return;
    for (const input of inputs) input.parentElement?.remove();
    inputs = offered.map(({ value }) =>
      el('input', {
        class: 'segments__input',
        type: 'radio',
        name,
        value,
        onChange: () => onPick(value),
      }),
    );
    element.append(
      ...offered.map(({ label, title }, i) =>
        el(
          'label',
          { class: 'segments__option', title },
          inputs[i],
          el('span', { class: 'segments__label' }, label),
        ),
      ),
    );
  }

  return {
    element,
    offer,
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
