/**
 * All sentences or images of a corpus as rows: what they hold, how they are sorted, filtered and
 * saved.
 */

import { listOf } from '../compute/columns.js';
import { csvText } from '../compute/csv.js';
import { sequenceName } from '../data/user_sequence_text.js';
import { wordsIn } from '../compute/word_boundaries.js';
import { sequenceWord } from '../ui/labels.js';

/** @import { Tokens } from '../page.js' */

/**
 * @typedef {object} Column
 * @property {string} name in the file
 * @property {string} label on the page
 * @property {string} help
 * @property {boolean} isNumber
 * @property {boolean} [isOfText] whether values are known only once the texts are loaded
 * @property {(sequence: number) => string | number | null} valueOf null where there is none
 * @property {(value: number) => string} [tell] a number as it is shown
 */
/**
 * Three numbers a sequence: keys for 90 %, entropy, rows; NaN for what was not computed.
 *
 * @typedef {Float32Array | null} SequenceScores
 */
/** @typedef {{name: string, isDescending: boolean}} Order */

/**
 * Return how many tokens of each sequence occur more than once in it, special ones passed over.
 *
 * @param {Pick<Tokens, 'tokenId' | 'tokenType' | 'sequences'>} tokens
 * @returns {Int32Array} (sequence)
 */
export function countRepeats({ tokenId, tokenType, sequences: { start, length } }) {
  const nRepeated = new Int32Array(start.length);
  for (let sequence = 0; sequence < start.length; sequence++) {
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (let token = start[sequence]; token < start[sequence] + length[sequence]; token++) {
      const id = tokenId[token];
      if (tokenType.at(token) === 'text') counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const count of counts.values()) if (count > 1) nRepeated[sequence] += count;
  }
  return nRepeated;
}

/**
 * The most repeated word of a text, however it is cut into tokens and whatever its case. Of words
 * repeated as often the first counts.
 *
 * @param {string} text
 * @returns {{word: string, count: number} | null} null if none comes twice
 */
export function mostRepeated(text) {
  /** @type {Map<string, {word: string, count: number}>} */
  const seen = new Map();
  for (const word of wordsIn(text)) {
    const key = word.normalize('NFC').toLowerCase();
    const known = seen.get(key);
    if (known) known.count++;
    else seen.set(key, { word, count: 1 });
  }
  let most = null;
  for (const one of seen.values()) if (one.count > (most?.count ?? 1)) most = one;
  return most;
}

/**
 * The columns of the table: the sequence itself, its tokens, columns of the corpus, and its
 * attention.
 *
 * @param {Tokens} tokens
 * @param {SequenceScores} scores
 * @param {boolean} [hasAttention] whether there is any to score
 * @returns {Column[]}
 */
export function columnsOf(tokens, scores, hasAttention = true) {
  const { length, columns, targetText, text } = tokens.sequences;
  const isText = tokens.row === null;
  const repeats = isText ? countRepeats(tokens) : null;
  const word = isText ? 'sentence' : 'image';
  /** @param {number} at */
  const score = (at) => (/** @type {number} */ sequence) => {
    const value = scores ? scores[3 * sequence + at] : NaN;
    return Number.isNaN(value) ? null : Number(value.toPrecision(6));
  };
  return [
    {
      name: 'number',
      label: 'No.',
      help: `Number of the ${word} in the corpus`,
      isNumber: true,
      valueOf: (i) => i + 1,
    },
    {
      name: 'text',
      label: isText ? 'Sentence' : 'Image',
      help: isText ? 'Original text' : tokens.isMixed ? 'Text beside the image' : 'File name',
      isNumber: false,
      isOfText: true,
      valueOf: (i) => sequenceName(tokens, i),
    },
    ...(targetText
      ? [
          {
            name: 'target_text',
            label: 'Target',
            help: 'Text that the decoder reads',
            isNumber: false,
            isOfText: true,
            valueOf: (/** @type {number} */ i) => targetText.at(i),
          },
        ]
      : []),
    {
      name: 'tokens',
      label: 'Tokens',
      help: `Number of tokens, including special tokens`,
      isNumber: true,
      valueOf: (i) => length[i],
    },
    ...(repeats
      ? [
          {
            name: 'repeated_tokens',
            label: 'Repeats',
            help: 'Tokens that occur more than once in the sentence, without special tokens',
            isNumber: true,
            valueOf: (/** @type {number} */ i) => repeats[i],
          },
          {
            name: 'most_repeated',
            label: 'Most repeated',
            help: 'The word repeated most often in the sentence, and how often',
            isNumber: false,
            isOfText: true,
            valueOf: (/** @type {number} */ i) => {
              const most = mostRepeated(text.at(i));
              return most && `${most.word} ×${most.count}`;
            },
          },
        ]
      : []),
    ...Object.entries(columns)
      .filter(([, values]) => values.some((value) => plainValue(value) !== null))
      .map(([name, values]) => corpusColumn(name, values)),
    ...(hasAttention ? attentionColumns(score) : []),
  ];
}

/**
 * @param {(at: number) => Column['valueOf']} score one of the scores of a sequence
 * @returns {Column[]}
 */
function attentionColumns(score) {
  return [
    {
      name: 'keys_for_90_percent',
      label: 'Keys for 90 %',
      help: 'Number of keys that hold 90 % of a query’s attention, mean over queries; few: sparse',
      isNumber: true,
      valueOf: score(0),
      tell: (value) => value.toFixed(1),
    },
    {
      name: 'entropy',
      label: 'Normalised entropy',
      help:
        'Spread of attention, mean over queries: 0 for a single key, 1 for all ' +
        'visible keys alike',
      isNumber: true,
      valueOf: score(1),
      tell: (value) => value.toFixed(3),
    },
  ];
}

/** @param {string} name @param {unknown[]} values @returns {Column} */
function corpusColumn(name, values) {
  const isNumber = isNumeric(values);
  /** @param {number} i */
  const valueOf = (i) => {
    const value = plainValue(values[i]);
    return value !== null && isNumber ? Number(value) : value;
  };
  return { name: `column ${name}`, label: name, help: 'A column of the corpus', isNumber, valueOf };
}

/** Whether a column of the corpus holds numbers and nothing else. @param {unknown[]} values */
function isNumeric(values) {
  const given = values.filter((value) => value !== null && value !== '');
  return given.length > 0 && given.every((value) => /^-?\d{1,15}(\.\d+)?$/.test(String(value)));
}

/** @param {unknown} value */
function plainValue(value) {
  return value === null || value === undefined || value === '' ? null : String(value);
}

/**
 * What is looked for in a row: its text and its columns of the corpus, in small letters.
 *
 * @param {Tokens} tokens
 * @returns {string[]} (sequence)
 */
export function searchedText({ sequences: { text, targetText, columns } }) {
  const all = Object.values(columns);
  return listOf(text).map((own, i) =>
    [own, targetText?.at(i) ?? '', ...all.map((values) => values[i] ?? '')]
      .join('\n')
      .toLowerCase(),
  );
}

/**
 * The sequences that hold what is looked for, in order; what has no value comes last, equal ones as
 * in the corpus.
 *
 * @param {readonly string[]} searched
 * @param {string} wanted
 * @param {Column} column
 * @param {boolean} isDescending
 * @returns {number[]}
 */
export function rowsOf(searched, wanted, { valueOf, isNumber }, isDescending) {
  const small = wanted.trim().toLowerCase();
  const found = [];
  for (let i = 0; i < searched.length; i++)
    if (searched[i].includes(small)) found.push({ i, value: valueOf(i) });
  const sign = isDescending ? -1 : 1;
  const collator = isNumber
    ? null
    : new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  /** @param {string | number | null} a @param {string | number | null} b */
  const compare = (a, b) =>
    collator ? collator.compare(String(a), String(b)) : Number(a) - Number(b);
  found.sort((a, b) => {
    if (a.value === null || b.value === null)
      return Number(a.value === null) - Number(b.value === null) || a.i - b.i;
    return sign * compare(a.value, b.value) || a.i - b.i;
  });
  return found.map(({ i }) => i);
}

/**
 * These rows as a table of comma-separated values; text of the corpus is no formula.
 *
 * @param {readonly Column[]} columns
 * @param {readonly number[]} rows
 */
export function tableCsv(columns, rows) {
  return csvText([
    columns.map(({ name }) => name),
    ...rows.map((i) => columns.map(({ valueOf }) => valueOf(i) ?? '')),
  ]);
}

/** How a sequence is called: sentence or image. @param {Pick<Tokens, 'row'>} tokens */
export function wordOf({ row }) {
  return sequenceWord(row === null ? 'text' : 'image');
}
