/**
 * The line above the grid: by which measures it is tinted, sorted and filtered, with
 * buttons to undo each.
 */

import { canvasPalette, rampStops } from '../color/palettes.js';
import { el, ICONS, icon, setText } from '../ui/dom.js';
import { formatRange } from '../data/head_measure_state.js';
import { formatMissing, NO_SUCH_SCORE, measureFacts, formatUnit } from '../data/head_measures.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
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
  const legend = createLegend(() => actions.tintBy(null), theme);
  const sorted = createPart({}, 'Back to layer × head', 'Rows are layers, columns are heads', () =>
    actions.choose({ order: null }),
  );
  const range = createPart(
    { role: 'status' },
    'Show all',
    'Clear the range',
    actions.clearScoreRange,
  );
  const element = el(
    'div',
    { class: 'score-line', role: 'group', 'aria-label': 'Scores shown in the grid', hidden: true },
    legend.element,
    sorted.element,
    range.element,
  );
  root.append(element);

  return {
    update(state) {
      const within = derived.heads().within(state);
      element.hidden =
        state.at !== null || !facts.heads.value || !(state.score || state.order || within);
      if (element.hidden) return;
      legend.update(derived.heads().column(state.score, state));
      sorted.element.hidden = state.order === null;
      if (state.order)
        setText(sorted.text, formatOrder(state, derived.heads().column(state.order, state)));
      range.element.hidden = within === null;
      setText(
        range.text,
        within
          ? `${count(within.n)} of ${counted(within.nHeads, 'head')}: ${formatRange(state)}`
          : '',
      );
    },
    destroy: () => element.remove(),
  };
}

/**
 * A part of the line: a text and the button that undoes what it says.
 *
 * @param {Record<string, string>} properties of the text
 * @param {string} label
 * @param {string} title
 * @param {() => void} onClick
 */
function createPart(properties, label, title, onClick) {
  const text = el('span', properties);
  const button = el(
    'button',
    { class: 'button button--small', type: 'button', title, onClick },
    label,
  );
  return { text, element: el('div', { class: 'score-line__part' }, text, button) };
}

/**
 * The colours of the measure that tints the grid, from its lowest value to its highest.
 *
 * @param {() => void} untint
 * @param {() => ShownTheme} theme
 */
function createLegend(untint, theme) {
  const name = el('span', { class: 'score-line__name' });
  const low = el('span', {});
  const high = el('span', {});
  const ramp = el('span', { class: 'score-line__ramp', 'aria-hidden': 'true' });
  const missing = el('span', { class: 'soft' });
  const button = el(
    'button',
    {
      class: 'button button--quiet button--icon button--small',
      type: 'button',
      title: 'No tint',
      onClick: untint,
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'No tint'),
  );
  const element = el(
    'div',
    { class: 'score-line__part', role: 'group', 'aria-label': 'Legend of the tint' },
    name,
    el('span', { class: 'score-line__scale' }, low, ramp, high),
    missing,
    button,
  );

  return {
    element,
    /** @param {Column | null} column */
    update(column) {
      element.hidden = column === null;
      if (!column) return;
      const unit = formatUnit(column.name).trim();
      const isEmpty = column.nKnown === 0;
      setText(name, `${measureFacts(column.name).label}${unit && ` (${unit})`}`);
      setText(low, isEmpty ? '' : formatMeasureValue(column.range[0]));
      setText(high, isEmpty ? '' : formatMeasureValue(column.range[1]));
      ramp.hidden = isEmpty;
      const stops = rampStops(canvasPalette(theme()).scores).join(', ');
      ramp.style.backgroundImage = `linear-gradient(to right, ${stops})`;
      setText(missing, formatUnknown(column));
    },
  };
}

/** In how many heads a measure has no value. @param {Column} column */
function formatUnknown({ name, nKnown, nRows, heads }) {
  if (nRows[heads[0]] === NO_SUCH_SCORE) return formatMissing(name, NO_SUCH_SCORE);
  const nMissing = heads.length - nKnown;
  return nMissing > 0 ? `– in ${counted(nMissing, 'head')}` : '';
}

/**
 * The order of the heads, or why there is none.
 *
 * @param {State} state
 * @param {Column | null} column
 */
function formatOrder({ order, isOrderRising }, column) {
  const { label } = measureFacts(order ?? '');
  if (column?.nKnown === 0)
    return `Not sorted by ${label}: ${formatMissing(column.name, column.nRows[column.heads[0]])}`;
  return `Sorted by ${label}, ${isOrderRising ? 'lowest' : 'highest'} first`;
}
