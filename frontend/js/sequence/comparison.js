/** What two panes select, common tokens in the same row: both patterns, or their difference. */

import { alignSequences } from '../data/sequence_alignment.js';
import { partOf, spansOf } from '../compute/head_parts.js';
import { counted } from '../compute/number_text.js';
import { lastOnly } from '../compute/memo.js';
import { patternDifference } from '../compute/token_alignment.js';
import { layersOf } from '../data/points.js';
import { hasVectors } from '../data/stored_vectors.js';
import { userSequenceName } from '../data/user_sequence_text.js';
import { corpusText, el, iconButton, ICONS, setText } from '../ui/dom.js';
import { capital, formatHead, formatToken, isOwnText } from '../ui/labels.js';
import { createSegments } from '../ui/segments.js';
import { createDifference } from './difference.js';
import { createComparisonHeight } from './panel_size.js';
import { createColumns } from './sentence_rows.js';

/** @import { Attention, Context, PaneName, Selected, State, Tokens } from '../page.js' */
/** @import { AlignedSequence, Alignment } from '../data/sequence_alignment.js' */
/** @import { Spans } from '../compute/head_parts.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { DifferenceRow } from './difference.js' */

/** Words of one text that are named; more are counted. */
const MAX_NAMED = 4;

/**
 * What a pane selects: a sequence, its tokens as words, and its attention in the open head.
 *
 * @typedef {{state: State, tokens: Tokens, selected: Selected, start: number, n: number, text:
 *   AlignedSequence, words: readonly string[], attention: Attention | null, layers: Layers,
 *   spans: Spans}} Side
 */

/**
 * @param {HTMLElement} root of the page
 * @param {HTMLElement} maps above the comparison
 * @param {Record<PaneName, Context>} panes
 */
export function createComparison(root, maps, panes) {
  const close = iconButton(ICONS.close, 'Close the comparison', {
    onClick: () => panes.A.actions.choose({ comparison: 'off' }),
  });
  const head = el(
    'div',
    { class: 'comparison__head' },
    el('h2', { class: 'comparison__title' }, 'Comparison'),
  );
  const segments = createSegments(head, {
    legend: 'What is compared',
    choices: [
      { value: 'pattern', label: 'Side by side', title: 'The attention of both panes' },
      {
        value: 'difference',
        label: 'A − B',
        title: 'The attention in pane A minus that in pane B',
      },
    ],
    onPick: (value) =>
      panes.A.actions.choose({ comparison: value === 'difference' ? 'difference' : 'pattern' }),
  });
  const note = el('p', { class: 'comparison__note soft', role: 'status' });
  head.append(note, close);
  const body = el('div', { class: 'comparison__body' });
  const element = el(
    'aside',
    { class: 'comparison', 'aria-label': 'Comparison of both panes', hidden: true },
    head,
    body,
  );
  root.append(element);
  const height = createComparisonHeight(root, maps);
  element.prepend(height.element);
  const readSide = { A: createSideReader(panes.A), B: createSideReader(panes.B) };
  const align = lastOnly(alignSequences);
  const subtract = lastOnly(patternDifference);
  const listRows = lastOnly(differenceRows);
  /** @type {{key: string, view: {update: (shown: any) => void, destroy: () => void}} | null} */
  let inside = null;

  /** @param {string} key @param {() => NonNullable<typeof inside>['view']} create */
  function viewFor(key, create) {
    if (inside?.key !== key) {
      inside?.view.destroy();
      inside = { key, view: create() };
    }
    return inside.view;
  }

  /** @param {Side} a @param {Side} b @param {Alignment} alignment */
  function showDifference(a, b, alignment) {
    const words = formatSubtracted(a, b, alignment);
    const isComing = !a.attention || !b.attention;
    body.hidden = isComing || !alignment.common.some((position) => position >= 0);
    setText(note, isComing ? 'Loading the attention …' : words);
    if (body.hidden || !a.attention || !b.attention) return;
    const difference = subtract(a.attention, b.attention, alignment.common);
    const rows = listRows(alignment, a.words, b.words);
    const selected = selectedIn(difference.positions, a, b, alignment);
    viewFor('difference', () => createDifference(body, panes.A)).update({
      ...a,
      selected,
      rows,
      difference,
    });
  }

  /** @param {Side} a @param {Side} b @param {Alignment} alignment */
  function showPatterns(a, b, alignment) {
    body.hidden = false;
    setText(note, formatCommon(a, b, alignment));
    viewFor('pattern', () => createSideBySide(body, panes)).update({ A: a, B: b, alignment });
  }

  return {
    /** @param {State} state */
    update(state) {
      const [a, b] = [readSide.A(), readSide.B()];
      element.hidden = !a || !b || state.comparison === 'off';
      if (!a || !b || element.hidden) return;
      segments.update(state.comparison);
      const alignment = align(a.text, b.text);
      (state.comparison === 'difference' ? showDifference : showPatterns)(a, b, alignment);
    },
    destroy() {
      inside?.view.destroy();
      segments.destroy();
      height.destroy();
      element.remove();
    },
  };
}

/**
 * Return what reads what a pane selects in an open head; null if nothing, or without attention.
 *
 * @param {Context} pane
 * @returns {() => Side | null}
 */
function createSideReader({ derived, facts, store }) {
  const textOf = lastOnly(textOfSequence);
  return () => {
    if (!hasVectors(facts)) return null;
    const state = store.get();
    const [tokens, { at, selected }] = [facts.tokens.value, state];
    if (!tokens || !at || !selected || selected.token >= tokens.n) return null;
    const sequence = tokens.sequence[selected.token];
    const [start, n] = [tokens.sequences.start[sequence], tokens.sequences.length[sequence]];
    const text = textOf(state.dataset, tokens, sequence, tokens.sequences.text.at(sequence));
    const { words } = text;
    const attention = derived.attention(state);
    const layers = layersOf(facts);
    return {
      ...{ state, tokens, selected, start, n, text, words, attention },
      layers,
      spans: spansOf(partOf(layers, at.layer), n, tokens.sequences.nSource?.[sequence] ?? n),
    };
  };
}

/**
 * The attention of both panes in columns that scroll together. Tokens that only one of them has are
 * underlined, beside a gap in the other.
 *
 * @param {HTMLElement} root
 * @param {Record<PaneName, Context>} panes
 */
function createSideBySide(root, panes) {
  const parts = { A: createHalf('A', panes.A), B: createHalf('B', panes.B) };
  const halves = [parts.A, parts.B];
  const element = el('div', { class: 'comparison__pair' }, ...halves.map((half) => half.element));
  root.append(element);
  /** @param {number} from */
  const scrollAlong = (from) => {
    const [own, other] = [halves[from], halves[1 - from]].map(({ columns }) => columns.scroller);
    if (own.scrollTop !== other.scrollTop) other.scrollTop = own.scrollTop;
  };
  halves.forEach(({ columns }, i) =>
    columns.scroller.addEventListener('scroll', () => scrollAlong(i), { passive: true }),
  );

  return {
    /** @param {Record<PaneName, Side> & {alignment: Alignment}} shown */
    update({ A, B, alignment }) {
      const { common, n, rowsOfA, rowsOfB } = alignment;
      const isCommonInB = new Set(common);
      parts.A.update(A, rowsOfA, n, (position) => common[position] >= 0);
      parts.B.update(B, rowsOfB, n, (position) => isCommonInB.has(position));
    },
    destroy() {
      for (const { columns } of halves) columns.destroy();
      element.remove();
    },
  };
}

/** @param {PaneName} name @param {Context} context */
function createHalf(name, context) {
  const words = el('span', { class: 'comparison__name' });
  const badge = el('span', { class: 'pane__name' }, name);
  const element = el(
    'section',
    { class: 'comparison__half', 'aria-label': `Attention in pane ${name}` },
    el('h3', { class: 'comparison__heading' }, badge, words),
  );
  /** @type {(position: number) => boolean} */
  let isCommon = () => true;
  /** @type {{rows: Int32Array, n: number} | undefined} */
  let aligned;
  const columns = createColumns(element, context, {
    listLabel: (kind) => `${kind === 'query' ? 'Queries' : 'Keys'} of ${name}`,
    makeText(tokens, token) {
      const text = formatToken(tokens, token);
      const position = token - tokens.sequences.start[tokens.sequence[token]];
      const isApart = isCommon(position) ? '' : ' is-apart';
      return isOwnText(tokens, token)
        ? corpusText(text, `corpus sentence__token${isApart}`)
        : el('span', { class: `sentence__token${isApart}` }, text);
    },
    nameOf: formatToken,
  });

  return {
    element,
    columns,
    /**
     * @param {Side} side
     * @param {Int32Array} rows
     * @param {number} n
     * @param {(position: number) => boolean} isInBoth
     */
    update(side, rows, n, isInBoth) {
      isCommon = isInBoth;
      if (aligned?.rows !== rows) aligned = { rows, n };
      setText(words, nameOf(side));
      columns.update({ ...side, hidden: side.state.hidden, aligned });
      columns.repaint();
    },
  };
}

/**
 * A sequence with its tokens as they are compared.
 *
 * @param {string | null} dataset
 * @param {Tokens} tokens
 * @param {number} sequence
 * @param {string} text
 * @returns {AlignedSequence}
 */
function textOfSequence(dataset, tokens, sequence, text) {
  const [start, n] = [tokens.sequences.start[sequence], tokens.sequences.length[sequence]];
  const words = Array.from({ length: n }, (_, i) => formatToken(tokens, start + i));
  return { dataset, tokens, sequence, words, text };
}

/** @param {Side} side */
function nameOf({ layers, state: { at }, tokens, text: { sequence } }) {
  const name = capital(userSequenceName(tokens, sequence) ?? `sentence ${sequence + 1}`);
  return [name, at && formatHead(at, layers)].filter(Boolean).join(' · ');
}

/**
 * The rows of a difference: tokens of both, and words that only one of them has.
 *
 * @param {Alignment} alignment
 * @param {readonly string[]} wordsA
 * @param {readonly string[]} wordsB
 * @returns {DifferenceRow[]}
 */
export function differenceRows({ common, n, rowsOfA, rowsOfB }, wordsA, wordsB) {
  const rows = Array.from({ length: n }, () => ({ index: -1, words: '', pane: '' }));
  rowsOfB.forEach((row, i) => {
    rows[row] = { index: -1, words: wordsB[i], pane: 'only B' };
  });
  let nCommon = 0;
  rowsOfA.forEach((row, i) => {
    const other = rows[row].words;
    if (common[i] >= 0) rows[row] = { index: nCommon++, words: wordsA[i], pane: '' };
    else if (other === '') rows[row] = { index: -1, words: wordsA[i], pane: 'only A' };
    else rows[row] = { index: -1, words: `${wordsA[i]} | ${other}`, pane: 'A | B' };
  });
  return rows;
}

/**
 * Where the selected token is in the difference: that of A, else of B; -1 if neither is in both.
 *
 * @param {readonly number[]} positions
 * @param {Side} a
 * @param {Side} b
 * @param {Alignment} alignment
 */
function selectedIn(positions, a, b, { common }) {
  const own = positions.indexOf(a.selected.token - a.start);
  const other = positions.indexOf(common.indexOf(b.selected.token - b.start));
  return own >= 0 || other < 0
    ? { kind: a.selected.kind, index: own }
    : { kind: b.selected.kind, index: other };
}

/** @typedef {Pick<Side, 'n' | 'words'>} Words */

/**
 * How many tokens are in both; empty if all are.
 *
 * @param {Words} a
 * @param {Words} b
 * @param {Pick<Alignment, 'common'>} alignment
 */
function formatCommon(a, b, { common }) {
  const nCommon = common.reduce((sum, position) => sum + Number(position >= 0), 0);
  if (nCommon === a.n && nCommon === b.n) return '';
  return `${counted(nCommon, 'token')} in both of ${a.n} and ${b.n}; others are underlined.`;
}

/**
 * What is subtracted, and what cannot be.
 *
 * @param {Words} a
 * @param {Words} b
 * @param {Pick<Alignment, 'common'>} alignment
 */
export function formatSubtracted(a, b, { common }) {
  const inB = new Set(common);
  const onlyA = a.words.filter((_, i) => common[i] < 0);
  const onlyB = b.words.filter((_, i) => !inB.has(i));
  const nCommon = a.n - onlyA.length;
  if (nCommon === 0) return 'A and B have no token in common, so nothing can be subtracted.';
  if (nCommon === a.n && nCommon === b.n) return '';
  const parts = [
    onlyA.length > 0 ? `${namedWords(onlyA)} (only A)` : '',
    onlyB.length > 0 ? `${namedWords(onlyB)} (only B)` : '',
  ];
  const left = parts.filter(Boolean).join(', ');
  return `${counted(nCommon, 'token')} in both; not subtracted: ${left}.`;
}

/** @param {readonly string[]} words */
function namedWords(words) {
  const named = words.slice(0, MAX_NAMED).map((word) => `“\u2068${word.trim() || word}\u2069”`);
  const left = words.length - named.length;
  return [...named, ...(left > 0 ? [`${left} more`] : [])].join(' ');
}
