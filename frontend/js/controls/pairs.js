/** Pairs that should or should not attend, and the heads ranked by how well they fit. */

import { el, icon, ICONS, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { numbersOf } from '../compute/pairs.js';
import { layersOf } from '../data/points.js';
import { capital, formatTitle } from '../ui/labels.js';
import { formatNumber, PAIR_LABELS, pairLine, pairParts, pairTitle } from '../data/pair_text.js';
import { createPairRanking } from './pair_ranking.js';
import { hasVectors } from '../data/stored_vectors.js';
import { createSection } from '../ui/section.js';

/** @import { Context, Pair, PairAnswer, State, Tokens, View } from '../page.js' */

const HINT = 'Select a query or key, then mark a token of the other kind.';
const INFO =
  'Finds the heads that connect two tokens. Select a query or key, point at a token of the other ' +
  'kind in the map, sentence or image, and press + (should attend) or - (should not attend). Or ' +
  'turn on a button here and click the token.';
const MODES = /** @type {const} */ ([
  ['strong', 'Should attend'],
  ['weak', 'Should not attend'],
]);

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
    help: 'Mark query–key pairs and rank the heads by how well they fit',
    info: [INFO],
  });
  const hint = el('p', { class: 'pairs__hint soft', role: 'status' });
  const modes = MODES.map(([mode, label]) =>
    modeButton(mode, label, () => pairing.set(pairing.get() === mode ? null : mode)),
  );
  const clear = el(
    'button',
    {
      class: 'button button--small button--quiet pairs__clear',
      type: 'button',
      title: 'Remove all pairs',
      onClick: () => {
        actions.clearPairs();
        modes[0].focus();
      },
    },
    'Clear',
  );
  const list = createPairList(context, () => modes[0].focus());
  section.body.append(
    hint,
    el(
      'div',
      { class: 'pairs__modes', role: 'group', 'aria-label': 'Mark pairs by clicks' },
      ...modes,
      clear,
    ),
    list.element,
  );
  const ranking = createPairRanking(section.body, context);
  let nPairs = 0;

  return {
    update(state) {
      const tokens = facts.tokens.value;
      const mode = pairing.get();
      element.hidden = !hasVectors(facts);
      if (state.pairs.length > nPairs) section.element.open = true; // what was marked is seen
      nPairs = state.pairs.length;
      section.setNote(nPairs > 0 ? String(nPairs) : '');
      modes.forEach((button, i) =>
        setAttribute(button, 'aria-pressed', String(MODES[i][0] === mode)),
      );
      clear.hidden = nPairs === 0;
      setText(hint, formatHint(state, mode));
      hint.hidden = hint.textContent === '';
      list.element.hidden = nPairs === 0;
      if (!tokens || state.pairs.some(({ query, key }) => Math.max(query, key) >= tokens.n)) return;
      list.update(state, tokens, facts.pairs.value);
      ranking.update(state, tokens);
    },
    destroy: () => element.remove(),
  };
}

/** @param {string} mode @param {string} label @param {() => void} onClick */
function modeButton(mode, label, onClick) {
  return el(
    'button',
    {
      class: 'button button--small pairs__mode',
      type: 'button',
      title:
        'While on, a click marks the pair of the selected token and the clicked one ' +
        `(key ${mode === 'strong' ? '+' : '-'} on a hovered token; Esc turns it off)`,
      onClick,
    },
    label,
  );
}

/** @param {State} state @param {ReturnType<Context['pairing']['get']>} mode */
function formatHint({ pairs, selected }, mode) {
  if (!mode) return pairs.length > 0 ? '' : HINT;
  const what = selected
    ? `Click a ${selected.kind === 'query' ? 'key' : 'query'}`
    : 'Click a query or key, then one of the other kind';
  return `${what}. It ${PAIR_LABELS[mode]}.`;
}

/**
 * The marked pairs; the item of one that stays is kept, with its focus.
 *
 * @param {Context} context
 * @param {() => void} focusHeir called where the focus was on the last pair and that is gone
 */
function createPairList({ actions, facts, store }, focusHeir) {
  const list = el('ul', { class: 'pairs__list', 'aria-label': 'Marked pairs' });
  /** @type {Map<string, ReturnType<typeof createPairItem>>} */
  let items = new Map();
  /** @type {Tokens | null} */
  let known = null;

  /** @param {Tokens} tokens @param {Pair} pair */
  const makeItem = (tokens, pair) =>
    createPairItem(tokens, pair, {
      // Ask for the opposite, whatever is asked now.
      turn() {
        const { query, key } = pair;
        const now = store.get().pairs.find((one) => one.query === query && one.key === key);
        if (now) actions.markPair({ query, key, isStrong: !now.isStrong });
      },
      select: () => actions.select({ kind: 'query', token: pair.query }),
      drop() {
        actions.dropPair(pair);
        const next = list.querySelector('button');
        if (next) next.focus();
        else focusHeir();
      },
    });

  return {
    element: list,
    /** @param {State} state @param {Tokens} tokens @param {PairAnswer | null} answer */
    update({ at, pairs }, tokens, answer) {
      const former = tokens === known ? items : new Map();
      known = tokens;
      items = new Map(
        pairs.map((pair) => {
          const key = `${pair.query}-${pair.key}`;
          return [key, former.get(key) ?? makeItem(tokens, pair)];
        }),
      );
      const elements = [...items.values()].map(({ element }) => element);
      const isSame =
        elements.length === list.children.length &&
        elements.every((element, i) => element === list.children[i]);
      if (!isSame) list.replaceChildren(...elements);
      for (const pair of pairs) {
        const found = answer && numbersOf(answer, at, pair);
        const modality = tokens.row === null ? 'text' : 'image';
        const numbers =
          answer && at && found
            ? `${formatTitle(at, layersOf(facts))}: ${formatNumber(found, answer, modality)}`
            : null;
        items.get(`${pair.query}-${pair.key}`)?.update(pair.isStrong, numbers);
      }
    },
  };
}

/**
 * @param {Tokens} tokens
 * @param {Pair} pair
 * @param {{turn: () => void, select: () => void, drop: () => void}} on what its buttons do
 */
function createPairItem(tokens, pair, on) {
  const line = pairLine(tokens, pair);
  const wish = el('button', {
    ...UNTRANSLATED,
    class: 'pairs__wish',
    type: 'button',
    onClick: on.turn,
  });
  const words = el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'pairs__words',
      type: 'button',
      title: `${pairTitle(tokens, pair)}\nClick to select the query.`,
      onClick: on.select,
    },
    ...pairParts(tokens, pair),
  );
  const drop = el(
    'button',
    { class: 'pairs__drop', type: 'button', title: 'Remove this pair', onClick: on.drop },
    icon(ICONS.close),
    el('span', { ...UNTRANSLATED, class: 'visually-hidden' }, `Remove ${line}`),
  );
  const numbers = el('p', { class: 'pairs__numbers soft' });

  return {
    element: el('li', { class: 'pairs__chip' }, wish, words, drop, numbers),
    /** @param {boolean} isStrong @param {string | null} found how the open head scores it */
    update(isStrong, found) {
      const { strong, weak } = PAIR_LABELS;
      const [now, other] = isStrong ? [strong, weak] : [weak, strong];
      setText(wish, isStrong ? 'should' : 'should not');
      wish.classList.toggle('is-weak', !isStrong);
      setAttribute(
        wish,
        'aria-label',
        `${isStrong ? 'should' : 'should not'}: ${pairLine(tokens, { ...pair, isStrong })}; ` +
          `change to “${other}”`,
      );
      setAttribute(wish, 'title', `${capital(now)}. Click to change to “${other}”.`);
      numbers.hidden = found === null;
      if (found !== null) setText(numbers, found);
    },
  };
}
