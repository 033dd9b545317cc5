/** The line on top: which dataset, which map, which head, which theme. */

import { headsIn, whyMissing } from '../compute/model_heads.js';
import { el, icon, iconButton, ICONS, setAttribute, setText } from '../ui/dom.js';
import { hasMap, offeredMethods } from '../data/best_map.js';
import { hasParts, rowName, rowNamed, rowRanges } from '../compute/head_parts.js';
import { createSignOut } from './account.js';
import { keysText } from './commands.js';
import { createDatasetChoice } from './dataset_choice.js';
import { createFold } from '../ui/folds.js';
import { createSegments } from '../ui/segments.js';
import { whyNot } from '../user_sequences/items.js';

/** @import { Context, Manifest, Session, State, Theme, View } from '../page.js' */
/** @import { Dims } from '../types.js' */

/** What the Tab key reaches first in the map: a head of the grid, or the points of one. */
const MAP_STOPS = [
  ".map .cell[tabindex='0']",
  '.map .walk',
  '.message .button',
  '.stage .bar button',
];
/** @type {Record<Theme, {next: Theme, icon: string, words: string}>} */
const THEMES = {
  system: { next: 'light', icon: ICONS.system, words: 'Theme: system' },
  light: { next: 'dark', icon: ICONS.sun, words: 'Theme: light' },
  dark: { next: 'system', icon: ICONS.moon, words: 'Theme: dark' },
};

/**
 * @param {HTMLElement} root
 * @param {Context & {openHelp: () => void, openPalette: () => void, openDatasets: () => void,
 *   newDataset: HTMLElement, openUserSequences: () => void, session: Promise<Session | null>}}
 *   context
 * @returns {View & {showControls: () => void, showPanel: () => void}}
 */
export function createHeader(root, context) {
  const skip = createSkipLink();
  const element = el('header', { class: 'header' });
  root.append(skip, element);
  const side = createFold(element, 'side', 'the controls');
  element.append(makeBrand());
  const datasets = createDatasetChoice(element, context);
  const all = iconButton(ICONS.table, 'All datasets', {
    title: 'Show all datasets in a table (key a)',
    onClick: context.openDatasets,
  });
  element.append(all, context.newDataset);
  const maps = createMapChoice(element, context);
  const goTo = createGoTo(element, context);
  const userSequences = createUserSequencesButton(context);
  const theme = createThemeButton(context);
  const help = iconButton(ICONS.help, 'Help', {
    title: 'Help: every control and key (key ?)',
    onClick: context.openHelp,
  });
  const goAnywhere = iconButton(ICONS.search, 'Go to', {
    title: `Go to a head, score, token, dataset or command (${keysText('Ctrl+K')})`,
    onClick: context.openPalette,
  });
  const tools = [userSequences.element, goAnywhere, theme.element, help];
  const end = el('div', { class: 'header__end' }, ...tools);
  element.append(end);
  const leave = createSignOut(end, context.session, context.notify);
  const panel = createFold(end, 'panel', 'the sentence or image');

  return {
    update(state) {
      const manifest = context.facts.description.value?.manifest ?? null;
      datasets.element.hidden = all.hidden = state.compare !== null; // each pane has its own
      datasets.update(state);
      maps.update(state, manifest);
      goTo.update(state, manifest);
      userSequences.update(manifest);
      theme.update(state.theme);
    },
    showControls: () => side.set(true),
    showPanel: () => panel.set(true),
    destroy() {
      for (const part of [side, panel, leave, datasets, maps, goTo]) part.destroy();
      skip.remove();
      element.remove();
    },
  };
}

/** The first stop of the Tab key: it leads past the controls. */
function createSkipLink() {
  /** @param {Event} event */
  function skip(event) {
    event.preventDefault(); // the address holds the view
    const stops = MAP_STOPS.flatMap((selector) => [...document.querySelectorAll(selector)]);
    const stop = stops.find((held) => held.checkVisibility({ visibilityProperty: true }));
    /** @type {HTMLElement | undefined} */ (stop)?.focus();
  }
  return el('a', { class: 'skip-link', href: '#map', onClick: skip }, 'Skip to map');
}

function makeBrand() {
  return el(
    'h1',
    { class: 'header__brand' },
    el('span', { class: 'header__mark' }),
    el('span', { class: 'header__name' }, 'AttentionViz'),
  );
}

/** Which map of the heads is shown. @param {HTMLElement} root @param {Context} context */
function createMapChoice(root, { actions }) {
  const methods = createSegments(root, {
    legend: 'Projection method',
    choices: [],
    onPick: actions.showMethod,
  });
  const dims = createSegments(root, {
    legend: 'Dimensions',
    choices: [
      { value: '2', label: '2-D', title: 'Flat maps (key d)' },
      { value: '3', label: '3-D', title: '3-D maps; drag to rotate (key d)' },
    ],
    onPick: (value) => actions.showDims(value === '3' ? 3 : 2),
  });

  return {
    /** @param {State} state @param {Manifest | null} manifest */
    update({ compare, dims: shown, method }, manifest) {
      methods.element.hidden = dims.element.hidden = compare !== null; // each pane has its own
      const has = manifest?.maps ?? {};
      methods.offer(
        offeredMethods().map(({ name, label, help }, i) => ({
          value: name,
          label,
          title: `${help} (key ${i + 1})`,
        })),
      );
      methods.update(method, (name) => hasMap(has, name, 2) || hasMap(has, name, 3));
      dims.update(
        String(shown),
        (value) => method !== null && hasMap(has, method, /** @type {Dims} */ (Number(value))),
      );
    },
    destroy() {
      methods.destroy();
      dims.destroy();
    },
  };
}

/**
 * Leads to where a text or image is run.
 *
 * @param {Pick<Context, 'userSequences'> & {openUserSequences: () => void}} context
 */
function createUserSequencesButton({ userSequences, openUserSequences }) {
  const label = el('span', { class: 'header__user-sequences-words' });
  const element = el(
    'button',
    {
      class: 'button header__user-sequences',
      type: 'button',
      hidden: true,
      onClick: openUserSequences,
    },
    icon(ICONS.pencil),
    label,
  );
  return {
    element,
    /** @param {Manifest | null} manifest */
    update(manifest) {
      const isImage = manifest?.model.modality === 'image';
      element.hidden =
        userSequences.limits === null || manifest === null || whyNot(manifest) !== '';
      setText(label, isImage ? 'Your own image' : 'Your own sentence');
      setAttribute(
        element,
        'title',
        `Run ${isImage ? 'an image' : 'a sentence'} of your own through this model (key y)`,
      );
    },
  };
}

/** @param {Pick<Context, 'actions' | 'store'>} context */
function createThemeButton({ actions, store }) {
  const name = el('span', { class: 'visually-hidden' });
  const element = el('button', {
    class: 'button button--quiet button--icon',
    type: 'button',
    onClick: () => actions.setTheme(THEMES[store.get().theme].next),
  });
  /** @type {Theme | null} */
  let shown = null;
  return {
    element,
    /** @param {Theme} theme */
    update(theme) {
      if (theme === shown) return;
      shown = theme;
      const { icon: path, words } = THEMES[theme];
      setText(name, words);
      setAttribute(element, 'title', words);
      element.replaceChildren(icon(path), name);
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
  const button = el('button', { class: 'button', type: 'submit', title: 'Open this head' }, 'Go');
  const form = el(
    'form',
    { class: 'header__go', novalidate: true, onSubmit: submit },
    layer.label,
    head.label,
    button,
  );
  root.append(form);
  /** @type {string | null} */
  let shown = null;

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    const manifest = facts.description.value?.manifest;
    if (!manifest) return;
    const row = hasParts(manifest.layers)
      ? String(rowNamed(manifest.layers, layer.input.value))
      : layer.input.value;
    const nHeads = headsIn(manifest, Number(row)) || manifest.n_heads;
    const fields = /** @type {const} */ ([
      [layer, row, 'layer', manifest.n_layers],
      [head, head.input.value, 'head', nHeads],
    ]);
    for (const [{ input }, value, name, n] of fields) {
      const isInside = /^\d+$/.test(value) && Number(value) < n;
      setAttribute(input, 'aria-invalid', isInside ? null : 'true');
      if (isInside) continue;
      const isNamed = input === layer.input && hasParts(manifest.layers);
      if (isNamed) notify(`Which row? This model has ${rowRanges(manifest.layers)}.`);
      else
        notify(
          input.value === ''
            ? `Which ${name}? This model has 0 to ${n - 1}.`
            : `${capital(name)} ${input.value.slice(0, 12)} is outside 0..${n - 1}.`,
        );
      input.focus();
      return;
    }
    const at = { layer: Number(row), head: Number(head.input.value) };
    const missing = whyMissing(manifest, at);
    if (missing === null) return actions.openHead(at);
    setAttribute(layer.input, 'aria-invalid', 'true');
    notify(`${missing}.`);
    layer.input.focus();
  }

  return {
    /**
     * @param {State} state
     * @param {Manifest | null} manifest
     */
    update({ at }, manifest) {
      button.disabled = manifest === null;
      const isNamed = hasParts(manifest?.layers);
      const named = at && (isNamed ? rowName(manifest?.layers, at.layer) : String(at.layer));
      const next = at && `${named} ${at.head}`;
      if (next === shown) return;
      shown = next;
      setAttribute(layer.input, 'inputmode', isNamed ? 'text' : 'numeric');
      layer.input.value = named ?? '';
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
