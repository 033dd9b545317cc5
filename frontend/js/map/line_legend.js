/**
 * What lies over the map of a head at its top: one line that answers the selection, and what the
 * kinds of lines and rings mean that are drawn.
 */

import { lastOnly } from '../compute/memo.js';
import { answerLine } from '../data/attention_text.js';
import { el, setText } from '../ui/dom.js';
import { MARK_LABELS, sequenceWord } from '../ui/labels.js';

/** @import { Attention, Selected, Tokens } from '../page.js' */
/** @import { ComparedMarks } from './strongest.js' */

/**
 * @typedef {object} ShownLines
 * @property {Tokens} tokens
 * @property {Selected | null} selected
 * @property {Attention | null} attention of the selected sequence; null while it loads
 * @property {boolean} hasLines whether attention lines are drawn
 * @property {Pick<ComparedMarks, 'lines' | 'words'> | null} compared the strongest partners in the
 *   corpus against the nearest points, where both are drawn
 */

/** @param {HTMLElement} root the map */
export function createLineLegend(root) {
  const answer = el('p', { class: 'line-legend__line', role: 'status' });
  const [own, corpus, near] = [
    ['line-legend__swatch', ''],
    ['line-legend__swatch line-legend__swatch--corpus', MARK_LABELS.corpus],
    ['line-legend__ring', MARK_LABELS.nearest],
  ].map(([name, words]) =>
    el('span', { class: 'line-legend__kind' }, el('i', { class: name }), words),
  );
  const swatch = /** @type {HTMLElement} */ (corpus.firstElementChild);
  const legend = el('p', { class: 'line-legend__kinds soft' }, own, corpus, near);
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
      element.hidden = !shown || (!shown.selected && !shown.compared);
      if (!shown || element.hidden) return;
      const { tokens, selected, attention, hasLines, compared } = shown;
      say(tokens, attention, selected);
      answer.hidden = !selected;
      own.hidden = !hasLines;
      const word = sequenceWord(tokens.row === null ? 'text' : 'image');
      setText(/** @type {Node} */ (own.lastChild), MARK_LABELS.attention(word));
      corpus.hidden = near.hidden = judged.hidden = !compared;
      legend.hidden = !hasLines && !compared;
      setText(judged, compared?.words ?? '');
      const color = compared?.lines.color;
      if (color) swatch.style.borderTopColor = `rgb(${color.join(' ')})`;
    },
    destroy: () => element.remove(),
  };
}
