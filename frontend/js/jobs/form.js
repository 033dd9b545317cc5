/** The form that uploads a corpus and requests an estimate for its dataset. */

import { el, setText, VERBATIM_FIELD } from '../ui/dom.js';
import { allMethods, methodLabels } from '../data/projection_methods.js';
import { count } from '../compute/number_text.js';
import { checks, choiceField, dropZone, field } from './fields.js';
import { formatChosen, nameFor } from './labels.js';

/** @import { Job, JobOptions } from './types.js' */

const DEFAULT_TOKENS = 2000;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * @param {JobOptions} options
 * @param {object} page
 * @param {(form: FormData, signal: AbortSignal) => Promise<Job>} page.upload
 * @param {() => readonly string[]} page.taken names of datasets that are there
 * @param {(job: Job) => void} page.sent
 */
export function createJobForm(options, { upload, taken, sent }) {
  /** @type {File[]} */
  let files = [];
  let isNamed = false;
  /** @type {AbortController | null} */
  let sending = null;
  const fields = createFields(options, {
    pick,
    suggest,
    send,
    rename(name) {
      isNamed = name !== '';
    },
  });
  const { zone, model, name, column, problem, submit, element } = fields;
  pick([]);

  /** @param {File[]} picked */
  function pick(picked) {
    files = picked;
    const { modality, hasColumns, words, problem: wrong } = formatChosen(files, options);
    zone.show(words, wrong);
    const fitting = options.models.filter(
      (one) => modality === null || one.modality === null || one.modality === modality,
    );
    const before = model.input.value;
    model.input.replaceChildren(
      ...fitting.map((one) => el('option', { value: one.name }, one.name)),
    );
    if (fitting.some((one) => one.name === before)) model.input.value = before;
    column.element.hidden = !hasColumns;
    model.showError(fitting.length > 0 ? null : 'No model on this server reads these files.');
    suggest();
  }

  function suggest() {
    if (isNamed && name.input.value !== '') return;
    const first = files.length > 1 ? 'images' : files[0]?.name;
    name.input.value = first ? nameFor(model.input.value, first, taken()) : '';
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    if (sending) return;
    const wrong = checkFields(fields, files, options, taken());
    if (wrong) return wrong.focus();
    sending = new AbortController();
    submit.setAttribute('aria-disabled', 'true');
    setText(submit, 'Uploading …');
    try {
      sent(await upload(formDataOf(fields, files), sending.signal));
      reset();
    } catch (error) {
      setText(problem, error instanceof Error ? error.message : String(error));
    }
    sending = null;
    submit.removeAttribute('aria-disabled');
    setText(submit, 'Estimate');
  }

  function reset() {
    isNamed = false;
    zone.clear();
    pick([]);
  }

  return {
    element,
    pick,
    highlight: zone.highlight,
    focus: () => zone.input.focus(),
    destroy() {
      sending?.abort();
      element.remove();
    },
  };
}

/**
 * The fields with their initial values.
 *
 * @param {JobOptions} options
 * @param {{pick: (files: File[]) => void, suggest: () => void, rename: (name: string) => void,
 *   send: (event: SubmitEvent) => void}} on `suggest` is called with another model
 */
function createFields(options, on) {
  const line = { class: 'input', type: 'text' };
  const zone = dropZone(options.endings, on.pick);
  const model = field('Model', el('select', { class: 'select', onChange: on.suggest }));
  const name = field(
    'Name of the dataset',
    el('input', {
      ...line,
      maxlength: '64',
      ...VERBATIM_FIELD,
      onInput: () => on.rename(name.input.value),
    }),
    'Lower-case letters, digits, dots, dashes.',
  );
  const tokens = field(
    'Maximum tokens',
    el('input', {
      ...line,
      inputmode: 'numeric',
      maxlength: '9',
      autocomplete: 'off',
      value: String(DEFAULT_TOKENS),
    }),
    'Whole sequences, in order. Empty: all.',
  );
  const column = field(
    'Text column',
    el('input', { ...line, maxlength: '200', ...VERBATIM_FIELD, placeholder: 'text' }),
    'For a table whose column is not named text, sentence or content.',
  );
  const methods = checks(
    'Maps',
    allMethods()
      .filter((one) => options.methods.includes(one.name))
      .map(({ name: value }) => ({
        value,
        ...methodLabels(value),
        isChosen: options.default_methods.includes(value),
      })),
  );
  const dims = checks(
    'Dimensions',
    options.dims.map((n) => ({
      value: String(n),
      label: `${n}-D`,
      help: n === 2 ? '2-D maps' : '3-D maps',
      isChosen: n === 2,
    })),
  );
  const sequences = checks('Bad sequences', [
    {
      value: 'true',
      label: 'Skip and count',
      help:
        'Skip and count sequences with non-finite numbers; otherwise the first ' +
        'one ends the build',
      isChosen: false,
    },
  ]);
  const kept = choiceField(
    'Stored queries and keys',
    options.keep_vectors.map(({ choice, effect }) => ({ value: choice, note: effect })),
  );
  const problem = el('p', { class: 'jobs__problem jobs__wrong', role: 'alert' });
  const submit = el('button', { class: 'button button--main', type: 'submit' }, 'Estimate');
  const element = el(
    'form',
    { class: 'jobs__form', novalidate: true, onSubmit: on.send },
    zone.element,
    el(
      'div',
      { class: 'jobs__fields' },
      model.element,
      name.element,
      tokens.element,
      column.element,
    ),
    el(
      'div',
      { class: 'jobs__fields' },
      methods.element,
      dims.element,
      sequences.element,
      kept.element,
    ),
    el(
      'div',
      { class: 'jobs__submit' },
      submit,
      el('span', { class: 'soft' }, 'Nothing is built until you press Start.'),
    ),
    problem,
  );
  return {
    zone,
    model,
    name,
    tokens,
    column,
    methods,
    dims,
    sequences,
    kept,
    problem,
    submit,
    element,
  };
}

/** @typedef {ReturnType<typeof createFields>} Fields */

/**
 * Show errors at their fields.
 *
 * @param {Fields} fields
 * @param {readonly File[]} files
 * @param {JobOptions} options
 * @param {readonly string[]} taken
 * @returns {HTMLElement | null} the first such field
 */
function checkFields({ zone, name, model, tokens, methods, dims, problem }, files, options, taken) {
  const { modality, words, problem: wrong } = formatChosen(files, options);
  const noFile = files.length === 0 ? 'Choose a file first.' : wrong;
  zone.show(words, noFile);
  name.showError(
    !NAME.test(name.input.value)
      ? 'Use lower-case letters, digits, dots, dashes; begin with a letter or digit.'
      : taken.includes(name.input.value)
        ? 'A dataset of this name exists; choose another name.'
        : null,
  );
  tokens.showError(
    /^([1-9]\d*)?$/.test(tokens.input.value.trim())
      ? null
      : `Enter a whole number such as ${count(DEFAULT_TOKENS)}, or leave it empty.`,
  );
  const missing = [methods, dims].find(({ chosen }) => chosen().length === 0);
  setText(problem, missing ? 'Choose at least one map and one dimension.' : '');
  if (modality === null || noFile) return zone.input;
  const invalid = [model, name, tokens].find(({ input }) => input.getAttribute('aria-invalid'));
  return invalid?.input ?? missing?.inputs[0] ?? null;
}

/**
 * The request; empty fields are omitted.
 *
 * @param {Fields} fields
 * @param {readonly File[]} files
 */
function formDataOf(fields, files) {
  const { model, name, methods, dims, tokens, column, sequences, kept } = fields;
  const form = new FormData();
  for (const file of files) form.append('files', file, file.name);
  const values = {
    model: model.input.value,
    dataset_id: name.input.value,
    methods: methods.chosen().join(','),
    dims: dims.chosen().join(','),
    max_tokens: tokens.input.value.trim(),
    text_column: column.element.hidden ? '' : column.input.value,
    skip_bad_sequences: sequences.chosen().join(''),
    keep_vectors: kept.input.value,
  };
  for (const [key, value] of Object.entries(values)) if (value !== '') form.append(key, value);
  return form;
}
