/**
 * One head of the grid: a named button with its title and a number, tinted by the chosen measure.
 */

import { blend, canvasPalette, cssColor, textColorOn } from '../color/palettes.js';
import { el, setAttribute, setText } from '../ui/dom.js';
import { formatMissing, measureFacts, formatUnit } from '../data/head_measures.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { explainHeadName, formatHeadName } from '../data/head_names.js';
import { shareOf } from '../compute/histogram.js';
import {
  formatCell,
  formatHead,
  isMisleading,
  formatMeasure,
  formatTitle,
  MISLEADING_RECALL,
} from '../ui/labels.js';
import { FIDELITY_LABELS } from '../data/map_labels.js';
import { counted } from '../compute/number_text.js';

/** @import { Fidelity, HeadId } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { HeadName } from '../data/head_names.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Layers } from '../ui/labels.js' */

/** Opacity of the colour of a measure behind the points of a map that is too small for a title. */
const TILE_SHARE = 0.75;

/** What an amber number says. */
const AMBER =
  `Amber: recall@10 below ${MISLEADING_RECALL}. Of a query’s ten strongest keys, fewer than one ` +
  'is among its ten nearest: do not read nearness as attention here.';

/**
 * @typedef {object} Look What the grid shows of its heads.
 * @property {Column | null} tint
 * @property {Column | null} sorted the number that gives the places
 * @property {Int32Array | null} places (cell) slot of each head; null: layer by layer
 * @property {number} nHeads
 * @property {Uint8Array | null} inside (head) 0 outside of the chosen range; null: all are inside
 * @property {ShownTheme} theme
 */

/** @param {HeadId} at @param {number} i index of the head @param {Layers} layers */
export function createCell(at, i, layers) {
  const badge = el('span', { class: 'cell__badge' });
  const title = el('span', { class: 'cell__title' }, formatTitle(at, layers));
  const names = el('span', { class: 'cell__names' }, title);
  const fill = el('span', { class: 'meter__fill' });
  const meter = el('span', { class: 'meter cell__meter' }, fill);
  const button = el(
    'button',
    { class: 'cell', type: 'button', tabindex: '-1', 'data-cell': String(i) },
    el('span', { class: 'cell__head' }, names, ' ', badge),
    meter,
  );

  return {
    at,
    i,
    button,
    /**
     * @param {{isReady: boolean, isAwaited: boolean, fidelity: Fidelity | null, kind: string}} map
     * @param {Look} look
     * @param {HeadName | null} name
     */
    describe({ isReady, isAwaited, fidelity, kind }, look, name) {
      const isWarning = isMisleading(fidelity);
      setAttribute(
        button,
        'aria-label',
        [
          formatCell(at, fidelity, isReady || isAwaited, measureParts(i, look), layers),
          name && formatHeadName(name),
          kind,
        ]
          .filter(Boolean)
          .join(', '),
      );
      names.replaceChildren(title, ...(name ? [' ', chipOf(name)] : []));
      button.classList.toggle('is-pending', !isReady);
      button.classList.toggle('is-outside', look.inside?.[i] === 0);
      badge.classList.toggle('cell__badge--warning', isWarning && !look.tint);
      meter.classList.toggle('meter--warning', isWarning);
      fill.style.width = `${100 * Math.min(1, Math.max(0, fidelity?.recall_at_10 ?? 0))}%`;
      const shown = look.tint ?? look.sorted;
      setText(
        badge,
        shown
          ? formatMeasureValue(shown.values[i])
          : fidelity
            ? formatMeasure(fidelity.recall_at_10)
            : '',
      );
      tint(look);
    },
  };

  /** @param {Look} look */
  function tint({ tint: column, theme }) {
    const color = column && colorOf(column, i, theme);
    button.classList.toggle('is-tinted', column !== null);
    button.classList.toggle('is-undefined', column !== null && color === null);
    button.style.setProperty('--tint', color ? cssColor(color) : null);
    button.style.setProperty('--tint-ink', color ? textColorOn(color) : null);
  }
}

/** @typedef {ReturnType<typeof createCell>} Cell */

/**
 * A name that drops the word "token" where there is little room. It is drawn by the style, as the
 * place by pairs is: visible text has to be one part of the name of the button, which says it last.
 *
 * @param {HeadName} name
 */
function chipOf(name) {
  const [, what, more] = /^(.*?)( tokens?)?$/.exec(name.label) ?? [];
  const rest = more ? el('span', { class: 'chip__more', 'data-words': more }) : null;
  return el(
    'span',
    { class: 'chip', 'data-words': what, 'data-value': ` ${name.value.toFixed(2)}` },
    rest,
  );
}

/** The part of a name on the measures that are shown. @param {number} head @param {Look} look */
function measureParts(head, { tint, sorted, places, nHeads, inside }) {
  const shown = tint ?? sorted;
  const more = places ? [`rank ${places[head] + 1} of ${nHeads}`] : [];
  if (tint && sorted && sorted !== tint)
    more.push(`${formatMeasureValue(sorted.values[head])} ${measureFacts(sorted.name).label}`);
  if (inside?.[head] === 0) more.push('outside of the range');
  if (!shown) return null;
  const value = shown.values[head];
  return {
    words: formatMeasureValue(value),
    label: measureFacts(shown.name).label,
    more: Number.isNaN(value) ? [formatMissing(shown.name, shown.nRows[head]), ...more] : more,
  };
}

/**
 * @param {Column} column
 * @param {number} head
 * @param {ShownTheme} theme
 * @returns {number | null} packed
 */
export function colorOf(column, head, theme) {
  return colorIn(canvasPalette(theme).scores, column, head);
}

/**
 * The same, for many heads.
 *
 * @param {Uint32Array} ramp
 * @param {Column} column
 * @param {number} head
 * @returns {number | null} packed
 */
export function colorIn(ramp, { values, range }, head) {
  return Number.isNaN(values[head])
    ? null
    : ramp[Math.round(shareOf(values[head], range) * (ramp.length - 1))];
}

/**
 * The colours behind the maps, where no title has them.
 *
 * @param {Column | null} column
 * @param {Uint8Array | null} inside (head) 0 outside of the chosen range; null: all are inside
 * @param {ShownTheme} theme
 * @returns {Uint32Array | null} (head) packed, 0 where there is none
 */
export function tilesOf(column, inside, theme) {
  if (!column) return null;
  const { background } = canvasPalette(theme);
  return Uint32Array.from(column.values, (_, head) => {
    const color = colorOf(column, head, theme);
    return color === null || inside?.[head] === 0 ? 0 : blend(color, background, TILE_SHARE);
  });
}

/**
 * The tooltip of a head.
 *
 * @param {HeadId} at
 * @param {number} head
 * @param {{isReady: boolean, fidelity: Fidelity | null, kind: string}} map `kind`: of its map,
 *   where heads have different ones
 * @param {Look} look
 * @param {HeadName | null} name
 * @param {Layers} layers
 */
export function cellParts(at, head, { isReady, fidelity, kind }, look, name, layers) {
  const columns = [...new Set([look.tint, look.sorted])].flatMap((column) => column ?? []);
  const parts = columns.map((column) =>
    el('p', { class: 'tooltip__score' }, formatHeadMeasure(column, head)),
  );
  if (look.inside?.[head] === 0)
    parts.push(el('p', { class: 'soft' }, 'Outside of the chosen range.'));
  const rows = fidelity
    ? FIDELITY_LABELS.flatMap((words) => [
        el('dt', {}, words.label),
        el('dd', {}, formatMeasure(fidelity[words.name])),
      ])
    : [];
  const truth = fidelity
    ? [
        el('dl', { class: 'tooltip__scores' }, ...rows),
        isMisleading(fidelity)
          ? el('p', { class: 'tooltip__help tooltip__help--warning' }, AMBER)
          : el(
              'p',
              { class: 'tooltip__help' },
              `${FIDELITY_LABELS[0].label}: ${FIDELITY_LABELS[0].help}`,
            ),
      ]
    : [el('p', { class: 'soft' }, isReady ? '' : 'This map is not computed yet.')];
  return [
    el(
      'p',
      { class: 'tooltip__title' },
      formatHead(at, layers),
      ...(name ? [`: ${name.label}`] : []),
    ),
    ...(name ? [el('p', {}, explainHeadName(name))] : []),
    ...(kind && fidelity ? [el('p', {}, kind)] : []),
    ...parts,
    ...truth,
  ];
}

/**
 * A measure of a head with its rank among all heads, and over how many rows it was taken.
 *
 * @param {Column} column
 * @param {number} head
 */
export function formatHeadMeasure({ name, values, ranks, nKnown, nRows }, head) {
  const { label } = measureFacts(name);
  if (Number.isNaN(values[head])) return `${label} –: ${formatMissing(name, nRows[head])}`;
  const rows = nRows[head] >= 0 ? `, over ${counted(nRows[head], 'row')}` : '';
  return (
    `${label} ${formatMeasureValue(values[head], 3)}${formatUnit(name)}, ` +
    `rank ${ranks[head]} of ${nKnown}${rows}`
  );
}
