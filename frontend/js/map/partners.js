/**
 * The strongest partners of a point, over the whole corpus, as the tooltip lists them; cached for
 * the map.
 */

import { corpusText, el, setText } from '../ui/dom.js';
import { N_STRONGEST } from '../compute/nearest.js';
import { pointOf } from '../data/points.js';
import { shortName } from '../data/attention_text.js';
import { isWord, formatToken } from '../ui/labels.js';
import { clipped } from '../ui/labels.js';
import { createRestingAnswers } from './resting_answers.js';

/** @import { Context, Selected, State, Tokens } from '../page.js' */

const N_LISTED = 5;
const LONGEST = 40;
/** Answers in the cache. */
const MAX_KEPT = 500;

/** @typedef {{token: number, score: number}[]} Partners */
/**
 * The map that a point belongs to.
 *
 * @typedef {{state: Pick<State, 'dataset' | 'at'>, version: string | null, tokens: Tokens}} Subject
 */

/**
 * @param {Pick<Context, 'api'>} context
 * @param {() => void} arrived called when partners have come
 */
export function createPartners({ api }, arrived) {
  /** @type {ReturnType<typeof createRestingAnswers<Partners>>} */
  const answers = createRestingAnswers(MAX_KEPT);

  /** With other tokens, points have other numbers. @param {Subject} subject */
  const scopeOf = ({ state: { dataset, at }, version, tokens }) => [
    dataset,
    version,
    at?.layer,
    at?.head,
    tokens,
  ];

  return {
    stop: answers.stop,
    /**
     * The cached partners of a point; a point of another map empties the cache.
     *
     * @param {Subject} subject
     * @param {Selected} point
     */
    known: (subject, point) => answers.known(scopeOf(subject), pointOf(point, subject.tokens.n)),
    /**
     * Return the part of the tooltip that lists them. It has its final height at once, so that
     * nothing moves when they arrive.
     *
     * @param {Subject} subject
     * @param {Selected} point
     * @param {((partners: Partners) => string) | null} assess how the map shows them
     * @returns {HTMLElement}
     */
    partOf(subject, point, assess) {
      const {
        state: { dataset, at },
        tokens,
      } = subject;
      const rows = Array.from({ length: Math.min(N_LISTED, tokens.n) }, () => el('li', {}, '…'));
      const assessment = el('p', { class: 'tooltip__help tooltip__judged' }, '\u00a0');
      assessment.hidden = assess === null;
      const part = el(
        'div',
        { class: 'tooltip__partners' },
        el(
          'p',
          { class: 'soft' },
          `${point.kind === 'query' ? 'Keys' : 'Queries'} with the highest q·k in the corpus`,
        ),
        el('ol', {}, ...rows),
        assessment,
      );
      if (dataset === null || at === null) return part;
      const index = pointOf(point, tokens.n);
      answers.want(
        scopeOf(subject),
        index,
        (signal) => api.partners(dataset, at, index, N_STRONGEST, signal),
        (found, isNew) => {
          fill(rows, tokens, found);
          setText(assessment, found && assess ? assess(found) : '');
          if (isNew) arrived();
        },
      );
      return part;
    },
  };
}

/**
 * @param {HTMLElement[]} rows
 * @param {Tokens} tokens
 * @param {Partners | null} found null where the server did not say
 */
function fill(rows, tokens, found) {
  rows.forEach((row, i) => {
    const partner = found?.[i];
    if (!partner) return row.replaceChildren(i === 0 && !found ? 'not available' : '\u00a0');
    row.replaceChildren(
      el('span', { class: 'tooltip__partner' }, formatPartner(tokens, partner.token)),
      el('span', {}, partner.score.toFixed(2).replace('-', '−')),
    );
  });
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 */
function formatPartner(tokens, token) {
  if (isWord(tokens, token)) return corpusText(clipped(formatToken(tokens, token), LONGEST));
  const name =
    tokens.sequences.columns.label?.[tokens.sequence[token]] ??
    tokens.sequences.text.at(tokens.sequence[token]);
  return corpusText(`${clipped(String(name), LONGEST)}, ${shortName(tokens, token)}`);
}
