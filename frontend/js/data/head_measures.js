/**
 * Measures of heads: the scores, in the order and with the labels of the server, and the fidelity
 * of the shown map.
 */

import { FIDELITY_LABELS } from './map_labels.js';

/** @import { Fidelity, Manifest, ScoreFacts } from '../page.js' */

/** Row counts of a score that is not computed yet, and of one that the dataset does not have. */
export const [NOT_COMPUTED, NO_SUCH_SCORE] = [-1, -2];

/** The scores listed by the server, by name. @type {ReadonlyMap<string, ScoreFacts>} */
let known = new Map();

/** Where the measures of a map are defined. */
const FIDELITY_SOURCES = {
  recall_at_10: {
    formula: '|ten strongest keys ∩ ten nearest keys| / 10, mean over at most 1,000 queries',
    source: 'ours, recall of the k nearest neighbours',
  },
  recall_at_100: {
    formula: '|hundred strongest keys ∩ hundred nearest keys| / 100, over the same queries',
    source: 'ours, recall of the k nearest neighbours',
  },
  rank_correlation: {
    formula: 'Spearman correlation of nearness and q·k over the visible keys, mean over queries',
    source: 'ours, after Yeh et al. 2023 (arXiv 2305.03210), section 5.1.1: over visible keys only',
  },
  trustworthiness: {
    formula: '1 − (2 / (n k (2 n − 3 k − 1))) Σ max(0, rank − k) over false neighbours, k = 10',
    source: 'Venna and Kaski 2001, by scikit-learn',
  },
};

/** @type {readonly ScoreFacts[]} */
const FIDELITY = Object.freeze(
  FIDELITY_LABELS.map(({ name, label, help }) => ({
    name,
    label,
    help,
    ...FIDELITY_SOURCES[name],
    modality: null,
    low: name === 'rank_correlation' ? -1 : 0,
    high: 1,
    unit: 'share',
    until: null,
    scale: /** @type {const} */ ('linear'),
    head_name: null,
    texts: null,
  })),
);

/** Fit to the marked pairs: a measure of heads while pairs are marked. */
export const PAIR_FIT = 'pair_fit';

/** @type {ScoreFacts} */
const FIT = Object.freeze({
  name: PAIR_FIT,
  label: 'Fit to the pairs',
  help:
    'How well a head agrees with the marked pairs: 1 for all that should attend above all that ' +
    'should not, 0.5 by chance.',
  formula:
    'mean over pairs of the share of the keys that the query scores lower (should attend) or ' +
    'higher (should not); equal ones count half',
  source: 'ours, ranks of keys instead of scores, which have no common scale',
  modality: null,
  low: 0,
  high: 1,
  unit: 'share',
  until: null,
  scale: 'linear',
  head_name: null,
  texts: null,
});

/** Scores and measures by name. @type {Map<string, ScoreFacts>} */
let byName = factsByName([]);

/** @param {readonly ScoreFacts[]} scores @returns {Map<string, ScoreFacts>} */
function factsByName(scores) {
  return new Map([...scores, FIT, ...FIDELITY].map((score) => [score.name, score]));
}

/**
 * What an attention row needs to have for a score; shown as the reason why a score is undefined.
 *
 * @type {Record<string, string>}
 */
const NEEDED = {
  previous: 'a token before it',
  next: 'a token after it that it may see',
  self: 'another key in sight than its own',
  first: 'a first token other than its own',
  special: 'a special token in sight',
  punctuation: 'punctuation in sight',
  duplicate: 'an earlier copy of its own token',
  induction: 'an earlier copy of its own token with a token after it',
  reverse_induction: 'an earlier copy of its own token with a token before it',
  attention_entropy: 'at most 90 % of its weight on the first token',
  entropy: 'more than one key in sight',
  mean_distance: 'another key in sight than the first token',
  variance_of_distance: 'another key in sight than the first token',
  norm_ratio: 'a key of another length than zero',
  content_dependence: 'a row of another sequence to be compared with',
  same_row: 'another patch of its row in sight',
  same_column: 'another patch of its column in sight',
  patch_distance: 'a patch in sight',
  class_token: 'a class token in sight',
  hue_similarity: 'patches in sight whose hue is known',
  brightness_similarity: 'patches in sight whose brightness is known',
  words_to_patches: 'a word that sees a patch and another key',
  patches_to_words: 'a patch that sees a word and another key',
  sink_patch: 'a word that sees two patches',
  sink_mass: 'a sink in this layer',
  variance_beyond_qk: 'a bias or a soft cap in this layer, and two keys in sight',
  prefix_matching: 'repeated random tokens, which do not fit this model',
  probe_induction: 'repeated random tokens, which do not fit this model',
  probe_previous: 'repeated random tokens, which do not fit this model',
  probe_duplicate: 'repeated random tokens, which do not fit this model',
};

/** Take over the scores that the server names. @param {readonly ScoreFacts[]} scores */
export function setMeasures(scores) {
  known = new Map(scores.map((score) => [score.name, score]));
  byName = factsByName(scores);
}

/**
 * The scores that a dataset was built with and that are defined for its kind of model.
 *
 * @param {Pick<Manifest, 'model' | 'scores'>} manifest
 */
export function measuresFor({ model: { modality }, scores }) {
  return scores
    .flatMap((name) => known.get(name) ?? [])
    .filter((score) => [null, modality].includes(score.modality) || modality === 'image-text');
}

/**
 * The measures that can tint, sort and filter heads: scores, then the fit to marked pairs, then
 * the fidelity of the shown map.
 *
 * @param {Pick<Manifest, 'model' | 'scores'>} manifest
 * @param {boolean} hasPairs whether pairs are marked
 */
export function numbersFor(manifest, hasPairs) {
  return [...measuresFor(manifest), ...(hasPairs ? [FIT] : []), ...FIDELITY];
}

/** @param {string} name @returns {name is keyof Fidelity} */
export function isFidelity(name) {
  return FIDELITY.some((measure) => measure.name === name);
}

/** Whether a number rests on counted rows of attention. @param {string} name */
export function hasRows(name) {
  return name !== PAIR_FIT && !isFidelity(name);
}

/**
 * Label and description of a measure; only its name if it is unknown.
 *
 * @param {string} name
 * @returns {ScoreFacts}
 */
export function measureFacts(name) {
  return (
    byName.get(name) ?? {
      name,
      label: name,
      help: '',
      formula: '',
      source: '',
      modality: null,
      low: null,
      high: null,
      unit: '',
      until: null,
      scale: 'linear',
      head_name: null,
      texts: null,
    }
  );
}

/** What follows a number: its unit, unless it is a share. @param {string} name */
export function formatUnit(name) {
  const { unit } = measureFacts(name);
  return unit === '' || unit === 'share' ? '' : ` ${unit}`;
}

/**
 * Why a measure is undefined for a head.
 *
 * @param {string} name
 * @param {number} nRows on which it rests, or why it rests on none
 */
export function formatMissing(name, nRows) {
  if (isFidelity(name)) return 'not defined for this map';
  if (name === PAIR_FIT) return 'the pairs are not compared yet';
  if (nRows === NO_SUCH_SCORE) return 'this dataset has no such score';
  if (nRows === NOT_COMPUTED) return 'not computed yet';
  return `no row has ${NEEDED[name] ?? 'what this score looks at'}`;
}
