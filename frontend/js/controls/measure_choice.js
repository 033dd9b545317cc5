/**
 * The grid by scores of heads: tinted by one, sorted by one, filtered by one.
 */

import { el, setText } from '../ui/dom.js';
import { filteredBy, isFiltered } from '../data/head_measure_state.js';
import { rangeAt, formatMeasureValue } from '../data/head_measure_columns.js';
import { shareOf, valueAt } from '../compute/histogram.js';
import { count } from '../compute/number_text.js';
import { createHistogram } from '../ui/histogram.js';
import { aboutParts, computedBy, createScoreSelect, tableButton } from './measure_about.js';
import { createInfo } from '../ui/popover.js';
import { createSection } from '../ui/section.js';
import { createSegments } from '../ui/segments.js';
import { createRange } from '../ui/sliders.js';

/** @import { Context, Manifest, State, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */

const DIRECTIONS = [
  {
    value: 'highest',
    label: 'Highest first',
    title: 'Highest score at the top left',
  },
  {
    value: 'lowest',
    label: 'Lowest first',
    title: 'Lowest score at the top left',
  },
];

/**
 * @param {HTMLElement} root
 * @param {Context & {openHeads: () => void}} context
 * @returns {View}
 */
export function createScoreChoice(root, context) {
  const { derived, facts } = context;
  const section = createSection(root, {
    name: 'scores',
    title: 'Head scores',
    help: 'Tint, sort or filter heads by a score.',
    isOpen: true,
  });
  const { body } = section;
  const lacking = el('p', { class: 'field__note' }, 'Scores are not computed yet.');
  body.append(lacking);
  const parts = [createTint, createOrder, createRangeFilter].map((create) => create(body, context));
  body.append(tableButton(context.openHeads));

  return {
    update(state) {
      const manifest = facts.description.value?.manifest;
      section.element.hidden = state.at !== null || !manifest;
      if (!manifest || section.element.hidden) return;
      lacking.hidden = !facts.heads.value || derived.heads().hasAny();
      for (const part of parts) part.update(state, manifest);
      const nActive = [state.score !== null, state.order !== null, isFiltered(state)].filter(
        Boolean,
      ).length;
      section.setNote(nActive > 0 ? `${nActive} active` : '');
    },
    destroy: section.destroy,
  };
}

/**
 * The score that tints the heads, and its definition.
 *
 * @param {HTMLElement} root
 * @param {Context} context
 */
function createTint(root, { actions }) {
  const select = createScoreSelect(root, {
    label: 'Tint by',
    help: 'Colour every head by this score.',
    none: 'None',
    onPick: actions.tintBy,
  });
  const body = el('div', { class: 'score-words__body' });
  const about = createInfo('this score', body).element;
  select.label.append(about);
  let described = '';

  return {
    /** @param {State} state @param {Manifest} manifest */
    update({ score, pairs }, manifest) {
      select.update(score, manifest, pairs.length > 0);
      about.hidden = score === null;
      const words = `${score} ${computedBy(manifest)}`;
      if (score !== null && words !== described)
        body.replaceChildren(...aboutParts(score, manifest));
      described = words;
    },
  };
}

/** The number that the heads are sorted by. @param {HTMLElement} root @param {Context} context */
function createOrder(root, { actions }) {
  const select = createScoreSelect(root, {
    label: 'Sort by',
    help: 'Order heads by this score, row by row.',
    none: 'Layer × head',
    onPick: (name) => actions.choose({ order: name }),
  });
  const directions = el('div', { class: 'score-order' });
  root.append(directions);
  const direction = createSegments(directions, {
    legend: 'Order',
    choices: DIRECTIONS,
    onPick: (value) => actions.choose({ isOrderRising: value === 'lowest' }),
  });

  return {
    /** @param {State} state @param {Manifest} manifest */
    update({ order, isOrderRising, pairs }, manifest) {
      select.update(order, manifest, pairs.length > 0);
      directions.hidden = order === null;
      direction.update(isOrderRising ? 'lowest' : 'highest');
    },
  };
}

/** The range outside which heads are dimmed. @param {HTMLElement} root @param {Context} context */
function createRangeFilter(root, { actions, derived }) {
  const select = createScoreSelect(root, {
    label: 'Filter by',
    help: 'Dim heads outside a range of this score.',
    none: 'None',
    onPick: actions.filterBy,
  });
  const range = el('div', { class: 'score-range' });
  root.append(range);
  /** @type {Column | null} */
  let column = null;
  const ends = createRange(range, {
    label: 'Heads from',
    help: 'Heads outside this range are dimmed.',
    format: (share) => (column ? formatMeasureValue(valueAt(share, column.range)) : ''),
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
      title: 'Dim no head',
      onClick: actions.clearScoreRange,
    },
    'Clear range',
  );
  const foot = el('p', { class: 'score-range__foot' }, status, clear);
  range.append(foot);

  return {
    /** @param {State} state @param {Manifest} manifest */
    update(state, manifest) {
      const name = filteredBy(state);
      select.update(name, manifest, state.pairs.length > 0);
      column = derived.heads().column(name, state);
      range.hidden = column === null || column.nKnown === 0;
      if (!column || range.hidden) return;
      const [least, most] = state.scoreRange;
      histogram.update(column, { range: state.scoreRange });
      ends.update([endShare(column, least, 0), endShare(column, most, 1)]);
      const within = derived.heads().within(state);
      foot.hidden = within === null;
      setText(status, within ? `${count(within.n)} of ${count(within.nHeads)} heads` : '');
    },
  };
}

/** @param {Column} column @param {number | null} end @param {number} open */
function endShare({ range }, end, open) {
  return end === null ? open : shareOf(end, range);
}
