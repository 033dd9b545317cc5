/** Fidelity of the shown map: measures of one head, or their mean, and what they mean. */

import { mapLabels, mapOf, shownMethod } from '../data/best_map.js';
import { el, setText } from '../ui/dom.js';
import { chosenMap, detailsOf, fidelityOf, meanFidelity } from '../data/points.js';
import { PRODUCT_NEARNESS, isMisleading, formatMeasure } from '../ui/labels.js';
import { FIDELITY_LABELS } from '../data/map_labels.js';
import { createSection } from '../ui/section.js';

/** @import { Context, Fidelity, HeadMapFacts, View } from '../page.js' */

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
  const rows = FIDELITY_LABELS.map(({ name, label }) => {
    const value = el('dd', { class: 'fidelity__value' });
    const fill = el('span', { class: 'meter__fill' });
    const meter = el('dd', { class: 'meter', 'aria-hidden': 'true' }, fill);
    const row = el(
      'div',
      { class: 'fidelity__row' },
      el('dt', { class: 'fidelity__label' }, label),
      value,
      meter,
    );
    return { name, row, value, fill };
  });
  const reading = el('p', {});
  const nearness = el('p', {}, PRODUCT_NEARNESS);
  const energy = el('p', { class: 'field__note' });
  const fallback = el('p', { class: 'field__note' });
  const section = createSection(root, {
    name: 'fidelity',
    title: 'Map fidelity',
    help: 'How far nearness in this map may be read as attention',
    info: [
      reading,
      nearness,
      el(
        'dl',
        { class: 'info__terms' },
        ...FIDELITY_LABELS.flatMap(({ label, help }) => [el('dt', {}, label), el('dd', {}, help)]),
      ),
    ],
    isOpen: true,
  });
  const list = el('dl', { class: 'fidelity__rows' }, ...rows.map(({ row }) => row));
  section.body.append(warning, list, energy, fallback);

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

  /** @param {Fidelity | null} fidelity */
  function showMeasures(fidelity) {
    list.hidden = fidelity === null;
    for (const row of rows) {
      const value = fidelity?.[row.name];
      setText(row.value, formatMeasure(value));
      row.fill.style.width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
    }
  }

  return {
    update(state) {
      const name = chosenMap(state);
      const heads = facts.heads.value;
      const fidelity = state.at ? fidelityOf(heads, state.at, name) : meanFidelity(heads, name);
      const own = state.at ? mapOf(heads, state.at, name) : name;
      nearness.hidden = !own || facts.description.value?.nearness[own] !== 'product';
      section.element.hidden = state.method === null;
      section.setNote(state.at || !fidelity ? '' : 'mean');
      const { label, help } = mapLabels(shownMethod(state, heads, state.at) ?? '');
      setText(reading, `${label}: ${help}`);
      warning.hidden = !state.at || !isMisleading(fidelity);
      showMeasures(fidelity);
      describeMap((own && detailsOf(facts, state.at)?.maps[own]) || null);
    },
    destroy: section.destroy,
  };
}
