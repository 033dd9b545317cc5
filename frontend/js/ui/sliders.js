/** Sliders with a value label: for one number, and for a range. */

import { el, setAttribute, setText } from './dom.js';

/**
 * A slider for one number; a double click resets it.
 *
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.help
 * @param {[min: number, max: number, step: number]} options.scale of the slider itself
 * @param {number} options.standard default value, restored by a double click
 * @param {(value: number) => void} options.onPick
 * @param {(value: number) => string} options.format
 * @param {(value: number) => number} [options.toScale] maps a value to the slider's scale; default:
 *   identity
 * @param {(place: number) => number} [options.fromScale]
 */
export function createSlider(
  root,
  {
    label,
    help,
    scale: [min, max, step],
    standard,
    onPick,
    format,
    toScale = (value) => value,
    fromScale = (place) => place,
  },
) {
  const valueText = el('span', { class: 'slider__value' });
  const input = el('input', {
    class: 'slider__input',
    type: 'range',
    min: String(min),
    max: String(max),
    step: String(step),
    title: `${help} Double-click to reset.`,
    onInput: () => onPick(fromScale(Number(input.value))),
    onDblclick: () => onPick(standard),
  });
  const element = el(
    'label',
    { class: 'slider' },
    el('span', { class: 'slider__label' }, el('span', {}, label), valueText),
    input,
  );
  root.append(element);

  return {
    element,
    /** @param {number} value @param {boolean} [isPossible] */
    update(value, isPossible = true) {
      const place = String(toScale(value));
      if (input.value !== place) input.value = place;
      input.disabled = !isPossible;
      setText(valueText, format(value));
      setAttribute(input, 'aria-valuetext', format(value));
    },
  };
}

/**
 * A slider for a range, as shares from 0 to 1; a double click resets it.
 *
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.help
 * @param {(range: readonly [number, number]) => void} options.onPick
 * @param {(share: number) => string} [options.format] formats an end; default: percent
 */
export function createRange(root, { label, help, onPick, format }) {
  const valueText = el('span', { class: 'slider__value' });
  const fill = el('span', { class: 'range__fill' });
  const ends = ['from', 'to'].map((end) =>
    el('input', {
      class: 'range__input',
      type: 'range',
      min: '0',
      max: '100',
      step: '1',
      'aria-label': `${label}, ${end}`,
      title: `${help} Double-click to reset.`,
      onInput: () => pick(end === 'from'),
      onDblclick: () => onPick([0, 1]),
    }),
  );
  const [from, to] = ends;
  const element = el(
    'div',
    { class: 'slider', role: 'group', 'aria-label': label },
    el('span', { class: 'slider__label' }, el('span', {}, label), valueText),
    el('span', { class: 'range' }, fill, from, to),
  );
  root.append(element);

  /** Ends are clamped at each other. @param {boolean} isFrom */
  function pick(isFrom) {
    const [low, high] = [Number(from.value), Number(to.value)];
    if (isFrom) from.value = String(Math.min(low, high));
    else to.value = String(Math.max(low, high));
    onPick([Number(from.value) / 100, Number(to.value) / 100]);
  }

  return {
    element,
    /** @param {readonly [number, number]} range */
    update([low, high]) {
      const places = [Math.round(100 * low), Math.round(100 * high)];
      ends.forEach((input, i) => {
        input.value = String(places[i]);
        setAttribute(input, 'aria-valuetext', format ? format([low, high][i]) : `${places[i]} %`);
      });
      // With both ends at the maximum, the lower handle must be on top, or neither could be moved.
      from.classList.toggle('is-top', places[0] > 50);
      fill.style.left = `${places[0]}%`;
      fill.style.right = `${100 - places[1]}%`;
      setText(
        valueText,
        format ? `${format(low)} to ${format(high)}` : `${places[0]}–${places[1]} %`,
      );
    },
  };
}

/**
 * A checkbox.
 *
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.help
 * @param {(isOn: boolean) => void} options.onPick
 */
export function createCheck(root, { label, help, onPick }) {
  const input = el('input', {
    class: 'check__box',
    type: 'checkbox',
    onChange: () => onPick(input.checked),
  });
  const element = el('label', { class: 'check', title: help }, input, label);
  root.append(element);

  return {
    element,
    /** @param {boolean} isOn @param {boolean} [isPossible] */
    update(isOn, isPossible = true) {
      input.checked = isOn;
      input.disabled = !isPossible;
    },
  };
}
