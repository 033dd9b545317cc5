/** Pairs that are wished strong or weak, and the heads ranked by how well they fit. */

import { el, icon, ICONS, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { numbersOf } from '../compute/pairs.js';
import { formatTitle } from '../ui/labels.js';
import { formatNumber, pairLine, pairParts, pairTitle } from '../data/pair_text.js';
import { createPairRanking } from './pair_ranking.js';
import { createSection } from '../ui/section.js';

/** @import { Context, Pair, State, Tokens, View } from '../page.js' */

const HINT =
  'Which heads connect two tokens? Select a query or a key; then point at one of the other ' +
  'kind, in map, sentence or image, and press + (wished strong) or - (wished weak). Or turn ' +
  'on a button below and click.';
const MODES = /** @type {const} */ ([
  ['strong', '+ Strong'],
  ['weak', '+ Weak'],
]);

/** @typedef {{item: HTMLElement, wish: HTMLButtonElement, numbers: HTMLElement}} Chip */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createPairs(root, context) {
  const { actions, facts, pairing } = context;
  const element = el('div', { class: 'side__part pairs' });
  root.append(element);
  const section = createSection(element, {
    name: 'pairs',
    title: 'Heads by pairs',
    help: 'Mark query-key pairs; the heads that score them as wished come first.',
  });
  const hint = el('p', { class: 'pairs__hint soft', role: 'status' });
  const modes = MODES.map(([mode, label]) =>
    el(
      'button',
      {
        class: 'button button--small pairs__mode',
        type: 'button',
        title:
          'While this is on, a click on a token marks its pair with the selected one, wished ' +
          `${mode} (Esc turns it off)`,
        onClick: () => pairing.set(pairing.get() === mode ? null : mode),
      },
      label,
    ),
  );
  const clear = el(
    'button',
    {
      class: 'button button--small button--quiet pairs__clear',
      type: 'button',
      title: 'Mark no pairs',
      onClick: clearAll,
    },
    'Clear',
  );
  const list = el('ul', { class: 'pairs__list', 'aria-label': 'Marked pairs' });
  section.body.append(
    hint,
    el(
      'div',
      { class: 'pairs__modes', role: 'group', 'aria-label': 'Mark pairs by clicks' },
      ...modes,
      clear,
    ),
    list,
  );
  const ranking = createPairRanking(section.body, context);
  /** @type {Map<string, Chip>} */
  let chips = new Map();
  /** @type {Tokens | null} */
  let known = null;
  let nPairs = 0;

  function clearAll() {
    actions.clearPairs();
    modes[0].focus();
  }

  /** @param {Tokens} tokens @param {Pair} pair @returns {Chip} */
  function makeChip(tokens, pair) {
    const wish = el('button', {
      ...UNTRANSLATED,
      class: 'pairs__wish',
      type: 'button',
      onClick: () => turnOver(pair),
    });
    const words = el(
      'button',
      {
        ...UNTRANSLATED,
        class: 'pairs__words',
        type: 'button',
        title: `${pairTitle(tokens, pair)}\nClick selects the query.`,
        onClick: () => actions.select({ kind: 'query', token: pair.query }),
      },
      ...pairParts(tokens, pair),
    );
    const drop = el(
      'button',
      {
        class: 'pairs__drop',
        type: 'button',
        title: 'Take this pair away',
        onClick: () => {
          actions.dropPair(pair);
          (list.querySelector('button') ?? modes[0]).focus();
        },
      },
      icon(ICONS.close),
      el(
        'span',
        { ...UNTRANSLATED, class: 'visually-hidden' },
        `Take away ${pairLine(tokens, pair)}`,
      ),
    );
    const numbers = el('p', { class: 'pairs__numbers soft' });
    return { item: el('li', { class: 'pairs__chip' }, wish, words, drop, numbers), wish, numbers };
  }

  /** Wish the opposite of a pair, whatever it is wished now. @param {Pair} pair */
  function turnOver({ query, key }) {
    const now = context.store.get().pairs.find((one) => one.query === query && one.key === key);
    if (now) actions.markPair({ query, key, isStrong: !now.isStrong });
  }

  /** @param {State} state @param {Tokens} tokens */
  function listPairs({ at, pairs }, tokens) {
    const answer = facts.pairs.value;
    const former = tokens === known ? chips : new Map();
    known = tokens;
    chips = new Map(
      pairs.map((pair) => [
        `${pair.query}-${pair.key}`,
        former.get(`${pair.query}-${pair.key}`) ?? makeChip(tokens, pair),
      ]),
    );
    const items = [...chips.values()].map(({ item }) => item);
    if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i]))
      list.replaceChildren(...items);
    for (const pair of pairs) {
      const { wish, numbers } = /** @type {Chip} */ (chips.get(`${pair.query}-${pair.key}`));
      setText(wish, pair.isStrong ? 'strong' : 'weak');
      wish.classList.toggle('is-weak', !pair.isStrong);
      setAttribute(
        wish,
        'aria-label',
        `${pairLine(tokens, pair)}: wish it ${pair.isStrong ? 'weak' : 'strong'} instead`,
      );
      setAttribute(
        wish,
        'title',
        `Wished ${pair.isStrong ? 'strong; click wishes it weak' : 'weak; click wishes it strong'}`,
      );
      const found = answer && numbersOf(answer, at, pair);
      numbers.hidden = !found;
      if (answer && at && found)
        setText(
          numbers,
          `${formatTitle(at)}: ` +
            `${formatNumber(found, answer, tokens.row === null ? 'text' : 'image')}`,
        );
    }
  }

  return {
    update(state) {
      const tokens = facts.tokens.value;
      const mode = pairing.get();
      if (state.pairs.length > nPairs) section.element.open = true; // what was marked is seen
      nPairs = state.pairs.length;
      section.setNote(nPairs > 0 ? String(nPairs) : '');
      modes.forEach((button, i) =>
        setAttribute(button, 'aria-pressed', String(MODES[i][0] === mode)),
      );
      clear.hidden = nPairs === 0;
      const other = state.selected?.kind === 'query' ? 'key' : 'query';
      const next = state.selected
        ? `Now click a ${other}`
        : 'Click a query or a key, then one of the other kind';
      setText(hint, mode ? `${next}: the pair is wished ${mode}.` : nPairs > 0 ? '' : HINT);
      hint.hidden = hint.textContent === '';
      list.hidden = nPairs === 0;
      if (!tokens || state.pairs.some(({ query, key }) => Math.max(query, key) >= tokens.n)) return;
      listPairs(state, tokens);
      ranking.update(state, tokens);
    },
    destroy: () => element.remove(),
  };
}
