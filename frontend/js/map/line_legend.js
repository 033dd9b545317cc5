/**
 * What lies over the map of a head at its top: one line that answers the selection, and what the
 * kinds of lines and rings mean that are drawn.
 */

import { lastOnly } from '../compute/memo.js';
import { answerLine } from '../data/attention_text.js';
import { el, setText } from '../ui/dom.js';
import { MARK_LABELS, sequenceWord } from '../ui/labels.js';

/** @import { Attention, Selected, Tokens } from '../page.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { ComparedMarks } from './strongest.js' */

/**
 * @typedef {object} ShownLines
 * @property {Tokens} tokens
 * @property {Selected | null} selected null where there is no attention to tell of
 * @property {Attention | null} attention of the selected sequence; null while it loads
 * @property {boolean} hasLines whether attention lines are drawn
 * @property {Lines | null} pairs labelled pairs, where they are drawn
 * @property {Pick<ComparedMarks, 'lines' | 'words'> | null} compared the strongest partners in the
 *   corpus against the nearest points, where both are drawn
 */

/** @param {HTMLElement} root the map */
export function createLineLegend(root) {
  const answer = el('p', { class: 'line-legend__line', role: 'status' });
  const [own, corpus, near, labelled] = [
    ['line-legend__swatch', ''],
    ['line-legend__swatch line-legend__swatch--corpus', MARK_LABELS.corpus],
    ['line-legend__ring', MARK_LABELS.nearest],
    ['line-legend__swatch line-legend__swatch--pairs', MARK_LABELS.pairs],
  ].map(([name, words]) =>
    el('span', { class: 'line-legend__kind' }, el('i', { class: name }), words),
  );
  const legend = el('p', { class: 'line-legend__kinds soft' }, own, corpus, near, labelled);
  const judged = el('p', { class: 'line-legend__judged soft', role: 'status' });
  const element = el('div', { class: 'line-legend', hidden: true }, answer, legend, judged);
  root.append(element);
  const say = lastOnly(
    (
      /** @type {Tokens} */ tokens,
      /** @type {Attention | null} */ attention,
      /** @type {Selected | null} */ selected,
    ) => answer.replaceChildren(...(selected ? answerLine(tokens, attention, selected) : [])),
  );

  return {
    /** @param {ShownLines | null} shown null where there is no map of a head */
    update(shown) {
      element.hidden = !shown || !(shown.selected || shown.compared || shown.pairs);
      if (!shown || element.hidden) return;
      const { tokens, selected, attention, hasLines, compared, pairs } = shown;
      say(tokens, attention, selected);
      answer.hidden = !selected;
      own.hidden = !hasLines;
      const word = sequenceWord(tokens.row === null ? 'text' : 'image');
      setText(/** @type {Node} */ (own.lastChild), MARK_LABELS.attention(word));
      corpus.hidden = near.hidden = judged.hidden = !compared;
      labelled.hidden = !pairs;
      legend.hidden = !hasLines && !compared && !pairs;
      setText(judged, compared?.words ?? '');
      tint(corpus, compared?.lines.color);
      tint(labelled, pairs?.color);
    },
    destroy: () => element.remove(),
  };
}

/** Give the swatch of a kind its colour. @param {HTMLElement} kind @param {Lines['color']} color */
function tint(kind, color) {
  const swatch = /** @type {HTMLElement} */ (kind.firstElementChild);
  if (color) swatch.style.borderTopColor = `rgb(${color.join(' ')})`;
}
