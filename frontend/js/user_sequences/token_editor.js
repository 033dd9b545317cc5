/** Editor for single tokens of a sentence of the user. */

import { listOf } from '../compute/columns.js';
import { corpusText, el, setAttribute, setText, UNTRANSLATED, VERBATIM_FIELD } from '../ui/dom.js';
import { isComposing } from '../ui/keys.js';
import { clipped, sentence, visibleToken } from '../ui/labels.js';

/** @import { Context } from '../page.js' */
/** @import { UserItem, UserSequence } from './live.js' */

const LONGEST = 24;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createTokenEditor(root, { userSequences }) {
  const view = createTokenList({ press, start, leave: () => isAsked() || stop(false) });
  root.append(view.element);
  /** @type {{item: UserItem, found: UserSequence} | null} */
  let shown = null;
  let dataset = '';
  /** The token that is edited; -1: none. */
  let edited = -1;
  /** Whether tokens of this item were on their way. */
  let wasMeant = false;

  /** Whether the server is being asked for the edited tokens. */
  const isAsked = () =>
    userSequences.submission !== null && userSequences.submission.edits === shown?.item.id;

  /** @param {number} position */
  function start(position) {
    edited = position;
    view.draw(shown?.found ?? null, edited);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const { target } = event;
    if (!(target instanceof HTMLInputElement) || isComposing(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (isAsked()) userSequences.cancel();
      stop(true);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      send(target.value);
    }
  }

  /** @param {string} token */
  function send(token) {
    if (!shown || edited < 0) return;
    const { text, tokenId: ids } = shown.found.answer.columns;
    const all = listOf(text);
    if (token === all[edited]) return stop(true);
    // Unchanged tokens by their ids: different tokens may have the same text.
    /** @type {(string | number)[]} */
    const others = all.map((text, i) => (ids[i] < 0 ? text : ids[i]));
    const next = token === '' ? others.toSpliced(edited, 1) : others.with(edited, token);
    if (next.length === 0)
      return view.showError('The last token cannot go; remove the whole text instead.');
    view.showError('');
    userSequences.edit(shown.item, next, dataset);
  }

  /** @param {boolean} isFocused whether the token keeps the focus */
  function stop(isFocused) {
    const last = edited;
    start(-1);
    if (isFocused) view.focusToken(last);
  }

  return {
    element: view.element,
    focus: () => view.focusToken(0),
    /**
     * @param {UserItem} item
     * @param {UserSequence | null} found null while its tokens are not known
     * @param {string} id of the dataset
     */
    update(item, found, id) {
      const { submission } = userSequences;
      const isMeant = submission?.edits === item.id;
      if (wasMeant && !isMeant && edited >= 0) start(-1); // the copy is there
      wasMeant = isMeant;
      if (isMeant && submission.error !== null) view.showError(sentence(submission.error));
      view.setBusy(isMeant && submission.error === null);
      if (!found || (shown?.found.answer.columns === found.answer.columns && dataset === id))
        return;
      const wasEdited = edited;
      const hadFocus = view.hasFocus();
      [shown, dataset] = [{ item, found }, id];
      start(-1);
      if (hadFocus) view.focusToken(wasEdited);
    },
  };
}

/**
 * The tokens as buttons, the edited one as a field.
 *
 * @param {{press: (event: KeyboardEvent) => void, start: (position: number) => void, leave: () =>
 *   void}} on `start` begins to edit a token, `leave` is called where the field loses the focus
 */
function createTokenList({ press, start, leave }) {
  const list = el('ol', { class: 'user-sequences__tokens', onClick: click, onKeydown: press });
  const problem = el('p', { class: 'user-sequences__problem', role: 'alert' });
  const help = el(
    'p',
    { class: 'field__note' },
    'Click a token, type another one of the model’s vocabulary and press Enter; an empty ' +
      'field takes it out. All others stay as they are.',
  );
  const element = el('div', { class: 'user-sequences__editor', hidden: true }, list, problem, help);

  /** @param {Event} event */
  function click(event) {
    const button =
      event.target instanceof Element ? event.target.closest('.user-sequences__token') : null;
    if (!(button instanceof HTMLElement)) return;
    start(Number(button.dataset.position));
    list.querySelector('input')?.focus();
  }

  /** @param {string} text */
  function showError(text) {
    setText(problem, text);
    const field = list.querySelector('input');
    if (field) setAttribute(field, 'aria-invalid', text === '' ? null : 'true');
  }

  return {
    element,
    showError,
    hasFocus: () => list.contains(document.activeElement),
    setBusy: (/** @type {boolean} */ isBusy) =>
      setAttribute(list, 'aria-busy', isBusy ? 'true' : null),
    /** @param {UserSequence | null} found @param {number} edited */
    draw(found, edited) {
      showError('');
      const columns = found?.answer.columns;
      list.replaceChildren(
        ...(columns ? listOf(columns.text) : []).map((token, i) => {
          const text = clipped(visibleToken(token, columns?.surface?.at(i)), LONGEST);
          return el('li', {}, i === edited ? tokenField(token, i, leave) : tokenButton(text, i));
        }),
      );
      list.querySelector('input')?.select();
    },
    /** @param {number} i */
    focusToken(i) {
      const all = list.querySelectorAll('button');
      all[Math.min(i, all.length - 1)]?.focus();
    },
  };
}

/** @param {string} text @param {number} i */
function tokenButton(text, i) {
  return el(
    'button',
    {
      ...UNTRANSLATED,
      class: 'user-sequences__token',
      type: 'button',
      'data-position': String(i),
      'aria-label': `Token ${i + 1}: ${text}`,
      title: 'Type another token',
    },
    corpusText(text),
  );
}

/** @param {string} token @param {number} i @param {() => void} onBlur */
function tokenField(token, i, onBlur) {
  const input = el('input', {
    class: 'input user-sequences__token-field',
    ...VERBATIM_FIELD,
    type: 'text',
    'data-position': String(i),
    maxlength: '200',
    'aria-label': `Token ${i + 1}`,
    onBlur,
  });
  input.value = token;
  input.size = Math.max(4, Math.min(LONGEST, token.length + 1));
  return input;
}
