/**
 * Caption of a figure, with all that is needed to reproduce it: model, corpus, head, method, seed
 * and fidelity.
 */

import { mapOf, mapLabels, shownMethod } from '../data/best_map.js';
import { accountSummary } from '../data/corpus_account.js';
import { formatRange } from '../data/head_measure_state.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { measureFacts } from '../data/head_measures.js';
import { chosenMap, fidelityOf, meanFidelity } from '../data/points.js';
import { formatHead, formatMeasure, formatModelSize, sequenceWord } from '../ui/labels.js';
import { FIDELITY_LABELS, formatMap } from '../data/map_labels.js';
import { counted } from '../compute/number_text.js';

/** @import { HeadScores } from '../data/head_measure_state.js' */
/** @import { HeadFacts, Manifest, ModelFacts, State } from '../page.js' */

/** Characters of a hash that are shown. */
const HASH = 12;
/** Text of a corpus or of a path may be long. */
const LONGEST = 90;

/** @param {string} text so that it keeps its own direction to itself */
function own(text) {
  return `\u2068${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}\u2069`;
}

/**
 * @param {State} state
 * @param {Manifest} manifest
 * @param {boolean} isMap
 * @param {Map<string, HeadFacts> | null} heads
 * @param {string} [what] it shows, where that is no map
 * @returns {string}
 */
export function figureTitle(state, manifest, isMap, heads, what = '') {
  const { at, dims } = state;
  const method = shownMethod(state, heads, at);
  const which = at
    ? formatHead(at, manifest.layers)
    : `All heads (${formatModelSize(manifest, true)})`;
  return [manifest.model.name, which, isMap && method && formatMap(method, dims), what]
    .filter(Boolean)
    .join(' · ');
}

/**
 * @param {object} known
 * @param {State} known.state
 * @param {Manifest} known.manifest
 * @param {Map<string, HeadFacts> | null} known.heads
 * @param {string} known.colors what the colours of a map tell; '' for what is no map
 * @param {string} [known.shown] what else is to be said of what is seen
 * @returns {string[]} sentences, one paragraph each
 */
export function formatCaption({ state, manifest, heads, colors, shown = '' }) {
  const { corpus, model, n_sequences: nSequences, n_tokens: nTokens } = manifest;
  const name = state.at ? mapOf(heads, state.at, chosenMap(state)) : chosenMap(state);
  const map = name === null ? null : manifest.maps[name];
  return [
    `Model: ${own(model.name)} (${own(model.source)}; ${formatWeight(model)}). Corpus: ` +
      `${own(corpus.name)} (${counted(nSequences, sequenceWord(model.modality))}, ` +
      `${counted(nTokens, 'token')}${formatKept(corpus.account)}).`,
    ...(colors === '' || name === null
      ? [`Layer and head count from 0; seed ${manifest.seed}.`]
      : [
          `Map: ${name} (${formatParameter(map?.parameters ?? {})}seed ${manifest.seed}). ` +
            `${formatNearness(shownMethod(state, heads, state.at))}`,
          fidelityLine(state, heads, name),
        ]),
    [colors && `Colour: ${colors}.`, shown].filter(Boolean).join(' '),
    'Maps and scores by ' +
      `AttentionViz${manifest.attentionviz_version ? ` ${manifest.attentionviz_version}` : ''}.`,
  ].filter((line) => line !== '');
}

/** @param {ModelFacts} model */
function formatWeight({ revision, weights_sha256: hash }) {
  return (
    `${revision ? `revision ${revision.slice(0, 40)}, ` : ''}weights sha256 ` +
    `${hash.slice(0, HASH)}`
  );
}

/**
 * What of the corpus is not in the dataset, if anything.
 *
 * @param {Manifest['corpus']['account']} account
 */
function formatKept(account) {
  return account && (account.n_cut > 0 || account.left_out.length > 0)
    ? `; ${accountSummary(account)}`
    : '';
}

/** @param {Record<string, unknown>} parameters */
function formatParameter(parameters) {
  return Object.entries(parameters)
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')} ${typeof value === 'number' ? value : String(value)}, `,
    )
    .join('');
}

/** @param {State['method']} method */
function formatNearness(method) {
  return method ? `${mapLabels(method).help.replace(/\.$/, '')}.` : '';
}

/** @param {State} state @param {Map<string, HeadFacts> | null} heads @param {string | null} name */
function fidelityLine(state, heads, name) {
  const fidelity = state.at ? fidelityOf(heads, state.at, name) : meanFidelity(heads, name);
  if (!fidelity) return '';
  const numbers = FIDELITY_LABELS.map(
    ({ name: measure, label }) => `${label} ${formatMeasure(fidelity[measure])}`,
  ).join(', ');
  return `Fidelity${state.at ? '' : ', mean over heads'}: ${numbers}.`;
}

/**
 * Break words into lines; a word that is longer than a line is broken, too.
 *
 * @param {string} text
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function wrapped(text, width, measure) {
  /** @type {string[]} */
  const lines = [];
  let line = '';
  for (const word of text.split(' ').flatMap((long) => broken(long, width, measure))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && measure(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/**
 * A text that is no wider than it may be: its end is left out.
 *
 * @param {string} text
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function shortened(text, width, measure) {
  if (measure(text) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && measure(`${characters.join('')}…`) > width) characters.pop();
  return `${characters.join('')}…`;
}

/** @param {string} word @param {number} width @param {(text: string) => number} measure */
function broken(word, width, measure) {
  if (measure(word) <= width) return [word];
  const parts = [''];
  for (const character of word) {
    const last = parts.length - 1;
    if (parts[last] !== '' && measure(parts[last] + character) > width) parts.push(character);
    else parts[last] += character;
  }
  return parts;
}

/**
 * What the numbers, the ground and the order of the heads of the grid tell.
 *
 * @param {State} state
 * @param {HeadScores} heads
 * @param {boolean} hasNumbers whether they are written
 * @returns {string[]}
 */
export function measureSentences(state, heads, hasNumbers) {
  const number = measureFacts(state.score ?? state.order ?? 'recall_at_10').label;
  const tint = heads.column(state.score, state);
  const within = heads.within(state);
  return [
    ...(hasNumbers ? [`Number of a head: ${number}.`] : []),
    ...(tint && tint.nKnown > 0
      ? [
          `Ground of the heads: ${measureFacts(tint.name).label} from ` +
            `${formatMeasureValue(tint.range[0])} to ${formatMeasureValue(tint.range[1])}, ` +
            'stronger the higher.',
        ]
      : []),
    ...(state.order && heads.order(state)
      ? [
          `Heads in the order of ${measureFacts(state.order).label}, ` +
            `${state.isOrderRising ? 'lowest' : 'highest'} first, row by row.`,
        ]
      : []),
    ...(within
      ? [
          `Pale: heads outside of ${formatRange(state)}; ${within.n} of ` +
            `${within.nHeads} are inside.`,
        ]
      : []),
  ];
}
