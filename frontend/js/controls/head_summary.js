/**
 * The open head in short: its top behaviour and the most similar head. Each line leads to the
 * section with the details.
 */

import { el, setText } from '../ui/dom.js';
import { bestPlaces } from '../data/head_measure_columns.js';
import { measureFacts } from '../data/head_measures.js';
import { layersOf } from '../data/points.js';
import { formatMeasure, formatTitle } from '../ui/labels.js';

/** @import { Context, Manifest, SimilarHeads, State } from '../page.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { HeadName } from '../data/head_names.js' */

/** Scores that are listed where none names the head. */
const MOST = 1;

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'derived' | 'facts'>} context
 * @param {{scores: () => void, similar: () => void}} reveal brings the part into sight that a line
 *   is about
 */
export function createHeadSummary(root, { derived, facts }, reveal) {
  const does = createLine('Top behaviour', 'Show the scores of this head', reveal.scores);
  const terms = createLine('Beyond q·k', 'Show the scores of this head', reveal.scores);
  const like = createLine('Most similar', 'Show similar heads', reveal.similar);
  const element = el(
    'section',
    { class: 'side__part head-summary', 'aria-label': 'Head summary' },
    does.button,
    terms.button,
    like.button,
  );
  root.append(element);
  let isOpen = false;

  function settle() {
    element.hidden = !isOpen || [does, terms, like].every(({ button }) => button.hidden);
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
      const named = isOpen && state.at ? derived.heads().headName(state.at) : null;
      does.tell(topBehaviour(columns, head, named));
      terms.tell(beyondProducts(columns, head, manifest?.layers[state.at?.layer ?? -1]));
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
          ? `${formatTitle(nearest, layersOf(facts, found.with))}` +
              `${isInOther ? ` of ${found.with}` : ''}, distance ${formatMeasure(nearest.distance)}`
          : '',
      );
      settle();
    },
    destroy: () => element.remove(),
  };
}

/**
 * The score that names the head with its rank, else the scores in which it ranks highest.
 *
 * @param {readonly Column[]} columns
 * @param {number} head
 * @param {HeadName | null} named
 */
export function topBehaviour(columns, head, named) {
  const own = columns.filter(({ name }) => name === named?.score);
  return bestPlaces(own.length > 0 ? own : columns, head, MOST)
    .map(({ name, rank, nKnown }) => {
      const label = named?.label ?? measureFacts(name).label;
      return `${label} (rank ${rank} of ${nKnown})`;
    })
    .join(', ');
}

/**
 * What the terms of a layer besides q·k do in a head: "37 % of score variance is positional bias".
 *
 * @param {readonly Column[]} columns
 * @param {number} head
 * @param {Manifest['layers'][number] | undefined} rule
 */
export function beyondProducts(columns, head, rule) {
  /** @param {string} name */
  const percent = (name) => {
    const value = columns.find((column) => column.name === name)?.values[head];
    return value === undefined || Number.isNaN(value) ? null : Math.round(100 * value);
  };
  const [variance, sink] = ['variance_beyond_qk', 'sink_mass'].map(percent);
  const terms = [rule?.bias && 'positional bias', rule?.softcap && 'soft cap'].filter(Boolean);
  return [
    ...(variance === null ? [] : [`${variance} % of score variance is ${terms.join(' and ')}`]),
    ...(sink === null ? [] : [`${sink} % of attention goes to the sink`]),
  ].join(', ');
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
