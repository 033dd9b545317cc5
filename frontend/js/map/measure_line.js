/**
 * The line above the grid that says how it is tinted, sorted and stepped back, with the ways back.
 */

import { canvasPalette, rampStops } from '../color/palettes.js';
import { el, ICONS, icon, setText } from '../ui/dom.js';
import { formatRange } from '../data/head_measure_state.js';
import { formatMissing, NO_SUCH_SCORE, scoreFacts, formatUnit } from '../data/head_measures.js';
import { formatScore } from '../data/head_measure_columns.js';
import { count, counted } from '../compute/number_text.js';

/** @import { Context, State, View } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { ShownTheme } from '../color/point_style.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {theme: () => ShownTheme}} context
 * @returns {View}
 */
export function createMeasureLine(root, { actions, derived, facts, theme }) {
  const name = el('span', { class: 'score-line__name' });
  const low = el('span', {});
  const high = el('span', {});
  const ramp = el('span', { class: 'score-line__ramp', 'aria-hidden': 'true' });
  const missing = el('span', { class: 'soft' });
  const untint = el(
    'button',
    {
      class: 'button button--quiet button--icon button--small',
      type: 'button',
      title: 'No tint',
      onClick: () => actions.tintBy(null),
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'No tint'),
  );
  const legend = el(
    'div',
    { class: 'score-line__part', role: 'group', 'aria-label': 'Legend of the tint' },
    name,
    el('span', { class: 'score-line__scale' }, low, ramp, high),
    missing,
    untint,
  );
  const sortedLabel = el('span', {});
  const sorted = el(
    'div',
    { class: 'score-line__part' },
    sortedLabel,
    el(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        title: 'Rows are layers and columns are heads again',
        onClick: () => actions.choose({ order: null }),
      },
      'Back to layer × head',
    ),
  );
  const rangeText = el('span', { role: 'status' });
  const range = el(
    'div',
    { class: 'score-line__part' },
    rangeText,
    el(
      'button',
      {
        class: 'button button--small',
        type: 'button',
        title: 'No head steps back',
        onClick: actions.clearScoreRange,
      },
      'Show all',
    ),
  );
  const element = el(
    'div',
    { class: 'score-line', role: 'group', 'aria-label': 'Scores shown in the grid', hidden: true },
    legend,
    sorted,
    range,
  );
  root.append(element);

  /** @param {State} state */
  function updateLegend(state) {
    const column = derived.heads().column(state.score, state);
    legend.hidden = column === null;
    if (!column || state.score === null) return;
    const { label } = scoreFacts(state.score);
    const isEmpty = column.nKnown === 0;
    setText(name, `${label}${formatUnit(state.score) && ` (${formatUnit(state.score).trim()})`}`);
    setText(low, isEmpty ? '' : formatScore(column.range[0]));
    setText(high, isEmpty ? '' : formatScore(column.range[1]));
    ramp.hidden = isEmpty;
    const stops = rampStops(canvasPalette(theme()).scores).join(', ');
    ramp.style.backgroundImage = `linear-gradient(to right, ${stops})`;
    const nMissing = column.values.length - column.nKnown;
    const isOther = column.nRows[0] === NO_SUCH_SCORE;
    setText(
      missing,
      isOther
        ? formatMissing(column.name, NO_SUCH_SCORE)
        : nMissing > 0
          ? `– in ${counted(nMissing, 'head')}`
          : '',
    );
  }

  return {
    update(state) {
      const within = derived.heads().within(state);
      element.hidden =
        state.at !== null || !facts.heads.value || !(state.score || state.order || within);
      if (element.hidden) return;
      updateLegend(state);
      sorted.hidden = state.order === null;
      if (state.order)
        setText(sortedLabel, formatOrder(state, derived.heads().column(state.order, state)));
      range.hidden = within === null;
      setText(
        rangeText,
        within
          ? `${count(within.n)} of ${counted(within.inside.length, 'head')}: ${formatRange(state)}`
          : '',
      );
    },
    destroy: () => element.remove(),
  };
}

/**
 * How the heads are sorted, or why they are not.
 *
 * @param {State} state
 * @param {Column | null} column
 */
function formatOrder({ order, isOrderRising }, column) {
  const { label } = scoreFacts(order ?? '');
  if (column?.nKnown === 0)
    return `Not sorted by ${label}: ${formatMissing(column.name, column.nRows[0])}`;
  return `Sorted by ${label}, ${isOrderRising ? 'lowest' : 'highest'} first`;
}
