/** The button that saves what is seen as a figure, and what it is made of as tables. */

import { download, fileNameOf, TABLE_TYPES } from '../ui/download.js';
import { createCleanup, el, icon, ICONS, setAttribute, setText } from '../ui/dom.js';
import { isThere, makeFigure } from './figure.js';
import { mapOf } from '../data/best_map.js';
import { chosenMap } from '../data/points.js';
import { fidelityRows, pointRows, tableCsv, tableJson } from './tables.js';
import { createSegments } from '../ui/segments.js';
import { createCheck } from '../ui/sliders.js';

/** @import { Context, View } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Source, Subject } from './figure.js' */

/** @typedef {'csv' | 'json'} Ending */

/**
 * @param {HTMLElement} root
 * @param {Context & Source & {theme: () => ShownTheme}} context
 * @returns {View & {element: HTMLElement}}
 */
export function createSave(root, context) {
  const { facts, notify, store, theme } = context;
  const cleanup = createCleanup();
  /** @type {Subject} */
  let subject = 'map';
  let isWhite = false;
  const button = el(
    'button',
    {
      class: 'button',
      type: 'button',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      title: 'Save a figure, or tables of numbers',
      onClick: () => show(sheet.hidden === true),
    },
    icon(ICONS.save),
    el('span', { class: 'bar__label' }, 'Save figure'),
  );
  const sheet = el('div', {
    class: 'save__sheet',
    role: 'dialog',
    'aria-label': 'Save',
    hidden: true,
  });
  const element = el('div', { class: 'save' }, button, sheet);
  root.append(element);

  const subjects = createSegments(sheet, {
    legend: 'What the figure shows',
    choices: [
      { value: 'map', label: 'Map', title: 'The map as it is in sight' },
      {
        value: 'sequence',
        label: 'Sentence or image',
        title: 'The attention of the selected sentence or image',
      },
      {
        value: 'below',
        label: 'Below it',
        title:
          'What stands below the selected sentence: the mean as lines, both as heat maps, or ' +
          'both by offset',
      },
      {
        value: 'all-heads',
        label: 'Means of all heads',
        title:
          'The mean attention by position of every head, for the length of the selected sentence',
      },
      { value: 'heads', label: 'Map of heads', title: 'The map of heads, where it is open' },
      {
        value: 'profile',
        label: 'Weight by offset',
        title: 'The mean weight of the open head by offset, over the whole corpus',
      },
    ],
    onPick: (value) => {
      subject = /** @type {Subject} */ (value);
      update();
    },
  });
  const white = createCheck(sheet, {
    label: 'White background',
    help: 'The colours of the light theme on white paper, instead of those of the dark theme.',
    onPick: (next) => {
      isWhite = next;
      update();
    },
  });
  const figures = el(
    'div',
    { class: 'save__row' },
    el('span', { class: 'save__label' }, 'Figure'),
    format('SVG', 'Words and lines stay words and lines; so do points, up to 20,000', () =>
      saveFigure('svg'),
    ),
    format('PNG', 'Pixels, two for each of the screen', () => saveFigure('png')),
  );
  const points = tableRow(
    'Points of this map',
    'Kind, token, position and place of every point, in the unit of the map',
    savePoints,
  );
  const truth = tableRow(
    'Fidelity of all heads',
    'recall@10, rank correlation and trustworthiness of every map of every head',
    saveFidelity,
  );
  sheet.append(figures, el('hr', { class: 'save__line' }), points, truth);

  /** @param {string} words @param {string} title @param {() => void} onClick */
  function format(words, title, onClick) {
    return el('button', { class: 'button button--small', type: 'button', title, onClick }, words);
  }

  /** @param {string} words @param {string} title @param {(ending: Ending) => void} save */
  function tableRow(words, title, save) {
    const [csv, json] = [
      format('CSV', `${title}, as a table`, () => save('csv')),
      format('JSON', `${title}, as JSON`, () => save('json')),
    ];
    for (const [made, kind] of /** @type {const} */ ([
      [csv, 'CSV'],
      [json, 'JSON'],
    ]))
      setAttribute(made, 'aria-label', `${words}, ${kind}`);
    return el(
      'div',
      { class: 'save__row' },
      el('span', { class: 'save__label' }, words),
      csv,
      json,
    );
  }

  /** @param {boolean} isShown */
  function show(isShown) {
    sheet.hidden = !isShown;
    setAttribute(button, 'aria-expanded', String(isShown));
    if (!isShown) return;
    update();
    const first = /** @type {HTMLElement | null} */ (
      sheet.querySelector('input:checked, button:not(:disabled)')
    );
    first?.focus();
  }

  function close() {
    const hadFocus = sheet.contains(document.activeElement);
    show(false);
    if (hadFocus) button.focus();
  }

  /** @param {'svg' | 'png'} ending */
  async function saveFigure(ending) {
    try {
      const { name, type, content } = await makeFigure(
        subject,
        ending,
        isWhite ? 'light' : theme(),
        context,
      );
      download(content, name, type);
      close();
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {Ending} ending */
  function savePoints(ending) {
    const state = store.get();
    const [map, tokens, manifest, name] = [
      facts.headMap.value,
      facts.tokens.value,
      facts.description.value?.manifest,
      state.at && mapOf(facts.heads.value, state.at, chosenMap(state)),
    ];
    const unit =
      state.at && name
        ? facts.heads.value?.get(`${state.at.layer},${state.at.head}`)?.maps[name]
        : null;
    if (
      !map ||
      !tokens ||
      !manifest ||
      !state.at ||
      !name ||
      !unit ||
      map.name !== name ||
      map.at.layer !== state.at.layer ||
      map.at.head !== state.at.head
    )
      return notify('The map is not there yet.');
    saveRows(
      'points',
      pointRows(map, unit, tokens),
      ending,
      [name, `L${state.at.layer}-H${state.at.head}`],
      { map: name, at: state.at },
    );
  }

  /** @param {Ending} ending */
  function saveFidelity(ending) {
    if (facts.heads.value) saveRows('fidelity', fidelityRows(facts.heads.value), ending, [], {});
  }

  /**
   * @param {string} what
   * @param {import('./tables.js').Row[]} rows
   * @param {Ending} ending
   * @param {string[]} parts of the file's name
   * @param {Parameters<typeof tableJson>[3]} of
   */
  function saveRows(what, rows, ending, parts, of) {
    const manifest = facts.description.value?.manifest;
    if (!manifest) return;
    const text = ending === 'csv' ? tableCsv(rows) : tableJson(what, rows, manifest, of);
    download(text, fileNameOf([manifest.id, ...parts, what], ending), TABLE_TYPES[ending]);
    close();
  }

  function update() {
    const isImage = facts.description.value?.manifest?.model.modality === 'image';
    button.hidden = !facts.description.value?.manifest;
    if (button.hidden) sheet.hidden = true;
    if (sheet.hidden) return;
    if (!isThere(subject, context)) subject = 'map';
    subjects.update(
      subject,
      (value) => value === 'map' || isThere(/** @type {Subject} */ (value), context),
    );
    setText(
      /** @type {Element} */ (subjects.element.querySelector('[value="sequence"] + *')),
      isImage ? 'Image' : 'Sentence',
    );
    white.update(isWhite);
    white.element.hidden = theme() === 'light';
    for (const made of figures.querySelectorAll('button'))
      made.disabled = !isThere(subject, context);
    points.hidden = store.get().at === null;
    truth.hidden = facts.heads.value === null;
  }

  cleanup.listen(element, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || sheet.hidden) return;
    event.stopPropagation();
    event.preventDefault();
    close();
  });
  cleanup.listen(
    document,
    'pointerdown',
    (/** @type {PointerEvent} */ event) => {
      if (!sheet.hidden && event.target instanceof Node && !element.contains(event.target))
        show(false);
    },
    { capture: true },
  );

  return {
    element,
    update,
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}
