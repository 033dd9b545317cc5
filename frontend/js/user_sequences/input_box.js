/**
 * The reader's own sentences and images: a box to type in, and the list of those that are kept in
 * this page.
 */

import { chosenMap } from '../data/points.js';
import { el, setAttribute, setText, VERBATIM_FIELD } from '../ui/dom.js';
import { isComposing } from '../ui/keys.js';
import { mapOf } from '../data/best_map.js';
import { createOwnItems } from './list.js';
import { sentence } from '../ui/labels.js';

/** @import { Context, Manifest, State, View } from '../page.js' */
/** @import { Limits, Submission } from './live.js' */

/** What is offered to choose from; what is dropped or pasted, the server knows by its content. */
const IMAGE_TYPES = 'image/png,image/jpeg,image/webp';
/** A wait shorter than this is not mentioned. */
const PATIENCE_MS = 250;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {focus: () => void}}
 */
export function createOwnBox(root, context) {
  const { actions, facts, own, store } = context;
  const field = el('textarea', {
    class: 'input own__field',
    id: 'own-field',
    rows: '2',
    ...VERBATIM_FIELD,
    'aria-describedby': 'own-help',
    onKeydown: press,
    onInput: warm,
  });
  const run = el(
    'button',
    {
      class: 'button button--small',
      type: 'submit',
      title: 'Run the sentence through the model (Enter)',
    },
    'Run',
  );
  const label = el('label', { class: 'own__label', for: 'own-field' }, 'Your own sentence');
  const form = el('form', { class: 'own__form', novalidate: true, onSubmit: submit }, field, run);
  const file = el('input', { type: 'file', accept: IMAGE_TYPES, hidden: true, onChange: choose });
  const pick = el(
    'button',
    {
      class: 'button button--small own__pick',
      type: 'button',
      title: 'PNG, JPEG or WebP',
      onClick: () => {
        warm();
        file.click();
      },
    },
    'Choose an image …',
  );
  const help = el('p', { class: 'field__note', id: 'own-help' });
  const waiting = el('span', {});
  const cancel = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Give it up (Esc in the field)',
      onClick: own.cancel,
    },
    'Cancel',
  );
  const status = el('div', { class: 'own__status', role: 'status' }, waiting, cancel);
  const problem = el('p', { class: 'own__problem', role: 'alert' });
  const element = el(
    'section',
    { class: 'own', 'aria-label': 'Your own sentence or image', hidden: true },
    el('div', { class: 'field__label' }, label),
    form,
    file,
    pick,
    problem,
    status,
    help,
  );
  root.append(element);
  const items = createOwnItems(element, context);
  const inAddress = el('input', {
    class: 'check__box',
    type: 'checkbox',
    'aria-describedby': 'own-address',
    onChange: () =>
      actions.choose({ texts: inAddress.checked ? own.addressTexts() : [] }, 'replace'),
  });
  const addressNote = el('p', { class: 'field__note', id: 'own-address' });
  const foot = el(
    'div',
    { class: 'own__foot' },
    el(
      'label',
      { class: 'check', title: 'Make your texts a part of the address of this page' },
      inAddress,
      'Texts in the address',
    ),
    addressNote,
  );
  element.append(foot);
  /** What is on its way, so that the field is emptied once it is there. */
  let sent = '';
  /** @type {Submission | null} */
  let timed = null;
  let isSlow = false;

  /** The model comes while one types or looks for a file. */
  function warm() {
    own.warm(store.get().dataset);
  }

  /**
   * Enter sends, with Shift it begins a line; Esc gives up, or leaves.
   *
   * @param {KeyboardEvent} event
   */
  function press(event) {
    if (isComposing(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (isNew(own.submission)) own.cancel();
      else field.blur();
    } else if (event.key === 'Enter' && !event.shiftKey) submit(event);
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const { dataset } = store.get();
    const limits = own.limits;
    if (!dataset || !limits) return;
    const text = field.value;
    if (text.trim() === '') return say('Type a sentence first.');
    const n = [...text].length;
    if (n > limits.max_characters)
      return say(`The text has ${n} characters; this server takes up to ${limits.max_characters}.`);
    say('');
    sent = text;
    own.addText(text, dataset);
  }

  function choose() {
    const [image] = file.files ?? [];
    file.value = '';
    if (image) sendImage(image, context, say);
  }

  /** @param {string} words */
  function say(words) {
    setText(problem, words);
    setAttribute(field, 'aria-invalid', words === '' ? null : 'true');
  }

  /** @param {Manifest} manifest */
  function updateBox(manifest) {
    const isImage = manifest.model.modality === 'image';
    form.hidden = isImage;
    pick.hidden = !isImage;
    setText(label, isImage ? 'Your own image' : 'Your own sentence');
    setAttribute(label, 'for', isImage ? null : 'own-field');
    const isComplete = facts.description.value?.state === 'complete';
    field.disabled = run.disabled = pick.disabled = !isComplete;
    const gone = 'Nothing of it is stored; it is gone when this page is closed.';
    const way = isImage
      ? 'Or drop one on the map, or paste it.'
      : 'Enter runs it through the model.';
    setText(help, isComplete ? `${way} ${gone}` : 'As soon as this dataset is built.');
  }

  /** @param {Manifest} manifest */
  function updateStatus(manifest) {
    const { submission } = own;
    const isHere = isNew(submission) && submission.dataset === manifest.id;
    const isWaiting = isHere && submission.error === null;
    if (isWaiting && timed !== submission) {
      [timed, isSlow] = [submission, false];
      say('');
      setTimeout(() => {
        if (own.submission === submission) {
          isSlow = true;
          updateStatus(manifest);
        }
      }, PATIENCE_MS);
    }
    if (!isWaiting) timed = null;
    status.hidden = !(isWaiting && isSlow);
    if (isWaiting)
      setText(
        waiting,
        submission.isFirst
          ? `Loading the model ${manifest.model.name} …`
          : `Running it through ${manifest.model.name} …`,
      );
    if (isHere && submission.error !== null) say(sentence(submission.error));
    if (sent !== '' && !submission) {
      if (field.value === sent && own.items.at(-1)?.text === sent) field.value = '';
      sent = '';
    }
  }

  /** @param {State} state */
  function updateFoot({ texts }) {
    const { left } = own.addressState();
    foot.hidden = !own.items.some(({ kind }) => kind === 'text') && texts.length === 0;
    inAddress.checked = texts.length > 0;
    const rest =
      left > 0 && texts.length > 0 ? ' Images, edited tokens and long texts are left out.' : '';
    setText(
      addressNote,
      texts.length > 0
        ? `Whoever opens this address types them again; this browser’s history keeps them.${rest}`
        : 'Off: the address says nothing of them.',
    );
  }

  return {
    update(state) {
      const manifest = facts.description.value?.manifest ?? null;
      element.hidden = own.limits === null || manifest === null;
      if (element.hidden || !manifest) return;
      updateBox(manifest);
      updateStatus(manifest);
      const name = state.method && chosenMap(state);
      items.update(state, manifest, state.at ? mapOf(facts.heads.value, state.at, name) : name);
      updateFoot(state);
    },
    focus() {
      const isImage = form.hidden;
      (isImage ? pick : field).focus();
      element.scrollIntoView({ block: 'nearest' });
    },
    destroy() {
      items.destroy();
      element.remove();
    },
  };
}

/** @param {Submission | null} submission @returns {submission is Submission} */
function isNew(submission) {
  return submission !== null && submission.edits === null;
}

/**
 * Run an image through the model of the dataset that is shown, or say why not.
 *
 * @param {File} image
 * @param {Pick<Context, 'facts' | 'own' | 'store'>} context
 * @param {(words: string) => void} say
 */
export function sendImage(image, { facts, own, store }, say) {
  const { dataset } = store.get();
  const manifest = facts.description.value?.manifest;
  const limits = own.limits;
  if (!dataset || !manifest || !limits) return;
  const words = refusal(image, manifest, limits);
  say(words);
  if (words === '') own.addImage(image, image.name || 'pasted image', dataset);
}

/** @param {File} image @param {Manifest} manifest @param {Limits} limits */
function refusal({ size, type }, manifest, { max_image_bytes: most }) {
  if (manifest.model.modality !== 'image')
    return `${manifest.model.name} reads sentences; open a dataset of images for this.`;
  if (type !== '' && !type.startsWith('image/'))
    return 'This is no image: PNG, JPEG and WebP can be read.';
  return size > most
    ? `The image has ${(size / 1e6).toFixed(1)} MB; this server takes up to ` +
        `${(most / 1e6).toFixed(0)} MB.`
    : '';
}
