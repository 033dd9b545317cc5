/**
 * Heads like the open one, by their attention, in this dataset or in another of the same corpus.
 */

import { createSlot, freshValue } from '../data/slots.js';
import { el, iconButton, ICONS, setText, showFailure } from '../ui/dom.js';
import { keysOf } from '../ui/keys.js';
import { layersOf } from '../data/points.js';
import { formatHead, formatMeasure, formatTitle } from '../ui/labels.js';
import { count } from '../compute/number_text.js';
import { createSection } from '../ui/section.js';

/** @import { Layers } from '../ui/labels.js' */
/** @import { Context, SimilarHeads, Slot, View } from '../page.js' */

/** Rows that are shown at first. */
const FEW = 5;
const SIMILARITY =
  'Distance compares the attention of two heads: 0 is identical, 1 has nothing in common. CKA ' +
  'compares their queries and keys: 1 is identical up to rotation, 0 is chance.';
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
    title: 'Similar heads',
    help: 'The heads whose attention is most similar to that of this head',
    info: [SIMILARITY],
  });
  const choice = createChoice(actions);
  const table = createTable(actions);
  const words = el('p', { class: 'field__note', role: 'status' });
  section.body.append(choice.element, table.element, table.more, words);
  /** @type {Slot<SimilarHeads>} */
  const slot = createSlot('the heads like this one', show);
  /** @type {{dataset: string, similarWith: string | null} | null} */
  let wanted = null;

  function show() {
    const found = freshValue(slot);
    if (slot.status !== 'failed') onFound(found);
    if (slot.status === 'loading') {
      setText(words, 'Comparing …');
      table.outdate();
    } else if (slot.status === 'failed') {
      table.clear();
      showFailure(words, 'Could not compare.', slot.error, slot.again);
    } else if (found && wanted) {
      table.show(found, wanted.dataset, layersOf(facts, found.with));
      setText(words, found.heads.length === 0 ? 'There is no other head.' : formatOver(found));
      choice.offer(wanted.dataset, found.others, wanted.similarWith);
    }
  }

  return {
    update({ at, dataset, similarWith }) {
      const description = facts.description.value;
      const isThere =
        at !== null &&
        dataset !== null &&
        description?.id === dataset &&
        description.state === 'complete';
      section.element.hidden = !isThere;
      if (!isThere) return slot.drop();
      wanted = { dataset, similarWith };
      const version = description.version ?? '';
      slot.want(dataset, JSON.stringify([version, at, similarWith]), (signal) =>
        api.similar(dataset, version, at, similarWith, signal),
      );
    },
    reveal: section.reveal,
    destroy() {
      slot.drop();
      section.destroy();
    },
  };
}

/** Which dataset the heads are of. @param {Pick<Context['actions'], 'compareWith'>} actions */
function createChoice({ compareWith }) {
  const select = el('select', {
    class: 'select',
    onChange: () => compareWith(select.value || null),
  });
  const element = el(
    'label',
    { class: 'field' },
    el('span', { class: 'field__label' }, 'Compare with'),
    select,
  );
  let offered = '';

  return {
    element,
    /** @param {string} dataset @param {string[]} others @param {string | null} chosen */
    offer(dataset, others, chosen) {
      const key = JSON.stringify([dataset, others]);
      if (key !== offered) {
        offered = key;
        select.replaceChildren(
          el('option', { value: '' }, `${dataset} (this one)`),
          ...others.map((id) => el('option', { value: id }, id)),
        );
      }
      element.hidden = others.length === 0;
      select.value = chosen ?? '';
    },
  };
}

/** The nearest heads, few of them at first. @param {Context['actions']} actions */
function createTable(actions) {
  const rows = el('tbody', {});
  const element = el('table', { class: 'similar' }, makeHeadings(), rows);
  const more = el('button', {
    class: 'button button--small',
    type: 'button',
    title: 'Show ten heads, or only the five most similar',
    onClick: () => showMore(more.getAttribute('aria-expanded') !== 'true'),
  });
  showMore(false); // five at first

  /** @param {boolean} isMore */
  function showMore(isMore) {
    element.classList.toggle('is-long', isMore);
    setText(more, isMore ? 'Fewer heads' : `All ${rows.childElementCount} heads`);
    more.setAttribute('aria-expanded', String(isMore));
  }

  return {
    element,
    more,
    /** Other heads are on their way. */
    outdate: () => element.classList.add('is-stale'),
    clear() {
      rows.replaceChildren();
      element.hidden = more.hidden = true;
    },
    /**
     * @param {SimilarHeads} found
     * @param {string} dataset that is open
     * @param {Layers} layers of the dataset of the heads
     */
    show(found, dataset, layers) {
      element.classList.remove('is-stale');
      element.hidden = found.heads.length === 0;
      more.hidden = found.heads.length <= FEW;
      rows.replaceChildren(
        ...found.heads.map((head) => makeRow(head, dataset, found.with, actions, layers)),
      );
      showMore(element.classList.contains('is-long'));
    },
  };
}

function makeHeadings() {
  return el(
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
  );
}

/**
 * @param {SimilarHeads['heads'][number]} head
 * @param {string} dataset that is open
 * @param {string} owner dataset that the head is of
 * @param {Context['actions']} actions
 * @param {Layers} layers
 */
function makeRow({ layer, head, distance, alignment }, dataset, owner, actions, layers) {
  const at = { layer, head };
  const name = `${formatHead(at, layers).toLowerCase()}${owner === dataset ? '' : ` of ${owner}`}`;
  const openBeside = () => actions.openBeside(owner, at);
  const open = el(
    'button',
    {
      class: 'similar__head',
      type: 'button',
      title: `Open ${name} (key b: beside)`,
      onClick: () => (owner === dataset ? actions.openHead(at) : actions.openHeadOf(owner, at)),
    },
    formatTitle(at, layers),
  );
  const beside = iconButton(ICONS.beside, `Open ${name} beside`, {
    class: 'button button--quiet button--icon similar__beside',
    title: `Open ${name} beside, in the other pane (key b)`,
    onClick: openBeside,
  });
  return el(
    'tr',
    { onKeydown: (/** @type {KeyboardEvent} */ event) => pressBeside(event, openBeside) },
    el('th', { scope: 'row' }, open),
    el('td', {}, formatMeasure(distance)),
    el('td', {}, formatMeasure(alignment)),
    el('td', {}, beside),
  );
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
