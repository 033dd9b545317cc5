/**
 * What two panes select, side by side: the pattern of the other pane below that of the panel, or
 * the difference of both.
 */

import { commonTokens, patternDifference } from '../compute/token_alignment.js';
import { corpusText, el, iconButton, ICONS, setText } from '../ui/dom.js';
import { counted } from '../compute/number_text.js';
import { createColumns } from './sentence_rows.js';
import { createDifference } from './difference.js';
import { createSegments } from '../ui/segments.js';
import { formatHead, formatToken, isOwnText } from '../ui/labels.js';
import { lastOnly } from '../compute/memo.js';
import { userSequenceName } from '../data/user_sequence_text.js';

/** @import { Attention, Context, PaneName, Selected, State, Tokens } from '../page.js' */

/**
 * What a pane selects: a sequence, its tokens as words, and its attention in the open head.
 *
 * @typedef {{state: State, tokens: Tokens, selected: Selected, start: number, n: number, words:
 *   string[], attention: Attention | null}} Side
 */

/**
 * @param {HTMLElement} root
 * @param {Record<PaneName, Context>} panes
 */
export function createComparison(root, panes) {
  const title = el('h2', { class: 'comparison__title' });
  const close = iconButton(ICONS.close, 'Close the comparison', {
    onClick: () => panes.A.actions.choose({ comparison: 'off' }),
  });
  const head = el('div', { class: 'comparison__head' }, title);
  const segments = createSegments(head, {
    legend: 'What is compared',
    choices: [
      { value: 'pattern', label: 'Pattern', title: 'The attention of the other pane' },
      {
        value: 'difference',
        label: 'A − B',
        title: 'The attention in pane A minus that in pane B',
      },
    ],
    onPick: (value) =>
      panes.A.actions.choose({ comparison: value === 'difference' ? 'difference' : 'pattern' }),
  });
  head.append(close);
  const note = el('p', { class: 'comparison__note soft', role: 'status' });
  const body = el('div', { class: 'comparison__body' });
  const element = el(
    'aside',
    { class: 'comparison', 'aria-label': 'Comparison of both panes', hidden: true },
    head,
    note,
    body,
  );
  root.append(element);
  const wordsOf = { A: lastOnly(tokenWords), B: lastOnly(tokenWords) };
  const align = lastOnly(commonTokens);
  const subtract = lastOnly(patternDifference);
  /** @type {{key: string, view: {update: (shown: any) => void, destroy: () => void}} | null} */
  let inside = null;

  /**
   * What a pane selects in an open head; null if nothing.
   *
   * @param {PaneName} name
   * @returns {Side | null}
   */
  function sideOf(name) {
    const { derived, facts, store } = panes[name];
    const state = store.get();
    const [tokens, { at, selected }] = [facts.tokens.value, state];
    if (!tokens || !at || !selected || selected.token >= tokens.n) return null;
    const sequence = tokens.sequence[selected.token];
    const [start, n] = [tokens.sequences.start[sequence], tokens.sequences.length[sequence]];
    const words = wordsOf[name](tokens, start, n);
    return { state, tokens, selected, start, n, words, attention: derived.attention(state) };
  }

  /** @param {string} key @param {() => NonNullable<typeof inside>['view']} create */
  function viewFor(key, create) {
    if (inside?.key !== key) {
      inside?.view.destroy();
      inside = { key, view: create() };
    }
    return inside.view;
  }

  /** @param {Side} a @param {Side} b */
  function showDifference(a, b) {
    const why = reasonAgainst(a, b);
    body.hidden = why !== null || !a.attention || !b.attention;
    setText(note, why ?? (body.hidden ? 'Loading the attention …' : ''));
    if (body.hidden || !a.attention || !b.attention) return;
    const difference = subtract(a.attention, b.attention);
    viewFor('difference', () => createDifference(body, panes.A)).update({ ...a, difference });
  }

  /** @param {PaneName} name @param {Side} own @param {Side} other */
  function showPattern(name, own, other) {
    const common = align(own.words, other.words);
    const nCommon = common.reduce((sum, position) => sum + Number(position >= 0), 0);
    body.hidden = false;
    setText(
      note,
      own.words === other.words || (nCommon === own.n && own.n === other.n)
        ? ''
        : `${counted(nCommon, 'token')} in common of ${own.n} and ${other.n}; others underlined`,
    );
    const key = `${name} ${own.state.dataset} ${own.start} ${common.join()}`;
    const view = viewFor(key, () => createOther(body, panes[name], common));
    view.update({ ...own, hidden: own.state.hidden });
  }

  return {
    /** @param {State} state @param {PaneName} active whose sentence the panel shows */
    update(state, active) {
      const [a, b] = [sideOf('A'), sideOf('B')];
      element.hidden = !a || !b || state.comparison === 'off';
      if (!a || !b || element.hidden) return;
      const name = active === 'A' ? 'B' : 'A';
      const own = name === 'A' ? a : b;
      const isDifference = state.comparison === 'difference';
      setText(title, isDifference ? 'Difference' : `${name}: ${nameOf(own)}`);
      segments.update(state.comparison);
      if (isDifference) showDifference(a, b);
      else showPattern(name, own, name === 'A' ? b : a);
      note.hidden = note.textContent === '';
    },
    destroy() {
      inside?.view.destroy();
      segments.destroy();
      element.remove();
    },
  };
}

/**
 * The attention of the other pane; tokens that the panel's sequence does not have are underlined.
 *
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {Int32Array} common of each position that of the other sequence, or -1
 */
function createOther(root, context, common) {
  const columns = createColumns(root, context, {
    listLabel: (kind) => (kind === 'query' ? 'Queries' : 'Keys'),
    makeText(tokens, token) {
      const words = formatToken(tokens, token);
      const start = tokens.sequences.start[tokens.sequence[token]];
      const isApart = common[token - start] < 0 ? ' is-apart' : '';
      return isOwnText(tokens, token)
        ? corpusText(words, `corpus sentence__token${isApart}`)
        : el('span', { class: `sentence__token${isApart}` }, words);
    },
    nameOf: formatToken,
  });
  return {
    /** @param {Parameters<typeof columns.update>[0]} shown */
    update(shown) {
      columns.update(shown);
      columns.repaint();
    },
    destroy: () => columns.destroy(),
  };
}

/**
 * The tokens of a sequence as they are compared.
 *
 * @param {Tokens} tokens
 * @param {number} start
 * @param {number} n
 */
function tokenWords(tokens, start, n) {
  return Array.from({ length: n }, (_, i) => formatToken(tokens, start + i));
}

/** @param {Side} side */
function nameOf({ state: { at }, tokens, selected }) {
  const sequence = tokens.sequence[selected.token];
  const name = userSequenceName(tokens, sequence) ?? `sentence ${sequence + 1}`;
  return [name, at && formatHead(at)].filter(Boolean).join(', ');
}

/**
 * Why the patterns of two panes have no difference; null if they have one.
 *
 * @param {Pick<Side, 'n' | 'words'>} a
 * @param {Pick<Side, 'n' | 'words'>} b
 */
export function reasonAgainst(a, b) {
  const at = a.words.findIndex((word, i) => word !== b.words[i]);
  if (at < 0 && a.n === b.n) return null;
  const what =
    a.n === b.n
      ? `token ${at + 1} is “${a.words[at]}” in A and “${b.words[at]}” in B`
      : `A has ${counted(a.n, 'token')}, B ${b.n}`;
  return `A difference needs the same tokens in both panes: ${what}.`;
}
