/**
 * Heads like the open one, by their attention, in this dataset or in another of the same corpus.
 */

import { el, ICONS, icon, setText } from '../ui/dom.js';
import { keysOf } from '../ui/keys.js';
import { formatHead, formatMeasure, formatTitle } from '../ui/labels.js';
import { count } from '../compute/number_text.js';
import { createSection } from '../ui/section.js';

/** @import { Context, HeadId, SimilarHeads, State, View } from '../page.js' */

/** Rows that are shown at first. */
const FEW = 5;
const UNITS = { token: 'token', word: 'word', patch: 'patch' };

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions' | 'api' | 'facts'> & {onFound: (found: SimilarHeads | null) =>
 *   void}} context `onFound` hears what is shown, or null while there is nothing
 * @returns {View & {reveal: () => void}}
 */
export function createSimilarHeads(root, { actions, api, facts, onFound }) {
  const section = createSection(root, {
    name: 'similar',
    title: 'Heads like this one',
    help: 'The heads whose attention is most like that of this head.',
    isOpen: true,
  });
  const select = el('select', {
    class: 'select',
    onChange: () => actions.compareWith(select.value || null),
  });
  const choice = el(
    'label',
    { class: 'field' },
    el('span', { class: 'field__label' }, 'Compare with'),
    select,
  );
  const words = el('p', { class: 'field__note', role: 'status' });
  const rows = el('tbody', {});
  const table = el(
    'table',
    { class: 'similar' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'Head'),
        el(
          'th',
          {
            scope: 'col',
            title:
              'Root of the mean Jensen–Shannon divergence of attention (Clark et al. 2019 ' +
              'take the sum): 0 is the same, 1 is nothing in common',
          },
          'Distance',
        ),
        el(
          'th',
          {
            scope: 'col',
            title: 'Alignment of queries and keys (CKA): 1 is the same but for a turn, 0 is chance',
          },
          'CKA',
        ),
        el('th', { scope: 'col' }, el('span', { class: 'visually-hidden' }, 'Beside')),
      ),
    ),
    rows,
  );
  const more = el('button', {
    class: 'button button--small',
    type: 'button',
    title: 'Show ten heads, or only the five nearest',
    'aria-expanded': 'false',
    onClick: () => showMore(more.getAttribute('aria-expanded') !== 'true'),
  });
  section.body.append(choice, table, more, words);
  /** What is shown or asked for, and with which dataset. */
  let wanted = '';
  /** @type {AbortController | null} */
  let asked = null;
  let offered = '';
  showMore(false);

  /** @param {State & {dataset: string, at: HeadId}} state @param {string} version */
  async function ask(state, version) {
    asked?.abort();
    const own = (asked = new AbortController());
    setText(words, 'Comparing …');
    table.classList.add('is-stale');
    onFound(null);
    try {
      const found = await api.similar(
        state.dataset,
        version,
        state.at,
        state.similarWith,
        own.signal,
      );
      if (!own.signal.aborted) show(state, found);
    } catch (error) {
      if (own.signal.aborted) return;
      rows.replaceChildren();
      table.hidden = more.hidden = true;
      setText(
        words,
        `Could not compare. ${error instanceof Error ? error.message : String(error)} `,
      );
      words.append(
        el(
          'button',
          { class: 'button button--small', type: 'button', onClick: () => ask(state, version) },
          'Try again',
        ),
      );
    }
  }

  /** @param {State & {dataset: string}} state @param {SimilarHeads} found */
  function show(state, found) {
    table.classList.remove('is-stale');
    onFound(found);
    table.hidden = found.heads.length === 0;
    more.hidden = found.heads.length <= FEW;
    rows.replaceChildren(...found.heads.map((head) => makeRow(head, state.dataset, found.with)));
    setText(words, found.heads.length === 0 ? 'There is no other head.' : formatOver(found));
    offer(state, found.others);
  }

  /**
   * @param {SimilarHeads['heads'][number]} head
   * @param {string} dataset that is open
   * @param {string} owner dataset that the head is of
   */
  function makeRow({ layer, head, distance, alignment }, dataset, owner) {
    const at = { layer, head };
    const name = `${formatHead(at).toLowerCase()}${owner === dataset ? '' : ` of ${owner}`}`;
    const openBeside = () => actions.openBeside(owner, at);
    return el(
      'tr',
      { onKeydown: (/** @type {KeyboardEvent} */ event) => pressBeside(event, openBeside) },
      el(
        'th',
        { scope: 'row' },
        el(
          'button',
          {
            class: 'similar__head',
            type: 'button',
            title: `Open ${name} (key b: beside)`,
            onClick: () =>
              owner === dataset ? actions.openHead(at) : actions.openHeadOf(owner, at),
          },
          formatTitle(at),
        ),
      ),
      el('td', {}, formatMeasure(distance)),
      el('td', {}, formatMeasure(alignment)),
      el(
        'td',
        {},
        el(
          'button',
          {
            class: 'button button--quiet button--icon similar__beside',
            type: 'button',
            title: `Open ${name} beside, in the other pane (key b)`,
            onClick: openBeside,
          },
          icon(ICONS.beside),
          el('span', { class: 'visually-hidden' }, `Open ${name} beside`),
        ),
      ),
    );
  }

  /** @param {boolean} isMore */
  function showMore(isMore) {
    table.classList.toggle('is-long', isMore);
    setText(more, isMore ? 'Fewer' : 'More');
    more.setAttribute('aria-expanded', String(isMore));
  }

  /** @param {State & {dataset: string}} state @param {string[]} others */
  function offer({ dataset, similarWith }, others) {
    const key = JSON.stringify([dataset, others]);
    if (key !== offered) {
      offered = key;
      select.replaceChildren(
        el('option', { value: '' }, `${dataset} (this one)`),
        ...others.map((id) => el('option', { value: id }, id)),
      );
    }
    choice.hidden = others.length === 0;
    select.value = similarWith ?? '';
  }

  return {
    update(state) {
      const { at, dataset, similarWith } = state;
      const description = facts.description.value;
      const isThere =
        at !== null &&
        dataset !== null &&
        description?.id === dataset &&
        description.state === 'complete';
      section.element.hidden = !isThere;
      const key = isThere ? JSON.stringify([dataset, description.version, at, similarWith]) : '';
      if (key === wanted) return;
      wanted = key;
      if (isThere) void ask({ ...state, dataset, at }, description.version ?? '');
      else {
        asked?.abort();
        onFound(null);
      }
    },
    reveal: section.reveal,
    destroy() {
      asked?.abort();
      section.destroy();
    },
  };
}

/**
 * The key b on a head opens it in the other pane.
 *
 * @param {KeyboardEvent} event
 * @param {() => void} openBeside
 */
function pressBeside(event, openBeside) {
  if (!keysOf(event).includes('b') || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  openBeside();
}

/**
 * What the distances rest on.
 *
 * @param {SimilarHeads} found
 */
export function formatOver({ compared_by: by, n_rows: nRows, n_sequences: nSequences }) {
  const where =
    nSequences === null
      ? ''
      : ` of ${count(nSequences)} ${by === 'patch' ? 'images' : 'sentences'}`;
  const aligned =
    by === 'word' ? ' Their tokens differ, so words stand for tokens, without special tokens.' : '';
  return `Over ${count(nRows)} rows${where}, ${UNITS[by]} by ${UNITS[by]}.${aligned}`;
}
