/**
 * The mean attention by position over all sentences that are long enough, below the sentence and in
 * step with it.
 */

import { formatMean, hasMeans, MANY } from '../data/mean_text.js';
import { MAX_AGGREGATED } from '../compute/hidden_tokens.js';
import { el, setText } from '../ui/dom.js';
import { nAtLeast } from '../data/user_sequence_text.js';
import { isNotStored } from '../data/transport.js';
import { sentence } from '../ui/labels.js';
import { createColumns } from './sentence_rows.js';
import { createOffsets } from './offsets.js';
import { createSegments } from '../ui/segments.js';
import { createPatternMatrix } from './pattern_matrix.js';

/** @import { Below, Context } from '../page.js' */
/** @import { Shown } from './panel.js' */

/**
 * @typedef {{update: (shown: Shown & {hasMean: boolean}) => void, destroy: () => void}} Part
 *   `hasMean`: whether there is a mean to show, though it may not be loaded yet
 */

/** @type {readonly {value: Below, label: string, title: string}[]} */
const CHOICES = [
  { value: 'lines', label: 'lines', title: 'The mean attention between positions, as lines' },
  {
    value: 'squares',
    label: 'squares',
    title: 'This sentence and the mean as heat maps: a row for each query, a column for each key',
  },
  {
    value: 'offset',
    label: 'offset',
    title: 'The mean weight by distance: how far before or after a query its keys are',
  },
  { value: 'none', label: 'off', title: 'Show the sentence alone' },
];

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {HTMLElement} scroller the list of the sentence, which scrolls in step
 */
export function createAggregate(root, context, scroller) {
  const { actions, facts } = context;
  const words = el('span', { role: 'status' });
  const unfold = el(
    'button',
    { class: 'button button--small', type: 'button', onClick: show },
    'Show',
  );
  const about = el('p', { class: 'aggregate__words soft' }, words, unfold);
  const title = el('h3', { class: 'aggregate__title' }, 'Mean');
  const top = el('div', { class: 'aggregate__top' }, title);
  const body = el('div', { class: 'aggregate__body' });
  const element = el(
    'section',
    { class: 'aggregate', 'aria-label': 'Mean attention by position' },
    top,
    about,
    body,
  );
  root.append(element);
  const segments = createSegments(top, {
    legend: 'What is shown below the sentence',
    choices: CHOICES,
    onPick: (below) => actions.choose({ below: /** @type {Below} */ (below) }),
  });
  /** @type {{below: Below, part: Part} | null} */
  let inside = null;
  /** Whether a mean of few sentences is wanted all the same. */
  let isUnfolded = false;
  /** @type {Shown | null} */
  let last = null;

  function show() {
    isUnfolded = true;
    if (last) update(last);
  }

  /** @param {Below} below @returns {Part | null} */
  function partFor(below) {
    if (inside?.below === below) return inside.part;
    inside?.part.destroy();
    const part = below === 'none' ? null : createPart(below, body, context, scroller);
    inside = part && { below, part };
    return part;
  }

  /** @param {Shown} shown */
  function meanText(shown) {
    const { error, status } = facts.aggregate;
    if (error && isNotStored(error)) return sentence(error.message);
    return formatMean(shown, status === 'failed');
  }

  /** @param {Shown} shown */
  function update(shown) {
    last = shown;
    const { n, state, tokens } = shown;
    element.hidden = state.at === null || !shown.hasVectors;
    if (element.hidden) return root.classList.remove('has-lines-below');
    const nSequences = n > MAX_AGGREGATED || !hasMeans(tokens) ? 0 : nAtLeast(tokens, n);
    const isFolded = nSequences > 1 && nSequences < MANY && !isUnfolded;
    const hasMean = nSequences > 1 && !isFolded;
    root.classList.toggle('has-lines-below', hasMean && state.below === 'lines');
    segments.update(state.below);
    setText(words, meanText(shown));
    about.hidden = state.below === 'none';
    unfold.hidden = !isFolded;
    // Where no mean is taken, the sentence's own squares and offsets can still be seen.
    const below = hasMean || state.below !== 'lines' ? state.below : 'none';
    const isAcross = shown.part === 'cross' && below === 'offset';
    if (isAcross)
      setText(words, 'Offsets are within one text; this head attends to the other one.');
    partFor(isAcross ? 'none' : below)?.update({
      ...shown,
      mean: hasMean ? shown.mean : null,
      hasMean,
    });
  }

  return {
    element,
    update,
    destroy() {
      inside?.part.destroy();
      element.remove();
    },
  };
}

/**
 * @param {Exclude<Below, 'none'>} below
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {HTMLElement} scroller
 * @returns {Part}
 */
function createPart(below, root, context, scroller) {
  if (below === 'squares') return createPatternMatrix(root, context);
  return below === 'offset' ? createOffsets(root) : createMeanLines(root, context, scroller);
}

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {HTMLElement} scroller
 * @returns {Part}
 */
function createMeanLines(root, context, scroller) {
  const columns = createColumns(root, context, {
    listLabel: (kind) =>
      kind === 'query' ? 'Mean, queries by position' : 'Mean, keys by position',
    makeText: (tokens, token) =>
      el('span', { class: 'sentence__token' }, String(tokens.position[token] + 1)),
    nameOf: (tokens, token) => `position ${tokens.position[token] + 1} of every sentence`,
  });
  const stop = scrollInStep(scroller, columns.scroller);
  return {
    update({ state, mean, ...shown }) {
      columns.update({ ...shown, attention: mean, hidden: state.hidden });
      columns.repaint();
    },
    destroy() {
      stop();
      columns.destroy();
    },
  };
}

/**
 * Let two lists scroll to the same share of their way.
 *
 * @param {HTMLElement} one
 * @param {HTMLElement} other
 * @returns {() => void} stop
 */
function scrollInStep(one, other) {
  /** @param {HTMLElement} from @param {HTMLElement} to */
  const follow = (from, to) => () => {
    const [way, wayTo] = [from.scrollHeight - from.clientHeight, to.scrollHeight - to.clientHeight];
    const top = way > 0 ? (from.scrollTop / way) * wayTo : 0;
    // A list that is there already says nothing back.
    if (Math.abs(to.scrollTop - top) > 1) to.scrollTop = top;
  };
  const [down, up] = [follow(one, other), follow(other, one)];
  one.addEventListener('scroll', down, { passive: true });
  other.addEventListener('scroll', up, { passive: true });
  return () => {
    one.removeEventListener('scroll', down);
    other.removeEventListener('scroll', up);
  };
}
