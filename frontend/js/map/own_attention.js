/** What the point under the mouse attends to in its own sequence, or what attends to it. */

import { withSinks } from '../compute/score_rule.js';
import { hasVectors } from '../data/stored_vectors.js';
import { answerParts } from '../data/attention_text.js';
import { el } from '../ui/dom.js';
import { sequenceWord } from '../ui/labels.js';
import { createRestingAnswers } from './resting_answers.js';

/** @import { Attention, Context, Selected, Tokens } from '../page.js' */

/** Longer sequences are not asked for on the way: their pattern has more than a megabyte. */
const MAX_TOKENS = 512;
/** Patterns in the cache. */
const MAX_KEPT = 16;

/** @param {Pick<Context, 'api' | 'derived' | 'facts' | 'store'>} context */
export function createOwnAttention({ api, derived, facts, store }) {
  /** @type {ReturnType<typeof createRestingAnswers<Attention>>} */
  const answers = createRestingAnswers(MAX_KEPT);

  return {
    stop: answers.stop,
    /**
     * The line of the tooltip; null in a dataset without queries and keys. It has its height at
     * once, so that nothing moves when the weights arrive.
     *
     * @param {Tokens} tokens
     * @param {Selected} point
     */
    partOf(tokens, point) {
      if (!hasVectors(facts)) return null;
      const state = store.get();
      const { at, dataset, selected, weight } = state;
      const answer = el('span', {}, '…');
      const words = point.kind === 'query' ? 'attends to: ' : 'attended by: ';
      const line = el('p', { class: 'tooltip__attention' }, el('span', {}, words), answer);
      /** @param {Attention | null} attention */
      const show = (attention) =>
        answer.replaceChildren(
          ...(attention
            ? answerParts(tokens, withSinks(attention, facts.description.value?.manifest), point)
            : ['not available']),
        );
      const sequence = tokens.sequence[point.token];
      const isChosen = selected !== null && tokens.sequence[selected.token] === sequence;
      const shown = isChosen ? derived.attention(state) : null;
      answers.stop();
      if (dataset === null || at === null) return line;
      if (shown) show(shown);
      else if (tokens.sequences.length[sequence] > MAX_TOKENS)
        answer.replaceChildren(
          `click to load (long ${sequenceWord(tokens.row === null ? 'text' : 'image')})`,
        );
      else
        answers.want(
          [dataset, facts.description.value?.version, at.layer, at.head, weight, tokens],
          sequence,
          (signal) => api.attention(dataset, at, sequence, weight, signal),
          show,
        );
      return line;
    },
  };
}
