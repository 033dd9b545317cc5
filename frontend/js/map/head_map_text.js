/** Colours and texts of the map of heads. */

import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import { rowLabel } from '../compute/head_parts.js';
import { count } from '../compute/number_text.js';
import { el } from '../ui/dom.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { measureFacts, formatUnit } from '../data/head_measures.js';
import { formatDistance, formatHead, formatMeasure, formatTitle } from '../ui/labels.js';
import { colorOf, formatHeadMeasure } from './cell.js';

/** @import { HeadsMap, State } from '../page.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { HeadMapImage } from './map_of_heads.js' */

/** From this stress on the map is to be read with care: Kruskal (1964) calls 0.2 poor. */
const POOR_STRESS = 0.2;

/**
 * What is drawn of a map in the colours of a theme.
 *
 * @param {HeadsMap} map
 * @param {Column | null} column that tints the grid
 * @param {Uint8Array | null} inside (head) 0 where a head steps back
 * @param {ShownTheme} theme
 * @param {State['palette']} palette
 * @param {Layers} layers
 * @param {Int32Array} cells of the heads, by which column and range have them
 * @returns {HeadMapImage}
 */
export function imageOf(map, column, inside, theme, palette, layers, cells) {
  const { layers: ramp, scores } = canvasPalette(theme, palette);
  const nLayers = 1 + Math.max(...map.heads.map(({ layer }) => layer));
  const looks = map.heads.map((head, i) => {
    const cell = cells[i];
    const packed = column
      ? colorOf(column, cell, theme)
      : ramp[
          nLayers > 1
            ? Math.round((head.layer / (nLayers - 1)) * (ramp.length - 1))
            : ramp.length >> 1
        ];
    return {
      packed,
      isOutside: inside?.[cell] === 0,
      // on demand: there are thousands of heads
      get color() {
        return packed === null ? null : cssColor(packed);
      },
      get title() {
        return formatTitle(head, layers);
      },
      get words() {
        return formatDot(head, column, cell, this.isOutside, layers);
      },
    };
  });
  return { map, column, cells, looks, stops: rampStops(column ? scores : ramp), nLayers, layers };
}

/**
 * Which heads are nearest to one.
 *
 * @param {HeadMapImage} image
 * @param {number} i index of the head; -1: none is pointed at or open
 * @param {boolean} isOpen whether it is the open one
 */
export function nearestParts({ map, cells, column, layers }, i, isOpen) {
  const head = map.heads[i];
  if (!head)
    return [
      el(
        'p',
        { class: 'soft' },
        'Point at a head, here or in the grid, to see which are nearest to it.',
      ),
    ];
  return [
    el('h3', {}, `${formatHead(head, layers)}${isOpen ? ' (open)' : ''}`),
    ...(column ? [el('p', {}, formatHeadMeasure(column, cells[i]))] : []),
    el('p', { class: 'soft' }, 'Nearest, by distance of attention:'),
    el(
      'ol',
      { class: 'map-of-heads__nearest' },
      ...head.nearest.map((one) =>
        el(
          'li',
          {},
          el('span', {}, formatHead(one, layers)),
          el('span', {}, formatMeasure(one.distance)),
        ),
      ),
    ),
  ];
}

/**
 * What the colours and the places mean, and how true these are.
 *
 * @param {HeadMapImage} image
 */
export function aboutParts({ map, column, layers, stops, nLayers }) {
  const { stress, n_landmarks: nLandmarks, n_rows: nRows } = map;
  const bar = el('span', { class: 'legend__ramp' });
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`;
  const ends = column
    ? [column.range[0], column.range[1]].map((end) =>
        column.nKnown > 0 ? formatMeasureValue(end) : '–',
      )
    : [0, nLayers - 1].map((row, i) => (i < nLayers ? rowLabel(layers, row).toLowerCase() : ''));
  const care =
    stress > POOR_STRESS
      ? ' That is much for a flat picture: trust the lists of nearest heads where they say ' +
        'otherwise.'
      : '';
  return [
    el(
      'div',
      { class: 'legend' },
      ...(column
        ? [
            el(
              'p',
              { class: 'legend__title' },
              `${measureFacts(column.name).label}${formatUnit(column.name)}`,
            ),
          ]
        : []),
      bar,
      el('span', { class: 'legend__range' }, ...ends.map((end) => el('span', {}, end))),
    ),
    el(
      'p',
      { class: 'soft' },
      el('strong', {}, `Stress ${stress.toFixed(2)}`),
      `: 0 would be a picture without fault.${care}`,
      nLandmarks ? ` Heads are placed by their distances to ${count(nLandmarks)} of them.` : '',
    ),
    el(
      'p',
      { class: 'soft' },
      `Distance: ${formatDistance(nRows)}; 0 for the same attention, 1 for nothing in common.`,
    ),
  ];
}

/**
 * @param {HeadsMap['heads'][number]} head
 * @param {Column | null} column
 * @param {number} cell
 * @param {boolean} isOutside
 * @param {Layers} layers
 */
function formatDot(head, column, cell, isOutside, layers) {
  const nearest = head.nearest
    .slice(0, 3)
    .map((one) => `${formatTitle(one, layers)} ${formatMeasure(one.distance)}`)
    .join(', ');
  const own = column ? `; ${formatHeadMeasure(column, cell)}` : '';
  const outside = isOutside ? '; outside of the range' : '';
  const alike = nearest ? `; nearest ${nearest}` : '';
  const name = `${formatTitle(head, layers)}, ${formatHead(head, layers).toLowerCase()}`;
  return `${name}${own}${outside}${alike}`;
}
