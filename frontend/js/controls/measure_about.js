/**
 * What a score is: its words, its formula and where it comes from; and the list of scores to choose
 * from.
 */

import { corpusText, el } from '../ui/dom.js';
import { hasRows, isFidelity, numbersFor, PAIR_FIT, measureFacts } from '../data/head_measures.js';

/** @import { Manifest } from '../page.js' */

let nMade = 0;

/**
 * @param {string} name
 * @param {Manifest} manifest of the dataset that has the score
 * @returns {HTMLElement[]}
 */
export function aboutParts(name, manifest) {
  const { help, formula, source, unit, scale, head_name: rule } = measureFacts(name);
  const rows = [
    ['Formula', formula],
    ['Unit', unit === 'share' ? '' : unit],
    ['Scale', scale === 'log' ? 'logarithmic' : ''],
    ['Source', source],
    [
      'Head name',
      rule ? `“${rule.label}” from ${rule.threshold.toFixed(2)} on. ${rule.reason}` : '',
    ],
  ].filter(([, words]) => words !== '');
  const version = hasRows(name) ? computedBy(manifest) : '';
  const computed =
    version === '' ? [] : [el('dt', {}, 'Computed by'), el('dd', {}, corpusText(version, null))];
  return [
    el('p', {}, help),
    el(
      'dl',
      { class: 'about-score' },
      ...rows.flatMap(([label, words]) => [el('dt', {}, label), el('dd', {}, words)]),
      ...computed,
    ),
  ];
}

/** Which version computed the scores of a dataset. @param {Manifest} manifest */
export function computedBy({ attentionviz_version: version }) {
  return version ? `AttentionViz ${version}` : '';
}

/** Opens the table of all heads. @param {() => void} onClick */
export function tableButton(onClick) {
  const title = 'Every head with every score; sort and save it (key h)';
  return el('button', { class: 'button', type: 'button', title, onClick }, 'Table of heads');
}

/**
 * A choice between nothing and all numbers that the heads of a dataset have.
 *
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.help
 * @param {string} options.none
 * @param {(name: string | null) => void} options.onPick
 */
export function createScoreSelect(root, { label, help, none, onPick }) {
  const select = el('select', {
    class: 'select',
    title: help,
    onChange: () => onPick(select.value === '' ? null : select.value),
  });
  const id = `score-select-${nMade++}`;
  select.id = id;
  const labelElement = el(
    'div',
    { class: 'field__label field__label--small' },
    el('label', { for: id }, label),
  );
  root.append(el('div', { class: 'field' }, labelElement, select));
  let offered = '';

  return {
    label: labelElement,
    /**
     * @param {string | null} name
     * @param {Manifest} manifest
     * @param {boolean} hasPairs
     */
    update(name, manifest, hasPairs) {
      const numbers = numbersFor(manifest, hasPairs);
      const key = numbers.map((number) => number.name).join(' ');
      if (key !== offered) {
        offered = key;
        const options = numbers.map((number) => ({
          ...number,
          option: el('option', { value: number.name, title: number.help }, number.label),
        }));
        const groups = /** @type {const} */ ([
          ['Attention', hasRows],
          ['Marked pairs', (/** @type {string} */ each) => each === PAIR_FIT],
          ['Map fidelity', isFidelity],
        ]);
        select.replaceChildren(
          el('option', { value: '' }, none),
          ...groups.flatMap(([title, isOf]) => {
            const own = options.filter((each) => isOf(each.name)).map(({ option }) => option);
            return own.length > 0 ? [el('optgroup', { label: title }, ...own)] : [];
          }),
        );
      }
      select.value = name ?? '';
    },
  };
}
