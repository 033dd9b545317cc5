/**
 * What the marked points have in common: bars of tokens, positions, sequences and columns. Pointing
 * at a bar shows its points in the map; a click keeps these alone.
 */

import { corpusText, el, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { clipped, sequenceWord, visibleText } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { groupMarked, markedInGroup, rankGroups } from '../compute/marked_groups.js';
import { sequenceName } from '../data/user_sequence_text.js';
import { createSegments } from '../ui/segments.js';
import { lastOnly } from '../compute/memo.js';

/** @import { Tokens } from '../page.js' */
/** @import { Group, Grouping } from '../compute/marked_groups.js' */
/** @import { Marks, MarkedPoints } from './marked_points.js' */

/** Rows of a list that are shown. */
const MAX_ROWS = 8;
/** Characters of a label. */
const LONGEST = 48;
const ORDERS = [
  {
    value: 'score',
    label: 'Distinctive',
    title: 'First what is more frequent here than in the corpus: count × ln(lift)',
  },
  { value: 'n', label: 'Frequent', title: 'First what most marked points have' },
];

/**
 * @param {HTMLElement} root
 * @param {Marks} marks
 */
export function createSummary(root, marks) {
  const groupings = lastOnly(groupMarked);
  /** @type {'score' | 'n'} */
  let order = 'score';
  const orders = createSegments(root, {
    legend: 'Order of the lists',
    choices: ORDERS,
    onPick(value) {
      order = value === 'n' ? 'n' : 'score';
      if (known) fill(known.marked, known.tokens);
    },
  });
  const lists = el('div', { class: 'answer__lists' });
  root.append(lists);
  /** @type {{marked: MarkedPoints, tokens: Tokens} | null} */
  let known = null;

  /** @param {MarkedPoints} marked @param {Tokens} tokens */
  function fill(marked, tokens) {
    orders.update(order);
    lists.replaceChildren(
      ...groupings(marked, tokens).map((grouping) => {
        /** @param {number} group */
        const pointsOf = (group) => markedInGroup(marked, grouping, group);
        const bars = grouping.isOrdered
          ? columnsOf(grouping)
          : rowsOf(grouping, rankGroups(grouping, order), tokens);
        for (const { element, group } of bars) listen(element, () => pointsOf(group));
        return sectionOf(grouping, bars, tokens);
      }),
    );
  }

  /** @param {HTMLElement} bar @param {() => MarkedPoints} points */
  function listen(bar, points) {
    const show = () => marks.brush(points());
    const hide = () => marks.brush(null);
    bar.addEventListener('pointerenter', show);
    bar.addEventListener('focus', show);
    bar.addEventListener('pointerleave', hide);
    bar.addEventListener('blur', hide);
    bar.addEventListener('click', () => marks.set(points()));
  }

  return {
    /** @param {MarkedPoints | null} marked @param {Tokens | null} tokens */
    update(marked, tokens) {
      if (!marked || !tokens) {
        known = null;
        lists.replaceChildren();
        return;
      }
      if (known?.marked === marked && known.tokens === tokens) return;
      known = { marked, tokens };
      fill(marked, tokens);
    },
  };
}

/** @typedef {{element: HTMLElement, group: number}} Bar */

/**
 * @param {Grouping} grouping
 * @param {Bar[]} bars
 * @param {Tokens} tokens
 */
function sectionOf({ name, of, isOrdered, groups }, bars, tokens) {
  const word = sequenceWord(tokens.row === null ? 'text' : 'image');
  const title = of === 'sequence' ? `${word[0].toUpperCase()}${word.slice(1)}s` : name;
  const heading = el('h3', { class: 'answer__title' });
  if (of === 'column') heading.append(corpusText(visibleText(clipped(title, LONGEST))));
  else setText(heading, title);
  const nFound = groups.filter(({ n }) => n > 0).length;
  const shown = isOrdered ? '' : `${count(bars.length)} of ${count(nFound)}`;
  if (!isOrdered && bars.length < nFound) heading.append(el('span', { class: 'soft' }, shown));
  const list = el('div', { class: isOrdered ? 'answer__columns' : 'answer__rows' });
  list.append(...bars.map(({ element }) => element));
  const ends = isOrdered
    ? el(
        'div',
        { class: 'answer__ends soft', 'aria-hidden': 'true' },
        el('span', {}, groups[0].label.split('–')[0]),
        el('span', {}, groups[groups.length - 1].label.split('–').at(-1) ?? ''),
      )
    : null;
  const section = el('section', { class: 'answer__section' }, heading, list, ends);
  setAttribute(section, 'aria-label', title);
  return section;
}

/** @param {Grouping} grouping @param {number[]} ranked @param {Tokens} tokens @returns {Bar[]} */
function rowsOf({ groups, of }, ranked, tokens) {
  const shown = ranked.slice(0, MAX_ROWS);
  const most = Math.max(1, ...shown.map((group) => groups[group].n));
  return shown.map((group) => {
    const found = groups[group];
    const label =
      of === 'sequence' ? sequenceName(tokens, Number(found.label)) : visibleText(found.label);
    const element = el(
      'button',
      { ...UNTRANSLATED, class: 'answer__row', type: 'button', title: titleOf(found, label) },
      corpusText(clipped(label, LONGEST), 'corpus answer__label'),
      barOf(found, most),
      el('span', { class: 'answer__count' }, count(found.n)),
      el('span', { class: 'answer__lift' }, `×${formatLift(found.lift)}`),
    );
    return { element, group };
  });
}

/** @param {Grouping} grouping @returns {Bar[]} */
function columnsOf({ groups, of }) {
  const most = Math.max(1, ...groups.map(({ n }) => n));
  const word = of === 'position' ? 'position ' : '';
  return groups.map((found, group) => {
    const title = titleOf(found, `${word}${found.label}`);
    const element = el(
      'button',
      { class: 'answer__column', type: 'button', title, 'aria-label': title },
      barOf(found, most),
    );
    element.disabled = found.n === 0;
    return { element, group };
  });
}

/** A bar in two parts: queries, then keys. @param {Group} group @param {number} most */
function barOf({ nQueries, nKeys }, most) {
  const parts = [
    el('span', { class: 'answer__part query' }),
    el('span', { class: 'answer__part key' }),
  ];
  [nQueries, nKeys].forEach((n, i) => parts[i].style.setProperty('--share', `${n / most}`));
  return el('span', { class: 'answer__bar', 'aria-hidden': 'true' }, ...parts);
}

/** @param {Group} group @param {string} label */
function titleOf({ nQueries, nKeys, n, total, lift }, label) {
  return (
    `${clipped(label, 200)}: ${counted(nQueries, 'query', 'queries')}, ` +
    `${counted(nKeys, 'key')}; ${count(n)} of ${counted(total, 'point')} of the corpus, ` +
    `${formatLift(lift)} times its share there. Click to keep these alone`
  );
}

/** @param {number} lift */
function formatLift(lift) {
  return lift >= 9.95 ? count(Math.round(lift)) : lift.toFixed(1);
}
