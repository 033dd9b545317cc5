/** Prepared views of a dataset, each found in its numbers: which head, token or word shows it. */

import { countedValues } from '../compute/columns.js';
import { count, counted } from '../compute/number_text.js';
import { formatTitle } from '../ui/labels.js';
import { nCorpusSequences } from './user_sequence_text.js';

/** @import { HeadFacts, HeadId, Manifest, State, Tokens } from '../page.js' */
/** @import { Method } from '../types.js' */

/**
 * @typedef {object} Material What an example looks at.
 * @property {Manifest} manifest
 * @property {ReadonlyMap<string, HeadFacts>} heads by "layer,head"
 * @property {Tokens} tokens
 */
/**
 * @typedef {object} Prepared
 * @property {Partial<State>} choices of the view
 * @property {string} text two sentences: what to see
 */
/**
 * @typedef {object} Example
 * @property {string} name
 * @property {string} title
 * @property {string} about
 * @property {'text' | 'image' | null} modality that it needs; null: either
 * @property {(material: Material) => Prepared | null} prepare null where the dataset cannot show it
 */

/** Above this normalised entropy a head attends to all keys alike, and its map shows little. */
const MAX_ENTROPY = 0.5;
/** A sentence of about this many tokens is read at a glance. */
const SENTENCE_TOKENS = 12;
/** Letters of a word that says something by itself. */
const WORD = /^\p{L}{5,}$/u;
const MIN_OCCURRENCES = 3;

/** @type {readonly Example[]} */
export const EXAMPLES = Object.freeze([
  {
    name: 'previous',
    title: 'Previous-token head',
    about: 'Attends one token back',
    modality: 'text',
    prepare({ manifest, heads, tokens }) {
      const best = highest(heads, ({ scores }) => scores.previous?.value);
      if (!best) return null;
      const { value, n_rows: nRows } = best.head.scores.previous;
      return {
        choices: {
          ...view(manifest, best.head, 'attention-tsne'),
          selected: { kind: 'query', token: middleToken(tokens) },
        },
        text:
          `${titleIn(manifest, best)} pays ${share(value)} of its attention to the previous ` +
          `token, the highest of all heads (mean over ${counted(nRows, 'row')}). ` +
          'The lines connect each query with its strongest keys; the panel shows the weights.',
      };
    },
  },
  {
    name: 'positions',
    title: 'Spiral of positions',
    about: 'Attention by position alone',
    modality: 'text',
    prepare({ manifest, heads }) {
      const best = highest(heads, ({ scores }) => {
        const [variability, entropy] = [scores.content_dependence, scores.entropy];
        const isFocused = (entropy?.value ?? 1) <= MAX_ENTROPY;
        return isFocused && typeof variability?.value === 'number' ? -variability.value : null;
      });
      if (!best) return null;
      return {
        choices: { ...view(manifest, best.head, 'pca'), color: 'position' },
        text:
          `The pattern of ${titleIn(manifest, best)} depends on positions, hardly on words ` +
          `(attention variability ${share(-best.value)}, the lowest of all focused heads). ` +
          'Tokens of one position lie together, and the positions follow each other along a curve.',
      };
    },
  },
  {
    name: 'word',
    title: 'One word in all heads',
    about: 'A word in every map',
    modality: 'text',
    prepare({ tokens }) {
      const word = mostFrequentWord(tokens);
      if (!word) return null;
      return {
        choices: { search: word.text, searchMode: 'whole' },
        text:
          `“${word.text}” occurs ${count(word.n)} times; its queries and keys stand out in every ` +
          'head. They are one group where a head goes by the word, and apart where it goes by ' +
          'position or context.',
      };
    },
  },
  {
    name: 'norms',
    title: 'Query and key lengths',
    about: 'Norms on one scale',
    modality: null,
    prepare({ manifest, heads }) {
      const ratio = normRatios(manifest);
      const best = highest(heads, (head) => {
        const value = ratio(head);
        return value ? Math.abs(Math.log(value)) : null;
      });
      if (!best) return null;
      const value = /** @type {number} */ (ratio(best.head));
      const [longer, other] = value > 1 ? ['queries', 'keys'] : ['keys', 'queries'];
      const times = Math.max(value, 1 / value).toFixed(1);
      return {
        choices: {
          ...view(manifest, best.head, null),
          color: 'norm-shared',
          isDotByNorm: true,
        },
        text:
          `In ${titleIn(manifest, best)} the ${longer} are ${times} times as long as the ` +
          `${other} (ratio of median norms), the largest difference of all heads. ` +
          'Colour and size show each norm on one scale for queries and keys.',
      };
    },
  },
  {
    name: 'hue',
    title: 'Patches by hue',
    about: 'Attends to similar colours',
    modality: 'image',
    prepare({ manifest, heads }) {
      const best = highest(heads, ({ scores }) => scores.hue_similarity?.value);
      if (!best) return null;
      return {
        choices: { ...view(manifest, best.head, 'attention-tsne'), color: 'patch' },
        text:
          `${titleIn(manifest, best)} attends to patches of similar hue (similarity ` +
          `${share(best.value)}, where 0 is chance and 1 the very same hue). ` +
          'Patches are drawn with their own pixels: neighbours in the map have similar colours.',
      };
    },
  },
]);

/**
 * A head in a flat map of a method, if the dataset has it.
 *
 * @param {Manifest} manifest
 * @param {HeadId} head
 * @param {Method | null} method
 * @returns {Partial<State>}
 */
function view({ maps }, { layer, head }, method) {
  const shown = method && `${method}-2d` in maps ? { method, dims: /** @type {const} */ (2) } : {};
  return { at: { layer, head }, ...shown };
}

/** @param {Manifest} manifest @param {{head: HeadId}} best */
function titleIn({ layers }, { head }) {
  return formatTitle(head, layers);
}

/**
 * The head with the highest value.
 *
 * @param {ReadonlyMap<string, HeadFacts>} heads
 * @param {(head: HeadFacts) => number | null | undefined} valueOf
 */
function highest(heads, valueOf) {
  /** @type {{head: HeadFacts, value: number} | null} */
  let best = null;
  for (const head of heads.values()) {
    const value = valueOf(head);
    if (typeof value === 'number' && value > (best?.value ?? -Infinity)) best = { head, value };
  }
  return best;
}

/**
 * Median norm of queries over that of keys: the score, or, in datasets built before it existed,
 * from the scale of the alignment, which is the root of its inverse.
 *
 * @param {Manifest} manifest
 * @returns {(head: HeadFacts) => number | null}
 */
export function normRatios({ alignment }) {
  const isScale = alignment.scale === 'norm ratio';
  return ({ scores, alignment_scale: scale }) =>
    scores.norm_ratio?.value ?? (isScale && scale ? 1 / scale ** 2 : null);
}

/**
 * A token in the middle of the sentence whose length is nearest to one that is read at a glance.
 *
 * @param {Tokens} tokens
 */
function middleToken(tokens) {
  const { start, length } = tokens.sequences;
  let best = 0;
  for (let i = 1; i < nCorpusSequences(tokens); i++)
    if (Math.abs(length[i] - SENTENCE_TOKENS) < Math.abs(length[best] - SENTENCE_TOKENS)) best = i;
  return start[best] + Math.floor(length[best] / 2);
}

/**
 * The most frequent word of at least five letters that is one token; null where none recurs.
 *
 * @param {Tokens} tokens
 */
function mostFrequentWord({ text, tokenType }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { value, n, row } of countedValues(text)) {
    const word = value.trim().toLowerCase();
    if (tokenType.at(row) === 'text' && WORD.test(word))
      counts.set(word, (counts.get(word) ?? 0) + n);
  }
  const [found] = [...counts].sort((a, b) => b[1] - a[1]);
  return found && found[1] >= MIN_OCCURRENCES ? { text: found[0], n: found[1] } : null;
}

/** @param {number | null} value */
function share(value) {
  return (value ?? 0).toFixed(2).replace('-', '−');
}
