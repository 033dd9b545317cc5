/**
 * The user's sentences and images: the input field, and the list of those kept in this page.
 */

import { chosenMap } from '../data/points.js';
import { el, setAttribute, setText, VERBATIM_FIELD } from '../ui/dom.js';
import { isComposing } from '../ui/keys.js';
import { mapOf } from '../data/best_map.js';
import { whyNot } from './items.js';
import { createItemList } from './list.js';
import { sentence } from '../ui/labels.js';

/** @import { Context, Manifest, State, View } from '../page.js' */
/** @import { Limits, Submission } from './live.js' */

/** File types of the file dialog; of dropped and pasted files the server checks the content. */
const IMAGE_TYPES = 'image/png,image/jpeg,image/webp';
/** Shorter waits are not reported. */
const PATIENCE_MS = 250;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {focus: () => void}}
 */
export function createInputBox(root, context) {
  const { facts, userSequences, store } = context;
  const fields = createFields({ press, submit, warm, choose });
  const status = createStatus(userSequences);
  const element = el(
    'section',
    { class: 'user-sequences', 'aria-label': 'Your own sentence or image', hidden: true },
    ...fields.elements,
    fields.problem,
    status.element,
    fields.help,
  );
  root.append(element);
  const items = createItemList(element, context);
  const foot = createAddressChoice(context);
  element.append(foot.element);
  /** The text that runs, which returns to the field unless it is kept; empty: none. */
  let sent = '';

  /** Load the model while the user types or looks for a file. */
  function warm() {
    userSequences.warm(store.get().dataset);
  }

  /**
   * Enter submits, Shift+Enter begins a line; Esc cancels, or leaves the field.
   *
   * @param {KeyboardEvent} event
   */
  function press(event) {
    if (isComposing(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (isNew(userSequences.submission)) userSequences.cancel();
      else fields.field.blur();
    } else if (event.key === 'Enter' && !event.shiftKey) submit(event);
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const { dataset } = store.get();
    const limits = userSequences.limits;
    if (!dataset || !limits) return;
    const text = fields.field.value;
    if (text.trim() === '') return fields.showError('Type a sentence first.');
    const n = [...text].length;
    if (n > limits.max_characters)
      return fields.showError(
        `The text has ${n} characters; this server takes up to ${limits.max_characters}.`,
      );
    fields.showError('');
    if (isRunning()) return fields.showError('Wait for the text that runs, or cancel it (Esc).');
    sent = text;
    fields.field.value = '';
    userSequences.addText(text, dataset);
  }

  /** @param {File} image */
  function choose(image) {
    sendImage(image, context, fields.showError);
  }

  /** Whether a new text or image is on its way. */
  const isRunning = () =>
    isNew(userSequences.submission) && userSequences.submission.error === null;

  /** A text that was refused or cancelled returns to the field, unless another one stands there. */
  function takeBack() {
    if (sent === '' || isRunning()) return;
    const isKept = userSequences.items.at(-1)?.text === sent;
    if ((!isKept || userSequences.submission) && fields.field.value === '')
      fields.field.value = sent;
    sent = '';
  }

  return {
    update(state) {
      const manifest = facts.description.value?.manifest ?? null;
      element.hidden = userSequences.limits === null || manifest === null;
      if (element.hidden || !manifest) return;
      fields.update(manifest, facts.description.value?.state === 'complete');
      status.update(manifest, fields.showError);
      takeBack();
      const name = state.method && chosenMap(state);
      items.update(state, manifest, state.at ? mapOf(facts.heads.value, state.at, name) : name);
      foot.update(state);
    },
    focus() {
      fields.focus();
      element.scrollIntoView({ block: 'nearest' });
    },
    destroy() {
      items.destroy();
      element.remove();
    },
  };
}

/**
 * The field for a sentence and the button for an image; a dataset takes one of the two.
 *
 * @param {{press: (event: KeyboardEvent) => void, submit: (event: Event) => void, warm: () => void,
 *   choose: (image: File) => void}} on `warm` is called when somebody begins
 */
function createFields({ press, submit, warm, choose }) {
  const field = el('textarea', {
    class: 'input user-sequences__field',
    id: 'user-sequences-field',
    rows: '2',
    ...VERBATIM_FIELD,
    'aria-describedby': 'user-sequences-help',
    onKeydown: press,
    onInput: warm,
  });
  const small = 'button button--small';
  const title = 'Run the sentence through the model (Enter)';
  const run = el('button', { class: small, type: 'submit', title }, 'Run');
  const label = el(
    'label',
    { class: 'user-sequences__label', for: 'user-sequences-field' },
    'Your own sentence',
  );
  const form = el(
    'form',
    { class: 'user-sequences__form', novalidate: true, onSubmit: submit },
    field,
    run,
  );
  const file = el('input', { type: 'file', accept: IMAGE_TYPES, hidden: true, onChange: take });
  const attributes = { type: 'button', title: 'PNG, JPEG or WebP', onClick: open };
  const pick = el(
    'button',
    { class: `${small} user-sequences__pick`, ...attributes },
    'Choose an image …',
  );
  const help = el('p', { class: 'field__note', id: 'user-sequences-help' });
  const problem = el('p', { class: 'user-sequences__problem', role: 'alert' });

  function open() {
    warm();
    file.click();
  }

  function take() {
    const [image] = file.files ?? [];
    file.value = '';
    if (image) choose(image);
  }

  return {
    elements: [el('div', { class: 'field__label' }, label), form, file, pick],
    field,
    help,
    problem,
    /** Show an error; an empty text removes it. @param {string} text */
    showError(text) {
      setText(problem, text);
      setAttribute(field, 'aria-invalid', text === '' ? null : 'true');
    },
    focus: () => (form.hidden ? pick : field).focus(),
    /** @param {Manifest} manifest @param {boolean} isComplete */
    update(manifest, isComplete) {
      const isImage = manifest.model.modality === 'image';
      const refused = whyNot(manifest);
      form.hidden = isImage || refused !== '';
      pick.hidden = !isImage;
      setText(label, isImage ? 'Your own image' : 'Your own sentence');
      setAttribute(label, 'for', isImage ? null : 'user-sequences-field');
      field.disabled = run.disabled = pick.disabled = !isComplete;
      const gone = isImage
        ? 'The server stores nothing; a reload removes it.'
        : 'The server stores nothing; this tab keeps it until it is closed.';
      const way = isImage
        ? 'Or drop one on the map, or paste it.'
        : 'Enter runs it through the model.';
      const ready = isComplete ? `${way} ${gone}` : 'Available once this dataset is built.';
      setText(help, refused || ready);
    },
  };
}

/**
 * The pending submission, shown after a while, with a button to cancel it.
 *
 * @param {Context['userSequences']} userSequences
 */
function createStatus(userSequences) {
  const waiting = el('span', {});
  const cancel = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Give it up (Esc in the field)',
      onClick: userSequences.cancel,
    },
    'Cancel',
  );
  const element = el('div', { class: 'user-sequences__status', role: 'status' }, waiting, cancel);
  /** @type {Submission | null} */
  let timed = null;
  let isSlow = false;

  /** @param {Manifest} manifest @param {(words: string) => void} showError */
  function update(manifest, showError) {
    const { submission } = userSequences;
    const isHere = isNew(submission) && submission.dataset === manifest.id;
    const isWaiting = isHere && submission.error === null;
    if (isWaiting && timed !== submission) {
      [timed, isSlow] = [submission, false];
      showError('');
      setTimeout(() => {
        if (userSequences.submission !== submission) return;
        isSlow = true;
        update(manifest, showError);
      }, PATIENCE_MS);
    }
    if (!isWaiting) timed = null;
    element.hidden = !(isWaiting && isSlow);
    const { name } = manifest.model;
    if (isWaiting)
      setText(
        waiting,
        submission.isFirst ? `Loading the model ${name} …` : `Running it through ${name} …`,
      );
    if (isHere && submission.error !== null) showError(sentence(submission.error));
  }

  return { element, update };
}

/**
 * The checkbox that puts the typed texts into the address.
 *
 * @param {Pick<Context, 'actions' | 'userSequences'>} context
 */
function createAddressChoice({ actions, userSequences }) {
  const box = el('input', {
    class: 'check__box',
    type: 'checkbox',
    'aria-describedby': 'user-sequences-address',
    onChange: () =>
      actions.choose({ texts: box.checked ? userSequences.addressState().texts : [] }, 'replace'),
  });
  const note = el('p', { class: 'field__note', id: 'user-sequences-address' });
  const title = 'Make your texts a part of the address of this page';
  const label = el('label', { class: 'check', title }, box, 'Texts in the address');
  const element = el('div', { class: 'user-sequences__foot' }, label, note);

  return {
    element,
    /** @param {State} state */
    update({ texts }) {
      const { left } = userSequences.addressState();
      const isOn = texts.length > 0;
      element.hidden = !userSequences.items.some(({ kind }) => kind === 'text') && !isOn;
      box.checked = isOn;
      const rest = left > 0 ? ' Images, edited tokens and long texts are left out.' : '';
      setText(
        note,
        isOn
          ? `Whoever opens this address types them again; this browser’s history keeps them.${rest}`
          : 'Off: the address says nothing of them.',
      );
    },
  };
}

/** @param {Submission | null} submission @returns {submission is Submission} */
function isNew(submission) {
  return submission !== null && submission.edits === null;
}

/**
 * Run an image through the model of the shown dataset, or report why it cannot be run.
 *
 * @param {File} image
 * @param {Pick<Context, 'facts' | 'userSequences' | 'store'>} context
 * @param {(words: string) => void} say
 */
export function sendImage(image, { facts, userSequences, store }, say) {
  const { dataset } = store.get();
  const manifest = facts.description.value?.manifest;
  const limits = userSequences.limits;
  if (!dataset || !manifest || !limits) return;
  const text = refusal(image, manifest, limits);
  say(text);
  if (text === '') userSequences.addImage(image, image.name || 'pasted image', dataset);
}

/** @param {File} image @param {Manifest} manifest @param {Limits} limits */
function refusal({ size, type }, manifest, { max_image_bytes: maxBytes }) {
  const refused = whyNot(manifest);
  if (refused !== '') return refused;
  if (manifest.model.modality !== 'image')
    return `${manifest.model.name} reads sentences; open a dataset of images for this.`;
  if (type !== '' && !type.startsWith('image/'))
    return 'This is no image: PNG, JPEG and WebP can be read.';
  return size > maxBytes
    ? `The image has ${(size / 1e6).toFixed(1)} MB; this server takes up to ` +
        `${(maxBytes / 1e6).toFixed(0)} MB.`
    : '';
}
