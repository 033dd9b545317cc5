/** What a score is: its words, its formula and where it comes from; and the list of scores to choose from. */

import { el } from '../dom.js';
import { isFidelity, numbersFor, scoreFacts } from '../scores.js';

/** @param {string} name @returns {HTMLElement[]} */
export function aboutParts(name) {
  const { help, formula, source, unit } = scoreFacts(name);
  const rows = [['Formula', formula], ['Unit', unit === 'share' ? '' : unit], ['Source', source]].filter(([, words]) => words !== '');
  return [el('p', {}, help), el('dl', { class: 'about-score' }, ...rows.flatMap(([label, words]) => [el('dt', {}, label), el('dd', {}, words)]))];
}

/**
 * A choice between nothing and all numbers of this kind of model.
 *
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.help
 * @param {string} options.none
 * @param {(name: string | null) => void} options.onPick
 */
export function createScoreSelect(root, { label, help, none, onPick }) {
  const select = el('select', { class: 'select', title: help, onChange: () => onPick(select.value === '' ? null : select.value) });
  root.append(el('label', { class: 'field' }, el('span', { class: 'field__label field__label--small' }, label), select));
  let offered = '';

  return {
    /**
     * @param {string | null} name
     * @param {'text' | 'image'} modality
     */
    update(name, modality) {
      const numbers = numbersFor(modality);
      const key = numbers.map((number) => number.name).join(' ');
      if (key !== offered) {
        offered = key;
        const options = numbers.map((number) => ({ ...number, option: el('option', { value: number.name, title: number.help }, number.label) }));
        const [scores, measures] = [false, true].map((isMeasure) => options.filter((each) => isFidelity(each.name) === isMeasure).map(({ option }) => option));
        select.replaceChildren(el('option', { value: '' }, none), ...(scores.length > 0 ? [el('optgroup', { label: 'What attention does' }, ...scores)] : []),
          el('optgroup', { label: 'How true the shown map is' }, ...measures));
      }
      select.value = name ?? '';
    },
  };
}
