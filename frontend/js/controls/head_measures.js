/** The scores of the open head: each with its rank among all heads, its rows and its definition. */

import { el, setText } from '../ui/dom.js';
import { formatMissing, formatUnit } from '../data/head_measures.js';
import { bestPlaces, formatMeasureValue } from '../data/head_measure_columns.js';
import { detailsOf } from '../data/points.js';
import { counted } from '../compute/number_text.js';
import { createHistogram } from '../ui/histogram.js';
import { createOffsetProfile } from './offset_profile.js';
import { aboutParts, computedBy } from './measure_about.js';
import { recall, remember } from '../ui/preferences.js';
import { createSection } from '../ui/section.js';

/** @import { Context, Manifest, ScoreFacts, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */

/** Scores that are listed at first: those in which the head ranks highest. */
const MOST = 6;
const WHOLE = 'own-scores.all';

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {reveal: () => void}}
 */
export function createOwnScores(root, { actions, derived, facts }) {
  const section = createSection(root, {
    name: 'own-scores',
    title: 'Scores of this head',
    help: 'Every score of this head, and its rank among all heads.',
    info: [
      'Rank 1 is the highest value of all heads; the scores with the best ranks are listed. ' +
        'Click one for its definition, formula and source.',
    ],
    isOpen: true,
  });
  const lacking = el('p', { class: 'field__note' }, 'Scores are not computed yet.');
  const headings = el(
    'p',
    { class: 'own-scores__headings soft', 'aria-hidden': 'true' },
    ...['Score', 'Value', 'Rank'].map((words) => el('span', {}, words)),
  );
  const list = el('div', { class: 'own-scores' }, headings);
  section.body.append(lacking);
  const profile = createOffsetProfile(section.body);
  const all = el('button', {
    class: 'button button--small',
    type: 'button',
    title: 'List every score, or only those with the best ranks',
    onClick: toggle,
  });
  let isWhole = recall(WHOLE) === 'true';
  section.body.append(list, all);
  /** @type {ReturnType<typeof createScore>[]} */
  let rows = [];
  let offered = '';

  function toggle() {
    isWhole = !isWhole;
    remember(WHOLE, String(isWhole));
    showCount();
  }

  function showCount() {
    list.classList.toggle('is-whole', isWhole);
    setText(all, isWhole ? 'Fewer scores' : `All ${counted(rows.length, 'score')}`);
  }

  /** @param {readonly ScoreFacts[]} scores @param {Manifest} manifest */
  function offer(scores, manifest) {
    const key = [computedBy(manifest), ...scores.map(({ name }) => name)].join(' ');
    if (key === offered) return;
    offered = key;
    rows = scores.map((score) => createScore(score, manifest, actions.compareHeads));
    list.replaceChildren(headings, ...rows.map(({ element }) => element));
    all.hidden = rows.length <= MOST;
    showCount();
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
      offer(scores, manifest);
      const columns = scores.flatMap(({ name }) => derived.heads().column(name, state) ?? []);
      const best = new Set(bestPlaces(columns, head, MOST).map(({ name }) => name));
      for (const row of rows) {
        const column = columns.find(({ name }) => name === row.name);
        if (column) row.update(column, head);
        row.element.classList.toggle('own-score--rest', !best.has(row.name));
      }
      profile.update(detailsOf(facts, state.at)?.profile ?? null);
    },
    reveal: section.reveal,
    destroy() {
      profile.destroy();
      section.destroy();
    },
  };
}

/**
 * A score with its rank; unfolded it shows its definition.
 *
 * @param {ScoreFacts} score
 * @param {Manifest} manifest
 * @param {(name: string) => void} onCompare
 */
function createScore({ name, label, help }, manifest, onCompare) {
  const value = el('span', { class: 'own-score__value' });
  const rank = el('span', {});
  const rows = el('p', { class: 'soft' });
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
      el(
        'span',
        { class: 'own-score__rank soft' },
        el('span', { class: 'visually-hidden' }, 'rank '),
        rank,
      ),
    ),
    el(
      'div',
      { class: 'own-score__body score-words__body' },
      rows,
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
      setText(value, formatMeasureValue(values[head], 3));
      setText(rank, isKnown ? `${ranks[head]}` : '');
      setText(
        rows,
        isKnown
          ? `${formatMeasureValue(values[head], 3)}${formatUnit(name)} over ` +
              `${counted(nRows[head], 'row')}, rank ${ranks[head]} of ${nKnown}`
          : formatMissing(name, nRows[head]),
      );
      picture.hidden = nKnown === 0;
      histogram.update(column, { head });
      ends.forEach((end, i) => setText(end, formatMeasureValue(i === 0 ? range[0] : range[1])));
    },
  };
}
