/**
 * How true the shown map is: three measures in numbers and words, for one head or the mean over
 * all.
 */

import { mapOf } from '../data/best_map.js';
import { el, setText } from '../ui/dom.js';
import { chosenMap, fidelityOf, meanFidelity } from '../data/points.js';
import { PRODUCT_NEARNESS, isMisleading, formatMeasure } from '../ui/labels.js';
import { FIDELITY_LABELS } from '../data/map_labels.js';
import { createSection } from '../ui/section.js';

/** @import { Context, HeadMapFacts, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createFidelity(root, { facts }) {
  const warning = el(
    'p',
    { class: 'fidelity__warning' },
    'Nearness is not attention in this map: of a query’s ten strongest keys, fewer than one ' +
      'is near it.',
  );
  const rows = FIDELITY_LABELS.map(({ name, label, help }) => {
    const value = el('dd', { class: 'fidelity__value' });
    const fill = el('span', { class: 'meter__fill' });
    const meter = el('dd', { class: 'meter', 'aria-hidden': 'true' }, fill);
    const row = el(
      'div',
      { class: 'fidelity__row' },
      el('dt', { class: 'fidelity__label' }, label),
      value,
      meter,
      el('dd', { class: 'fidelity__help' }, help),
    );
    return { name, row, value, fill };
  });
  const nearness = el('p', { class: 'field__note' }, PRODUCT_NEARNESS);
  const energy = el('p', { class: 'field__note' });
  const fallback = el('p', { class: 'field__note' });
  const section = createSection(root, {
    name: 'fidelity',
    title: '',
    help: 'Three measures of how far nearness in the shown map may be trusted.',
    isOpen: true,
  });
  section.body.append(
    warning,
    el('dl', { class: 'fidelity__rows' }, ...rows.map(({ row }) => row)),
    nearness,
    energy,
    fallback,
  );

  /** What the method itself says of the map of a head. @param {HeadMapFacts | null} map */
  function describeMap(map) {
    const kept = map?.details.score_energy_kept;
    energy.hidden = typeof kept !== 'number';
    setText(
      energy,
      typeof kept === 'number'
        ? `This map holds ${Math.round(100 * kept)} % of the squared scores.`
        : '',
    );
    fallback.hidden = !map?.fallback;
    setText(fallback, map?.fallback ? `Not as usual: ${map.fallback}.` : '');
  }

  return {
    update(state) {
      const name = chosenMap(state);
      const heads = facts.heads.value;
      const fidelity = state.at ? fidelityOf(heads, state.at, name) : meanFidelity(heads, name);
      section.element.hidden = fidelity === null;
      if (!fidelity) return;
      const own = state.at ? mapOf(heads, state.at, name) : name;
      nearness.hidden = !own || facts.description.value?.nearness[own] !== 'product';
      section.setTitle(state.at ? 'How true this map is' : 'How true the maps are');
      section.setNote(state.at ? '' : 'mean');
      warning.hidden = !state.at || !isMisleading(fidelity);
      for (const row of rows) {
        const value = fidelity[row.name];
        setText(row.value, formatMeasure(value));
        row.fill.style.width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
      }
      describeMap(
        (state.at && own && heads?.get(`${state.at.layer},${state.at.head}`)?.maps[own]) || null,
      );
    },
    destroy: section.destroy,
  };
}
