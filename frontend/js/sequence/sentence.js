/**
 * One sentence under one head: what it attends to, what is hidden or weighed, and the mean over all
 * sentences below.
 */

import { columnTitles } from '../compute/head_parts.js';
import { corpusText, el, setText } from '../ui/dom.js';
import { isOwnText, formatToken } from '../ui/labels.js';
import { createAggregate } from './aggregate.js';
import { createAttentionTools } from './attention_tools.js';
import { createMeanHeight } from './panel_size.js';
import { pairsOfSequence } from '../data/labelled_pairs.js';
import { KINDS } from './row_lists.js';
import { createColumns } from './sentence_rows.js';

/** @import { Context, Tokens } from '../page.js' */
/** @import { SequenceView, Shown } from './panel.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {SequenceView}
 */
export function createSentenceView(root, context) {
  const element = el('div', { class: 'sentence' });
  root.append(element);
  const tools = createAttentionTools(element, context);
  const titles = {
    query: el('span', { class: 'query' }, 'query'),
    key: el('span', { class: 'key' }, 'key'),
  };
  const between = el('span', { class: 'soft' });
  const main = el(
    'section',
    { class: 'sentence__main', 'aria-label': 'Attention of this sentence' },
    el(
      'div',
      { class: 'sentence__head', 'aria-hidden': 'true' },
      titles.query,
      between,
      titles.key,
    ),
  );
  element.append(main);
  const columns = createColumns(main, context, {
    listLabel: (kind) => (kind === 'query' ? 'Queries' : 'Keys'),
    makeText: tokenText,
    nameOf: formatToken,
  });
  const otherText = createOtherText(main);
  const height = createMeanHeight(element, main);
  element.append(height.element);
  const aggregate = createAggregate(element, context, columns.scroller);

  return {
    element,
    /** @param {Shown} shown */
    update(shown) {
      tools.update(shown);
      const words = columnTitles(shown.part);
      for (const kind of KINDS) setText(titles[kind], words[kind]);
      setText(between, shown.hasVectors ? 'attends to' : '');
      otherText.update(shown);
      aggregate.update(shown); // it leaves the columns their room, which they scroll in
      columns.update({ ...shown, hidden: shown.state.hidden, pairs: pairsIn(shown) });
      columns.repaint();
    },
    destroy() {
      for (const part of [tools, columns, height, aggregate]) part.destroy();
      element.remove();
    },
  };
}

/**
 * The text that has no queries and keys in an encoder or decoder head, folded below the one that
 * has.
 *
 * @param {HTMLElement} root
 */
function createOtherText(root) {
  const title = el('summary', { class: 'sentence__other-title soft' });
  const text = el('p', { class: 'sentence__other-text soft' });
  const element = el('details', { class: 'sentence__other', hidden: true }, title, text);
  root.append(element);

  return {
    /** @param {Shown} shown */
    update({ part, sequence, tokens: { sequences } }) {
      element.hidden = part !== 'encoder' && part !== 'decoder';
      if (element.hidden) return;
      const isTarget = part === 'encoder';
      setText(title, isTarget ? 'Target text' : 'Source text');
      const texts = isTarget ? sequences.targetText : sequences.text;
      text.replaceChildren(corpusText(texts?.at(sequence) ?? '', null));
    },
  };
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 */
function tokenText(tokens, token) {
  const words = formatToken(tokens, token);
  return isOwnText(tokens, token)
    ? corpusText(words, 'corpus sentence__token')
    : el('span', { class: 'sentence__token' }, words);
}

/** The labelled pairs of the sentence, where they are asked for. @param {Shown} shown */
function pairsIn({ selected, state, tokens }) {
  return state.hasLabelledPairs ? pairsOfSequence(tokens, tokens.sequence[selected.token]) : null;
}
