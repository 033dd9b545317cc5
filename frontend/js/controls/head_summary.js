/**
 * What the open head is known for, in two lines at the top; each leads to the part further below
 * that says more.
 */

import { el, setText } from '../ui/dom.js';
import { bestPlaces, ordinal } from '../data/head_measure_columns.js';
import { measureFacts } from '../data/head_measures.js';
import { formatMeasure, formatTitle } from '../ui/labels.js';

/** @import { Context, SimilarHeads, State } from '../page.js' */

/** Places that are named. */
const MOST = 2;

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'derived' | 'facts'>} context
 * @param {{scores: () => void, similar: () => void}} reveal brings the part into sight that a line
 *   is about
 */
export function createHeadSummary(root, { derived, facts }, reveal) {
  const does = createLine('What it does', 'Scores of this head, further below', reveal.scores);
  const like = createLine('Most like it', 'Heads like this one, further below', reveal.similar);
  const element = el(
    'section',
    { class: 'side__part head-summary', 'aria-label': 'This head in short' },
    does.button,
    like.button,
  );
  root.append(element);
  let isOpen = false;

  function settle() {
    element.hidden = !isOpen || (does.button.hidden && like.button.hidden);
  }

  return {
    /** @param {State} state */
    update(state) {
      const manifest = facts.description.value?.manifest;
      isOpen = state.at !== null && manifest !== undefined && manifest !== null;
      const head = state.at && manifest ? state.at.layer * manifest.n_heads + state.at.head : -1;
      const columns = isOpen
        ? derived
            .heads()
            .names()
            .flatMap(({ name }) => derived.heads().column(name, state) ?? [])
        : [];
      does.tell(
        bestPlaces(columns, head, MOST)
          .map(
            ({ name, rank, nKnown }) =>
              `${ordinal(rank)} of ${nKnown} in ${measureFacts(name).label}`,
          )
          .join(', '),
      );
      settle();
    },
    /**
     * Say which head is most like the open one; null while that is not known.
     *
     * @param {SimilarHeads | null} found
     */
    tellSimilar(found) {
      const nearest = found?.heads[0];
      const isInOther = found?.compared_by !== 'token' && found?.n_sequences !== null;
      like.tell(
        found && nearest
          ? `${formatTitle(nearest)}${isInOther ? ` of ${found.with}` : ''}, ` +
              `distance ${formatMeasure(nearest.distance)}`
          : '',
      );
      settle();
    },
    destroy: () => element.remove(),
  };
}

/** @param {string} label @param {string} title @param {() => void} onClick */
function createLine(label, title, onClick) {
  const words = el('span', { class: 'head-summary__words' });
  const button = el(
    'button',
    { class: 'head-summary__line', type: 'button', title, hidden: true, onClick },
    el('span', { class: 'head-summary__label' }, label),
    words,
  );
  return {
    button,
    /** @param {string} said '' hides the line */
    tell(said) {
      button.hidden = said === '';
      setText(words, said);
    },
  };
}
