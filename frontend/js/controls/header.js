/** The line on top: which dataset, which map, which head, which theme. */

import { el, ICONS, icon, setAttribute, setText } from '../ui/dom.js';
import { hasMap, offeredMethods } from '../data/best_map.js';
import { createSignOut } from './account.js';
import { createDatasetChoice } from './dataset_choice.js';
import { createFold } from '../ui/folds.js';
import { createSegments } from '../ui/segments.js';

/** @import { Context, Manifest, Session, State, Theme, View } from '../page.js' */
/** @import { Dims } from '../types.js' */

/** @type {Record<Theme, {next: Theme, icon: string, words: string}>} */
const THEMES = {
  system: { next: 'light', icon: ICONS.system, words: 'Theme: as the system' },
  light: { next: 'dark', icon: ICONS.sun, words: 'Theme: light' },
  dark: { next: 'system', icon: ICONS.moon, words: 'Theme: dark' },
};

/**
 * @param {HTMLElement} root
 * @param {Context & {openHelp: () => void, openDatasets: () => void, newDataset: HTMLElement,
 *   openOwn: () => void, session: Promise<Session | null>}} context
 * @returns {View & {showControls: () => void, showPanel: () => void}}
 */
export function createHeader(root, context) {
  const { actions, facts, store } = context;
  const element = el('header', { class: 'header' });
  root.append(element);
  const side = createFold(element, 'side', 'the controls');
  element.append(
    el(
      'h1',
      { class: 'header__brand' },
      el('span', { class: 'header__mark' }),
      el('span', { class: 'header__name' }, 'AttentionViz'),
    ),
  );
  const datasets = createDatasetChoice(element, context);
  const all = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'All datasets in a table (key a)',
      onClick: context.openDatasets,
    },
    icon(ICONS.table),
    el('span', { class: 'visually-hidden' }, 'All datasets'),
  );
  element.append(all, context.newDataset);
  const methods = createSegments(element, {
    legend: 'Projection method',
    choices: [],
    onPick: actions.showMethod,
  });
  const dims = createSegments(element, {
    legend: 'Dimensions',
    choices: [
      { value: '2', label: '2-D', title: 'Flat maps (key d)' },
      { value: '3', label: '3-D', title: 'Maps in space; drag to turn (key d)' },
    ],
    onPick: (value) => actions.showDims(value === '3' ? 3 : 2),
  });
  const goTo = createGoTo(element, context);
  const themeName = el('span', { class: 'visually-hidden' });
  const theme = el('button', {
    class: 'button button--quiet button--icon',
    type: 'button',
    onClick: () => actions.setTheme(THEMES[store.get().theme].next),
  });
  const help = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Help: every control and key (key ?)',
      onClick: context.openHelp,
    },
    icon(ICONS.help),
    el('span', { class: 'visually-hidden' }, 'Help'),
  );
  const ownLabel = el('span', { class: 'header__own-words' });
  const own = el(
    'button',
    { class: 'button header__own', type: 'button', hidden: true, onClick: context.openOwn },
    icon(ICONS.pencil),
    ownLabel,
  );
  const end = el('div', { class: 'header__end' }, own, theme, help);
  element.append(end);
  const leave = createSignOut(end, context.session, context.notify);
  const panel = createFold(end, 'panel', 'the sentence or image');
  /** @type {Theme | null} */
  let shownTheme = null;

  return {
    update(state) {
      datasets.element.hidden =
        all.hidden =
        methods.element.hidden =
        dims.element.hidden =
          state.compare !== null; // each pane has its own
      datasets.update(state);
      const manifest = facts.description.value?.manifest ?? null;
      const has = manifest?.maps ?? {};
      methods.offer(
        offeredMethods().map(({ name, label, help }, i) => ({
          value: name,
          label,
          title: `${help} (key ${i + 1})`,
        })),
      );
      methods.update(state.method, (method) => hasMap(has, method, 2) || hasMap(has, method, 3));
      dims.update(
        String(state.dims),
        (value) =>
          state.method !== null && hasMap(has, state.method, /** @type {Dims} */ (Number(value))),
      );
      goTo.update(state, manifest);
      const isImage = manifest?.model.modality === 'image';
      own.hidden = context.own.limits === null || manifest === null;
      setText(ownLabel, isImage ? 'Your own image' : 'Your own sentence');
      setAttribute(
        own,
        'title',
        `Run ${isImage ? 'an image' : 'a sentence'} of your own through this model (key y)`,
      );
      if (state.theme !== shownTheme) {
        const { icon: path, words } = THEMES[state.theme];
        shownTheme = state.theme;
        setText(themeName, words);
        setAttribute(theme, 'title', words);
        theme.replaceChildren(icon(path), themeName);
      }
    },
    showControls: () => side.set(true),
    showPanel: () => panel.set(true),
    destroy() {
      for (const part of [side, panel, leave, datasets, methods, dims, goTo]) part.destroy();
      element.remove();
    },
  };
}

/**
 * The form that opens a head by its numbers.
 *
 * @param {HTMLElement} root
 * @param {Context} context
 */
function createGoTo(root, { actions, facts, notify }) {
  const layer = numberField('Layer');
  const head = numberField('Head');
  const button = el(
    'button',
    { class: 'button', type: 'submit', title: 'Open the head of this layer and number' },
    'Go',
  );
  const form = el(
    'form',
    { class: 'header__go', novalidate: true, onSubmit: submit },
    layer.label,
    head.label,
    button,
  );
  root.append(form);
  /** @type {State['at']} */
  let shown = null;

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    const manifest = facts.description.value?.manifest;
    if (!manifest) return;
    const fields = /** @type {const} */ ([
      [layer, 'layer', manifest.n_layers],
      [head, 'head', manifest.n_heads],
    ]);
    for (const [{ input }, name, n] of fields) {
      const isInside = /^\d+$/.test(input.value) && Number(input.value) < n;
      setAttribute(input, 'aria-invalid', isInside ? null : 'true');
      if (isInside) continue;
      notify(
        input.value === ''
          ? `Which ${name}? This model has 0 to ${n - 1}.`
          : `${capital(name)} ${input.value.slice(0, 12)} is outside 0..${n - 1}.`,
      );
      input.focus();
      return;
    }
    actions.openHead({ layer: Number(layer.input.value), head: Number(head.input.value) });
  }

  return {
    /**
     * @param {State} state
     * @param {Manifest | null} manifest
     */
    update({ at }, manifest) {
      button.disabled = manifest === null;
      if (at?.layer === shown?.layer && at?.head === shown?.head) return;
      shown = at;
      layer.input.value = at ? String(at.layer) : '';
      head.input.value = at ? String(at.head) : '';
    },
    destroy: () => form.remove(),
  };
}

/** @param {string} name */
function numberField(name) {
  const input = el('input', {
    class: 'input header__number',
    title: `${name} to open, counted from 0`,
    type: 'text',
    inputmode: 'numeric',
    autocomplete: 'off',
    maxlength: '4',
    placeholder: name[0],
  });
  return { input, label: el('label', { class: 'header__field' }, el('span', {}, name), input) };
}

/** @param {string} word */
function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
