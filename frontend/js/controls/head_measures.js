/**
 * The scores of the open head: each with its rank among all heads, its number of rows and its
 * definition.
 */

import { el, setText } from '../ui/dom.js';
import { formatMissing, formatUnit } from '../data/head_measures.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { counted } from '../compute/number_text.js';
import { createHistogram } from '../ui/histogram.js';
import { createOffsetProfile } from './offset_profile.js';
import { aboutParts, computedBy, tableButton } from './measure_about.js';
import { createSection } from '../ui/section.js';

/** @import { Context, Manifest, ScoreFacts, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {openHeads: () => void}} context
 * @returns {View & {reveal: () => void}}
 */
export function createOwnScores(root, { actions, derived, facts, openHeads }) {
  const section = createSection(root, {
    name: 'own-scores',
    title: 'Scores of this head',
    help: 'Every score of this head, and its rank among all heads.',
    isOpen: true,
  });
  const lacking = el('p', { class: 'field__note' }, 'Scores are not computed yet.');
  const list = el('div', { class: 'own-scores' });
  section.body.append(lacking);
  const profile = createOffsetProfile(section.body);
  const note = el(
    'p',
    { class: 'field__note' },
    'Rank 1 is the highest of all heads. Click a score for its definition.',
  );
  section.body.append(list, note, tableButton(openHeads));
  /** @type {ReturnType<typeof createScore>[]} */
  let rows = [];
  let offered = '';

  /** @param {readonly ScoreFacts[]} scores @param {Manifest} manifest */
  function offer(scores, manifest) {
    const key = [computedBy(manifest), ...scores.map(({ name }) => name)].join(' ');
    if (key === offered) return;
    offered = key;
    rows = scores.map((score) => createScore(score, manifest, actions.compareHeads));
    list.replaceChildren(...rows.map(({ element }) => element));
  }

  return {
    update(state) {
      const manifest = facts.description.value?.manifest;
      const head = state.at && manifest ? state.at.layer * manifest.n_heads + state.at.head : -1;
      section.element.hidden = head < 0 || !facts.heads.value;
      if (section.element.hidden || !state.at || !manifest) return;
      const own = facts.heads.value?.get(`${state.at.layer},${state.at.head}`);
      const scores = own && Object.keys(own.scores).length > 0 ? derived.heads().names() : [];
      lacking.hidden = scores.length > 0;
      note.hidden = !lacking.hidden;
      offer(scores, manifest);
      for (const row of rows) {
        const column = derived.heads().column(row.name, state);
        if (column) row.update(column, head);
      }
      profile.update(own?.profile ?? null);
    },
    reveal: section.reveal,
    destroy() {
      profile.destroy();
      section.destroy();
    },
  };
}

/**
 * A score with its place; unfolded it tells what it is.
 *
 * @param {ScoreFacts} score
 * @param {Manifest} manifest
 * @param {(name: string) => void} onCompare
 */
function createScore({ name, label, help }, manifest, onCompare) {
  const value = el('span', { class: 'own-score__value' });
  const place = el('span', { class: 'own-score__place soft' });
  const picture = el('div', { class: 'own-score__picture' });
  const histogram = createHistogram(picture, 'own-score__histogram');
  const ends = ['low', 'high'].map(() => el('span', {}));
  picture.append(el('p', { class: 'own-score__ends soft' }, ...ends));
  const compare = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Tint and sort the grid by this score',
      onClick: () => onCompare(name),
    },
    'Compare heads',
  );
  const element = el(
    'details',
    { class: 'own-score' },
    el(
      'summary',
      { class: 'own-score__head', title: `${help} Click for its formula and source.` },
      el('span', { class: 'own-score__label' }, label),
      value,
      place,
    ),
    el(
      'div',
      { class: 'own-score__body score-words__body' },
      picture,
      ...aboutParts(name, manifest),
      compare,
    ),
  );

  return {
    name,
    element,
    /** @param {Column} column @param {number} head */
    update(column, head) {
      const { values, nRows, ranks, nKnown, range } = column;
      const isKnown = !Number.isNaN(values[head]);
      setText(value, `${formatMeasureValue(values[head], 3)}${isKnown ? formatUnit(name) : ''}`);
      setText(
        place,
        isKnown
          ? `rank ${ranks[head]} of ${nKnown} · ${counted(nRows[head], 'row')}`
          : formatMissing(name, nRows[head]),
      );
      picture.hidden = nKnown === 0;
      histogram.update(column, { head });
      ends.forEach((end, i) => setText(end, formatMeasureValue(i === 0 ? range[0] : range[1])));
    },
  };
}
