/**
 * The grid by numbers of heads: tinted by one, sorted by one, and heads outside of a range stepped
 * back.
 */

import { el, setText } from '../ui/dom.js';
import { filteredBy, isFiltered } from '../data/head_measure_state.js';
import { rangeAt, formatScore, valueAt } from '../data/head_measure_columns.js';
import { shareOf } from '../compute/histogram.js';
import { count } from '../compute/number_text.js';
import { createHistogram } from '../ui/histogram.js';
import { aboutParts, computedBy, createScoreSelect } from './measure_about.js';
import { createSection } from '../ui/section.js';
import { createSegments } from '../ui/segments.js';
import { createRange } from '../ui/sliders.js';

/** @import { Context, State, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {openHeads: () => void}} context
 * @returns {View}
 */
export function createScoreChoice(root, { actions, derived, facts, openHeads }) {
  const section = createSection(root, {
    name: 'scores',
    title: 'Head scores',
    help: 'Tint and sort the heads by what their attention does, or let some step back.',
    isOpen: true,
  });
  const { body } = section;
  const lacking = el(
    'p',
    { class: 'field__note' },
    'What attention does is not computed yet; it comes while the dataset is built.',
  );
  body.append(lacking);
  const tint = createScoreSelect(body, {
    label: 'Tint by',
    help: 'The colour behind every map tells this number.',
    none: 'Nothing',
    onPick: actions.tintBy,
  });
  const about = el(
    'details',
    { class: 'score-words' },
    el('summary', { title: 'What this number says, its formula and source' }, 'What it is'),
  );
  const aboutBody = el('div', { class: 'score-words__body' });
  about.append(aboutBody);
  body.append(about);
  const order = createScoreSelect(body, {
    label: 'Sort by',
    help: 'The heads in the order of this number, row by row; each keeps its name.',
    none: 'Layer × head',
    onPick: (name) => actions.choose({ order: name }),
  });
  const directions = el('div', { class: 'score-order' });
  body.append(directions);
  const direction = createSegments(directions, {
    legend: 'Order',
    choices: [
      {
        value: 'highest',
        label: 'Highest first',
        title: 'The head with the highest number at the upper left',
      },
      {
        value: 'lowest',
        label: 'Lowest first',
        title: 'The head with the lowest number at the upper left',
      },
    ],
    onPick: (value) => actions.choose({ isOrderRising: value === 'lowest' }),
  });
  const filter = createScoreSelect(body, {
    label: 'Range of',
    help: 'Heads outside of a range of this number step back.',
    none: 'Nothing',
    onPick: actions.filterBy,
  });
  const range = el('div', { class: 'score-range' });
  body.append(range);
  /** @type {Column | null} */
  let column = null;
  const ends = createRange(range, {
    label: 'Heads from',
    help: 'Heads outside step back.',
    tell: (share) => (column ? formatScore(valueAt(share, column.range)) : ''),
    onPick: (shares) => {
      if (column) actions.choose({ scoreRange: rangeAt(column.range, shares) }, 'replace');
    },
  });
  const histogram = createHistogram(ends.element, 'score-range__histogram');
  ends.element.append(ends.element.children[1]); // the slider stands below its picture
  const status = el('span', { role: 'status' });
  const clear = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'No head steps back',
      onClick: actions.clearScoreRange,
    },
    'Clear range',
  );
  const foot = el('p', { class: 'score-range__foot' }, status, clear);
  range.append(foot);
  body.append(
    el(
      'button',
      {
        class: 'button',
        type: 'button',
        title: 'Every head with every number, to sort and to save (key h)',
        onClick: openHeads,
      },
      'Table of heads',
    ),
  );
  let described = '';

  /** @param {State} state */
  function updateRange(state) {
    column = derived.heads().column(filteredBy(state), state);
    range.hidden = column === null || column.nKnown === 0;
    if (!column || range.hidden) return;
    histogram.update(column, { range: state.scoreRange });
    ends.update([
      endShare(column, state.scoreRange[0], 0),
      endShare(column, state.scoreRange[1], 1),
    ]);
    const within = derived.heads().within(state);
    foot.hidden = within === null;
    setText(status, within ? `${count(within.n)} of ${count(within.inside.length)} heads` : '');
  }

  return {
    update(state) {
      const manifest = facts.description.value?.manifest;
      section.element.hidden = state.at !== null || !manifest;
      if (!manifest || section.element.hidden) return;
      const hasPairs = state.pairs.length > 0;
      lacking.hidden = !facts.heads.value || derived.heads().hasAny();
      tint.update(state.score, manifest, hasPairs);
      order.update(state.order, manifest, hasPairs);
      filter.update(filteredBy(state), manifest, hasPairs);
      directions.hidden = state.order === null;
      direction.update(state.isOrderRising ? 'lowest' : 'highest');
      about.hidden = state.score === null;
      const words = `${state.score} ${computedBy(manifest)}`;
      if (state.score !== null && words !== described)
        aboutBody.replaceChildren(...aboutParts(state.score, manifest));
      described = words;
      updateRange(state);
      const nActive = [state.score !== null, state.order !== null, isFiltered(state)].filter(
        Boolean,
      ).length;
      section.setNote(nActive > 0 ? `${nActive} active` : '');
    },
    destroy: section.destroy,
  };
}

/** @param {Column} column @param {number | null} end @param {number} open */
function endShare({ range }, end, open) {
  return end === null ? open : shareOf(end, range);
}
