/** The tokens of a sentence of the reader's own, to be exchanged one by one. */

import { corpusText, el, setAttribute, setText, UNTRANSLATED, VERBATIM_FIELD } from '../ui/dom.js';
import { isComposing } from '../ui/keys.js';
import { visibleToken } from '../ui/labels.js';
import { sentence } from '../ui/labels.js';
import { clipped } from '../ui/labels.js';

/** @import { Context } from '../page.js' */
/** @import { OwnItem, OwnSequence } from './live.js' */

const LONGEST = 24;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createOwnTokens(root, { own }) {
  const list = el('ol', { class: 'own__tokens', onClick: click, onKeydown: press });
  const help = el(
    'p',
    { class: 'field__note' },
    'Click a token, type another one of the model’s vocabulary and press Enter; an empty ' +
      'field takes it out. All others stay as they are.',
  );
  const problem = el('p', { class: 'own__problem', role: 'alert' });
  const element = el('div', { class: 'own__editor', hidden: true }, list, problem, help);
  root.append(element);
  /** @type {{item: OwnItem, found: OwnSequence} | null} */
  let shown = null;
  let dataset = '';
  /** The token that is edited. */
  let edited = -1;

  const texts = () => shown?.found.answer.columns.text ?? [];
  /** @param {number} i */
  const wordsOf = (i) =>
    clipped(visibleToken(texts()[i], shown?.found.answer.columns.surface?.[i]), LONGEST);

  function draw() {
    list.replaceChildren(
      ...texts().map((token, i) =>
        el(
          'li',
          {},
          i === edited
            ? fieldFor(token, i)
            : el(
                'button',
                {
                  ...UNTRANSLATED,
                  class: 'own__token',
                  type: 'button',
                  'data-position': String(i),
                  'aria-label': `Token ${i + 1}: ${wordsOf(i)}`,
                  title: 'Type another token',
                },
                corpusText(wordsOf(i)),
              ),
        ),
      ),
    );
    list.querySelector('input')?.select();
  }

  /** @param {string} token @param {number} i */
  function fieldFor(token, i) {
    const input = el('input', {
      class: 'input own__token-field',
      ...VERBATIM_FIELD,
      type: 'text',
      'data-position': String(i),
      maxlength: '200',
      'aria-label': `Token ${i + 1}`,
      onBlur: () => {
        if (own.submission?.edits !== shown?.item.id) stop(false);
      },
    });
    input.value = token;
    input.size = Math.max(4, Math.min(LONGEST, token.length + 1));
    return input;
  }

  /** @param {Event} event */
  function click(event) {
    const button = event.target instanceof Element ? event.target.closest('.own__token') : null;
    if (!(button instanceof HTMLElement)) return;
    edited = Number(button.dataset.position);
    say('');
    draw();
    list.querySelector('input')?.focus();
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const { target } = event;
    if (!(target instanceof HTMLInputElement) || isComposing(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (own.submission?.edits === shown?.item.id) own.cancel();
      stop(true);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      send(target.value);
    }
  }

  /** @param {string} token */
  function send(token) {
    if (!shown || edited < 0) return;
    const all = texts();
    if (token === all[edited]) return stop(true);
    const ids = shown.found.answer.columns.tokenId;
    /** The others by their numbers: two tokens may be written alike. @type {(string | number)[]} */
    const others = all.map((text, i) => (ids[i] < 0 ? text : ids[i]));
    const next = token === '' ? others.toSpliced(edited, 1) : others.with(edited, token);
    if (next.length === 0) return say('The last token cannot go; remove the whole text instead.');
    say('');
    own.edit(shown.item, next, dataset);
  }

  /** @param {string} words */
  function say(words) {
    setText(problem, words);
    const field = list.querySelector('input');
    if (field) setAttribute(field, 'aria-invalid', words === '' ? null : 'true');
  }

  /** @param {boolean} isFocused whether the token keeps the focus */
  function stop(isFocused) {
    const last = edited;
    edited = -1;
    say('');
    draw();
    if (isFocused) focusToken(last);
  }

  /** @param {number} i */
  function focusToken(i) {
    const all = list.querySelectorAll('button');
    all[Math.min(i, all.length - 1)]?.focus();
  }

  return {
    element,
    focus: () => focusToken(0),
    /**
     * @param {OwnItem} item
     * @param {OwnSequence | null} found null while its tokens are not known
     * @param {string} id of the dataset
     */
    update(item, found, id) {
      const { submission } = own;
      const isOwn = submission?.edits === item.id;
      if (isOwn && submission.error !== null) say(sentence(submission.error));
      setAttribute(list, 'aria-busy', isOwn && submission.error === null ? 'true' : null);
      if (!found || (shown?.found.answer.columns === found.answer.columns && dataset === id))
        return;
      const wasEdited = edited;
      const hadFocus = list.contains(document.activeElement);
      [shown, dataset, edited] = [{ item, found }, id, -1];
      say('');
      draw();
      if (hadFocus) focusToken(wasEdited);
    },
  };
}
