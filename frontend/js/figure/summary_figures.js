/**
 * What else can be saved: the mean below a sentence, the mean of all heads, the map of heads, the
 * weight by offset.
 */

import { detailsOf } from '../data/points.js';
import { nCorpusSequences } from '../data/user_sequence_text.js';
import { canvasPalette } from '../color/palettes.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { measureFacts, formatUnit } from '../data/head_measures.js';
import { formatOver } from '../data/mean_text.js';
import { formatAllHeads } from '../data/mean_text.js';
import { meanByOffset, offsetSpans } from '../compute/offset_means.js';
import { isFirm, knownPart, largestOf, ticksOf } from '../compute/offset_profile.js';
import { formatDistance, sequenceWord } from '../ui/labels.js';
import { barsFigure } from './bars_figure.js';
import { measureSentences } from './caption.js';
import { headsFigure } from './heads_figure.js';
import { allHeadsFigure, heatFigure } from './heat_figure.js';
import { sentenceFigure } from './sentence_figure.js';
import { formatAttention, pairSentences, formatSelected } from './view_text.js';

/** @import { Facts, HeadId, Selected, Tokens } from '../page.js' */
/** @import { Given, Parts, Source } from './figure.js' */

const NOT_THERE = 'The attention is not there yet.';

/** The sequence of the selected point. @param {Tokens} tokens @param {Selected} selected */
export function sequenceOf(tokens, { token }) {
  const sequence = tokens.sequence[token];
  return {
    sequence,
    start: tokens.sequences.start[sequence],
    n: tokens.sequences.length[sequence],
  };
}

/**
 * What the panel shows below the sentence: the mean as lines, both as heat maps, or both by offset.
 *
 * @param {Given} given
 * @param {Source} source
 * @returns {Parts}
 */
export function belowParts({ state, manifest, tokens, style }, { derived }) {
  const { at, below, hidden, selected } = state;
  const [attention, mean] = [derived.attention(state), derived.aggregate(state)];
  if (!selected || !mean || !at || (below !== 'lines' && !attention)) throw new Error(NOT_THERE);
  const { sequence, start, n } = sequenceOf(tokens, selected);
  const isCausal = Boolean(manifest.layers[at.layer]?.is_causal);
  const shown = [
    `Mean by position ${formatOver(mean, nCorpusSequences(tokens), n)}.`,
    `Selected: ${formatSelected(state, tokens, manifest)}.`,
    ...formatAttention(state),
  ];
  /**
   * @param {string} name
   * @param {string} what
   * @param {import('./map_figure.js').Body} body
   * @param {string} text
   * @returns {Parts}
   */
  const parts = (name, what, body, text) => ({
    body,
    legend: null,
    colors: '',
    what,
    shown: [text, ...shown],
    name: `${name}-${sequence + 1}`,
  });
  if (below === 'lines' || !attention) {
    const labels = Array.from({ length: n }, (_, i) => String(tokens.position[start + i] + 1));
    return parts(
      'mean-of-sentence',
      'mean attention by position',
      sentenceFigure({ tokens, start, n, attention: mean, selected, hidden, labels }, style),
      'Opacity of a line: mean weight, from 0.01 on; lines of other positions are paler.',
    );
  }
  if (below === 'squares') {
    const ramp = canvasPalette(style.theme, state.palette).ramps[0];
    return parts(
      'heat-map-of-sentence',
      'attention as heat maps',
      heatFigure(
        [
          { name: 'this sentence', pattern: attention },
          { name: 'mean', pattern: mean },
        ],
        ramp,
        style,
      ),
      'Each heat map has its own scale.',
    );
  }
  const spans = offsetSpans(n, isCausal);
  const series = [
    { name: 'this sentence', pattern: attention, color: style.query },
    { name: 'mean', pattern: mean, color: style.soft },
  ].map(({ name, pattern, color }) => ({
    name,
    color,
    values: meanByOffset(pattern, spans, hidden),
    isPale: () => false,
  }));
  const largest = Math.max(
    1e-9,
    ...series.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value))),
  );
  return parts(
    'offsets-of-sentence',
    'mean weight by offset',
    barsFigure({ labels: spans.map(({ label }) => label), series, largest, isCausal }, style),
    'Bars: mean weight of all pairs of a query and a key that lie so far apart.',
  );
}

/**
 * The mean pattern of every head.
 *
 * @param {Given} given
 * @param {Source} source
 * @returns {Promise<Parts>}
 */
export async function allHeadsParts({ state, manifest, tokens, style }, { api }) {
  if (!state.selected) throw new Error(NOT_THERE);
  const { n } = sequenceOf(tokens, state.selected);
  const means = await api.aggregates(manifest.id, n, state.weight, new AbortController().signal);
  const weighed = formatAttention({ ...state, hidden: [] });
  return {
    body: allHeadsFigure(
      means,
      manifest,
      canvasPalette(style.theme, state.palette).ramps[0],
      style,
    ),
    legend: null,
    colors: '',
    isOfAll: true,
    what: 'mean attention by position',
    shown: [
      'Rows of the grid are layers, its columns heads. Mean ' +
        `${lowered(formatAllHeads(means, n, tokens))}`,
      ...weighed,
    ],
    name: `means-of-${n}-tokens`,
  };
}

/** @param {Given} given @param {Source} source @returns {Parts} */
export function headsMapParts({ state, tokens, style }, { derived, headMapImage }) {
  const image = headMapImage?.(style.theme);
  if (!image) throw new Error('The map of heads is not there yet.');
  const { map, column, nLayers, stops } = image;
  const open = map.heads.findIndex(
    ({ layer, head }) => layer === state.at?.layer && head === state.at.head,
  );
  /** @type {[string, string]} */
  const range = column
    ? [formatMeasureValue(column.range[0]), formatMeasureValue(column.range[1])]
    : ['0', String(nLayers - 1)];
  const title = column ? `${measureFacts(column.name).label}${formatUnit(column.name)}` : 'Layer';
  const tinted =
    column || derived.heads().within(state)
      ? measureSentences({ ...state, order: null }, derived.heads(), false).map((text) =>
          text.replace('Ground of the heads', 'Colour of a head'),
        )
      : [];
  return {
    body: headsFigure(image, open, style),
    legend: {
      kind: 'ramp',
      title,
      ramps: [{ label: 'head', stops, range }],
      note: '',
      missing: null,
    },
    colors: '',
    isOfAll: true,
    what: 'map of heads',
    shown: [
      `Heads that attend alike lie near each other (${map.map_method}): stress ` +
        `${map.stress.toFixed(2)}, 0 would be without fault. Distances: ` +
        `${formatDistance(map.n_rows)}.`,
      ...tinted,
      ...(column ? pairSentences(state, tokens) : []),
      ...(open >= 0 && state.at ? [`Ringed: layer ${state.at.layer}, head ${state.at.head}.`] : []),
    ],
    name: 'map-of-heads',
  };
}

/** @param {Facts} facts @param {HeadId | null} at */
function profileOf(facts, at) {
  const whole = detailsOf(facts, at)?.profile;
  return whole ? knownPart(whole) : null;
}

/** @param {Facts} facts @param {HeadId | null} at */
export function hasProfile(facts, at) {
  return profileOf(facts, at) !== null;
}

/**
 * The weight by offset over the whole corpus.
 *
 * @param {Given} given
 * @param {Source} source
 * @returns {Parts}
 */
export function profileParts({ state, manifest, style }, { facts }) {
  const profile = profileOf(facts, state.at);
  if (!profile) throw new Error('This head has no weights by offset yet.');
  const { offsets, weights } = profile;
  const labels = offsets.map(() => '');
  for (const { i, label } of ticksOf(offsets)) labels[i] = label;
  const series = [
    {
      name: 'mean weight by offset',
      color: style.ink,
      values: weights,
      isPale: (/** @type {number} */ i) => !isFirm(profile, i),
    },
  ];
  const body = barsFigure(
    { labels, series, largest: largestOf(profile), isCausal: offsets[offsets.length - 1] <= 0 },
    style,
  );
  const word = sequenceWord(manifest.model.modality);
  return {
    body,
    legend: null,
    colors: '',
    what: 'weight by offset',
    shown: [
      `Mean weight of a key by its offset from the query, over the rows of all ${word}s that ` +
        'have such a key. Pale: over fewer than 10 rows.',
    ],
    name: 'weight-by-offset',
  };
}

/** @param {string} text */
function lowered(text) {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
