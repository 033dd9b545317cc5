/** All heads from the best fit to the worst, with the numbers of every pair; a click opens one. */

import { el, setText, UNTRANSLATED } from '../ui/dom.js';
import { numbersOf, rankedHeads } from '../compute/pairs.js';
import { PAIR_FIT } from '../data/head_measures.js';
import { layersOf } from '../data/points.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { createInfo } from '../ui/popover.js';
import { formatFit, formatNumber, pairLine, shortNumbers } from '../data/pair_text.js';

/** @import { Layers } from '../ui/labels.js' */
/** @import { Context, PairAnswer, State, Tokens } from '../page.js' */

/** Heads that are listed until one asks for all. */
const FIRST = 8;
const HELP =
  'Fit is the mean over pairs of the share of keys that the query scores lower than this key, or ' +
  'higher for a pair that should not attend: 1 is perfect, about 0.5 is chance. Below each head: ' +
  'rank of the key among all keys, and its weight.';

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions' | 'derived' | 'facts'>} context
 */
export function createPairRanking(root, { actions, derived, facts }) {
  const list = el('ol', { class: 'ranking__list', 'aria-label': 'Heads by fit' });
  const all = el('button', {
    class: 'button button--small ranking__all',
    type: 'button',
    onClick: () => {
      isWhole = !isWhole;
      draw();
    },
  });
  const compare = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Show the grid, tinted and sorted by this fit',
      onClick: () => actions.compareHeads(PAIR_FIT),
    },
    'Compare heads',
  );
  const over = el('p', { class: 'ranking__help soft' });
  const element = el(
    'div',
    { class: 'ranking' },
    el(
      'div',
      { class: 'ranking__top' },
      el('h3', { class: 'ranking__title' }, 'Heads by fit'),
      createInfo('the fit', HELP).element,
    ),
    list,
    el('div', { class: 'ranking__more' }, all, compare),
    over,
  );
  root.append(element);
  let isWhole = false;
  /** @type {unknown[]} */
  let shown = [];
  /** @type {{state: State, tokens: Tokens, answer: PairAnswer} | null} */
  let last = null;

  function draw() {
    if (!last) return;
    const { state, tokens, answer } = last;
    const heads = rankedHeads(answer);
    list.replaceChildren(
      ...heads.slice(0, isWhole ? heads.length : FIRST).map((head) => {
        const rank = derived.fits()?.get(`${head.layer},${head.head}`)?.rank ?? 0;
        const isOpen = state.at?.layer === head.layer && state.at.head === head.head;
        const { layer, head: number } = head;
        const open = () => actions.openHead({ layer, head: number });
        return makeRow({ head, rank, isOpen }, tokens, answer, open, layersOf(facts));
      }),
    );
    all.hidden = heads.length <= FIRST;
    setText(all, isWhole ? `Only the best ${FIRST}` : `All ${counted(heads.length, 'head')}`);
    setText(
      over,
      answer.n_keys < answer.n_keys_total
        ? `Compared with ${count(answer.n_keys)} of ${count(answer.n_keys_total)} keys, evenly ` +
            'spread over the corpus.'
        : '',
    );
  }

  return {
    /** @param {State} state @param {Tokens} tokens */
    update(state, tokens) {
      const answer = facts.pairs.value;
      element.hidden = !answer || state.pairs.length === 0;
      if (!answer || element.hidden) return;
      element.classList.toggle('is-stale', facts.pairs.status === 'loading');
      const next = [answer, state.at, tokens];
      if (next.every((part, i) => part === shown[i])) return;
      shown = next;
      last = { state, tokens, answer };
      const focused = [...list.querySelectorAll('button')].indexOf(
        /** @type {HTMLButtonElement} */ (document.activeElement),
      );
      draw();
      if (focused >= 0) list.querySelectorAll('button')[focused]?.focus({ preventScroll: true });
    },
  };
}

/**
 * @param {{head: PairAnswer['heads'][number], rank: number, isOpen: boolean}} row
 * @param {Tokens} tokens
 * @param {PairAnswer} answer
 * @param {() => void} onClick
 * @param {Layers} layers
 */
function makeRow({ head, rank, isOpen }, tokens, answer, onClick, layers) {
  const modality = tokens.row === null ? 'text' : 'image';
  const lines = answer.pairs.map((pair) => {
    const numbers = numbersOf(answer, head, pair);
    const line = pairLine(tokens, { ...pair, isStrong: pair.wish === 'strong' });
    return `${line}: ${numbers ? formatNumber(numbers, answer, modality) : ''}`;
  });
  const fill = el('span', { class: 'meter__fill' });
  fill.style.width = `${100 * head.fit}%`;
  const numbers = head.pairs.flatMap((pair, i) => [
    i > 0 ? ' · ' : null,
    el('span', {}, pair ? shortNumbers(pair) : '–'),
  ]);
  return el(
    'li',
    {},
    el(
      'button',
      {
        ...UNTRANSLATED,
        class: 'ranking__head',
        type: 'button',
        'aria-current': isOpen ? 'true' : null,
        title: [`${formatHead(head, layers)}: fit ${formatFit(head.fit)}`, ...lines].join('\n'),
        onClick,
      },
      el('span', { class: 'ranking__rank soft' }, String(rank)),
      el('span', { class: 'ranking__name' }, formatTitle(head, layers)),
      el('span', { class: 'meter' }, fill),
      el('span', { class: 'ranking__fit' }, formatFit(head.fit)),
      el('span', { class: 'ranking__numbers soft' }, ...numbers),
      el(
        'span',
        { class: 'visually-hidden' },
        `. ${formatHead(head, layers)}: ${lines.join('; ')}`,
      ),
    ),
  );
}
