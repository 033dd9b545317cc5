/** The list of the user's sentences and images: open one, edit its tokens, remove it. */

import { corpusText, el, ICONS, icon, setAttribute, setText } from '../ui/dom.js';
import { fits, whyNot } from './items.js';
import { formatPlace } from '../data/user_sequence_text.js';
import { clipped, sentence, visibleText } from '../ui/labels.js';
import { counted } from '../compute/number_text.js';
import { createTokenEditor } from './token_editor.js';

/** @import { Context, Manifest, State } from '../page.js' */
/** @import { UserItem } from './live.js' */

const LONGEST = 160;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createItemList(root, context) {
  const { userSequences } = context;
  const list = el('ol', { class: 'user-sequences__list' });
  root.append(list);
  /** @type {Map<number, ReturnType<typeof createItem>>} */
  const rows = new Map();

  return {
    /** @param {State} state @param {Manifest} manifest @param {string | null} map that is shown */
    update(state, manifest, map) {
      const ids = new Set(userSequences.items.map(({ id }) => id));
      for (const [id, row] of rows) {
        if (ids.has(id)) continue;
        row.element.remove();
        rows.delete(id);
      }
      for (const item of userSequences.items) {
        let row = rows.get(item.id);
        if (!row) {
          row = createItem(context);
          rows.set(item.id, row);
          list.append(row.element);
        }
        row.update(item, state, manifest, map);
      }
      list.hidden = rows.size === 0;
    },
    destroy: () => list.remove(),
  };
}

/** @param {Context} context */
function createItem(context) {
  const { actions, api, userSequences } = context;
  const view = createItemView({ select, toggle, leave, again, compare });
  const { element } = view;
  const tokens = createTokenEditor(element, context);
  /** @type {UserItem | null} */
  let shown = null;
  let dataset = '';
  let isOpen = false;

  function select() {
    const token = shown && userSequences.openingTokenOf(dataset, shown);
    if (token !== null) actions.select({ kind: 'query', token });
  }

  function toggle() {
    isOpen = !isOpen;
    setAttribute(view.edit, 'aria-expanded', String(isOpen));
    tokens.element.hidden = !isOpen;
    if (isOpen) tokens.focus();
  }

  /** The text that it is a copy of, or else the one before it; null if there is none. */
  function partner() {
    const { items } = userSequences;
    const at = items.findIndex(({ id }) => id === shown?.id);
    const found = items.find(({ id }) => id === shown?.origin) ?? items[at - 1] ?? null;
    return found && userSequences.startOf(dataset, found) !== null ? found : null;
  }

  /** Show both texts in two panes, the earlier one in the first. */
  function compare() {
    const other = partner();
    const tokens = [other, shown].map(
      (item) => item && userSequences.openingTokenOf(dataset, item),
    );
    if (tokens[0] !== null && tokens[1] !== null) actions.compareSequences(tokens[0], tokens[1]);
  }

  /** @param {boolean} isPossible */
  function offerEdit(isPossible) {
    view.edit.hidden = !isPossible;
    if (!isPossible && isOpen) toggle();
  }

  /** Remove the item and move the focus to the field above. */
  function leave() {
    if (!shown) return;
    const next = element
      .closest('.user-sequences')
      ?.querySelector('.user-sequences__field:not(:disabled), .user-sequences__pick');
    userSequences.remove(shown);
    if (next instanceof HTMLElement && next.checkVisibility()) next.focus();
  }

  function again() {
    if (shown) userSequences.again(shown);
  }

  return {
    element,
    /**
     * @param {UserItem} item
     * @param {State} state
     * @param {Manifest} manifest
     * @param {string | null} map
     */
    update(item, state, manifest, map) {
      if (item !== shown) view.write(item);
      [shown, dataset] = [item, manifest.id];
      const layer = userSequences.layerOf(manifest.id);
      const found = layer?.sequences.find((one) => one.item === item) ?? null;
      const start = userSequences.startOf(manifest.id, item);
      const isSelected = found !== null && isChosen(state, start, found.answer.n);
      setAttribute(view.open, 'aria-current', isSelected ? 'true' : null);
      view.open.disabled = !found;
      offerEdit(found !== null && item.kind !== 'image');
      view.offerComparison(found ? partner() : null);
      view.setImage(
        layer && found && item.kind === 'image'
          ? api.thumbnailUrl(manifest.id, layer.firstSequence + layer.sequences.indexOf(found))
          : null,
      );
      setText(view.note, noteOf(item, found, manifest, map, state, userSequences.isAsked(item)));
      view.setError(userSequences.runOf(item, manifest.id)?.error ?? null);
      tokens.update(item, found, manifest.id);
    },
  };
}

/**
 * The elements of one item.
 *
 * @param {Record<'select' | 'toggle' | 'leave' | 'again' | 'compare', () => void>} on
 */
function createItemView({ select, toggle, leave, again: onAgain, compare }) {
  const image = el('img', { class: 'user-sequences__image', alt: '', hidden: true });
  const name = el('span', { class: 'user-sequences__name' });
  const text = el('span', { class: 'user-sequences__text' });
  const title = 'Select it; an open head shows its attention';
  const open = el(
    'button',
    { class: 'user-sequences__open', type: 'button', title, onClick: select },
    image,
    el('span', { class: 'user-sequences__words' }, name, text),
  );
  const quiet = { class: 'button button--quiet button--icon', type: 'button' };
  const editLabel = el('span', { class: 'visually-hidden' });
  const edit = el(
    'button',
    { ...quiet, 'aria-expanded': 'false', onClick: toggle },
    icon(ICONS.pencil),
    editLabel,
  );
  const removeLabel = el('span', { class: 'visually-hidden' });
  const remove = el('button', { ...quiet, onClick: leave }, icon(ICONS.close), removeLabel);
  const note = el('p', { class: 'user-sequences__note soft' });
  const problem = el('p', { class: 'user-sequences__problem', role: 'alert' });
  const small = {
    class: 'button button--small',
    type: 'button',
    title: 'Ask the server once more',
  };
  const again = el('button', { ...small, onClick: onAgain }, 'Try again');
  const beside = el(
    'button',
    { class: 'button button--small', type: 'button', onClick: compare },
    'Compare',
  );
  const head = el('div', { class: 'user-sequences__head' }, open, edit, remove);
  const element = el('li', { class: 'user-sequences__item' }, head, note, beside, problem, again);

  return {
    element,
    open,
    edit,
    note,
    /** @param {UserItem} item */
    write(item) {
      setText(name, item.name.replace(/^y/, 'Y'));
      text.replaceChildren(corpusText(clipped(visibleText(item.text), LONGEST)));
      const isCopy = item.kind === 'tokens';
      setText(
        editLabel,
        isCopy ? `Edit the tokens of ${item.name}` : `Edit a copy of ${item.name}`,
      );
      setAttribute(edit, 'title', isCopy ? 'Edit its tokens' : 'Edit a copy');
      setText(removeLabel, `Remove ${item.name}`);
      setAttribute(remove, 'title', 'Remove it');
    },
    /** @param {UserItem | null} other */
    offerComparison(other) {
      beside.hidden = other === null;
      if (other) setAttribute(beside, 'title', `Show it beside ${other.name} in two panes`);
    },
    /** @param {string | null} address */
    setImage(address) {
      image.hidden = address === null;
      if (address !== null) setAttribute(image, 'src', address);
    },
    /** @param {string | null} error */
    setError(error) {
      setText(problem, error ? sentence(error) : '');
      again.hidden = !error;
    },
  };
}

/**
 * Whether one of these tokens is selected.
 *
 * @param {State} state
 * @param {number | null} start
 * @param {number} n
 */
function isChosen({ selected }, start, n) {
  return (
    selected !== null && start !== null && selected.token >= start && selected.token < start + n
  );
}

/**
 * @param {UserItem} item
 * @param {import('./live.js').UserSequence | null} found
 * @param {Manifest} manifest
 * @param {string | null} map
 * @param {State} state
 * @param {boolean} isAsked
 */
function noteOf(item, found, manifest, map, state, isAsked) {
  if (!fits(item, manifest)) {
    const refused = whyNot(manifest);
    if (refused !== '') return refused;
    if (item.home !== null) return `Its tokens are those of ${item.home}; it is shown there.`;
    return item.kind === 'image'
      ? 'Shown with datasets of images.'
      : 'Shown with datasets of sentences.';
  }
  if (!found) return isAsked ? `Running it through ${manifest.model.name} …` : '';
  const { n, nTruncated } = found.answer;
  const cut =
    nTruncated > 0 ? `; ${counted(nTruncated, 'token')} more had no room in the model` : '';
  return (
    `${counted(n, 'token')}${item.kind === 'tokens' ? ', edited' : ''}${cut}; ` +
    `${isAsked ? 'being placed …' : formatPlace(found, map, state.at)}.`
  );
}
